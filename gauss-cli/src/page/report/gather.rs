//! From a model and its tables to the numbers of a report.

use std::collections::HashSet;

use faer::{Mat, MatRef};
use gauss_model::columns::Encoded;
use gauss_model::{Column, Model};
use rand_chacha::ChaCha8Rng;

use super::cautions;
use super::findings::{
    Against, Cell, Comparison, Findings, Likelihood, ModelFacts, RoundTrip, TableFacts, TrainFacts,
    Unlikely,
};
use super::subject::{self, Rows, training_rows};
use crate::error::Error;
use crate::shared::generator;
use crate::table::Table;
use crate::terminal::Stages;
use gauss_flow::rows;
use gauss_model::diagnostics::baselines::{self, Baseline};
use gauss_model::diagnostics::mean::Mean;
use gauss_model::diagnostics::{normality, round_trip, two_sample};
use gauss_rbig::sampling;

/// Rows listed as the least likely.
const LEAST_LIKELY: usize = 10;
/// Steps of [`Request::gather`].
pub const STAGES: usize = 4;

/// What the report is about, and how.
pub struct Request<'a> {
    pub model_file: String,
    pub model: &'a Model,
    pub table: &'a Table,
    pub train: Option<&'a Table>,
    pub out: String,
    /// Rows that the costly parts look at, at most.
    pub rows: usize,
    pub seed: u64,
}

/// Streams of the seed, so that one part's draws do not depend on another's.
#[derive(Clone, Copy)]
enum Stream {
    Table = 1,
    Train,
    Samples,
}

impl Request<'_> {
    fn generator(&self, stream: Stream) -> ChaCha8Rng {
        let mut rng = generator(self.seed);
        rng.set_stream(stream as u64);
        rng
    }

    /// Draws of the model in the table's own form.
    pub fn samples(&self, count: usize) -> Mat<f64> {
        self.model.sample(count, &mut self.generator(Stream::Samples))
    }

    /// All of it, in [`STAGES`] steps.
    pub fn gather(&self, stages: &Stages) -> Result<Findings, Error> {
        stages.begin("scoring");
        let refused = |table: &Table| {
            let file = table.file();
            move |source: gauss_model::Error| Error::of_file(file, source)
        };
        let (model, table) = (self.model, self.table);
        let x = table.data.as_ref();
        let rows = Rows::of(model, x).map_err(refused(table))?;
        let (_, examined) = rows.some(x, self.rows, self.seed);
        let encoded = subject::encoded(
            model.columns(),
            examined.as_ref(),
            &mut self.generator(Stream::Table),
        );
        let (z, _) =
            model.flow().forward(encoded.y.as_ref()).map_err(|e| refused(table)(e.into()))?;
        let finite: Vec<usize> =
            (0..z.nrows()).filter(|&i| rows::is_finite(z.as_ref(), i)).collect();
        let z = rows::pick(z.as_ref(), &finite);

        let train = self.train.map(|train| {
            let x = training_rows(model.columns(), train, self.rows, self.seed);
            let encoded =
                subject::encoded(model.columns(), x.as_ref(), &mut self.generator(Stream::Train));
            (train, x, encoded)
        });
        let train_facts = match &train {
            Some((table, x, _)) => {
                let log_prob = model.log_prob(x.as_ref()).map_err(refused(table))?;
                Some(TrainFacts {
                    file: table.file(),
                    rows: table.rows(),
                    used_rows: x.nrows(),
                    shared_rows: shared(
                        table.data.as_ref(),
                        self.table.data.as_ref(),
                        &rows.usable,
                    ),
                    log_prob: Mean::of(&finite_only(&log_prob)),
                })
            }
            None => None,
        };
        let train_y = train.as_ref().map(|(_, _, encoded)| encoded.y.as_ref());

        stages.done();
        stages.begin("comparing with simple densities");
        let comparison = self.compare(&encoded, train_y).map_err(refused(table))?;
        stages.done();
        stages.begin("testing z");
        let normality = normality::examine(z.as_ref(), self.seed);
        stages.done();
        stages.begin("telling samples from data");
        let two_sample = self.two_sample(examined.as_ref());
        stages.done();
        let mut findings = Findings {
            command: "report",
            program: concat!("gauss ", env!("CARGO_PKG_VERSION")),
            out: self.out.clone(),
            seed: self.seed,
            model: ModelFacts::of(self.model_file.clone(), model),
            table: TableFacts {
                file: table.file(),
                rows: table.rows(),
                missing_rows: table.missing_rows,
                outside_support: rows.outside_support,
                beyond_range: rows.beyond_range,
                usable_rows: rows.usable.len(),
                examined_rows: examined.nrows(),
            },
            train: train_facts,
            likelihood: likelihood(&rows, model.columns().len()),
            comparison,
            normality,
            round_trip: self.round_trip(examined.as_ref(), &encoded).map_err(refused(table))?,
            two_sample,
            least_likely: least_likely(model.columns(), x, &rows, &encoded),
            cautions: Vec::new(),
        };
        let seen = cautions::Seen {
            model,
            examined: examined.as_ref(),
            z: z.as_ref(),
            train: train.as_ref().map(|(_, x, _)| x.as_ref()),
        };
        findings.cautions = cautions::of(&findings, &seen);
        Ok(findings)
    }

    fn compare(
        &self,
        encoded: &Encoded,
        train: Option<MatRef<'_, f64>>,
    ) -> Result<Option<Comparison>, gauss_model::Error> {
        let y = encoded.y.as_ref();
        if y.nrows() < baselines::LEAST_ROWS {
            return Ok(None);
        }
        let of_model = encoded.in_units(self.model.flow().log_prob(y)?);
        let baselines = Baseline::ALL
            .into_iter()
            .map(|baseline| {
                let scored = match train {
                    Some(train) => baselines::score(baseline, train, y, self.seed),
                    None => baselines::cross_fit(baseline, y, self.seed),
                };
                let components =
                    scored.as_ref().map_or_else(Vec::new, |scored| scored.components.clone());
                let log_prob = scored.map(|scored| encoded.in_units(scored.log_prob));
                Against {
                    baseline,
                    gain: log_prob.as_ref().map(|other| Mean::of_difference(&of_model, other)),
                    log_prob: log_prob.map(|log_prob| Mean::of(&log_prob)),
                    components,
                }
            })
            .collect();
        Ok(Some(Comparison {
            rows: y.nrows(),
            fitted_to: if train.is_some() { "train" } else { "cross_fit" },
            dequantized: self.model.is_discrete(),
            log_prob: Mean::of(&of_model),
            baselines,
        }))
    }

    fn round_trip(
        &self,
        x: MatRef<'_, f64>,
        encoded: &Encoded,
    ) -> Result<Option<RoundTrip>, gauss_model::Error> {
        if x.nrows() == 0 {
            return Ok(None);
        }
        let (z, _) = self.model.flow().forward(encoded.y.as_ref())?;
        let back = self.model.inverse(z.as_ref())?;
        let columns = round_trip::compare(self.model.columns(), x, back.as_ref());
        let largest = columns.iter().filter_map(|trip| trip.largest).reduce(f64::max);
        let discrete =
            || self.model.columns().iter().zip(&columns).filter(|(c, _)| c.kind.is_discrete());
        let discrete_exact =
            discrete().next().is_some().then(|| discrete().all(|(_, trip)| trip.exact == 1.0));
        Ok(Some(RoundTrip { rows: x.nrows(), largest, discrete_exact, columns }))
    }

    fn two_sample(&self, x: MatRef<'_, f64>) -> Option<two_sample::TwoSample> {
        let at = sampling::choose(x.nrows(), two_sample::MOST_ROWS, !self.seed);
        let samples = self.samples(at.len());
        two_sample::test(rows::pick(x, &at).as_ref(), samples.as_ref(), self.seed)
    }
}

