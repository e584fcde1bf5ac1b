//! The tables: those that the generator makes and those of the user's folder, and what `prepare.py`
//! makes beside each.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;

use super::python::{self, Python};
use super::statistics::Points;
use super::{csv, process};

/// A table's parts.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    pub train: PathBuf,
    /// Where there is none, `gauss` sets rows of the training part aside itself, and the rivals
    /// are given a tenth of it.
    pub validation: Option<PathBuf>,
    pub test: PathBuf,
    /// The true ln p of each test row, in the table's units.
    pub log_density: Option<PathBuf>,
    pub generated: bool,
}

/// The tables of a folder, by name: all files that end in `_train.csv`, each with its test part.
///
/// # Errors
/// When the folder cannot be read, holds no table, or a test part is missing.
pub fn find(folder: &Path, generated: bool) -> anyhow::Result<Vec<Table>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let file = entry?.file_name();
        if let Some(name) = file.to_str().and_then(|file| file.strip_suffix("_train.csv")) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() {
        bail!("{}: no file NAME_train.csv is there", folder.display());
    }
    names.sort_unstable();
    let table = |name: String| {
        let path = |part: &str| folder.join(format!("{name}_{part}.csv"));
        let present = |part: &str| Some(path(part)).filter(|path| path.exists());
        let test =
            present("test").ok_or_else(|| anyhow!("{} is missing", path("test").display()))?;
        Ok(Table {
            train: path("train"),
            validation: present("validation"),
            test,
            log_density: present("test_log_density"),
            generated,
            name,
        })
    };
    names.into_iter().map(table).collect()
}

/// The tables of that name, in the order of all; all where no name is given.
///
/// # Errors
/// A sentence when a name is not there, or there twice.
pub fn choose(tables: Vec<Table>, names: &[String]) -> Result<Vec<Table>, String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for table in &tables {
        *counts.entry(&table.name).or_default() += 1;
    }
    if let Some((name, _)) = counts.iter().find(|(_, count)| **count > 1) {
        return Err(format!("table {name:?} is in the folder and among the generated ones"));
    }
    if let Some(name) = names.iter().find(|name| !counts.contains_key(name.as_str())) {
        let known: Vec<&str> = counts.into_keys().collect();
        return Err(format!("unknown table {name:?}; there are {}", known.join(", ")));
    }
    let chosen = |table: &Table| names.is_empty() || names.contains(&table.name);
    Ok(tables.into_iter().filter(chosen).collect())
}

/// A table with what `prepare.py` made of it.
#[derive(Debug)]
pub struct Prepared {
    pub table: Table,
    pub directory: PathBuf,
    pub facts: Facts,
    /// Of all parts and of how they are used: results under another one are of another table.
    pub fingerprint: u64,
}

/// `prepared.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Facts {
    pub train_rows: usize,
    pub test_rows: usize,
    pub columns: usize,
    pub integral: Points,
    /// Standard deviations of the training part's columns.
    pub sd: Vec<f64>,
}

impl Prepared {
    /// Prepares a table in a directory of its own, unless that has been done.
    ///
    /// # Errors
    /// When the table cannot be read or is not one.
    pub fn new(
        table: Table,
        directory: PathBuf,
        python: &Python,
        scripts: &Path,
        timed_rows: usize,
        quick: bool,
    ) -> anyhow::Result<Self> {
        let fingerprint = fingerprint(&table, timed_rows, quick)?;
        let marker = directory.join("fingerprint");
        if fs::read_to_string(&marker).ok() != Some(fingerprint.to_string()) {
            fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
            let mut command = python::command(&python.program, 1);
            command.arg(scripts.join("prepare.py"));
            command.arg("--train").arg(&table.train).arg("--test").arg(&table.test);
            if let Some(validation) = &table.validation {
                command.arg("--validation").arg(validation);
            }
            command.arg("--out").arg(&directory).args(["--rows", &timed_rows.to_string()]);
            command.args(quick.then_some("--quick"));
            process::run(&mut command, Duration::MAX, &directory.join("prepare.log"))
                .map_err(|reason| anyhow!("table {}: {reason}", table.name))?;
            fs::write(&marker, fingerprint.to_string())?;
        }
        let text = fs::read(directory.join("prepared.json")).context("prepared.json")?;
        let facts = serde_json::from_slice(&text).context("prepared.json")?;
        Ok(Self { table, directory, facts, fingerprint })
    }

    /// The rivals' training and validation rows.
    pub fn rivals_parts(&self) -> (PathBuf, PathBuf) {
        match &self.table.validation {
            Some(validation) => (self.table.train.clone(), validation.clone()),
            None => (self.directory.join("fit.csv"), self.directory.join("validation.csv")),
        }
    }

    /// Σ ln σ: what a log-density in the table's units needs added to be one of standardised
    /// columns.
    pub fn log_scale(&self) -> f64 {
        self.facts.sd.iter().map(|sd| sd.ln()).sum()
    }

    /// The true ln p of the test rows for standardised columns, where it is known.
    ///
    /// # Errors
    /// When the file cannot be read or has another number of rows.
    pub fn truth(&self) -> anyhow::Result<Option<Vec<f64>>> {
        let Some(path) = &self.table.log_density else { return Ok(None) };
        let log_p = csv::column(path)?;
        if log_p.len() != self.facts.test_rows {
            bail!("{}: {} rows, not {}", path.display(), log_p.len(), self.facts.test_rows);
        }
        Ok(Some(log_p.into_iter().map(|l| l + self.log_scale()).collect()))
    }
}

/// Raised when a change to the scripts changes figures: what was measured before is measured again.
const PROTOCOL: u32 = 1;

fn fingerprint(table: &Table, timed_rows: usize, quick: bool) -> anyhow::Result<u64> {
    let mut hasher = DefaultHasher::new();
    (PROTOCOL, timed_rows, quick).hash(&mut hasher);
    for part in [Some(&table.train), table.validation.as_ref(), Some(&table.test)] {
        let bytes = part.map(|path| fs::read(path).with_context(|| path.display().to_string()));
        bytes.transpose()?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_as_triples() {
        let folder = tempfile::tempdir().unwrap();
        let touch = |name: &str| fs::write(folder.path().join(name), "x0\n1\n").unwrap();
        assert!(find(folder.path(), false).is_err());
        for name in ["b_train.csv", "b_test.csv", "a_train.csv", "a_validation.csv", "a_test.csv"] {
            touch(name);
        }
        touch("a_test_log_density.csv");
        let tables = find(folder.path(), false).unwrap();
        let seen: Vec<_> = tables
            .iter()
            .map(|t| (t.name.as_str(), t.validation.is_some(), t.log_density.is_some()))
            .collect();
        assert_eq!(seen, [("a", true, true), ("b", false, false)]);

        assert_eq!(choose(tables.clone(), &["b".to_owned()]).unwrap().len(), 1);
        assert!(choose(tables.clone(), &["c".to_owned()]).unwrap_err().contains("a, b"));
        assert!(choose([tables.clone(), tables].concat(), &[]).is_err());
        touch("c_train.csv");
        assert!(find(folder.path(), false).is_err());
    }
}
