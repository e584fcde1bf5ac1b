//! A mixture at the edges: its logarithms against one another, and what is extreme but legal.

mod support;

use gauss_math::mixture::{Inverter, Mixture};
use gauss_math::normal;
use proptest::prelude::*;
use support::strategies::{cases, mixture, place};
use support::{EPS, log_sum_exp, naive_gaussianize, naive_log_cdf};

/// Two evaluations of one logarithm, a few roundings of terms no larger than it.
const LOG_TOL: f64 = 64.0 * EPS;

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn the_logarithms_agree_with_their_definitions(
        params in mixture(),
        places in prop::collection::vec(place(), 1..30),
    ) {
        let mixture = params.mixture();
        for place in places {
            let x = place.x(&params);
            let (mut pdf, mut cdf, mut sf) = (vec![], vec![], vec![]);
            for (k, w) in params.log_weights().into_iter().enumerate() {
                let t = (x - params.means[k]) / params.log_sigmas[k].exp();
                pdf.push(w - params.log_sigmas[k] - 0.5 * t * t - normal::HALF_LN_2PI);
                cdf.push(w + naive_log_cdf(t));
                sf.push(w + naive_log_cdf(-t));
            }
            let pairs = [
                ("pdf", mixture.log_pdf(x), log_sum_exp(&pdf)),
                ("cdf", mixture.log_cdf(x), log_sum_exp(&cdf)),
                ("sf", mixture.log_sf(x), log_sum_exp(&sf)),
            ];
            for (name, got, want) in pairs {
                prop_assert!((got - want).abs() <= LOG_TOL * want.abs().max(1.0),
                    "{name}({x:e}): {got:e}, not {want:e}");
            }
            // Change of variables: ln f = ln φ(z) + ln dz/dx.
            let (z, log_slope) = mixture.gaussianize(x);
            let scale = (0.5 * z * z).max(log_slope.abs()).max(1.0);
            let sum = normal::log_pdf(z) + log_slope;
            prop_assert!((sum - mixture.log_pdf(x)).abs() <= LOG_TOL * scale, "x {x:e}, z {z:e}");
            // And of distributions: F(x) = Φ(z), in logarithms on the smaller side.
            let (f, phi) = if z < 0.0 { (mixture.log_cdf(x), normal::log_cdf(z)) }
                else { (mixture.log_sf(x), normal::log_sf(z)) };
            prop_assert!((f - phi).abs() <= LOG_TOL * phi.abs().max(1.0), "x {x:e}: {f:e}, {phi:e}");
        }
    }

    /// Moving and scaling x with the mixture leaves z alone: for powers of two, to the bit.
    #[test]
    fn units_do_not_matter(params in mixture(), place in place(), power in -40_i32..40) {
        let x = place.x(&params);
        let scale = 2.0_f64.powi(power);
        let mut scaled = params.clone();
        scaled.means.iter_mut().for_each(|m| *m *= scale);
        scaled.log_sigmas.iter_mut().for_each(|l| *l += scale.ln());
        let ((z, slope), (z_scaled, slope_scaled)) =
            (params.mixture().gaussianize(x), scaled.mixture().gaussianize(scale * x));
        // ln σ + ln scale rounds, by as much as ε (|ln σ| + |ln scale|) <= 40 ε: so does σ, by as
        // much t, by t times that z, and ln f by t² times that.
        let tol = 40.0 * EPS * z.abs().max(1.0);
        // In a gap t is not z but what ln dz/dx comes from.
        let log_tol = 40.0 * EPS * (2.0 * slope.abs() + z * z).max(20.0);
        prop_assert!((z - z_scaled).abs() <= tol, "{z:e} {z_scaled:e}");
        prop_assert!((slope - scale.ln() - slope_scaled).abs() <= log_tol, "{slope} {slope_scaled}");
    }
}

#[test]
fn one_component_is_a_straight_line() {
    for (mean, log_sigma) in
        [(0.0, 0.0), (-3.0, -9.2), (1e12, 0.0), (5.0, 9.2), (0.0, -300.0), (0.0, 300.0)]
    {
        let mixture = Mixture::new(&[0.7], &[mean], &[log_sigma]);
        let sigma = f64::exp(log_sigma);
        for t in
            [-1e6, -300.0, -38.0, -35.0, -20.0, -1.0, -1e-9, 0.0, 0.5, 8.0, 27.0, 34.0, 37.5, 1e5]
        {
            let x = mean + t * sigma;
            let t = (x - mean) / sigma; // after the rounding of x
            let (z, log_slope) = mixture.gaussianize(x);
            // golden.rs's budgets; 1/σ against division by σ costs another ε or two.
            assert!((z - t).abs() <= 8.0 * EPS * t.abs().max(1.0), "{t} {z}");
            assert!(
                (log_slope + log_sigma).abs() <= 64.0 * EPS * log_sigma.abs().max(1.0),
                "{t} {log_slope}"
            );
            let (mut zs, mut slopes) = ([0.0; 16], [0.0; 16]);
            mixture.forward(&[x; 16], &mut zs, &mut slopes);
            assert!((zs[0] - t).abs() <= 8.0 * EPS * t.abs().max(1.0), "{t} {}", zs[0]);
            assert!(
                (slopes[0] + log_sigma).abs() <= 64.0 * EPS * log_sigma.abs().max(1.0),
                "ln σ {log_sigma}, t {t}: {}",
                slopes[0]
            );
        }
    }
}

