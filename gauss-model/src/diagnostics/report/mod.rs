//! Everything that can be said of a model on a table, as data: what `gauss report` shows.
//!
//! ```text
//! rows ──▶ ln p of all ──▶ some of the usable ones ──encode──▶ y ──flow──▶ z
//!                                                              │           ├──▶ normality, round trip
//!                                                              └──▶ baselines ◀── ln p from z
//! samples ──▶ told from the rows?
//! ```

mod facts;
mod rows;

use super::baselines::{self, Baseline};
use super::mean::Mean;
use super::normality::{self, Normality};
use super::round_trip;
use super::two_sample::{self, TwoSample};
use crate::columns::{self, Encoded};
use crate::error::Error;
use crate::model::{BoundModel, Model};
use faer::{Mat, MatRef};
use gauss_flow::Rows;
use gauss_flow::rows::{is_finite, pick};
use gauss_flow::stream::{Purpose, stream};
use gauss_math::normal::HALF_LN_2PI;
use gauss_rbig::sampling;
use rows::{Sorted, least_likely, shared, usable_training};

pub use facts::{Against, Comparison, FittedTo, Likelihood, RoundTrip, TableFacts, TrainFacts};
pub use rows::Unlikely;

/// How a report is made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Rows that the costly parts look at, at most, chosen at random.
    pub rows: usize,
    /// Of everything random.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { rows: 20_000, seed: 0 }
    }
}

/// A part of a report, said as it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// ln p of every row, and z.
    Scores,
    /// The simple densities.
    Baselines,
    /// The tests of z.
    Normality,
    /// The classifier of samples and rows.
    TwoSample,
}

impl Part {
    /// All of them, in order.
    pub const ALL: [Part; 4] = [Part::Scores, Part::Baselines, Part::Normality, Part::TwoSample];
}

/// What was found. Means are in nats per row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The rows, by what the model can say of them.
    pub table: TableFacts,
    /// The rows that the baselines learnt from; `None` where they were cross-fitted.
    pub train: Option<TrainFacts>,
    /// ln p(x) of the usable rows.
    pub likelihood: Likelihood,
    /// Against simple densities; `None` of too few rows.
    pub comparison: Option<Comparison>,
    /// z against N(0, I); `None` of too few rows.
    pub normality: Option<Normality>,
    /// x against f⁻¹(f(x)); `None` without a usable row.
    pub round_trip: Option<RoundTrip>,
    /// Samples of the model against rows of the table; `None` of too few rows.
    pub two_sample: Option<TwoSample>,
    /// The lowest ln p(x), the lowest first.
    pub least_likely: Vec<Unlikely>,
    /// What the costly parts looked at.
    pub examined: Examined,
}

/// The rows that the costly parts looked at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Examined {
    /// Rows of the table `[n, d]` with a finite ln p(x).
    pub x: Mat<f64>,
    /// Their z, the finite ones `[m, d]`, m <= n.
    pub z: Mat<f64>,
    /// The rows that the baselines learnt from.
    pub train: Option<Mat<f64>>,
}

