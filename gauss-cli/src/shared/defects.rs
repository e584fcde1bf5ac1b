//! Tables with no density of their own: what `fit` warns of, the two ways out, and what a model
//! file and `score` remember of it.
//!
//! ```text
//! --exclude -> read -> --noise -> examine -> warnings, `defects` in the JSON and in the model
//! ```
//!
//! The table is examined as it will be fitted: a column left out, or given noise enough, is
//! reported no more. The noise itself is, wherever the model goes.

use clap::Args;
use gauss_model::{Fit, Model, Prepared};
use gauss_rbig::defects::{Defect, Remedy, shown};
use schemars::JsonSchema;
use serde::Serialize;

use super::kinds::Offer;
use crate::error::Error;
use crate::options::{each_once, positive_number};
use crate::table::{Leave, Select, Table};
use crate::terminal::{Console, Remark};
use crate::words::{counted, line, option, option_of};

/// Findings, and offers, printed one by one; a table of many such columns would bury everything
/// else. The JSON has all.
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
    /// The column.
    column: String,
    /// The width of the uniform noise, in the column's own units.
    width: f64,
}

/// A reason why a column has no density of its own.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// `copy`, `linear_combination`, `few_values`, `atom`, `rounded` or `few_rows`.
    kind: &'static str,
    /// The columns that are in it, the one at fault first.
    columns: Vec<String>,
    /// The finding, for a person.
    sentence: String,
    /// What to do about it, with options of `gauss fit`; for a person.
    ways_out: String,
    /// The column whose offer is among the ways out.
    #[serde(skip)]
    offered: Option<String>,
}

/// What was done about a table, and what is still wrong with it; as `fit --json` shows it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Examined {
    /// What is still wrong with the table: ln p(x) can be as large as one likes there.
    defects: Vec<Finding>,
    /// Noise that was added by --noise: ln p(x) is that of the columns with it.
    noise: Vec<Noise>,
}

impl Remedies {
    /// What clap cannot see.
    pub fn check_usage(&self) -> Result<(), Error> {
        let noisy: Vec<&String> = self.noise.iter().map(|noise| &noise.column).collect();
        each_once("--exclude", &self.exclude)?;
        each_once("--noise", &noisy)
    }

    /// The columns to read, of those in `--columns` if there are any.
    pub fn select<'a>(&'a self, columns: &'a [String]) -> Select<'a> {
        match (columns, &self.exclude[..]) {
            ([], []) => Select::All,
            ([], excluded) => Select::Except(excluded),
            (columns, _) => Select::Named(columns),
        }
    }

    /// Asks for the noise.
    pub fn add_noise<'a>(&self, fit: Fit<'a>) -> Fit<'a> {
        self.noise.iter().fold(fit, |fit, noise| fit.noise(&noise.column, noise.width))
    }

    /// Looks at what is to be fitted, and says what it finds and what could be done: warnings of
    /// defects, hints of the other offers.
    pub fn examine(
        &self,
        table: &Table,
        prepared: &Prepared<'_>,
        offers: &[Offer],
        console: &Console,
    ) -> Examined {
        let (file, names, leave) = (&table.file(), &table.names(), table.leave);
        let found = prepared.defects().iter();
        let defects: Vec<Finding> =
            found.map(|defect| Finding::new(defect, names, offers, leave)).collect();
        warn(file, &defects, console);
        let warned = |offer: &&Offer| {
            defects.iter().any(|finding| finding.offered.as_ref() == Some(&offer.column))
        };
        for offer in offers.iter().filter(|offer| !warned(offer)).take(SHOWN) {
            console.remark(&Remark::hint(format!("{file}: {offer}")));
        }
        Examined { defects, noise: self.noise.clone() }
    }
}

impl Finding {
    fn new(defect: &Defect, names: &[String], offers: &[Offer], leave: Leave) -> Finding {
        let columns: Vec<String> = defect.columns().into_iter().map(|j| names[j].clone()).collect();
        let mut ways_out = ways_out(&defect.remedies(), names, leave);
        // Ties are no defect of whole numbers once they are called that.
        let tied = matches!(
            defect,
            Defect::FewValues { .. } | Defect::Atom { .. } | Defect::Rounded { .. }
        );
        let whole = |offer: &&Offer| offer.whole && columns == [offer.column.as_str()];
        let offer = offers.iter().filter(|_| tied).find(whole);
        if let Some(Offer { options, .. }) = offer {
            ways_out = format!("take it as whole numbers with {options}, {ways_out}");
        }
        let offered = offer.map(|offer| offer.column.clone());
        Finding {
            kind: defect.kind(),
            sentence: defect.sentence(names),
            columns,
            ways_out,
            offered,
        }
    }
}

