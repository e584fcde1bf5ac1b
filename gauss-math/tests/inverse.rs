//! The marginal map is an increasing bijection, as far as doubles can tell.
//!
//! z(x) is computed to [`FORWARD`] ε max(1, |z|), and x is a double, so what conditioning permits
//! of a round trip is |x' - x| <= c ε (|x| + max(1, |z|)/J), J = dz/dx. That is a statement to
//! first order: it supposes that J is nearly the same at x and x'. At the edge of a gap between
//! components J falls by orders of magnitude within rounding errors of z, and inside the gap z is
//! a plateau of equal doubles, every x of which is as good as any other. There the same statement
//! is made on the z scale, |z(x') - z(x)| <= c ε (max(1, |z|) + J |x|).

mod support;

use gauss_math::mixture::{Inverter, Mixture};
use proptest::prelude::*;
use support::strategies::{Place, cases, mixture, place};
use support::{EPS, Params, golden_mixtures};

/// ε max(1, |z|): the budget of z in golden.rs.
const FORWARD: f64 = 4.5;
/// The inverse's own budget there.
const INVERSE: f64 = 4.0;
/// What a round trip may lose: the forward map's error and the inverse's.
const ROUND_TRIP: f64 = FORWARD + INVERSE;

/// Both inverses: one value, and the table's.
fn inverses(mixture: &Mixture, inverter: &Inverter, z: f64) -> [f64; 2] {
    let mut x = [f64::NAN];
    inverter.invert(mixture, &[z], &mut x);
    [mixture.invert(z), x[0]]
}

/// Whether dz/dx stays within a factor of 2 between a and b.
fn is_mild(mixture: &Mixture, a: f64, b: f64) -> bool {
    let at = |i: i32| mixture.gaussianize(a + f64::from(i) / 8.0 * (b - a)).1;
    (1..=8).all(|i| (at(i) - at(0)).abs() <= std::f64::consts::LN_2)
}

/// f⁻¹(f(x)) = x; returns whether J was mild enough for the bound in x.
fn check_round_trip(mixture: &Mixture, inverter: &Inverter, x: f64) -> Result<bool, TestCaseError> {
    let (z, log_slope) = mixture.gaussianize(x);
    prop_assert!(z.is_finite(), "z({x:e}) = {z}");
    let mut mild = true;
    for back in inverses(mixture, inverter, z) {
        let (again, _) = mixture.gaussianize(back);
        let in_z = ROUND_TRIP * EPS * (z.abs().max(1.0) + x.abs() * log_slope.exp());
        prop_assert!((again - z).abs() <= in_z, "x {x:e}, z {z:e}: back to {back:e}, z {again:e}");
        if is_mild(mixture, x, back) {
            let in_x = ROUND_TRIP * EPS * (x.abs() + z.abs().max(1.0) * (-log_slope).exp());
            prop_assert!((back - x).abs() <= in_x, "x {x:e}, z {z:e}: back to {back:e}");
        } else {
            mild = false;
        }
    }
    Ok(mild)
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn data_to_latent_and_back(
        params in mixture(),
        places in prop::collection::vec(place(), 1..40),
    ) {
        let mixture = params.mixture();
        let inverter = Inverter::new(&mixture);
        for place in places {
            check_round_trip(&mixture, &inverter, place.x(&params))?;
        }
    }

    #[test]
    fn latent_to_data_and_back(
        params in mixture(),
        targets in prop::collection::vec(
            prop_oneof![4 => -5.0..5.0_f64, 2 => -40.0..40.0_f64, 1 => -1e6..1e6_f64], 1..30),
    ) {
        let mixture = params.mixture();
        let inverter = Inverter::new(&mixture);
        for z in targets {
            for x in inverses(&mixture, &inverter, z) {
                let (again, log_slope) = mixture.gaussianize(x);
                let bound = ROUND_TRIP * EPS * (z.abs().max(1.0) + x.abs() * log_slope.exp());
                prop_assert!((again - z).abs() <= bound, "z {z:e}: x {x:e}, z {again:e}");
            }
        }
    }

    /// The computed z never falls by more than two rounding errors of opposite sign, and rises
    /// wherever the true z does by more than that.
    #[test]
    fn the_map_increases(
        params in mixture(),
        places in prop::collection::vec(place(), 2..60),
    ) {
        let mixture = params.mixture();
        let mut x: Vec<f64> = places.into_iter().map(|p| p.x(&params)).collect();
        let neighbours: Vec<f64> = x.iter().flat_map(|x| [x.next_down(), x.next_up()]).collect();
        x.extend(neighbours);
        x.sort_by(f64::total_cmp);
        for pair in x.windows(2) {
            let ((z0, slope0), (z1, slope1)) =
                (mixture.gaussianize(pair[0]), mixture.gaussianize(pair[1]));
            let noise = 2.0 * FORWARD * EPS * z0.abs().max(z1.abs()).max(1.0);
            prop_assert!(z1 >= z0 - noise, "z({:e}) = {z0:e}, z({:e}) = {z1:e}", pair[0], pair[1]);
            // A smooth stretch rises by at least half the smaller slope times its length.
            let rise = 0.5 * slope0.min(slope1).exp() * (pair[1] - pair[0]);
            if rise > noise && is_mild(&mixture, pair[0], pair[1]) {
                prop_assert!(z1 > z0, "z({:e}) = {z0:e} = z({:e})", pair[0], pair[1]);
            }
        }
    }
}

