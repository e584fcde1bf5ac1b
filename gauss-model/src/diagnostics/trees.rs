//! A classifier of rows: boosted regression trees on the logistic loss (Friedman 2001), with
//! binned columns and second-order leaves (Chen and Guestrin 2016).
//!
//! Trees need no scaling, see dependence between a few columns at a time, and say which columns
//! they used. Nothing is random.

use faer::MatRef;

/// Trees, their depth, and how much of each is added.
const TREES: usize = 60;
const DEPTH: usize = 3;
const RATE: f64 = 0.2;
/// Bins of a column, at most; a bin holds about as many rows as any other.
const BINS: usize = 32;
/// Pseudo-weight of every leaf at 0.
const RIDGE: f64 = 1.0;
/// Weight of either side of a split, at least: about ten rows of even odds.
const LEAST_WEIGHT: f64 = 2.5;

/// The fitted classifier.
#[derive(Debug)]
pub struct Trees {
    trees: Vec<Tree>,
    /// Loss saved by splits on each column.
    gains: Vec<f64>,
}

/// Nodes level by level: node k has the children 2k+1 and 2k+2.
#[derive(Debug)]
struct Tree {
    /// Column and threshold; a row goes right if its value is above.
    splits: Vec<Option<(usize, f64)>>,
    /// What a row that ends here adds to its logit.
    leaves: Vec<f64>,
}

/// Gradient and weight of the loss.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    gradient: f64,
    weight: f64,
}

impl Sums {
    fn add(&mut self, other: Sums) {
        self.gradient += other.gradient;
        self.weight += other.weight;
    }

    fn without(self, other: Sums) -> Sums {
        Sums { gradient: self.gradient - other.gradient, weight: self.weight - other.weight }
    }

    /// Twice the loss that a leaf of its own saves.
    fn gain(self) -> f64 {
        self.gradient.powi(2) / (self.weight + RIDGE)
    }

    fn leaf(self) -> f64 {
        -RATE * self.gradient / (self.weight + RIDGE)
    }
}

impl Trees {
    /// Learns to tell the rows of x `[n, d]` whose `label` is true from the others.
    #[must_use]
    pub fn fit(x: MatRef<'_, f64>, label: &[bool]) -> Trees {
        let (n, d) = (x.nrows(), x.ncols());
        let edges: Vec<Vec<f64>> = (0..d).map(|j| bin_edges(x.col(j).iter().copied())).collect();
        let bins: Vec<Vec<u8>> = (0..d)
            .map(|j| {
                let bin = |v: f64| edges[j].partition_point(|&edge| edge < v) as u8;
                x.col(j).iter().map(|&v| bin(v)).collect()
            })
            .collect();
        let mut logits = vec![0.0; n];
        let mut fitted = Trees { trees: Vec::with_capacity(TREES), gains: vec![0.0; d] };
        for _ in 0..TREES {
            let sums: Vec<Sums> = logits
                .iter()
                .zip(label)
                .map(|(&logit, &label)| {
                    let p = sigmoid(logit);
                    Sums { gradient: p - f64::from(u8::from(label)), weight: p * (1.0 - p) }
                })
                .collect();
            let (tree, leaf) = fitted.grow(&bins, &edges, &sums);
            for (logit, leaf) in logits.iter_mut().zip(leaf) {
                *logit += tree.leaves[leaf];
            }
            fitted.trees.push(tree);
        }
        fitted
    }