/// A report on `rows` `[n, d]` in the table's own values. The baselines learn from the rows
/// `train`, best those that the model learnt from, or where there are none from the other four
/// fifths of the table. `begin` hears which part begins.
///
/// Weights count in every mean of ln p(x), and in its standard error; the tests of z and of samples
/// take each row for itself.
///
/// ```
/// use gauss_model::diagnostics::report::{Options, report};
/// use gauss_model::gauss_flow::Flow;
/// use gauss_model::{Model, Provenance, columns::unnamed};
/// use rand::SeedableRng;
/// let flow = Flow::from_parts(2, Vec::new(), Vec::new())?; // the standard normal itself
/// let model = Model::new(flow, unnamed(2), Provenance::default())?;
/// let x = model.sample(200, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
/// let found = report(&model, (&x).into(), None, &Options::default(), &mut |_| {})?;
/// let gain = found.comparison.expect("enough rows").baselines[0].gain.expect("a fit");
/// assert!(gain.mean > 0.0); // a fitted normal does not beat the true one
/// # Ok::<(), gauss_model::Error>(())
/// ```
///
/// # Errors
/// When the rows have another number of columns than the model.
pub fn report(
    model: &Model,
    rows: Rows<'_>,
    train: Option<Rows<'_>>,
    options: &Options,
    begin: &mut dyn FnMut(Part),
) -> Result<Report, Error> {
    begin(Part::Scores);
    let x = rows.x();
    let bound = model.bind();
    let sorted = Sorted::of(&bound, x)?;
    let at = sorted.some(options);
    let examined = pick(x, &at);
    let weights = rows.weights().map(|w| at.iter().map(|&i| w[i]).collect::<Vec<f64>>());
    let seen = Seen::of(&bound, model, examined.as_ref(), options.seed)?;
    let finite: Vec<usize> = (0..at.len()).filter(|&i| is_finite(seen.z.as_ref(), i)).collect();
    let z = pick(seen.z.as_ref(), &finite);
    let train = match train {
        Some(train) => Some(Train::of(&bound, train, (x, &sorted), options)?),
        None => None,
    };

    begin(Part::Baselines);
    let train_y = train.as_ref().map(|train| train.encoded.y.as_ref());
    let comparison = seen.compare(train_y, weights.as_deref(), model, options.seed);
    begin(Part::Normality);
    let normality = normality::examine(z.as_ref(), options.seed);
    begin(Part::TwoSample);
    let two_sample = told_apart(&bound, examined.as_ref(), options.seed);
    Ok(Report {
        table: TableFacts {
            rows: x.nrows(),
            missing_rows: sorted.missing,
            outside_support: sorted.outside_support,
            beyond_range: sorted.beyond_range,
            usable_rows: sorted.usable.len(),
            examined_rows: examined.nrows(),
        },
        train: train.as_ref().map(|train| train.facts),
        likelihood: likelihood(&sorted, rows.weights(), model.columns().len()),
        comparison,
        normality,
        round_trip: seen.round_trip(&bound, examined.as_ref())?,
        two_sample,
        least_likely: least_likely(&bound, x, &sorted, seen.encoded.y.as_ref()),
        examined: Examined { x: examined, z, train: train.map(|train| train.x) },
    })
}

/// Draws `[count, d]` as the report holds them against rows.
#[must_use]
pub fn samples(model: &BoundModel, count: usize, seed: u64) -> Mat<f64> {
    model.sample(count, &mut stream(seed, Purpose::ReportSamples))
}

/// Rows as the flow sees them, and what it makes of them: its one pass over them.
struct Seen {
    encoded: Encoded,
    z: Mat<f64>,
    /// ln p of the rows with their noise, in the table's units.
    log_prob: Vec<f64>,
}

impl Seen {
    /// Of usable rows x `[n, d]`.
    fn of(bound: &BoundModel, model: &Model, x: MatRef<'_, f64>, seed: u64) -> Result<Seen, Error> {
        let encoded = bound.encode(x, &mut stream(seed, Purpose::ReportTable))?;
        let (z, log_det) = model.flow().forward(encoded.y.as_ref())?;
        let of_flow = (z.row_iter().zip(log_det))
            .map(|(z, log_det)| {
                let square: f64 = z.iter().map(|z| z * z).sum();
                log_det - 0.5 * square - z.ncols() as f64 * HALF_LN_2PI
            })
            .collect();
        let log_prob = encoded.in_units(of_flow);
        Ok(Seen { encoded, z, log_prob })
    }

