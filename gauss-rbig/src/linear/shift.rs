//! Location and scale of columns as linear functions of what is given with them.
//!
//! μ by least squares; then, with r the residuals, ln σ by the likelihood of normal residuals, a
//! generalised linear model of r² with logarithmic link, solved by Fisher scoring, which is one
//! least-squares fit after another of the working response (McCullagh and Nelder, Generalized Linear
//! Models, 1989). Both with a small ridge, since features may determine each other.

use crate::Error;
use faer::linalg::solvers::Solve;
use faer::{Mat, MatRef, Side};
use gauss_flow::{Flow, LayerSpec, Rows};

/// Ridge of the locations and of the scales, in rows: a class of ten rows has a mean of its own, and
/// a scale that is mostly its own.
const RIDGE: [f64; 2] = [0.01, 2.0];
/// Fisher scoring converges in a few steps; a step of ln σ² is at most this long.
const STEPS: usize = 25;
const LONGEST: f64 = 2.0;
/// Widths of all but a tenth beyond which a residual is wild.
const WILD: f64 = 10.0;
/// The least scale, as a part of the column's own.
const LEAST: f64 = 1e-4;

/// The layer that takes μ(c) off the columns x `[n, d]` and divides by σ(c), given c `[n, c]`.
///
/// # Errors
/// Of numbers that make no layer.
pub(crate) fn fit(x: Rows<'_>, given: MatRef<'_, f64>) -> Result<Flow, Error> {
    let (n, width) = (x.nrows(), given.ncols() + 1);
    let design = Mat::from_fn(n, width, |i, j| if j == 0 { 1.0 } else { given[(i, j - 1)] });
    let weights: Vec<f64> = (0..n).map(|i| x.weight(i)).collect();
    let solvers = RIDGE.map(|ridge| Solver::of(&design, &weights, ridge));
    let (mut shifts, mut scales) = (Vec::new(), Vec::new());
    for column in x.x().col_iter() {
        let values: Vec<f64> = column.iter().copied().collect();
        let (shift, most) = location(&design, &values, &solvers[0]);
        let of_row = |r: f64| r.clamp(-most, most).powi(2);
        let squares: Vec<f64> = residuals(&design, &shift, &values).map(of_row).collect();
        shifts.extend(shift);
        scales.extend(log_scales(&design, &squares, x, &solvers[1]));
    }
    let spec = LayerSpec::Shifted { context: given.ncols() };
    Flow::from_parts(x.ncols(), vec![spec], [shifts, scales].concat())
}

/// μ `[1 + c]`, and the residual beyond which a value counts as one of that size (Huber 1964), so that a few
/// wild ones say nothing of all others: [`WILD`] widths of all but a tenth of the residuals.
fn location(design: &Mat<f64>, values: &[f64], solver: &Solver<'_>) -> (Vec<f64>, f64) {
    let (middle, width) = spread(values.to_vec());
    let bound = |centre: f64, width: f64, value: f64| {
        let most = if width > 0.0 { WILD * width } else { f64::INFINITY };
        value.clamp(centre - most, centre + most)
    };
    let first: Vec<f64> = values.iter().map(|v| bound(middle, width, *v)).collect();
    let mut shift = solver.solve(&first);
    for _ in 0..STEPS {
        let (_, width) = spread(residuals(design, &shift, values).collect());
        let fitted = fitted(design, &shift).zip(values);
        let bounded: Vec<f64> = fitted.map(|(centre, v)| bound(centre, width, *v)).collect();
        let next = solver.solve(&bounded);
        let moved = shift.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        shift = next;
        if !(moved > 1e-6 * width) {
            break;
        }
    }
    let (_, width) = spread(residuals(design, &shift, values).collect());
    (shift, if width > 0.0 { WILD * width } else { f64::INFINITY })
}

/// The median, and the width of all but a tenth. (The middle half may be one class that is narrow.)
fn spread(mut values: Vec<f64>) -> (f64, f64) {
    let n = values.len();
    values.sort_unstable_by(f64::total_cmp);
    (values[n / 2], values[n - 1 - n / 20] - values[n / 20])
}