/// The first-order bound is not a rare exception: it is checked at most places.
#[test]
fn the_bound_in_x_is_checked_almost_everywhere() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut mild, mut all) = (0, 0);
    for _ in 0..500 {
        let draw = (mixture(), place()).new_tree(&mut runner).expect("a draw").current();
        let (params, place): (Params, Place) = draw;
        let mixture = params.mixture();
        all += 1;
        let x = place.x(&params);
        mild += i32::from(check_round_trip(&mixture, &Inverter::new(&mixture), x).expect("bound"));
    }
    assert_eq!(all, 500);
    assert!(mild >= 400, "only {mild} of {all}");
}

/// One million of the widest σ beyond the outermost component, in steps of a factor of √10.
#[test]
fn far_beyond_every_component_the_round_trip_is_exact_to_rounding() {
    let mut checked = 0;
    for (case, mixture) in golden_mixtures() {
        let inverter = Inverter::new(&mixture);
        // The golden mixtures lie within ±30 and their σ below 1e4.
        for half_decade in 0..=12 {
            for sign in [-1.0, 1.0] {
                let x = sign * (40.0 + 1e4 * 10.0_f64.powf(0.5 * f64::from(half_decade)));
                let mild = check_round_trip(&mixture, &inverter, x).expect(&case);
                assert!(mild, "{case} {x}");
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 8 * 13 * 2);
}

/// Both tails to the ends of the doubles: z(x) = x for the standard normal.
#[test]
fn the_standard_normal_is_mapped_to_itself() {
    let standard = Mixture::new(&[0.0], &[0.0], &[0.0]);
    for e in -300..=300 {
        for x in [10.0_f64.powi(e), -(10.0_f64.powi(e))] {
            let (z, log_slope) = standard.gaussianize(x);
            let bound = FORWARD * EPS * x.abs().max(1.0);
            assert!((z - x).abs() <= bound, "{x:e} {z:e}");
            // golden.rs's budget, and the rounding of ln M(|x|), which is added and taken away.
            let slope_bound = (32.0 + x.abs().ln().abs()) * EPS;
            assert!(log_slope.abs() <= slope_bound, "{x:e} {log_slope:e}");
            assert!((standard.invert(x) - x).abs() <= 2.0 * bound, "{x:e}");
        }
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    let mixture = Mixture::new(&[0.0, 1.0], &[-3.0, 3.0], &[0.0, 0.5]);
    let inverter = Inverter::new(&mixture);
    for z in [f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(inverses(&mixture, &inverter, z), [z, z]);
    }
    assert!(inverses(&mixture, &inverter, f64::NAN).iter().all(|x| x.is_nan()));
    // A NaN leaves the values beside it alone.
    let z: Vec<f64> = (0..40).map(|i| 0.1 * f64::from(i) - 2.0).collect();
    let mut clean = vec![0.0; 40];
    inverter.invert(&mixture, &z, &mut clean);
    let mut spoilt = z.clone();
    spoilt[17] = f64::NAN;
    let mut x = vec![0.0; 40];
    inverter.invert(&mixture, &spoilt, &mut x);
    for i in 0..40 {
        assert!(if i == 17 { x[i].is_nan() } else { x[i].to_bits() == clean[i].to_bits() });
    }
    inverter.invert(&mixture, &[], &mut []);
}

/// Found by the property tests: a narrow component between two points that Newton's method
/// sends to one another.
#[test]
fn newtons_method_does_not_cycle() {
    let means = [3.506, -300.0, 0.5, 0.494, 0.5275589792974672, -2.696, 1.7066817171066173];
    let log_sigmas = [5.262, 5.725, -0.0886, -7.037, 0.378, 0.874, -6.592];
    let logits = [0.947, -2.084, -0.202, -0.287, 0.277, 0.233, 0.757];
    let mixture = Mixture::new(&logits, &means, &log_sigmas);
    let inverter = Inverter::new(&mixture);
    for i in -1000..=1000 {
        let z = 0.002 * f64::from(i);
        for x in inverses(&mixture, &inverter, z) {
            let (again, log_slope) = mixture.gaussianize(x);
            let bound = ROUND_TRIP * EPS * (z.abs().max(1.0) + x.abs() * log_slope.exp());
            assert!((again - z).abs() <= bound, "z {z}: x {x}, z {again}");
        }
    }
}

/// Found by the property tests: from a plateau, a Newton step of 1e-14 in z jumps over a narrow
/// component, of which nothing is to be seen before; or onto its flank, where the curvature is
/// a thousand times what the step before has seen.
#[test]
fn a_step_onto_or_over_a_narrow_component_is_noticed() {
    let mixtures = [
        Mixture::new(
            &[0.8365690461655957, -577.0923287052456, 1.1988851272477838, -0.6760238882380848],
            &[-3.322056110659411, -2.802376349984427, -300.0, 3.2362714091974873],
            &[-7.20839699915576, 2.234931248061218, 0.8673331815070056, 0.15642612044190016],
        ),
        Mixture::new(
            &[0.287657, -0.604161, 2.45822, -1.945737, 1.526248],
            &[60.0, 3.661373, -0.890373, -2.537305, -3.9508632700673005],
            &[-0.469772, -0.132408, -0.835178, 8.408282, -8.997442729184053],
        ),
        Mixture::new(
            &[-1.168449, -2.921899, -2.496206, 0.15329, -1.310595],
            &[-2.215685, 120.0, 0.5, -180.0, 3.383610965122865],
            &[-0.275844, -6.137506, -5.468746, 2.20786, -8.622543930610298],
        ),
    ];
    // The narrow one of each.
    let narrow =
        [(-3.322056110659411, 7.4e-4), (-3.9508632700673005, 1.24e-4), (3.383610965122865, 1.8e-4)];
    let mut checked = 0;
    for (mixture, (mean, sigma)) in mixtures.iter().zip(narrow) {
        let inverter = Inverter::new(mixture);
        for t in -4000..=4000 {
            let x = mean + 0.01 * f64::from(t) * sigma;
            check_round_trip(mixture, &inverter, x).expect("the bound");
            checked += 1;
        }
    }
    assert_eq!(checked, 3 * 8001);
}

/// Found by the property tests: of two points on either side of a peak with the same slope, which
/// without a table is a likely first step, nothing is learnt of the curvature.
#[test]
fn a_single_value_is_confirmed() {
    let mixture = Mixture::new(
        &[2.550610966549365, 2.1930360634273733, 0.7542784649243377],
        &[3.099449874572473, 2.2080842959273705, 0.5],
        &[6.4953436724642435, -0.6542018387823696, -0.979368778636211],
    );
    let inverter = Inverter::new(&mixture);
    for x in [0.5, -1.0, 0.0, 0.25, 1.0, 2.2, 3.1, 100.0] {
        check_round_trip(&mixture, &inverter, x).expect("the bound");
    }
}
