//! A model and a table, and what their figures share.

use faer::{Mat, MatRef};
use gauss_flow::stream::{Purpose, stream};
use gauss_model::{Error, Model};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::column::View;
use super::dependence::dependences;
use super::{Chart, Drawn};
use crate::words::{counted, grouped};

/// Draws from the model, and how many numbers they may be where columns are many.
const DRAWS: usize = 200_000;
const DRAWN_NUMBERS: usize = 2_000_000;

/// The share of its cell over which a discrete value is spread where it is drawn as a point.
pub(super) const SPREAD: f64 = 0.6;

/// What a user may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Seed of everything random.
    pub seed: u64,
    /// Most rows of the table drawn.
    pub rows: usize,
    /// Draws from the model, of which the densities that have no formula are estimated.
    pub draws: usize,
    /// Positions of the columns to show; all where empty.
    pub columns: Vec<usize>,
    /// Positions of the two columns of the density's map and of the layers.
    pub pair: Option<[usize; 2]>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 0, rows: 5000, draws: DRAWS, columns: Vec::new(), pair: None }
    }
}

impl Settings {
    /// The default for a model of `dim` columns: fewer draws of many columns.
    pub fn of(dim: usize) -> Self {
        let draws = DRAWS.min(DRAWN_NUMBERS / dim.max(1)).max(DRAWS / 10);
        Self { draws, ..Self::default() }
    }

    /// A generator for one part of the figures.
    fn stream(&self, part: u64) -> ChaCha8Rng {
        stream(self.seed, Purpose::Figure { part })
    }
}

/// A model, rows of a table, and what is computed of them once.
#[derive(Debug)]
pub struct Subject<'a> {
    pub(super) model: &'a Model,
    pub(super) settings: Settings,
    /// `[n, d]`: the rows drawn, none with a NaN.
    pub(super) x: Mat<f64>,
    /// Rows of the table without a NaN, of which they are.
    pub(super) complete: usize,
    /// `[m, d]`, m <= n: the latent points of those within the model's supports.
    pub(super) z: Mat<f64>,
    /// `[draws, d]`: draws from the model.
    pub(super) samples: Mat<f64>,
    /// An axis for each column.
    pub(super) views: Vec<View>,
}

impl<'a> Subject<'a> {
    /// Of the rows x `[n, d]` in the table's own values; rows with a NaN are passed over.
    ///
    /// # Errors
    /// When x has another number of columns than the model.
    pub fn new(model: &'a Model, x: MatRef<'_, f64>, settings: Settings) -> Result<Self, Error> {
        let (expected, got) = (model.columns().len(), x.ncols());
        if expected != got {
            return Err(gauss_flow::Error::Columns { expected, got }.into());
        }
        let d = expected;
        let whole = |i: &usize| x.row(*i).iter().all(|v| v.is_finite());
        let complete: Vec<usize> = (0..x.nrows()).filter(whole).collect();
        let chosen = chosen(&complete, settings.rows, &mut settings.stream(1));
        let x = Mat::from_fn(chosen.len(), d, |i, j| x[(chosen[i], j)]);

        let z = model.forward(x.as_ref(), &mut settings.stream(2))?;
        let finite: Vec<usize> =
            (0..z.nrows()).filter(|&i| z.row(i).iter().all(|v| v.is_finite())).collect();
        let z = Mat::from_fn(finite.len(), d, |i, j| z[(finite[i], j)]);
        let samples = model.sample(settings.draws, &mut settings.stream(3));
        let views = (0..d)
            .map(|j| View::new(&model.columns()[j], &column(&x, j), &column(&samples, j)))
            .collect();
        Ok(Self { model, settings, x, complete: complete.len(), z, samples, views })
    }

    /// One figure; None where there is nothing to draw it of, as [`Chart::needs`] says.
    pub fn draw(&self, chart: Chart) -> Option<Drawn> {
        match chart {
            Chart::Pairs => self.pairs(),
            Chart::Marginals => self.marginals(),
            Chart::Density => self.density(),
            Chart::Pushforward => self.pushforward(),
            Chart::Qq => self.qq(),
            Chart::Latent => self.latent(),
            Chart::Layers => self.layers(),
            Chart::History => self.history(),
        }
    }

    /// All figures that there are, in reading order.
    pub fn all(&self) -> Vec<Drawn> {
        Chart::ALL.into_iter().filter_map(|chart| self.draw(chart)).collect()
    }

    /// Columns d of the model.
    pub(super) fn dim(&self) -> usize {
        self.model.columns().len()
    }

    /// Positions of the columns to show.
    pub(super) fn columns(&self) -> Vec<usize> {
        if self.settings.columns.is_empty() {
            (0..self.dim()).collect()
        } else {
            self.settings.columns.clone()
        }
    }

    /// The pair the user chose, or the most dependent one of the columns to show, and which.
    pub(super) fn pair(&self) -> Option<([usize; 2], Choice)> {
        if let Some(pair) = self.settings.pair {
            return Some((pair, Choice::Users));
        }
        let columns = self.columns();
        match columns[..] {
            [] | [_] => None,
            [a, b] => Some(([a, b], Choice::Only)),
            _ => {
                let [a, b] = dependences(&self.x, &columns).strongest()?;
                Some(([a.min(b), a.max(b)], Choice::MostDependent))
            }
        }
    }

    /// `5,000 of 12,345 rows`, or `12,345 rows` where all are drawn.
    pub(super) fn rows(&self) -> String {
        let (drawn, all) = (self.x.nrows(), self.complete);
        if drawn < all {
            format!("{} of {}", grouped(drawn), counted(all, "row"))
        } else {
            counted(all, "row")
        }
    }

    /// A generator for one part; figures do not depend on which others are made.
    pub(super) fn stream(&self, part: u64) -> ChaCha8Rng {
        self.settings.stream(part)
    }

    /// Where the values of column `j` stand on its axis; discrete ones spread over a share
    /// `spread` of their cell.
    pub(super) fn places(&self, rows: MatRef<'_, f64>, j: usize, spread: f64) -> Vec<f64> {
        let mut rng = self.stream(16 + j as u64);
        let view = &self.views[j];
        let spread = if view.scale.whole { spread } else { 0.0 };
        let place = |v: &f64| view.place(*v) + spread * (rng.random::<f64>() - 0.5);
        rows.col(j).iter().map(place).collect()
    }
}

/// How a pair of columns came to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// `--pair`.
    Users,
    /// There is no other.
    Only,
    /// It has the strongest dependence.
    MostDependent,
}

/// The values of column `j`.
pub(super) fn column(x: &Mat<f64>, j: usize) -> Vec<f64> {
    x.col(j).iter().copied().collect()
}

/// At most `most` of the rows: one at random of each of as many equal stretches.
fn chosen(rows: &[usize], most: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    if rows.len() <= most {
        return rows.to_vec();
    }
    let pitch = rows.len() as f64 / most as f64;
    let at = |k: usize, share: f64| ((k as f64 + share) * pitch) as usize;
    (0..most).map(|k| rows[at(k, rng.random::<f64>()).min(rows.len() - 1)]).collect()
}
