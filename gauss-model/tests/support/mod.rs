//! What the tests share: flows and rows to draw, thread pools.
#![allow(dead_code)] // each test binary uses its own part of it

use faer::Mat;
use gauss_flow::{Flow, LayerSpec};
use gauss_math::householder;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// n × d standard normals, from a seed.
pub fn normals(n: usize, d: usize, seed: u64) -> Mat<f64> {
    let mut rng = rng(seed);
    Mat::from_fn(n, d, |_, _| StandardNormal.sample(&mut rng))
}

/// The failures of property tests are kept in `tests/*.regressions`; the environment's
/// PROPTEST_CASES, where it is set, overrides `count`.
pub fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let persistence = proptest::test_runner::FileFailurePersistence::WithSource("regressions");
    ProptestConfig {
        cases: if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { count },
        failure_persistence: Some(Box::new(persistence)),
        ..default
    }
}

/// A random orthogonal matrix, row-major.
pub fn orthogonal(d: usize, seed: u64) -> Vec<f64> {
    let mut q = householder::identity(d);
    let v = normals(d, d, seed);
    let reflectors: Vec<f64> = (0..d * d).map(|i| v[(i / d, i % d)]).collect();
    householder::expand(&reflectors, d, &mut q);
    q
}

/// Numbers for a layer, of ordinary size, from a seed.
pub fn layer_params(spec: LayerSpec, d: usize, seed: u64) -> Vec<f64> {
    let mut rng = rng(seed);
    let mut normal = |n: usize, scale: f64| -> Vec<f64> {
        let draw = |_| {
            let z: f64 = StandardNormal.sample(&mut rng);
            scale * z
        };
        (0..n).map(draw).collect()
    };
    match spec {
        LayerSpec::Standardize => [normal(d, 2.0), normal(d, 0.5)].concat(),
        LayerSpec::Rotation { reflections, base } => {
            let mut params = normal(reflections * d, 1.0);
            if base {
                params.extend(orthogonal(d, seed ^ 0x5EED));
            }
            params
        }
        LayerSpec::Marginal { components: k } => {
            let log_sigmas = normal(d * k, 0.4).into_iter().map(|l| l - 0.2);
            [normal(d * k, 0.7), normal(d * k, 1.2), log_sigmas.collect()].concat()
        }
        other => panic!("{other:?}: a new layer needs numbers to be tested with"),
    }
}

/// The flow of these layers with [`layer_params`].
pub fn flow(d: usize, layers: &[LayerSpec], seed: u64) -> Flow {
    let numbered = layers.iter().enumerate();
    let params =
        numbered.flat_map(|(i, l)| layer_params(*l, d, seed.wrapping_add(1000 * i as u64)));
    Flow::from_parts(d, layers.to_vec(), params.collect()).expect("ordinary numbers")
}

/// Every kind of layer.
pub fn layer() -> impl Strategy<Value = LayerSpec> {
    prop_oneof![
        1 => Just(LayerSpec::Standardize),
        3 => (0_usize..5, any::<bool>())
            .prop_map(|(reflections, base)| LayerSpec::Rotation { reflections, base }),
        4 => (1_usize..6).prop_map(|components| LayerSpec::Marginal { components }),
    ]
}

/// A flow of up to `depth` layers in up to 4 dimensions, now and then in 17.
pub fn flows(depth: usize) -> impl Strategy<Value = Flow> {
    let dim = prop_oneof![12 => 1_usize..5, 1 => Just(17_usize)];
    (dim, prop::collection::vec(layer(), 0..=depth), any::<u64>())
        .prop_map(|(d, layers, seed)| flow(d, &layers, seed))
}

pub fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| x.to_bits()).collect()
}

/// `f` with so many threads.
pub fn on_threads<T: Send>(threads: usize, f: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| {
        assert_eq!(rayon::current_num_threads(), threads);
        f()
    })
}