/// λ `[1 + c]` by the squares `[n]` of residuals.
fn log_scales(design: &Mat<f64>, squares: &[f64], x: Rows<'_>, solver: &Solver<'_>) -> Vec<f64> {
    let mean = x.mean(squares);
    let least = LEAST * LEAST * mean;
    if !(mean > 0.0) {
        return vec![0.0; design.ncols()];
    }
    // ln χ² has the mean -1.27; from there on a few steps do.
    let logs: Vec<f64> = squares.iter().map(|square| (square + least).ln() + 1.27).collect();
    let mut beta = solver.solve(&logs);
    for _ in 0..STEPS {
        let eta: Vec<f64> = fitted(design, &beta).collect();
        let gain = |(eta, square): (&f64, &f64)| eta + (square + least) / eta.exp() - 1.0;
        let next = solver.solve(&eta.iter().zip(squares).map(gain).collect::<Vec<f64>>());
        let moved = fitted(design, &next).zip(&eta).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let part = if moved > LONGEST { LONGEST / moved } else { 1.0 };
        for (beta, next) in beta.iter_mut().zip(next) {
            *beta += part * (next - *beta);
        }
        if moved < 1e-6 {
            break;
        }
    }
    beta.iter().map(|beta| 0.5 * beta).collect()
}

fn fitted<'a>(design: &'a Mat<f64>, beta: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
    design.row_iter().map(move |row| row.iter().zip(beta).map(|(f, b)| f * b).sum())
}

fn residuals<'a>(
    design: &'a Mat<f64>,
    beta: &'a [f64],
    values: &'a [f64],
) -> impl Iterator<Item = f64> + 'a {
    fitted(design, beta).zip(values).map(|(fitted, value)| value - fitted)
}

/// Weighted least squares with a ridge on all but the constant.
struct Solver<'a> {
    design: &'a Mat<f64>,
    weights: &'a [f64],
    llt: Option<faer::linalg::solvers::Llt<f64>>,
}

impl<'a> Solver<'a> {
    fn of(design: &'a Mat<f64>, weights: &'a [f64], ridge: f64) -> Self {
        let weighted =
            Mat::from_fn(design.nrows(), design.ncols(), |i, j| weights[i] * design[(i, j)]);
        let mut normal = design.transpose() * &weighted;
        for j in 0..normal.ncols() {
            normal[(j, j)] += if j == 0 { 1e-9 * normal[(0, 0)] } else { ridge };
        }
        Self { design, weights, llt: normal.llt(Side::Lower).ok() }
    }

    fn solve(&self, values: &[f64]) -> Vec<f64> {
        let width = self.design.ncols();
        // About the mean, so that the ridge of the constant is of no effect.
        let total: f64 = self.weights.iter().sum();
        let mean = values.iter().zip(self.weights).map(|(v, w)| v * w).sum::<f64>() / total;
        let Some(llt) = &self.llt else {
            let mut constant = vec![0.0; width];
            constant[0] = mean;
            return constant;
        };
        let right = Mat::from_fn(values.len(), 1, |i, _| self.weights[i] * (values[i] - mean));
        let solved = llt.solve(self.design.transpose() * &right);
        let mut beta: Vec<f64> = solved.col(0).iter().copied().collect();
        beta[0] += mean;
        beta
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn classes_have_means_and_scales_of_their_own() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let truth = [(1.0, 1.0), (1e3, 0.1), (-5.0, 7.0)];
        let classes: Vec<usize> = (0..3000).map(|_| rng.random_range(0..3)).collect();
        let values: Vec<f64> = classes
            .iter()
            .map(|c| {
                truth[*c].0
                    + truth[*c].1 * {
                        let z: f64 = StandardNormal.sample(&mut rng);
                        z
                    }
            })
            .collect();
        let given = Mat::from_fn(3000, 2, |i, j| f64::from(u8::from(classes[i] == j + 1)));
        let layer = fit((&values).into(), given.as_ref()).unwrap();
        let both = Mat::from_fn(3000, 3, |i, j| if j == 0 { values[i] } else { given[(i, j - 1)] });
        let (z, _) = layer.forward(both.as_ref()).unwrap();
        for class in 0..3 {
            let own: Vec<f64> =
                (0..3000).filter(|i| classes[*i] == class).map(|i| z[(i, 0)]).collect();
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            let square = own.iter().map(|z| z * z).sum::<f64>() / own.len() as f64;
            // The ridge pulls by a hundredth of a row in a thousand, of 2,000 deviations.
            assert!(mean.abs() < 0.2 && (square - 1.0).abs() < 0.1, "{class}: {mean} {square}");
        }
    }
}
