//! What came of it all: a row per system, and for each table who is ahead.

use serde::Serialize;

use super::OURS;
use super::machine::Machine;
use super::record::{Figures, Outcome, Record};
use super::statistics::{Estimate, Score};
use super::tables::Prepared;

/// Standard errors of a paired difference within which nobody is ahead.
const CLEAR: f64 = 2.0;

/// Everything; as JSON, the file that the task writes.
#[derive(Serialize)]
pub struct Report {
    pub machine: Machine,
    /// Log-densities and samples that are timed.
    pub timed_rows: usize,
    pub quick: bool,
    pub tables: Vec<TableReport>,
}

/// One table.
#[derive(Serialize)]
pub struct TableReport {
    pub name: String,
    pub generated: bool,
    pub train_rows: usize,
    pub test_rows: usize,
    pub columns: usize,
    /// Whether the table came with a validation part.
    pub validation_part: bool,
    pub known_density: bool,
    pub results: Vec<Row>,
    /// Where `gauss` and a rival have a log-likelihood.
    pub duel: Option<Duel>,
}

/// One system on one table.
#[derive(Serialize)]
pub struct Row {
    pub system: &'static str,
    #[serde(flatten)]
    pub record: Record,
    pub score: Option<Score>,
    /// ln q of the test rows.
    #[serde(skip)]
    pub log_q: Option<Vec<f64>>,
}

/// `gauss` against the rival with the highest log-likelihood.
#[derive(Serialize)]
pub struct Duel {
    pub rival: &'static str,
    /// Log-likelihood of `gauss` less the rival's, row by row.
    pub difference: Estimate,
    pub ahead: Ahead,
    /// Fit seconds of `gauss` over the rival's.
    pub seconds_ratio: f64,
}

/// Whose log-likelihood is higher by two standard errors of the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ahead {
    Gauss,
    Rival,
    Neither,
}

impl Report {
    /// Of all tables.
    pub fn new(machine: Machine, timed_rows: usize, quick: bool, tables: Vec<TableReport>) -> Self {
        Self { machine, timed_rows, quick, tables }
    }
}

impl TableReport {
    /// Of all rows.
    pub fn new(prepared: &Prepared, results: Vec<Row>) -> Self {
        Self {
            name: prepared.table.name.clone(),
            generated: prepared.table.generated,
            train_rows: prepared.facts.train_rows,
            test_rows: prepared.facts.test_rows,
            columns: prepared.facts.columns,
            validation_part: prepared.table.validation.is_some(),
            known_density: prepared.table.log_density.is_some(),
            duel: duel(&results),
            results,
        }
    }

    /// The row of a system.
    pub fn row(&self, system: &str) -> Option<&Row> {
        self.results.iter().find(|row| row.system == system)
    }
}

impl Row {
    /// What it did, unless it failed.
    pub fn figures(&self) -> Option<&Figures> {
        match &self.record.outcome {
            Outcome::Measured(figures) => Some(figures),
            Outcome::Failed { .. } => None,
        }
    }

    /// Its log-likelihood, where it is finite.
    pub fn log_likelihood(&self) -> Option<Estimate> {
        self.score.and_then(|score| score.log_likelihood)
    }
}

/// The system whose value is least; none where nobody has one.
pub fn least(rows: &[Row], value: impl Fn(&Row) -> Option<f64>) -> Option<&'static str> {
    let valued = rows.iter().filter_map(|row| Some((row.system, value(row)?)));
    valued.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(system, _)| system)
}

fn duel(rows: &[Row]) -> Option<Duel> {
    let rivals = rows.iter().filter(|row| row.system != OURS);
    let likelihood = |row: &Row| row.log_likelihood().map(|estimate| estimate.value);
    let best = rivals
        .filter(|row| likelihood(row).is_some())
        .max_by(|a, b| likelihood(a).partial_cmp(&likelihood(b)).expect("both are finite"))?;
    let ours = rows.iter().find(|row| row.system == OURS)?;
    let pairs = ours.log_q.as_ref()?.iter().zip(best.log_q.as_ref()?);
    let difference = Estimate::mean(pairs.map(|(ours, theirs)| ours - theirs))?;
    let margin = CLEAR * difference.error;
    let ahead = match difference.value {
        value if value > margin => Ahead::Gauss,
        value if value < -margin => Ahead::Rival,
        _ => Ahead::Neither,
    };
    let seconds_ratio = ours.figures()?.fit_seconds / best.figures()?.fit_seconds;
    Some(Duel { rival: best.system, difference, ahead, seconds_ratio })
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::peers::record::RoundTrip;
    use crate::peers::statistics::Integral;

    /// A row with these log-densities.
    pub fn row(system: &'static str, fit_seconds: f64, log_q: &[f64]) -> Row {
        let figures = Figures {
            settings: "of its own".to_owned(),
            fit_seconds,
            log_prob_seconds: 0.5,
            sample_seconds: 0.25,
            round_trip: RoundTrip::None,
            integral: Integral::Sampled(Estimate { value: 1.0, error: 0.01 }),
            others: None,
        };
        Row {
            system,
            record: Record {
                fingerprint: String::new(),
                measured_at: 0,
                outcome: Outcome::Measured(figures),
            },
            score: Some(Score::new(log_q, None)),
            log_q: Some(log_q.to_vec()),
        }
    }

    #[test]
    fn the_duel_is_with_the_likeliest_rival() {
        let rows = [
            row(OURS, 2.0, &[-1.0, -2.0, -3.1]),
            row("mixture", 1.0, &[-9.0, -9.0, -9.0]),
            row("kde", 20.0, &[-1.5, -2.5, -3.5]),
            row("zuko-gf", 1.0, &[0.0, 0.0, f64::NEG_INFINITY]),
        ];
        let duel = duel(&rows).unwrap();
        assert_eq!((duel.rival, duel.ahead), ("kde", Ahead::Gauss));
        assert!((duel.seconds_ratio - 0.1).abs() < 1e-15);
        assert!((duel.difference.value - 1.4 / 3.0).abs() < 1e-12);
        assert_eq!(least(&rows, |row| Some(row.figures()?.fit_seconds)), Some("mixture"));
    }

    #[test]
    fn a_rival_wins_as_plainly() {
        let ours = || row(OURS, 2.0, &[-2.0, -2.0, -2.2]);
        let lost = duel(&[ours(), row("kde", 1.0, &[-1.0, -1.0, -1.0])]).unwrap();
        assert_eq!(lost.ahead, Ahead::Rival);
        let drawn = duel(&[ours(), row("kde", 1.0, &[-2.1, -1.9, -2.2])]).unwrap();
        assert_eq!(drawn.ahead, Ahead::Neither);
        assert!(duel(&[ours()]).is_none());
    }
}
