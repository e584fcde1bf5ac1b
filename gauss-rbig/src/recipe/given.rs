//! A fit to rows some of whose columns are discrete: p(x) = P(c) p(y | c).
//!
//! P(c) is a mixture of products of tables ([`crate::classes`]), which has probabilities, not
//! densities over noise, and is learnt and judged by them. p(y | c) is fitted as any other rows are,
//! to
//!
//! ```text
//! r = (y - μ(c))/σ(c)
//! ```
//!
//! with location and scale linear in features of the values (where the validation rows confirm that:
//! else r = y); and conditioned layers see the features themselves, too, so that more than location
//! and scale can depend on them. All of it is one flow that ends in
//! [`gauss_flow::LayerSpec::Tables`].
//!
//! The result is held against independent columns: tables of one class, and every other column by
//! itself.

use super::candidate::Candidate;
use super::constant::{Constant, blurred, constants};
use super::entry::is_wide;
use super::fitted::{Fitted, Winner};
use super::guard::Guard;
use super::options::{Method, Recipe};
use super::rivals::{Rival, rivals};
use super::sample::Sample;
use super::search::Trial;
use super::{few, judge, tails, validated};
use crate::Error;
use crate::baseline::Baseline;
use crate::classes::{Cells, Classes, Found, features, search};
use crate::linear::shift;
use crate::sampling::few as few_rows;
use faer::Mat;
use gauss_flow::layers::tables::{Parts, Values};
use gauss_flow::{Event, Flow, OwnedRows, Rows, Stage};

/// A discrete column of a table: its values have probabilities of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Discrete {
    /// The column and its values.
    pub values: Values,
    /// Whether they are numbers, and not the positions of names.
    pub is_number: bool,
}

/// What a second fit has to know of the first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parted {
    classes: Classes,
    /// `[V][c]`, or empty where nothing is given.
    features: Vec<f64>,
    /// Whether location and scale depend on them.
    shifted: bool,
    /// The flow of r; `None` where all columns are discrete.
    inner: Option<Flow>,
}

/// Rows, with the discrete columns apart.
struct Apart {
    /// The other columns, `[n, d - m]`.
    rest: OwnedRows,
    cells: Cells,
    /// ln of the parts that values beside their tables have in a probability, all columns together;
    /// its mean.
    log_share: f64,
}

impl Apart {
    fn of(x: Rows<'_>, discrete: &[Discrete]) -> Result<Self, Error> {
        let others = others(x.ncols(), discrete);
        let rest = Mat::from_fn(x.nrows(), others.len(), |i, j| x.x()[(i, others[j])]);
        let weights = x.weights().map(<[f64]>::to_vec);
        let mut codes = Vec::with_capacity(x.nrows() * discrete.len());
        let mut log_shares = vec![0.0; x.nrows()];
        for (i, log_share) in log_shares.iter_mut().enumerate() {
            for Discrete { values, .. } in discrete {
                let value = x.x()[(i, values.column)];
                let outside = Error::NonFinite { row: i, column: values.column, value };
                codes.push(values.code(value).ok_or(outside)? as u32);
                *log_share += values.log_share(value);
            }
        }
        let counts: Vec<usize> = discrete.iter().map(|d| d.values.count()).collect();
        let cells = Cells::of(&counts, &codes, |i| x.weight(i));
        let log_share = x.mean(&log_shares);
        Ok(Self { rest: OwnedRows::new(rest, weights)?, cells, log_share })
    }

    /// With noise in what is constant in a class.
    fn blurred(self, constant: &[Constant], seed: u64) -> Result<Self, Error> {
        if constant.is_empty() {
            return Ok(self);
        }
        let rest = blurred(self.rest.rows(), &self.cells, constant, seed)?;
        Ok(Self { rest, ..self })
    }