/// What to do about a defect, in options of `gauss fit`.
fn ways_out(remedies: &[Remedy], names: &[String], leave: Leave) -> String {
    let exclude = |column: &str| match leave {
        Leave::Exclude => Some(format!("leave it out with {}", option("--exclude", [column]))),
        Leave::Columns => Some("leave it out of --columns".to_owned()),
        Leave::Alone | Leave::Model => None,
    };
    let ways: Vec<String> = remedies
        .iter()
        .filter_map(|remedy| match *remedy {
            Remedy::Exclude { column } => exclude(&names[column]),
            Remedy::Noise { column, width } => {
                let noise = option_of("--noise", &format!("{}={}", names[column], shown(width)));
                noise.map(|noise| format!("give it a noise floor with {noise}"))
            }
            Remedy::MoreRows { .. } => Some("bring more rows".to_owned()),
            Remedy::FewerColumns { .. } if leave == Leave::Columns => {
                Some("leave some out of --columns".to_owned())
            }
            Remedy::FewerColumns { .. } => Some("model fewer columns".to_owned()),
            _ => None,
        })
        .collect();
    ways.join(", or ")
}

/// A line for each way out: values that one column repeats share theirs.
fn warn(file: &str, defects: &[Finding], console: &Console) {
    let mut lines: Vec<(&Finding, usize)> = Vec::new();
    for finding in defects {
        match lines.last_mut() {
            Some((first, like)) if first.ways_out == finding.ways_out => *like += 1,
            _ => lines.push((finding, 0)),
        }
    }
    for (Finding { sentence, ways_out, .. }, like) in lines.iter().take(SHOWN) {
        let like = match like {
            0 => String::new(),
            like => format!(", and so on ({like} more)"),
        };
        console.remark(&Remark::warning(format!("{file}: {sentence}{like}; {ways_out}")));
    }
    if let Some(more) = lines.len().checked_sub(SHOWN + 1) {
        let more = counted(more + 1, "finding");
        console.remark(&Remark::warning(format!("{file}: {more} more; `gauss inspect` lists all")));
    }
}

impl Examined {
    /// The noise that was added, a column each, in words.
    pub fn noise(&self) -> impl Iterator<Item = String> {
        self.noise.iter().map(|Noise { column, width }| uniform(column, *width))
    }
}

fn uniform(column: &str, width: f64) -> String {
    format!("{}: uniform, width {width}", line(column))
}

/// What a model remembers of the table it was fitted to; as `score --json` shows it.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Caveats {
    /// Why some of the columns have no density of their own, a sentence each.
    defects: Vec<String>,
    /// Noise that the fit added, as `NAME: uniform, width WIDTH` in the column's own units.
    noise: Vec<String>,
}

impl Caveats {
    pub fn of(model: &Model) -> Caveats {
        let (names, provenance) = (&model.names(), model.provenance());
        let noise = provenance.noise.iter().map(|n| uniform(&names[n.column], n.width));
        Caveats {
            defects: provenance.defects.iter().map(|defect| defect.sentence(names)).collect(),
            noise: noise.collect(),
        }
    }

    /// The same as lines of `gauss inspect`.
    pub fn notes(self) -> impl Iterator<Item = (&'static str, String)> {
        let defects = self.defects.into_iter().map(|defect| ("no density of its own", defect));
        defects.chain(self.noise.into_iter().map(|noise| ("noise", noise)))
    }

    /// What there is to beware of, in one line.
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
        (!parts.is_empty()).then(|| parts.join("; "))
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

/// `NAME=WIDTH`; a name may hold an equals sign itself.
fn noise(text: &str) -> Result<Noise, String> {
    /// Beyond it squares of the column's differences leave the range of a double.
    const MOST: f64 = 1e150;
    let (column, width) = text.rsplit_once('=').ok_or("must be NAME=WIDTH, such as b=0.5")?;
    if column.is_empty() {
        return Err("has no column name before the =".to_owned());
    }
    let width = positive_number(width, MOST).map_err(|error| format!("the width: {error}"))?;
    Ok(Noise { column: column.to_owned(), width })
}
