//! How many classes, by rows held out.

use super::em::{Run, Shares};
use super::{Cells, Classes};
use gauss_flow::Rows;

/// What is tried; then as many as there are combinations.
const GRID: [usize; 15] = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
/// Rows that a class needs; two columns that determine each other have as many classes as values, and
/// nearly all probabilities 0, so that the number of parameters says little.
const ROWS_EACH: f64 = 10.0;
/// More than this many classes times combinations take too long.
const MOST_TERMS: usize = 1 << 20;
/// The search ends after so many that are not ahead. Where no two of three columns depend on each
/// other two classes say nothing, and four all.
const MISSES: usize = 3;

/// Standard errors by which more classes have to be ahead: a class too many costs little, one too few
/// draws combinations that there are not.
const SURE: f64 = 0.5;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub classes: Classes,
    /// Classes, iterations, and the mean ln P of the validation rows, of each that was tried.
    pub tried: Vec<(usize, usize, f64)>,
}

/// The classes that the validation rows prefer: each ahead of all with fewer by more than
/// half a standard error. go_on: asked before each.
pub(crate) fn search(
    cells: &Cells,
    (validation, rows): (&Cells, Rows<'_>),
    seed: u64,
    go_on: &mut dyn FnMut() -> bool,
) -> Found {
    let shares = Shares::of(cells);
    let run = Run { cells, shares: &shares, seed };
    let independent = run.fit(1).0;
    let mut best = independent.log_prob(validation);
    let mut found = Found { classes: independent, tried: vec![(1, 1, validation.mean(&best))] };
    let pays = |k: &usize| {
        *k <= cells.len()
            && *k as f64 * ROWS_EACH <= cells.total()
            && *k * cells.len() <= MOST_TERMS
    };
    let all = cells.len();
    let last = (all <= GRID[GRID.len() - 1] && !GRID.contains(&all)).then_some(all);
    let mut misses = 0;
    if cells.counts.len() == 1 {
        return found; // one class is all there is to know
    }
    for k in GRID.into_iter().filter(|k| pays(k)).chain(last.filter(|k| *k > 1 && pays(k))) {
        if misses == MISSES && Some(k) != last {
            continue;
        }
        if !go_on() {
            break;
        }
        let (classes, iterations) = run.fit(k);
        let log_prob = classes.log_prob(validation);
        found.tried.push((classes.len(), iterations, validation.mean(&log_prob)));
        let gain: Vec<f64> = log_prob.iter().zip(&best).map(|(a, b)| a - b).collect();
        let gain = validation.mean_of_rows(&gain, rows.weights());
        let chance = if gain.standard_error.is_nan() { 0.0 } else { gain.standard_error };
        if gain.mean > SURE * chance {
            (best, found.classes, misses) = (log_prob, classes, 0);
        } else {
            misses += 1;
        }
    }
    found
}

impl Classes {
    /// One class: the columns by themselves.
    pub fn independent(cells: &Cells) -> Self {
        let shares = Shares::of(cells);
        Run { cells, shares: &shares, seed: 0 }.fit(1).0
    }

    /// The same fitted to other rows, from here on.
    pub fn again(&self, cells: &Cells) -> Self {
        let shares = Shares::of(cells);
        Run { cells, shares: &shares, seed: 0 }.go_on(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn cells(
        counts: &[usize],
        n: usize,
        seed: u64,
        mut draw: impl FnMut(&mut ChaCha8Rng) -> Vec<u32>,
    ) -> Cells {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let codes: Vec<u32> = (0..n).flat_map(|_| draw(&mut rng)).collect();
        Cells::of(counts, &codes, |_| 1.0)
    }

    fn found(
        counts: &[usize],
        draw: impl Fn(&mut ChaCha8Rng) -> Vec<u32> + Copy,
        seed: u64,
    ) -> (Classes, f64) {
        let learn = cells(counts, 3000, 2 * seed, draw);
        let validation = cells(counts, 1000, 2 * seed + 1, draw);
        let none = faer::Mat::<f64>::zeros(1000, 1);
        let Found { classes, .. } =
            search(&learn, (&validation, (&none).into()), seed, &mut || true);
        let test = cells(counts, 20_000, 1000 + seed, draw);
        let mean = test.mean(&classes.log_prob(&test));
        (classes, mean)
    }

    fn level(p: &[f64], rng: &mut impl Rng) -> u32 {
        let mut left = rng.random::<f64>();
        p.iter()
            .position(|p| {
                left -= p;
                left < 0.0
            })
            .unwrap_or(0) as u32
    }

    /// Entropies are those of the distributions; 3,000 rows and p free parameters cost p/6000 nats, the
    /// test rows' own mean has an error of 0.007.
    #[test]
    fn joint_probabilities_come_near_the_entropy() {
        for seed in 0..5 {
            // Two columns that determine each other.
            let p = [0.3, 0.25, 0.2, 0.15, 0.1];
            let same = |rng: &mut ChaCha8Rng| {
                let v = level(&p, rng);
                vec![v, v]
            };
            let entropy: f64 = -p.iter().map(|p| p * p.ln()).sum::<f64>();
            let (classes, mean) = found(&[5, 5], same, seed);
            assert!((mean + entropy).abs() < 0.02, "{mean} {entropy}");
            let mut terms = vec![0.0; classes.len()];
            let impossible: f64 = (0..5)
                .flat_map(|a| (0..5).map(move |b| [a, b]))
                .filter(|[a, b]| a != b)
                .map(|c| classes.terms(&c, &mut terms).exp())
                .sum();
            assert!(impossible < 0.005, "{impossible}");
            // Independent columns stay so.
            let apart = |rng: &mut ChaCha8Rng| vec![level(&p, rng), level(&[0.5, 0.5], rng)];
            let (classes, mean) = found(&[5, 2], apart, seed);
            assert!((mean + entropy + 2.0_f64.ln()).abs() < 0.02);
            assert!(classes.len() == 1, "{}", classes.len());
            // Any two of three are independent, and the third follows from them.
            let exclusive = |rng: &mut ChaCha8Rng| {
                let (a, b) = (level(&[0.5, 0.5], rng), level(&[0.5, 0.5], rng));
                vec![a, b, a ^ b]
            };
            let (_, mean) = found(&[2, 2, 2], exclusive, seed);
            assert!((mean + 4.0_f64.ln()).abs() < 0.02, "{mean}");
        }
    }

    #[test]
    fn shares_are_those_of_the_rows_and_a_value_that_none_shows_has_a_chance() {
        let codes: Vec<u32> = (0..1000).map(|i| u32::from(i % 100 == 0)).collect();
        let cells = Cells::of(&[3], &codes, |_| 1.0);
        let classes = Classes::independent(&cells);
        let p: Vec<f64> = classes.log_probs.iter().map(|l| l.exp()).collect();
        assert!((p[1] - 0.01).abs() < 5e-4 && p[2] > 1e-4 && p[2] < 1e-3, "{p:?}");
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn weights_count_as_rows() {
        let codes = [0, 0, 1, 1, 0, 1, 1, 1];
        let twice = [0, 0, 0, 0, 1, 1, 0, 1, 1, 1];
        let weighted = Cells::of(&[2, 2], &codes, |i| if i == 0 { 2.0 } else { 1.0 });
        let repeated = Cells::of(&[2, 2], &twice, |_| 1.0);
        assert_eq!(Classes::independent(&weighted), Classes::independent(&repeated));
    }
}