    /// Rows x whose other columns are these, as they are here.
    fn whole(&self, x: Rows<'_>, discrete: &[Discrete]) -> Mat<f64> {
        let mut whole = x.x().to_owned();
        for (from, to) in others(x.ncols(), discrete).into_iter().enumerate() {
            whole.col_mut(to).copy_from(self.rest.rows().x().col(from));
        }
        whole
    }

    /// The mean ln P of the rows.
    fn mean_log_prob(&self, classes: &Classes) -> f64 {
        self.cells.mean(&classes.log_prob(&self.cells)) + self.log_share
    }

    /// The features `[n, c]` of each row.
    fn features(&self, features: &[f64]) -> Mat<f64> {
        let values: usize = self.cells.counts.iter().sum();
        let c = features.len() / values;
        let of_cells: Vec<Vec<f64>> = (0..self.cells.len())
            .map(|at| {
                let mut sum = vec![0.0; c];
                let mut offset = 0;
                for (code, count) in self.cells.codes(at).iter().zip(&self.cells.counts) {
                    let own = &features[(offset + *code as usize) * c..][..c];
                    sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
                    offset += count;
                }
                sum
            })
            .collect();
        let of_row = &self.cells.of_row;
        Mat::from_fn(of_row.len(), c, |i, j| of_cells[of_row[i] as usize][j])
    }
}

/// The columns that are not discrete.
fn others(dim: usize, discrete: &[Discrete]) -> Vec<usize> {
    (0..dim).filter(|j| !discrete.iter().any(|d| d.values.column == *j)).collect()
}

/// [`tails::fit`] of rows some of whose columns are discrete.
pub(super) fn fit(
    x: Rows<'_>,
    validation: Rows<'_>,
    discrete: &[Discrete],
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    if discrete.is_empty() {
        return of_others(Sample::plain(x), Sample::plain(validation), recipe, guard);
    }
    let _ = guard.hear(&Event::Stage(Stage::Mixture));
    let dim = x.ncols();
    let [learn, judged] = [x, validation].map(|rows| Apart::of(rows, discrete));
    let (learn, judged) = (learn?, judged?);
    let some = few_rows(x, recipe.seed).map(|some| Apart::of(some.rows(), discrete)).transpose()?;
    let searched = some.as_ref().map_or(&learn.cells, |some| &some.cells);
    let mut go_on = || guard.tell(&Event::Step { step: 0, steps: 1 }).is_continue();
    let mut found = search(searched, (&judged.cells, validation), recipe.seed, &mut go_on);
    if some.is_some() {
        found.classes = found.classes.again(&learn.cells);
    }
    let mean = judged.mean_log_prob(&found.classes);
    if learn.rest.rows().ncols() == 0 {
        return of_classes_alone(found, mean, (&learn, &judged), discrete, (x, validation), guard);
    }
    let constant = constants(learn.rest.rows(), &learn.cells);
    let learn = learn.blurred(&constant, recipe.seed)?;
    let judged = judged.blurred(&constant, !recipe.seed)?; // one seed would give both the same
    let made = features(&learn.cells, &numbers(discrete));
    let values: usize = learn.cells.counts.iter().sum();
    let [given, given_judged] = [&learn, &judged].map(|apart| apart.features(&made));
    let (y, judged_y) = (learn.rest.rows(), judged.rest.rows());
    let width = made.len() / values;
    let shift = if width > 0 { confirmed((y, &given), (judged_y, &given_judged))? } else { None };

    let (r, learnt) = residuals(shift.as_ref(), y, &given)?;
    let (r_judged, held_out) = residuals(shift.as_ref(), judged_y, &given_judged)?;
    let inner_dim = y.ncols();
    let [sample, sample_judged] = [&r, &r_judged].map(|rows| Sample::new(rows.rows(), inner_dim));
    let mut fitted = of_others(sample, sample_judged, recipe, guard)?;
    let of_learnt = learn.mean_log_prob(&found.classes);
    fitted.shift(y.mean(&learnt) + of_learnt, judged_y.mean(&held_out) + mean);
    let parted = Parted {
        classes: found.classes,
        features: made,
        shifted: shift.is_some(),
        inner: Some(fitted.flow.clone()),
    };
    fitted.flow = assembled(dim, discrete, &parted, shift.as_ref())?;
    fitted.given = Some(Box::new(parted));
    against_independent(fitted, (&learn, &judged), discrete, (x, validation), guard)
}