    fn compare(
        &self,
        train: Option<MatRef<'_, f64>>,
        weights: Option<&[f64]>,
        model: &Model,
        seed: u64,
    ) -> Option<Comparison> {
        let y = self.encoded.y.as_ref();
        if y.nrows() < baselines::LEAST_ROWS {
            return None;
        }
        let discrete = &model.flow().discrete();
        let against = |baseline| {
            let scored = match train {
                Some(train) => baselines::score(baseline, (train, y), discrete, seed),
                None => baselines::cross_fit(baseline, y, discrete, seed),
            };
            let Some(scored) = scored else {
                return Against { baseline, log_prob: None, gain: None, components: Vec::new() };
            };
            let log_prob = self.encoded.in_units(scored.log_prob);
            let gain: Vec<f64> = self.log_prob.iter().zip(&log_prob).map(|(a, b)| a - b).collect();
            Against {
                baseline,
                gain: Some(Mean::of_rows(&gain, weights)),
                log_prob: Some(Mean::of_rows(&log_prob, weights)),
                components: scored.components,
            }
        };
        Some(Comparison {
            rows: y.nrows(),
            fitted_to: if train.is_some() { FittedTo::Train } else { FittedTo::CrossFit },
            dequantized: model.is_dequantized(),
            log_prob: Mean::of_rows(&self.log_prob, weights),
            // Of discrete columns alone there is but one.
            baselines: if discrete.len() == y.ncols() {
                vec![against(Baseline::Independent)]
            } else {
                Baseline::ALL.into_iter().map(against).collect()
            },
        })
    }

    fn round_trip(
        &self,
        bound: &BoundModel,
        x: MatRef<'_, f64>,
    ) -> Result<Option<RoundTrip>, Error> {
        if x.nrows() == 0 {
            return Ok(None);
        }
        let back = bound.inverse(self.z.as_ref())?;
        let columns = round_trip::compare(bound.columns(), x, back.as_ref());
        let largest = columns.iter().filter_map(|trip| trip.largest).reduce(f64::max);
        let discrete =
            || bound.columns().iter().zip(&columns).filter(|(c, _)| c.kind.is_discrete());
        let discrete_exact =
            discrete().next().is_some().then(|| discrete().all(|(_, trip)| trip.exact == 1.0));
        Ok(Some(RoundTrip { rows: x.nrows(), largest, discrete_exact, columns }))
    }
}

/// The rows that the baselines learn from.
struct Train {
    x: Mat<f64>,
    encoded: Encoded,
    facts: TrainFacts,
}

impl Train {
    fn of(
        bound: &BoundModel,
        train: Rows<'_>,
        (table, sorted): (MatRef<'_, f64>, &Sorted),
        options: &Options,
    ) -> Result<Train, Error> {
        let at = usable_training(bound.columns(), train.x(), options);
        let x = pick(train.x(), &at);
        let mut rng = stream(options.seed, Purpose::ReportTrain);
        let encoded = columns::encode(
            bound.supports(),
            columns::dequantize(bound.columns(), x.as_ref(), &mut rng),
        );
        let log_prob = bound.log_prob(x.as_ref())?;
        let finite: Vec<usize> = (0..at.len()).filter(|&k| log_prob[k].is_finite()).collect();
        let weights = train.weights().map(|w| finite.iter().map(|&k| w[at[k]]).collect::<Vec<_>>());
        let values: Vec<f64> = finite.iter().map(|&k| log_prob[k]).collect();
        let facts = TrainFacts {
            rows: train.nrows(),
            used_rows: at.len(),
            shared_rows: shared(train.x(), table, &sorted.usable),
            log_prob: Mean::of_rows(&values, weights.as_deref()),
        };
        Ok(Train { x, encoded, facts })
    }
}

fn told_apart(model: &BoundModel, x: MatRef<'_, f64>, seed: u64) -> Option<TwoSample> {
    let at = sampling::choose(x.nrows(), two_sample::MOST_ROWS, !seed);
    let samples = samples(model, at.len(), seed);
    two_sample::test(pick(x, &at).as_ref(), samples.as_ref(), seed)
}

fn likelihood(sorted: &Sorted, weights: Option<&[f64]>, dim: usize) -> Likelihood {
    let values: Vec<f64> = sorted.usable.iter().map(|&i| sorted.log_prob[i]).collect();
    let weights = weights.map(|w| sorted.usable.iter().map(|&i| w[i]).collect::<Vec<f64>>());
    let log_prob = Mean::of_rows(&values, weights.as_deref());
    Likelihood {
        log_prob,
        log_prob_per_column: log_prob.over(dim as f64),
        min_log_prob: values.iter().copied().reduce(f64::min),
        max_log_prob: values.iter().copied().reduce(f64::max),
    }
}
