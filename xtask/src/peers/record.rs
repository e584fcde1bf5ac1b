//! What is kept of one system on one table: a JSON file, and beside it ln q of every test row.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::quiet;
use super::statistics::Integral;

/// A measurement, or why there is none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Measured(Figures),
    Failed { reason: String },
}

/// What a system did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// What the validation rows chose.
    pub settings: String,
    /// All candidates that were tried together.
    pub fit_seconds: f64,
    /// Of as many log-densities, and samples, as are timed.
    pub log_prob_seconds: f64,
    pub sample_seconds: f64,
    pub round_trip: RoundTrip,
    pub integral: Integral,
    /// Cores that other programs used meanwhile, beyond those that it left free, where that is
    /// known: the most of any process.
    pub others: Option<f64>,
}

impl Figures {
    /// The kind of density: the first word of what was chosen.
    pub fn kind(&self) -> String {
        self.settings.split(':').next().unwrap_or_default().to_owned()
    }

    /// Whether other programs made the seconds longer.
    pub fn is_disturbed(&self) -> bool {
        self.others.is_some_and(|others| others > quiet::TOLERATED)
    }
}

/// Largest |x - f⁻¹(f(x))| over the test rows, in standard deviations of a column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundTrip {
    /// The model is no map.
    None,
    Max(f64),
    NotFinite,
}

/// With what identifies it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// Of the table, of the protocol, and of the program where it is our own.
    pub fingerprint: String,
    /// Seconds since 1970.
    pub measured_at: u64,
    pub outcome: Outcome,
}

/// Where a system's files for a table are.
#[derive(Clone, Debug)]
pub struct Place {
    pub directory: PathBuf,
    pub system: &'static str,
}

impl Place {
    /// SYSTEM.KIND.
    pub fn file(&self, kind: &str) -> PathBuf {
        self.directory.join(format!("{}.{kind}", self.system))
    }

    /// ln q of the test rows for standardised columns.
    pub fn log_prob(&self) -> PathBuf {
        self.file("log_prob.csv")
    }

    /// What was recorded under this fingerprint, if it is still there.
    pub fn recall(&self, fingerprint: &str) -> Option<Record> {
        let text = fs::read(self.file("record.json")).ok()?;
        let record: Record = serde_json::from_slice(&text).ok()?;
        let whole = matches!(record.outcome, Outcome::Failed { .. }) || self.log_prob().exists();
        (record.fingerprint == fingerprint && whole).then_some(record)
    }

    /// Records it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn store(&self, record: &Record) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(record)?;
        let path = self.file("record.json");
        fs::write(&path, text).with_context(|| path.display().to_string())
    }
}

/// A directory for a table's results.
///
/// # Errors
/// Those of the file system.
pub fn make(directory: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(directory).with_context(|| directory.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::statistics::Estimate;

    #[test]
    fn a_record_is_recalled_under_its_fingerprint_alone() {
        let directory = tempfile::tempdir().unwrap();
        let place = Place { directory: directory.path().to_owned(), system: "kde" };
        let figures = Figures {
            settings: "bandwidth 0.1".to_owned(),
            fit_seconds: 1.5,
            log_prob_seconds: 0.25,
            sample_seconds: 0.125,
            round_trip: RoundTrip::Max(1e-7),
            integral: Integral::Sampled(Estimate { value: 1.0, error: 0.01 }),
            others: None,
        };
        let outcome = Outcome::Measured(figures);
        let record = Record { fingerprint: "a".to_owned(), measured_at: 7, outcome };
        place.store(&record).unwrap();
        assert!(place.recall("a").is_none(), "the log-densities are missing");
        fs::write(place.log_prob(), "log_prob\n-1.0\n").unwrap();
        assert!(place.recall("b").is_none());
        let got = serde_json::to_value(place.recall("a").unwrap()).unwrap();
        assert_eq!(got, serde_json::to_value(&record).unwrap());
    }
}