/// Of rows without discrete columns.
fn of_others(
    x: Sample<'_>,
    validation: Sample<'_>,
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    if is_wide(x.x()) {
        few::fit_validated(x.x(), validation.x())
    } else {
        tails::fit(x, validation, recipe, guard)
    }
}

/// The number that each value of a column stands for.
fn numbers(discrete: &[Discrete]) -> Vec<Option<Vec<f64>>> {
    let of = |d: &Discrete| d.is_number.then(|| d.values.numbers());
    discrete.iter().map(of).collect()
}

/// The layer of location and scale, if under normals it makes the validation rows likelier by more than
/// chance, or the rows that it learnt from by more than its numbers are worth (by BIC), and the validation
/// rows do not object: of a rare class there may be none among them.
fn confirmed(
    (x, given): (Rows<'_>, &Mat<f64>),
    (validation, given_validation): (Rows<'_>, &Mat<f64>),
) -> Result<Option<Flow>, Error> {
    let layer = shift::fit(x, given.as_ref())?;
    let plain = shift::fit(x, Mat::zeros(x.nrows(), 0).as_ref())?;
    let both = |rows: Rows<'_>, given: &Mat<f64>| -> Result<[Vec<f64>; 2], Error> {
        let with = Sample::plain(rows).beside(given.as_ref())?;
        Ok([layer.log_prob(with.rows().x())?, plain.log_prob(rows.x())?])
    };
    let [with, without] = both(validation, given_validation)?;
    if judge::is_ahead(&with, &without, validation) {
        return Ok(Some(layer));
    }
    let [own_with, own_without] = both(x, given)?;
    let n = x.effective();
    let gain = n * (x.mean(&own_with) - x.mean(&own_without));
    let price = 0.5 * n.ln() * (layer.n_params() - plain.n_params()) as f64;
    let objected = judge::is_surely_ahead(&without, &with, validation);
    Ok((gain > price && !objected).then_some(layer))
}

/// r beside the features, and ln|det ∂r/∂y| of each row.
fn residuals(
    shift: Option<&Flow>,
    y: Rows<'_>,
    given: &Mat<f64>,
) -> Result<(OwnedRows, Vec<f64>), Error> {
    let both = Sample::plain(y).beside(given.as_ref())?;
    match shift {
        None => Ok((both, vec![0.0; y.nrows()])),
        Some(layer) => {
            let (r, log_det) = layer.forward(both.rows().x())?;
            let r = OwnedRows::new(r, y.weights().map(<[f64]>::to_vec))?;
            Ok((Sample::plain(r.rows()).beside(given.as_ref())?, log_det))
        }
    }
}

/// The whole flow.
fn assembled(
    dim: usize,
    discrete: &[Discrete],
    parted: &Parted,
    shift: Option<&Flow>,
) -> Result<Flow, Error> {
    let (mut layers, mut params) = (Vec::new(), Vec::new());
    for flow in shift.into_iter().chain(&parted.inner) {
        layers.extend_from_slice(flow.layers());
        params.extend_from_slice(flow.params());
    }
    // Features that no layer takes are left out.
    let taken = layers.iter().any(|layer| layer.context() > 0);
    let tables = Parts {
        columns: discrete.iter().map(|d| d.values.clone()).collect(),
        log_weights: parted.classes.log_weights.clone(),
        log_probs: parted.classes.log_probs.clone(),
        features: if taken { parted.features.clone() } else { Vec::new() },
    };
    let (layer, own) = tables.layer(dim);
    layers.push(layer);
    params.extend(own);
    Flow::from_parts(dim, layers, params)
}

/// Where there is nothing else.
fn of_classes_alone(
    found: Found,
    mean: f64,
    (learn, judged): (&Apart, &Apart),
    discrete: &[Discrete],
    (x, validation): (Rows<'_>, Rows<'_>),
    guard: &Guard<'_>,
) -> Result<Fitted, Error> {
    let independent = found.tried[0].2 + judged.log_share;
    let trials = found.tried.iter().map(|(classes, iterations, score)| Trial {
        round: 1,
        candidate: Candidate::Classes { classes: *classes },
        steps: *iterations,
        before: independent,
        after: *score + judged.log_share,
        seconds: 0.0,
    });
    let winner = Winner::Trained(Candidate::Classes { classes: found.classes.len() });
    let trials = trials.collect();
    let parted =
        Parted { classes: found.classes, features: Vec::new(), shifted: false, inner: None };
    let flow = assembled(x.ncols(), discrete, &parted, None)?;
    let fitted = Fitted {
        validation_log_prob: Some(mean),
        trials,
        train_rows: x.nrows(),
        validation_rows: validation.nrows(),
        cancelled: guard.cancelled,
        given: Some(Box::new(parted)),
        ..Fitted::of(flow, winner)
    };
    against_independent(fitted, (learn, judged), discrete, (x, validation), guard)
}

/// The same, or independent columns that it is not ahead of.
fn against_independent(
    fitted: Fitted,
    (learn, judged): (&Apart, &Apart),
    discrete: &[Discrete],
    (x, validation): (Rows<'_>, Rows<'_>),
    guard: &Guard<'_>,
) -> Result<Fitted, Error> {
    let mut fitted = fitted;
    let rows = judged.whole(validation, discrete);
    let mut log_prob = fitted.flow.log_prob(rows.as_ref())?;
    let most = if guard.cancelled { 1 } else { usize::MAX };
    fitted.baselines.clear();
    for (rival, parted) in independent(learn, Some(judged))?.into_iter().take(most) {
        let flow = assembled(x.ncols(), discrete, &parted, None)?;
        let simple = flow.log_prob(rows.as_ref())?;
        let simpler = match fitted.winner {
            _ if rival.baseline == Baseline::Shrunk => {
                judge::is_well_ahead(&simple, &log_prob, validation)
            }
            Winner::Baseline(_) => fitted.validation_log_prob < Some(rival.score),
            _ => !(validation.mean(&log_prob) > validation.mean(&simple)),
        };
        if simpler {
            fitted.winner = Winner::Baseline(rival.baseline);
            fitted.history = None;
            fitted.tails = Vec::new();
            fitted.validation_log_prob = Some(rival.score);
            fitted.flow = flow;
            fitted.given = Some(Box::new(parted));
            log_prob = simple;
        }
        fitted.baselines.push(rival);
    }
    Ok(fitted)
}

/// Tables of one class with each simple model of the other columns, and how they do on the rows that
/// judge, or without such rows on their own.
fn independent(learn: &Apart, judged: Option<&Apart>) -> Result<Vec<(Rival, Parted)>, Error> {
    let judged = judged.unwrap_or(learn);
    let classes = Classes::independent(&learn.cells);
    let of_classes = judged.mean_log_prob(&classes);
    let parted =
        |inner| Parted { classes: classes.clone(), features: Vec::new(), shifted: false, inner };
    if learn.rest.rows().ncols() == 0 {
        let rival = Rival { baseline: Baseline::Independent, score: of_classes };
        return Ok(vec![(rival, parted(None))]);
    }
    rivals(learn.rest.rows(), judged.rest.rows())
        .map(|found| {
            let (rival, flow) = found?;
            Ok((Rival { score: rival.score + of_classes, ..rival }, parted(Some(flow))))
        })
        .collect()
}

/// Discrete columns by themselves, of rows of these columns alone: tables of one class.
///
/// # Errors
/// [`Error::NonFinite`] of a value that is none of its column's.
pub fn independent_tables<'a>(
    rows: impl Into<Rows<'a>>,
    columns: &[Values],
) -> Result<Flow, Error> {
    let rows = rows.into();
    let of = |values: &Values| Discrete { values: values.clone(), is_number: false };
    let discrete: Vec<Discrete> = columns.iter().map(of).collect();
    let apart = Apart::of(rows, &discrete)?;
    let classes = Classes::independent(&apart.cells);
    let parted = Parted { classes, features: Vec::new(), shifted: false, inner: None };
    assembled(rows.ncols(), &discrete, &parted, None)
}