/// How many of the rows `at` of x stand in `train`, to the last bit.
fn shared(train: MatRef<'_, f64>, x: MatRef<'_, f64>, at: &[usize]) -> usize {
    let bits = |rows: MatRef<'_, f64>, i: usize| -> Vec<u64> {
        rows.row(i).iter().map(|v| (v + 0.0).to_bits()).collect() // no -0
    };
    let known: HashSet<Vec<u64>> = (0..train.nrows()).map(|i| bits(train, i)).collect();
    at.iter().filter(|&&i| known.contains(&bits(x, i))).count()
}

fn finite_only(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|v| v.is_finite()).collect()
}

fn likelihood(rows: &Rows, dim: usize) -> Likelihood {
    let values: Vec<f64> = rows.usable.iter().map(|&i| rows.log_prob[i]).collect();
    let log_prob = Mean::of(&values);
    Likelihood {
        log_prob,
        log_prob_per_column: log_prob.over(dim as f64),
        min_log_prob: values.iter().copied().reduce(f64::min),
        max_log_prob: values.iter().copied().reduce(f64::max),
    }
}

/// The lowest ln p(x), of all rows without missing values.
fn least_likely(
    columns: &[Column],
    x: MatRef<'_, f64>,
    rows: &Rows,
    encoded: &Encoded,
) -> Vec<Unlikely> {
    let moments: Vec<(f64, f64)> = encoded.y.col_iter().map(moments).collect();
    let mut order: Vec<usize> = (0..x.nrows()).filter(|&i| !rows.log_prob[i].is_nan()).collect();
    order.sort_by(|&a, &b| rows.log_prob[a].total_cmp(&rows.log_prob[b]));
    order.truncate(LEAST_LIKELY);
    order
        .into_iter()
        .map(|i| {
            let row = || columns.iter().enumerate().map(|(j, column)| (j, column, x[(i, j)]));
            let outside = row().find(|(_, column, v)| column.kind.excludes(*v)).map(|(j, _, _)| j);
            let deviations = |&(j, column, v): &(usize, &Column, f64)| {
                let (mean, deviation) = moments[j];
                (column.kind.support().to_line(v).0 - mean) / deviation
            };
            let farthest = row()
                .map(|cell| (cell.0, deviations(&cell)))
                .filter(|(_, deviations)| deviations.is_finite())
                .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
            let column = outside.or(farthest.map(|(j, _)| j)).unwrap_or(0);
            Unlikely {
                row: i + 1,
                log_prob: rows.log_prob[i],
                values: row().map(|(_, column, v)| Cell::of(column, v)).collect(),
                column: columns[column].name.clone(),
                deviations: if outside.is_some() { None } else { farthest.map(|f| f.1) },
            }
        })
        .collect()
}

/// Mean and standard deviation.
fn moments(column: faer::ColRef<'_, f64>) -> (f64, f64) {
    let n = column.nrows() as f64;
    let mean = column.iter().sum::<f64>() / n;
    (mean, (column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
}
