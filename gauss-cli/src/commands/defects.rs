//! Tables with no density of their own: what `fit` warns of, the two ways out, and what a model
//! file and `score` remember of it.
//!
//! ```text
//! --exclude -> read -> --noise -> examine -> warnings, `defects` in the JSON, notes in the model
//! ```
//!
//! The table is examined as it will be fitted: a column left out, or given noise enough, is
//! reported no more. The noise itself is, wherever the model goes.

use clap::Args;
use gauss_flow::Model;
use gauss_rbig::defects::{add_noise, examine};
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::positive_number;
use crate::console::{Console, counted};
use crate::error::Error;
use crate::table::{Select, Table};

/// The names of the model's notes.
const NO_DENSITY: &str = "no density of its own";
const NOISE: &str = "noise";
/// Findings printed one by one; a table of many such columns would bury everything else.
const SHOWN: usize = 6;

/// Options of `fit`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Columns with no density of their own")]
pub struct Remedies {
    /// Leave these columns out: names, patterns (x*), ranges (a:d)
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "columns")]
    exclude: Vec<String>,
    /// Add uniform noise of this width to a column, in its own units; may be repeated
    #[arg(long, value_name = "NAME=WIDTH", value_parser = noise)]
    noise: Vec<Noise>,
}

/// A noise floor: `b=0.5`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Noise {
    column: String,
    width: f64,
}

/// A defect in words.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    kind: &'static str,
    columns: Vec<String>,
    sentence: String,
    ways_out: String,
}

/// What was done about a table, and what is still wrong with it; as `fit --json` shows it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Examined {
    defects: Vec<Finding>,
    noise: Vec<Noise>,
}

impl Remedies {
    /// What clap cannot see.
    pub fn check_usage(&self) -> Result<(), Error> {
        let twice = |names: &[&String]| {
            (1..names.len()).find(|&k| names[..k].contains(&names[k])).map(|k| names[k].clone())
        };
        let noisy: Vec<&String> = self.noise.iter().map(|noise| &noise.column).collect();
        for (option, names) in [("--exclude", self.exclude.iter().collect()), ("--noise", noisy)] {
            if let Some(name) = twice(&names) {
                return Err(Error::Usage(format!("{option} names {name:?} twice")));
            }
        }
        Ok(())
    }

    /// The columns to read, of those in `--columns` if there are any.
    pub fn select<'a>(&'a self, columns: &'a [String]) -> Select<'a> {
        match (columns, &self.exclude[..]) {
            ([], []) => Select::All,
            ([], excluded) => Select::Except(excluded),
            (columns, _) => Select::Named(columns),
        }
    }

    /// Adds the noise to training and validation rows, then looks at what is to be fitted and
    /// says what it finds.
    pub fn apply(
        &self,
        table: &mut Table,
        validation: Option<&mut Table>,
        console: &Console,
    ) -> Result<Examined, Error> {
        // Validation rows have the columns of the table; their noise must be their own.
        let tables = std::iter::once((&mut *table, console.seed));
        for (table, seed) in tables.chain(validation.map(|table| (table, !console.seed))) {
            for Noise { column, width } in &self.noise {
                let at = table.position(column)?;
                add_noise(&mut table.data, at, *width, seed).map_err(|e| refused(table, e))?;
            }
        }
        let defects = examine(table.data.as_ref()).map_err(|error| refused(table, error))?;
        let names = &table.names();
        let defects: Vec<Finding> = defects
            .iter()
            .map(|defect| Finding {
                kind: defect.kind(),
                columns: defect.columns().into_iter().map(|j| names[j].clone()).collect(),
                sentence: defect.sentence(names),
                ways_out: defect.ways_out(names),
            })
            .collect();
        for Finding { sentence, ways_out, .. } in defects.iter().take(SHOWN) {
            console.note(&format!("warning: {}: {sentence}; {ways_out}", table.file()));
        }
        if let Some(more) = defects.len().checked_sub(SHOWN + 1) {
            let more = counted(more + 1, "finding");
            let text = format!("warning: {}: {more} more; `gauss inspect` lists all", table.file());
            console.note(&text);
        }
        Ok(Examined { defects, noise: self.noise.clone() })
    }
}

impl Examined {
    /// What the model file remembers.
    pub fn notes(&self) -> Vec<(String, String)> {
        let defects = self.defects.iter().map(|d| (NO_DENSITY.to_owned(), d.sentence.clone()));
        let noise = self.noise.iter().map(|Noise { column, width }| {
            (NOISE.to_owned(), format!("{column}: uniform, width {width}"))
        });
        defects.chain(noise).collect()
    }
}

/// What a model's notes say about the table it was fitted to; as `score --json` shows it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Caveats {
    defects: Vec<String>,
    noise: Vec<String>,
}

impl Caveats {
    pub fn of(model: &Model) -> Caveats {
        let named = |wanted: &str| {
            let notes = model.metadata.notes.iter();
            notes.filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect()
        };
        Caveats { defects: named(NO_DENSITY), noise: named(NOISE) }
    }

    /// One line, if there is anything to beware of.
    pub fn warning(&self) -> Option<String> {
        let defects = (!self.defects.is_empty()).then(|| {
            let list = few(&self.defects);
            format!(
                "the model's table had no density of its own ({list}): ln p(x) can be as large \
                 as one likes there, and decides no comparison"
            )
        });
        let noise = (!self.noise.is_empty()).then(|| {
            let list = few(&self.noise);
            format!(
                "ln p(x) is that of the columns with noise ({list}): compare only with models of \
                 the same noise"
            )
        });
        let parts: Vec<String> = defects.into_iter().chain(noise).collect();
        (!parts.is_empty()).then(|| format!("warning: {}", parts.join("; ")))
    }
}

/// The first of a list, and how many more there are.
fn few(texts: &[String]) -> String {
    const SHOWN: usize = 3;
    let list = texts[..texts.len().min(SHOWN)].join("; ");
    match texts.len().checked_sub(SHOWN) {
        None | Some(0) => list,
        Some(more) => format!("{list}; {more} more, which `gauss inspect` lists"),
    }
}

fn refused(table: &Table, source: gauss_rbig::Error) -> Error {
    Error::Fit { file: table.file(), source }
}

/// `NAME=WIDTH`; a name may hold an equals sign itself.
fn noise(text: &str) -> Result<Noise, String> {
    let (column, width) = text.rsplit_once('=').ok_or("must be NAME=WIDTH, such as b=0.5")?;
    if column.is_empty() {
        return Err("has no column name before the =".to_owned());
    }
    let width = positive_number(width).map_err(|error| format!("the width: {error}"))?;
    Ok(Noise { column: column.to_owned(), width })
}
