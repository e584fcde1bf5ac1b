//! How much two columns depend on each other, to choose which of many to show.
//!
//! The measure is the mutual information of the columns' ranks in a few groups of equal size,
//! less its mean under independence, (R - 1)(C - 1)/2n for R and C groups in use (Miller 1955).
//! Unlike a correlation it finds rings and crosses, too.

use faer::Mat;

use crate::plot::thin;

/// Most rows looked at, and most groups of ranks.
const MOST_ROWS: usize = 4000;
const MOST_GROUPS: usize = 12;

/// The dependence of every two of some columns.
pub struct Dependences {
    columns: Vec<usize>,
    /// `[k][k]`, symmetric, in nats.
    strength: Vec<f64>,
}

/// Of the `columns` of x `[n, d]`.
pub fn dependences(x: &Mat<f64>, columns: &[usize]) -> Dependences {
    let rows: Vec<usize> = thin(x.nrows(), MOST_ROWS).collect();
    let groups = ((rows.len() as f64 / 5.0).sqrt() as usize).clamp(2, MOST_GROUPS);
    let ranked: Vec<Vec<usize>> = columns
        .iter()
        .map(|&j| grouped(&rows.iter().map(|&i| x[(i, j)]).collect::<Vec<_>>(), groups))
        .collect();
    let k = columns.len();
    let mut strength = vec![0.0; k * k];
    for (a, b) in (0..k).flat_map(|a| (0..a).map(move |b| (a, b))) {
        let information = information(&ranked[a], &ranked[b], groups);
        strength[a * k + b] = information;
        strength[b * k + a] = information;
    }
    Dependences { columns: columns.to_vec(), strength }
}

impl Dependences {
    /// The two columns with the strongest dependence.
    pub fn strongest(&self) -> Option<[usize; 2]> {
        let k = self.columns.len();
        let pairs = (0..k).flat_map(|a| (a + 1..k).map(move |b| [a, b]));
        // The first of equal ones.
        let best = pairs.rev().max_by(|p, q| self.of(*p).total_cmp(&self.of(*q)))?;
        Some(best.map(|a| self.columns[a]))
    }

    /// `count` columns, in the order of the table: the strongest pair, then again and again the
    /// one that depends most on those before.
    pub fn leading(&self, count: usize) -> Vec<usize> {
        let k = self.columns.len();
        if k <= count {
            return self.columns.clone();
        }
        let Some(pair) = self.strongest() else { return Vec::new() };
        let mut kept: Vec<usize> =
            (0..k).filter(|&a| pair.contains(&self.columns[a])).take(count).collect();
        while kept.len() < count {
            let total = |a: usize| kept.iter().map(|&b| self.of([a, b])).sum::<f64>();
            let rest = (0..k).rev().filter(|a| !kept.contains(a));
            let Some(next) = rest.max_by(|&a, &b| total(a).total_cmp(&total(b))) else { break };
            kept.push(next);
        }
        kept.sort_unstable();
        kept.into_iter().map(|a| self.columns[a]).collect()
    }

    fn of(&self, [a, b]: [usize; 2]) -> f64 {
        self.strength[a * self.columns.len() + b]
    }
}

/// The group of each value among `groups` of equal size by rank; equal values share one.
fn grouped(values: &[f64], groups: usize) -> Vec<usize> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut group = vec![0; n];
    let mut start = 0;
    while start < n {
        let same = order[start..].iter().take_while(|&&i| values[i] == values[order[start]]);
        let end = start + same.count().max(1);
        let middle = 0.5 * (start + end - 1) as f64;
        for &i in &order[start..end] {
            group[i] = ((middle + 0.5) / n as f64 * groups as f64) as usize;
        }
        start = end;
    }
    group
}

fn information(a: &[usize], b: &[usize], groups: usize) -> f64 {
    let n = a.len() as f64;
    let (mut joint, mut rows, mut columns) =
        (vec![0.0; groups * groups], vec![0.0; groups], vec![0.0; groups]);
    for (&i, &j) in a.iter().zip(b) {
        joint[i * groups + j] += 1.0;
        rows[i] += 1.0;
        columns[j] += 1.0;
    }
    let term = |(cell, &count): (usize, &f64)| {
        let expected = rows[cell / groups] * columns[cell % groups] / n;
        if count > 0.0 { count / n * (count / expected).ln() } else { 0.0 }
    };
    let used = |margin: &[f64]| margin.iter().filter(|c| **c > 0.0).count() as f64;
    let bias = (used(&rows) - 1.0) * (used(&columns) - 1.0) / (2.0 * n);
    joint.iter().enumerate().map(term).sum::<f64>() - bias
}