/// [`tails::fit_again`] of rows some of whose columns are discrete.
pub(super) fn fit_again(
    mut chosen: Fitted,
    x: Rows<'_>,
    discrete: &[Discrete],
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let Some(parted) = chosen.given.take() else {
        return tails::fit_again(chosen, Sample::plain(x), recipe, guard);
    };
    let validated = chosen.flow.clone();
    let apart = Apart::of(x, discrete)?;
    let classes = parted.classes.again(&apart.cells);
    let Some(inner) = parted.inner.clone() else {
        let parted = Parted { classes, ..*parted };
        let flow = assembled(x.ncols(), discrete, &parted, None)?;
        return Ok(Fitted { flow, refitted: true, given: Some(Box::new(parted)), ..chosen });
    };
    let constant = constants(apart.rest.rows(), &apart.cells);
    let apart = apart.blurred(&constant, recipe.seed)?;
    let y = apart.rest.rows();
    let given = if parted.features.is_empty() {
        Mat::zeros(y.nrows(), 0)
    } else {
        apart.features(&parted.features)
    };
    let shift = if parted.shifted { Some(shift::fit(y, given.as_ref())?) } else { None };
    let (r, _) = residuals(shift.as_ref(), y, &given)?;
    let sample = Sample::new(r.rows(), y.ncols());
    let again = tails::fit_again(Fitted { flow: inner, ..chosen }, sample, recipe, guard)?;
    if !again.refitted {
        return Ok(Fitted { flow: validated, given: Some(parted), ..again });
    }
    let parted = Parted { classes, inner: Some(again.flow.clone()), ..*parted };
    let flow = assembled(x.ncols(), discrete, &parted, shift.as_ref())?;
    Ok(Fitted { flow, given: Some(Box::new(parted)), ..again })
}

