//! Whether a flow draws what is not like its rows.
//!
//! Where values repeat, a likelihood has no bound: block upon block narrows onto them, gains as many
//! nats as one likes, and the maps that do so are so steep that a latent between two rows comes out a
//! thousand ranges away, or on the wrong one. The validation rows repeat the same values, and praise it.
//! Its own draws tell.

use super::cycle::rounding_errors;
use super::sample::Sample;
use crate::Error;
use faer::MatRef;
use gauss_flow::rows::pick;
use gauss_flow::stream::{Purpose, stream};
use gauss_flow::{Flow, Rows};

/// Draws, at most, and numbers in all of them: their inverse costs what a pass of training does.
const DRAWS: usize = 2048;
const NUMBERS: usize = 1 << 18;
/// Ranges of a column beyond which a draw is nowhere near. Of n rows one in n lies beyond their range
/// at all.
const RANGES: f64 = 10.0;
/// The part of the draws there that no tail explains: of a Cauchy distribution, whose range is about
/// n deviations, it is 1/(20 n).
const SHARE: f64 = 1e-3;

/// How far the distribution of a column's draws may be from that of its rows, beside what n rows leave
/// open, which is about 1/(2√n) at any one value.
const MISS: f64 = 0.07;
/// Values at which the two are compared: so many parts of the column's distinct values, which are off
/// those that repeat.
const PARTS: usize = 16;

/// Of a flow fitted to rows some of whose values repeat; without those it has no reason to be.
pub(super) fn is_wild(flow: &Flow, rows: Sample<'_>, seed: u64) -> Result<bool, Error> {
    let x = rows.x();
    if rounding_errors(x).iter().all(|rounding| *rounding == 0.0) {
        return Ok(false);
    }
    let draws = DRAWS.min(NUMBERS.div_ceil(x.ncols()));
    let mut rng = stream(seed, Purpose::FittedDraws);
    let drawn = if flow.context() == 0 {
        flow.sample(draws, &mut rng)
    } else {
        // Each given what some row is given.
        let at: Vec<usize> = (0..draws).map(|draw| draw * rows.nrows() / draws).collect();
        flow.sample_given(pick(rows.given(), &at).as_ref(), &mut rng)?
    };
    let away = far_away(drawn.as_ref(), x.x());
    Ok(away as f64 > SHARE * draws as f64
        || miss(drawn.as_ref(), x) > MISS + 1.0 / x.effective().sqrt())
}

/// The largest difference between the distribution functions of draws `[m, d]` and rows x `[n, d]`, of
/// any column.
fn miss(drawn: MatRef<'_, f64>, x: Rows<'_>) -> f64 {
    let mut largest = 0.0_f64;
    for (drawn, own) in drawn.col_iter().zip(x.x().col_iter()) {
        let mut distinct: Vec<f64> = own.iter().copied().collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        for part in 1..PARTS {
            let at = part * distinct.len() / PARTS;
            if at == 0 {
                continue;
            }
            let between = distinct[at - 1] / 2.0 + distinct[at] / 2.0;
            let below = |v: &f64| f64::from(u8::from(*v < between));
            let of_rows = x.mean(&own.iter().map(below).collect::<Vec<f64>>());
            let of_draws = drawn.iter().map(below).sum::<f64>() / drawn.nrows() as f64;
            largest = largest.max((of_rows - of_draws).abs());
        }
    }
    largest
}

/// How many of the draws `[m, d]` lie nowhere near the rows x `[n, d]` in some column.
fn far_away(drawn: MatRef<'_, f64>, x: MatRef<'_, f64>) -> usize {
    let mut away = vec![false; drawn.nrows()];
    for (drawn, own) in drawn.col_iter().zip(x.col_iter()) {
        let low = own.iter().copied().fold(f64::INFINITY, f64::min);
        let high = own.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let room = RANGES * (high - low);
        for (away, value) in away.iter_mut().zip(drawn.iter()) {
            *away |= !(*value >= low - room && *value <= high + room);
        }
    }
    away.into_iter().filter(|away| *away).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;
    use gauss_flow::LayerSpec;

    #[test]
    fn draws_are_counted_once_each() {
        let x = Mat::from_fn(11, 2, |i, _| i as f64);
        let mut drawn = Mat::from_fn(100, 2, |i, _| i as f64); // up to 99: within 10 ranges
        assert_eq!(far_away(drawn.as_ref(), x.as_ref()), 0);
        for (row, column, value) in
            [(1, 0, 111.0), (1, 1, -101.0), (2, 0, f64::NAN), (3, 1, f64::INFINITY)]
        {
            drawn[(row, column)] = value;
        }
        assert_eq!(far_away(drawn.as_ref(), x.as_ref()), 3);
    }

    #[test]
    fn a_spike_that_takes_too_much_is_a_miss() {
        let of = |share: usize| {
            Mat::from_fn(400, 1, |i, _| if i % 10 < share { 0.0 } else { 1.0 + i as f64 })
        };
        assert_eq!(miss(of(8).as_ref(), (&of(8)).into()), 0.0);
        // At a sixteenth of the values, a little above the spike.
        let found = miss(of(9).as_ref(), (&of(8)).into());
        assert!((0.09..=0.1).contains(&found), "{found}");
    }

    #[test]
    fn only_where_values_repeat() {
        // σ = e⁵ of rows within ±1.
        let params = vec![0.0, 5.0];
        let flow = Flow::from_parts(1, vec![LayerSpec::Standardize], params).unwrap();
        let x = Mat::from_fn(200, 1, |i, _| (i as f64 * 0.7).sin());
        assert!(!is_wild(&flow, Sample::plain((&x).into()), 1).unwrap());
        let atom = Mat::from_fn(200, 1, |i, _| if i % 2 == 0 { 0.0 } else { x[(i, 0)] });
        assert!(is_wild(&flow, Sample::plain((&atom).into()), 1).unwrap());
    }
}
