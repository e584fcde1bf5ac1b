//! What the tests share: the golden tables, and naive oracles of a few lines each.
#![allow(dead_code)] // each test binary uses its own part of it

use gauss_math::mixture::Mixture;
use std::collections::BTreeMap;

/// The distance from 1 to the next double, the unit of every error budget.
pub const EPS: f64 = f64::EPSILON;

/// One row of a golden table, by column name; a column that is no number is left out.
pub type Row = BTreeMap<String, f64>;

/// A CSV of the `golden` folder: its rows, and each row's first cell as text.
pub fn table(name: &str) -> Vec<(String, Row)> {
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), header.len(), "{name}: {line}");
            let numbers = header
                .iter()
                .zip(&cells)
                .filter_map(|(h, c)| c.parse().ok().map(|number| ((*h).to_owned(), number)));
            (cells[0].to_owned(), numbers.collect())
        })
        .collect()
}

/// The mixtures of `mixture_params.csv`, by case.
pub fn golden_mixtures() -> BTreeMap<String, Mixture> {
    let mut cases: BTreeMap<String, [Vec<f64>; 3]> = BTreeMap::new();
    for (case, row) in table("mixture_params.csv") {
        let parameters = cases.entry(case).or_default();
        for (list, column) in parameters.iter_mut().zip(["logit", "mean", "log_sigma"]) {
            list.push(row[column]);
        }
    }
    let mixture = |[l, m, s]: [Vec<f64>; 3]| Mixture::new(&l, &m, &s);
    cases.into_iter().map(|(case, parameters)| (case, mixture(parameters))).collect()
}

/// The parameters of one mixture, for the oracles.
#[derive(Clone, Debug, Default)]
pub struct Params {
    pub logits: Vec<f64>,
    pub means: Vec<f64>,
    pub log_sigmas: Vec<f64>,
}

impl Params {
    pub fn mixture(&self) -> Mixture {
        Mixture::new(&self.logits, &self.means, &self.log_sigmas)
    }

    /// ln π_k by the definition.
    pub fn log_weights(&self) -> Vec<f64> {
        let total = log_sum_exp(&self.logits);
        self.logits.iter().map(|l| l - total).collect()
    }

    /// The largest σ, and the interval of the means.
    pub fn extent(&self) -> (f64, f64, f64) {
        let sigma = self.log_sigmas.iter().fold(0.0_f64, |m, l| m.max(l.exp()));
        let lo = self.means.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = self.means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (sigma, lo, hi)
    }
}

pub fn log_sum_exp(terms: &[f64]) -> f64 {
    let max = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + terms.iter().map(|t| (t - max).exp()).sum::<f64>().ln()
}

/// M(a) = Φ(-a)/exp(-a²/2), a >= 0: the definition for small a, Laplace's continued fraction
/// 1/(a + 1/(a + 2/(a + 3/(a + ...)))) over √(2π) for large a.
pub fn naive_mills(a: f64) -> f64 {
    if a < 4.0 {
        return 0.5 * libm::erfc(a / std::f64::consts::SQRT_2) * (0.5 * a * a).exp();
    }
    let mut fraction = a;
    for k in (1..=80).rev() {
        fraction = a + f64::from(k) / fraction;
    }
    1.0 / (fraction * gauss_math::normal::SQRT_2PI)
}

/// ln Φ(x) by the definition where that is representable.
pub fn naive_log_cdf(x: f64) -> f64 {
    if x > -4.0 {
        (0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)).ln()
    } else {
        -0.5 * x * x + naive_mills(-x).ln()
    }
}

/// The z >= 0 with ln Φ(-z) = l, by bisection.
pub fn naive_upper_quantile(l: f64) -> f64 {
    let (mut lo, mut hi) = (0.0, (-2.0 * l).sqrt() + 1.0);
    for _ in 0..200 {
        let middle = 0.5 * (lo + hi);
        if naive_log_cdf(-middle) > l { lo = middle } else { hi = middle }
    }
    0.5 * (lo + hi)
}

/// (z, ln dz/dx) by the definition, both tails in logarithms.
pub fn naive_gaussianize(params: &Params, x: f64) -> (f64, f64) {
    let (mut lower, mut upper, mut density) = (vec![], vec![], vec![]);
    for (k, log_weight) in params.log_weights().into_iter().enumerate() {
        let t = (x - params.means[k]) / params.log_sigmas[k].exp();
        lower.push(log_weight + naive_log_cdf(t));
        upper.push(log_weight + naive_log_cdf(-t));
        density.push(log_weight - params.log_sigmas[k] - 0.5 * t * t);
    }
    let (lower, upper) = (log_sum_exp(&lower), log_sum_exp(&upper));
    let z = naive_upper_quantile(lower.min(upper).min(-std::f64::consts::LN_2));
    let log_jacobian = log_sum_exp(&density) + 0.5 * z * z;
    (if lower < upper { -z } else { z }, log_jacobian)
}

pub mod strategies {
    //! What the property tests draw from.

    use super::Params;
    use proptest::prelude::*;

