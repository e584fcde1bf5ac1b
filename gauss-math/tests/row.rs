//! One row by itself, a mixture for each dimension, against the same row in a block: equal to the
//! bit on every instruction set.

mod support;

use gauss_math::mixture::{self, Mixture};
use gauss_math::simd::{Backend, LOGICAL_LANES};
use proptest::prelude::*;
use support::strategies::{any_number, cases, mixture, place};
use support::{Params, golden_mixtures};

/// z `[d]`, then `log_det`, by a block of copies of the row.
fn in_a_block(mixtures: &[Mixture], x: &[f64], log_det: f64) -> Vec<f64> {
    let mut out = Vec::new();
    let mut log_dets = [log_det; LOGICAL_LANES];
    for (mixture, x) in mixtures.iter().zip(x) {
        let mut z = [0.0; LOGICAL_LANES];
        mixture.forward(&[*x; LOGICAL_LANES], &mut z, &mut log_dets);
        out.push(z[0]);
    }
    out.push(log_dets[0]);
    out
}

/// The same by the row alone.
fn alone(mixtures: &[Mixture], x: &[f64], log_det: f64) -> Vec<f64> {
    let mut out = vec![f64::NAN; x.len() + 1];
    let (z, sum) = out.split_at_mut(x.len());
    sum[0] = log_det;
    mixture::forward_row(mixtures, x, z, &mut sum[0]);
    out
}

/// The bits; which NaN says nothing.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| if v.is_nan() { f64::NAN } else { *v }.to_bits()).collect()
}

fn assert_same(mixtures: &[Mixture], x: &[f64]) {
    for backend in Backend::all() {
        backend.scope(|| {
            let (one, block) = (alone(mixtures, x, 0.25), in_a_block(mixtures, x, 0.25));
            assert_eq!(bits(&one), bits(&block), "{}: {x:?}: {one:?} {block:?}", backend.name());
        });
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_row_has_the_bits_of_its_block(
        dimensions in prop::collection::vec((mixture(), place()), 1..20),
        special in prop::collection::vec((any::<prop::sample::Index>(), any_number()), 0..3),
    ) {
        let mixtures: Vec<Mixture> = dimensions.iter().map(|(params, _)| params.mixture()).collect();
        let mut x: Vec<f64> = dimensions.iter().map(|(params, place)| place.x(params)).collect();
        for (i, value) in special {
            let i = i.index(x.len());
            x[i] = value;
        }
        assert_same(&mixtures, &x);
    }
}

/// Every number of components around a register's width, every number of dimensions around a
/// kernel's sixteen, near, at the edge of log space, far, beyond all, and no number.
#[test]
fn no_width_and_no_distance_is_special() {
    let params = |k: usize, j: usize| Params {
        logits: (0..k).map(|i| 0.3 * ((i + j) % 5) as f64).collect(),
        means: (0..k).map(|i| 1.5 * i as f64 - 0.2 * j as f64).collect(),
        log_sigmas: (0..k).map(|i| -0.4 * ((i * j) % 4) as f64).collect(),
    };
    let places = [0.3, -7.0, 36.0, -37.5, 60.0, -1e6, 1e200, f64::MAX];
    let none = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let mut checked = 0;
    for k in [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 64] {
        for d in [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 20, 33] {
            let mixtures: Vec<Mixture> = (0..d).map(|j| params(k, j).mixture()).collect();
            for (i, place) in places.into_iter().chain(none).enumerate() {
                // All dimensions there, or this one among others.
                assert_same(&mixtures, &vec![place; d]);
                let mut mixed: Vec<f64> = (0..d).map(|j| places[(i + j) % 5]).collect();
                mixed[i % d] = place;
                assert_same(&mixtures, &mixed);
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 12 * 12 * 11);
}

#[test]
fn the_golden_mixtures_make_one_row() {
    let mixtures: Vec<Mixture> = golden_mixtures().into_values().collect();
    for x in [-1e3, -40.0, -1.0, 0.0, 0.5, 3.0, 38.0, 200.0] {
        assert_same(&mixtures, &vec![x; mixtures.len()]);
    }
}

#[test]
fn no_dimension_is_no_change() {
    let mut log_det = 1.5;
    mixture::forward_row(&[], &[], &mut [], &mut log_det);
    assert_eq!(log_det, 1.5);
}

#[test]
#[should_panic(expected = "mixtures, x, z: 1, 2, 2")]
fn lengths_must_agree() {
    let mixtures = [Mixture::new(&[0.0], &[0.0], &[0.0])];
    mixture::forward_row(&mixtures, &[0.0; 2], &mut [0.0; 2], &mut 0.0);
}