    /// One tree, and the node in which each row ends.
    fn grow(&mut self, bins: &[Vec<u8>], edges: &[Vec<f64>], rows: &[Sums]) -> (Tree, Vec<usize>) {
        let nodes = (2 << DEPTH) - 1;
        let mut tree = Tree { splits: vec![None; nodes], leaves: vec![0.0; nodes] };
        let mut at = vec![0_usize; rows.len()];
        let mut totals = vec![Sums::default(); nodes];
        for &row in rows {
            totals[0].add(row);
        }
        for depth in 0..DEPTH {
            let (first, count) = ((1 << depth) - 1, 1 << depth);
            // Gain, column, bin and the sums to its left.
            let mut best = vec![(1e-9, 0, 0, Sums::default()); count];
            for (column, bins) in bins.iter().enumerate() {
                let mut histogram = vec![[Sums::default(); BINS]; count];
                for ((&node, &bin), &row) in at.iter().zip(bins).zip(rows) {
                    if node >= first {
                        histogram[node - first][usize::from(bin)].add(row);
                    }
                }
                for (k, histogram) in histogram.iter().enumerate() {
                    let total = totals[first + k];
                    let mut left = Sums::default();
                    for bin in 0..edges[column].len() {
                        left.add(histogram[bin]);
                        let right = total.without(left);
                        let gain = left.gain() + right.gain() - total.gain();
                        if left.weight.min(right.weight) >= LEAST_WEIGHT && gain > best[k].0 {
                            best[k] = (gain, column, bin, left);
                        }
                    }
                }
            }
            for (k, &(gain, column, bin, left)) in best.iter().enumerate() {
                if left.weight > 0.0 {
                    let node = first + k;
                    tree.splits[node] = Some((column, edges[column][bin]));
                    totals[2 * node + 1] = left;
                    totals[2 * node + 2] = totals[node].without(left);
                    self.gains[column] += gain;
                }
            }
            for (i, node) in at.iter_mut().enumerate() {
                if *node >= first && tree.splits[*node].is_some() {
                    let (_, column, bin, _) = best[*node - first];
                    *node = 2 * *node + 1 + usize::from(usize::from(bins[column][i]) > bin);
                }
            }
        }
        for (leaf, total) in tree.leaves.iter_mut().zip(totals) {
            *leaf = total.leaf();
        }
        (tree, at)
    }

    /// The logit of P(label | x) of each row of x `[n, d]`.
    #[must_use]
    pub fn logits(&self, x: MatRef<'_, f64>) -> Vec<f64> {
        (0..x.nrows())
            .map(|i| {
                let leaf = |tree: &Tree| {
                    let mut node = 0;
                    while let Some((column, threshold)) = tree.splits[node] {
                        node = 2 * node + 1 + usize::from(x[(i, column)] > threshold);
                    }
                    tree.leaves[node]
                };
                self.trees.iter().map(leaf).sum()
            })
            .collect()
    }

    /// How much each column contributed `[d]`, of 1 in all; zeros where nothing did.
    #[must_use]
    pub fn importance(&self) -> Vec<f64> {
        let total: f64 = self.gains.iter().sum();
        self.gains.iter().map(|gain| if total > 0.0 { gain / total } else { 0.0 }).collect()
    }
}

/// Thresholds that part the values into bins: fewer than [`BINS`], each a value, the largest left
/// out.
fn bin_edges(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let Some(&largest) = sorted.last() else { return Vec::new() };
    let mut edges: Vec<f64> = (1..BINS).map(|k| sorted[k * (sorted.len() - 1) / BINS]).collect();
    edges.dedup();
    edges.retain(|&edge| edge < largest);
    edges
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use faer::Mat;

    #[test]
    fn a_checkerboard_is_learnt_and_noise_columns_are_not_used() {
        let value = |i: usize, j: usize| ((i + 1) as f64 * [0.618, 0.414, 0.732][j]).fract();
        let x = Mat::from_fn(2000, 3, value);
        let truth: Vec<bool> =
            (0..2000).map(|i| (value(i, 0) > 0.5) == (value(i, 2) > 0.3)).collect();
        let (train, test) = (x.subrows(0, 1500), x.subrows(1500, 500));
        let fitted = Trees::fit(train, &truth[..1500]);
        let right = fitted
            .logits(test)
            .iter()
            .zip(&truth[1500..])
            .filter(|&(&logit, &truth)| (logit > 0.0) == truth)
            .count();
        assert!(right > 475, "{right} of 500");
        let importance = fitted.importance();
        assert!(importance[1] < 0.1 && (importance.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn constant_columns_split_nothing() {
        let x = Mat::from_fn(40, 1, |_, _| 7.0);
        let label: Vec<bool> = (0..40).map(|i| i % 2 == 0).collect();
        let fitted = Trees::fit(x.as_ref(), &label);
        assert_eq!(fitted.importance(), [0.0]);
        assert!(fitted.logits(x.as_ref()).iter().all(|&logit| logit == 0.0));
    }
}