/// σ ratio 1e8, weights of e^-700, means at 1e12, all at once and one by one.
#[test]
fn extreme_mixtures_are_mapped_and_inverted() {
    let extreme: [(&str, [&[f64]; 3]); 4] = [
        ("σ ratio 1e8", [&[0.0, 0.3], &[0.0, 1.0], &[-9.21, 9.21]]),
        ("weight e^-700", [&[0.0, -700.0], &[0.0, 60.0], &[0.0, -1.0]]),
        ("means at 1e12", [&[0.0, 0.5], &[1e12, 1e12 + 3.0], &[0.0, -0.5]]),
        ("all", [&[0.0, -700.0, 0.2], &[1e12, 1e12 + 70.0, 1e12 + 1.0], &[0.0, 9.21, 9.0]]),
    ];
    let mut checked = 0;
    for (name, [logits, means, log_sigmas]) in extreme {
        let params = support::Params {
            logits: logits.to_vec(),
            means: means.to_vec(),
            log_sigmas: log_sigmas.to_vec(),
        };
        let mixture = params.mixture();
        let inverter = Inverter::new(&mixture);
        for (mean, log_sigma) in means.iter().zip(log_sigmas) {
            for t in [-1e6, -50.0, -37.0, -36.0, -6.0, -1.0, 0.0, 0.3, 5.0, 35.0, 39.0, 1e3] {
                let x = mean + t * log_sigma.exp();
                let (z, slope) = mixture.gaussianize(x);
                let (want, _) = naive_gaussianize(&params, x);
                assert!(
                    (z - want).abs() <= LOG_TOL * want.abs().max(1.0),
                    "{name} {x:e}: {z} {want}"
                );
                let mut back = [0.0];
                inverter.invert(&mixture, &[z], &mut back);
                for back in [back[0], mixture.invert(z)] {
                    // inverse.rs has the reason; here without its case for gaps, on the z scale.
                    let bound = 8.5 * EPS * (z.abs().max(1.0) + x.abs() * slope.exp());
                    let again = mixture.gaussianize(back).0;
                    assert!((again - z).abs() <= bound, "{name} {x:e}: {back:e}, {again} {z}");
                }
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 12 * 9);
}

/// The far gap between two components: z is a plateau, its slope an honest e^-(5e5).
#[test]
fn a_gap_is_a_plateau_with_an_honest_slope() {
    let mixture = Mixture::new(&[0.0, 0.0], &[-1000.0, 1000.0], &[0.0, 0.0]);
    let (z, log_slope) = mixture.gaussianize(0.0);
    assert!(z.abs() <= EPS, "{z:e}"); // half the weight is on either side
    // ln dz/dx = ln(2 · ½ φ(1000)/φ(0)) = -500000
    assert!((log_slope + 500_000.0).abs() < 1e-9, "{log_slope}");
}

#[test]
fn set_leaves_nothing_of_the_mixture_before() {
    let mut mixture = Mixture::default();
    assert!(mixture.is_empty());
    mixture.set(&[1.0, 2.0, 3.0], &[0.0, 1.0, 2.0], &[0.0, -1.0, 1.0]);
    assert_eq!(mixture.len(), 3);
    mixture.set(&[0.3], &[5.0], &[2.0]);
    assert_eq!(mixture, Mixture::new(&[0.3], &[5.0], &[2.0]));
    assert!(!mixture.is_empty());
}

#[test]
fn what_is_not_finite_is_said_so() {
    let mixture = Mixture::new(&[0.0, 1.0], &[-3.0, 3.0], &[0.0, 0.5]);
    let (inf, all) = (f64::INFINITY, [f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    for x in all {
        let (z, log_slope) = mixture.gaussianize(x);
        assert!(z.is_nan() && log_slope.is_nan());
    }
    assert_eq!([mixture.log_pdf(inf), mixture.log_pdf(-inf)], [-inf, -inf]);
    assert_eq!([mixture.log_cdf(inf), mixture.log_cdf(-inf)], [0.0, -inf]);
    assert_eq!([mixture.log_sf(inf), mixture.log_sf(-inf)], [-inf, 0.0]);
    for f in [Mixture::log_pdf, Mixture::log_cdf, Mixture::log_sf] {
        assert!(f(&mixture, f64::NAN).is_nan());
    }
    for f in [
        normal::pdf,
        normal::log_pdf,
        normal::cdf,
        normal::sf,
        normal::log_cdf,
        normal::log_sf,
        normal::quantile,
        normal::quantile_from_log,
        normal::mills,
    ] {
        assert!(f(f64::NAN).is_nan());
    }
    assert_eq!([normal::pdf(inf), normal::pdf(-inf), normal::mills(inf)], [0.0; 3]);
    assert_eq!([normal::log_pdf(inf), normal::log_pdf(-inf)], [-inf; 2]);
    assert_eq!(
        [normal::cdf(inf), normal::cdf(-inf), normal::sf(inf), normal::sf(-inf)],
        [1.0, 0.0, 0.0, 1.0]
    );
    assert_eq!([normal::log_cdf(inf), normal::log_cdf(-inf)], [0.0, -inf]);
    assert_eq!(
        [normal::quantile(0.0), normal::quantile(1.0), normal::quantile(0.5)],
        [-inf, inf, 0.0]
    );
    assert_eq!([normal::quantile_from_log(-inf), normal::quantile_from_log(0.0)], [-inf, inf]);
    for p in [-1e-300, -1.0, 1.0 + EPS, inf] {
        assert!(normal::quantile(p).is_nan());
    }
    assert!(normal::quantile_from_log(1e-300).is_nan());
}

#[test]
fn an_empty_or_uneven_mixture_is_refused() {
    let no = std::panic::catch_unwind(|| Mixture::new(&[], &[], &[]));
    let uneven = std::panic::catch_unwind(|| Mixture::new(&[0.0], &[0.0, 1.0], &[0.0]));
    assert!(no.is_err() && uneven.is_err());
}
