//! What the tests share: flows and rows to draw, finite differences, thread pools.
#![allow(dead_code)] // each test binary uses its own part of it

use faer::{Mat, MatRef};
use gauss_flow::layers::tails::{Tail, params};
use gauss_flow::{Flow, LayerSpec};
use gauss_math::householder;
use gauss_math::mixture::Mixture;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

pub const EPS: f64 = f64::EPSILON;

/// Below this dimension a rotation is the crate's own product, whose result for a row does not
/// depend on the rows beside it; from here on it is a general GEMM, equal to rounding only.
pub const GEMM_DIM: usize = 16;

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

/// Tails of d columns: both, an upper one, a lower one, and so on.
pub fn tails(d: usize) -> Vec<[Option<Tail>; 2]> {
    let tail = |j: usize, threshold: f64| Tail {
        threshold,
        probability: 0.1 + 0.05 * (j % 5) as f64,
        scale: 0.6 + 0.1 * (j % 4) as f64,
        index: 0.2 + 0.4 * (j % 3) as f64,
    };
    let column = |j: usize| {
        let [lower, upper] = [-0.7, 0.9].map(|t| tail(j, t * (1.0 + 0.1 * (j % 2) as f64)));
        [(j % 3 != 1).then_some(lower), (j % 3 != 2).then_some(upper)]
    };
    (0..d).map(column).collect()
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
        LayerSpec::Conditioned { components, context, .. } => {
            let marginal = layer_params(LayerSpec::Marginal { components }, d, seed);
            // Larger weights bend more than finite differences follow.
            let mut network = normal(spec.network(d).len(), 0.2);
            network.extend(normal(2 * context, 0.3));
            [marginal, network].concat()
        }
        LayerSpec::Rosenblatt { components: k } => {
            // A row's length stays, so that the condition of A does not grow with d.
            let strict = normal(k * (d * (d - 1) / 2), 0.5 / (d as f64).sqrt());
            let log_diagonals = normal(d * k, 0.3).into_iter().map(|l| l + 0.1);
            let (logits, means) = (normal(k, 0.7), normal(d * k, 0.8));
            [logits, means, log_diagonals.collect(), strict].concat()
        }
        LayerSpec::Tails => params(&tails(d)),
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

/// The mixtures of a marginal layer, made from the flow's numbers alone.
pub fn mixtures(flow: &Flow, layer: usize) -> Vec<Mixture> {
    let LayerSpec::Marginal { components: k } = flow.layers()[layer] else {
        panic!("layer {layer} is no marginal");
    };
    let params = flow.layer_params(layer);
    let (logits, rest) = params.split_at(params.len() / 3);
    let (means, log_sigmas) = rest.split_at(logits.len());
    let own = |i: usize| i * k..(i + 1) * k;
    (0..flow.dim())
        .map(|i| Mixture::new(&logits[own(i)], &means[own(i)], &log_sigmas[own(i)]))
        .collect()
}

/// Q of a rotation layer, row-major, made from the flow's numbers alone.
pub fn rotation(flow: &Flow, layer: usize) -> Vec<f64> {
    let (d, params) = (flow.dim(), flow.layer_params(layer));
    let LayerSpec::Rotation { reflections, base } = flow.layers()[layer] else {
        panic!("layer {layer} is no rotation");
    };
    let (reflectors, b) = params.split_at(reflections * d);
    let mut q = if base { b.to_vec() } else { householder::identity(d) };
    householder::expand(reflectors, d, &mut q);
    q
}

/// ln|det| by Gaussian elimination with pivots.
pub fn log_abs_det(mut m: Mat<f64>) -> f64 {
    let d = m.nrows();
    let mut sum = 0.0;
    for i in 0..d {
        let pivot = (i..d).max_by(|a, b| m[(*a, i)].abs().total_cmp(&m[(*b, i)].abs()));
        let pivot = pivot.expect("a column");
        for j in 0..d {
            let kept = m[(i, j)];
            m[(i, j)] = m[(pivot, j)];
            m[(pivot, j)] = kept;
        }
        sum += m[(i, i)].abs().ln();
        for row in i + 1..d {
            let factor = m[(row, i)] / m[(i, i)];
            for j in i..d {
                let kept = m[(i, j)];
                m[(row, j)] -= factor * kept;
            }
        }
    }
    sum
}

/// The same bits, NaN included.
pub fn same_bits(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> bool {
    a.nrows() == b.nrows()
        && a.ncols() == b.ncols()
        && (0..a.nrows())
            .all(|i| (0..a.ncols()).all(|j| a[(i, j)].to_bits() == b[(i, j)].to_bits()))
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