/// Of rows so few that none can judge.
pub(super) fn few(
    x: Rows<'_>,
    discrete: &[Discrete],
    recipe: &Recipe,
    guard: &mut Guard<'_>,
) -> Result<Fitted, Error> {
    let of_others = |rows: Rows<'_>, guard: &mut Guard<'_>| match recipe.method {
        Method::Rbig if !is_wide(rows) => validated::greedy(rows, None, recipe, guard),
        _ => few::fit(rows),
    };
    if discrete.is_empty() {
        return of_others(x, guard);
    }
    let apart = Apart::of(x, discrete)?;
    let classes = Classes::independent(&apart.cells);
    let mean = apart.mean_log_prob(&classes);
    let parted = |inner| Parted { classes, features: Vec::new(), shifted: false, inner };
    if apart.rest.rows().ncols() == 0 {
        let parted = parted(None);
        let flow = assembled(x.ncols(), discrete, &parted, None)?;
        let rival = Rival { baseline: Baseline::Independent, score: mean };
        let winner = Winner::Baseline(Baseline::Independent);
        let train_rows = x.nrows();
        return Ok(Fitted { baselines: vec![rival], train_rows, ..Fitted::of(flow, winner) });
    }
    let mut fitted = of_others(apart.rest.rows(), guard)?;
    fitted.shift(mean, mean);
    fitted.flow = assembled(x.ncols(), discrete, &parted(Some(fitted.flow)), None)?;
    Ok(fitted)
}