    /// Any double, with a weight on what breaks kernels.
    pub fn any_number() -> impl Strategy<Value = f64> {
        prop_oneof![
            6 => -6.0..6.0_f64,
            4 => -45.0..45.0_f64,
            2 => (-320.0..308.0_f64, any::<bool>()).prop_map(|(e, s)| if s { 10.0_f64.powf(e) } else { -10.0_f64.powf(e) }),
            1 => prop_oneof![
                Just(0.0), Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY),
                Just(f64::MIN_POSITIVE), Just(f64::from_bits(1)), Just(f64::MAX), Just(-f64::MAX),
                Just(37.0), Just(-37.0), Just(38.6), Just(39.0),
            ],
        ]
    }

    /// Well separated, overlapping or nearly coincident components, σ from 1e-4 to 1e4, now and
    /// then a faint one.
    pub fn mixture() -> impl Strategy<Value = Params> {
        let logit = prop_oneof![8 => -3.0..3.0_f64, 1 => -700.0..-20.0_f64];
        let ln_1e4 = 1e4_f64.ln();
        let log_sigma = prop_oneof![3 => -1.0..1.0_f64, 1 => -ln_1e4..ln_1e4];
        let mean = prop_oneof![
            3 => -4.0..4.0_f64,                                     // overlapping
            1 => (-5_i32..5).prop_map(|i| 60.0 * f64::from(i)),     // gaps of 60 σ and more
            1 => (-1.0..1.0_f64).prop_map(|u| 0.5 + 1e-9 * u),      // nearly coincident
        ];
        let count = prop_oneof![12 => 1_usize..8, 1 => Just(64)];
        let component = (logit, mean, log_sigma);
        (count.prop_flat_map(move |k| prop::collection::vec(component.clone(), k))).prop_map(|c| {
            let mut logits: Vec<f64> = c.iter().map(|c| c.0).collect();
            logits[0] = logits[0].max(-3.0); // one at least is not faint
            let means = c.iter().map(|c| c.1).collect();
            Params { logits, means, log_sigmas: c.iter().map(|c| c.2).collect() }
        })
    }

    /// Where to look at a mixture: near a component, on its flanks, between two, or far beyond all
    /// of them; resolved by [`Place::x`].
    #[derive(Clone, Copy, Debug)]
    pub enum Place {
        /// μ_k + tσ_k
        Near(prop::sample::Index, f64),
        /// A part of the way from one mean to another.
        Between(prop::sample::Index, prop::sample::Index, f64),
        /// So many of the largest σ outside the outermost mean, to the right or to the left.
        Beyond(f64, bool),
    }

    impl Place {
        pub fn x(self, params: &Params) -> f64 {
            let k = params.means.len();
            let (sigma, lo, hi) = params.extent();
            match self {
                Self::Near(i, t) => {
                    let i = i.index(k);
                    params.means[i] + t * params.log_sigmas[i].exp()
                }
                Self::Between(i, j, u) => {
                    let (a, b) = (params.means[i.index(k)], params.means[j.index(k)]);
                    a + u * (b - a)
                }
                Self::Beyond(t, true) => hi + t * sigma,
                Self::Beyond(t, false) => lo - t * sigma,
            }
        }
    }

    pub fn place() -> impl Strategy<Value = Place> {
        let index = any::<prop::sample::Index>;
        prop_oneof![
            5 => (index(), -5.0..5.0_f64).prop_map(|(i, t)| Place::Near(i, t)),
            3 => (index(), -45.0..45.0_f64).prop_map(|(i, t)| Place::Near(i, t)),
            2 => (index(), index(), 0.0..1.0_f64).prop_map(|(i, j, u)| Place::Between(i, j, u)),
            2 => (0.0..6.0_f64, any::<bool>()).prop_map(|(e, s)| Place::Beyond(10.0_f64.powf(e), s)),
        ]
    }

    /// The configuration of all property tests: failures are kept in `tests/*.regressions`, and
    /// the environment's PROPTEST_CASES, where it is set, overrides `count`.
    pub fn cases(count: u32) -> ProptestConfig {
        let persistence = proptest::test_runner::FileFailurePersistence::WithSource("regressions");
        let default = ProptestConfig::default();
        ProptestConfig {
            cases: if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { count },
            failure_persistence: Some(Box::new(persistence)),
            ..default
        }
    }
}

pub mod backends {
    //! A kernel on every instruction set of this machine.

    use gauss_math::simd::Backend;
    use proptest::prelude::*;

    /// Targets without a fused multiply-add round more often; the project allows them this much,
    /// relative to max(1, |value|).
    const OTHER_TARGETS: f64 = 1e-12;

    /// Runs `kernel` on every backend and returns the widest one's result.
    ///
    /// The fused backends must agree to the bit, the plain scalar one to [`OTHER_TARGETS`] in units
    /// of `unit(i)`, where that is finite.
    pub fn on_every_backend(
        kernel: impl Fn() -> Vec<f64>,
        unit: impl Fn(usize, f64) -> f64,
    ) -> Result<Vec<f64>, TestCaseError> {
        let backends = Backend::all();
        let widest = backends[0].scope(&kernel);
        for backend in &backends[1..] {
            let same_bits = backend.name() != "Scalar";
            for (i, (&a, b)) in widest.iter().zip(backend.scope(&kernel)).enumerate() {
                if a.is_nan() {
                    prop_assert!(b.is_nan(), "{} at {}", backend.name(), i); // which NaN says nothing
                } else if same_bits {
                    prop_assert_eq!(a.to_bits(), b.to_bits(), "{} at {}", backend.name(), i);
                } else {
                    let near = (a - b).abs() <= OTHER_TARGETS * unit(i, a);
                    prop_assert!(a == b || near, "{i}: {a:e}, {b:e}");
                }
            }
        }
        Ok(widest)
    }
}
