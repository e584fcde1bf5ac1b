//! The options that say what a column is.

use clap::Args;
use gauss_model::{Column, Kind, Support};

use crate::error::{Error, Failure};
use crate::options::each_once;
use crate::table::Table;

/// Options of `fit`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "What the columns are (real numbers, if nothing is said)")]
pub struct Kinds {
    /// Values lie within bounds, and so do samples: 'price>0', 'share<1', 'ratio in [0,1]'; one
    /// rule or more, after TRAIN
    #[arg(long, value_name = "RULE", num_args = 1.., value_parser = rule)]
    support: Vec<Rule>,
    /// Columns of whole numbers: p is a probability there, samples are whole
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    integer: Vec<String>,
    /// Columns of names, such as countries, also if written as numbers: each has a probability
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    categorical: Vec<String>,
}

/// Bounds of one column, as the user writes them.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    column: String,
    /// Each with whether the bound itself is meant to belong to it.
    low: Option<(f64, bool)>,
    high: Option<(f64, bool)>,
}

/// A cell that is no value of what its column is said to be.
#[derive(Debug, thiserror::Error)]
pub enum KindsError {
    /// A cell beyond the bounds.
    #[error(
        "{file}: row {row}, column {column:?}: {value} is outside its support, {column} {support}"
    )]
    Outside { file: String, row: usize, column: String, value: f64, support: Support },
    /// A cell on the very bound.
    #[error(
        "{file}: row {row}, column {column:?}: {value} is the bound itself, where the {map} of a \
         real column is infinite; widen the support a little (by the rounding of the values, \
         say), or fit the column without one"
    )]
    OnBound { file: String, row: usize, column: String, value: f64, map: &'static str },
    /// A cell that is no whole number.
    #[error(
        "{file}: row {row}, column {column:?}: {value} is not a whole number; leave the column out of --integer"
    )]
    NotWhole { file: String, row: usize, column: String, value: f64 },
    /// A whole number that is too large to be a count.
    #[error(
        "{file}: row {row}, column {column:?}: {value} is beyond 2^31, where probabilities of \
         single integers mean nothing; leave the column out of --integer"
    )]
    TooLarge { file: String, row: usize, column: String, value: f64 },
    /// A name that the training table does not have, in the one of --validation.
    #[error("{file}: {first}: the training table has no such value")]
    UnknownLevel { file: String, first: String },
    /// Noise over a bound.
    #[error(
        "{file}: row {row}, column {column:?}: the noise of --noise carries the value out of its \
         support; use less of it, or widen the support"
    )]
    NoiseOutside { file: String, row: usize, column: String },
    /// An integer outside of integer bounds.
    #[error("{file}: row {row}, column {column:?}: {value} is outside its support, {words}")]
    IntegerOutside { file: String, row: usize, column: String, value: f64, words: String },
}

impl Failure for KindsError {}

impl Kinds {
    /// Patterns of the columns that hold names.
    pub fn categorical(&self) -> &[String] {
        &self.categorical
    }

    /// What clap cannot see.
    ///
    /// # Errors
    /// A name that stands twice.
    pub fn check_usage(&self) -> Result<(), Error> {
        each_once("--integer", &self.integer)?;
        each_once("--categorical", &self.categorical)
    }

    /// Gives the table's columns their kinds. What is said of columns that the file has and that are
    /// not in use is no slip: so a column is left out by one option more.
    ///
    /// # Errors
    /// A column that is not there, or an option that contradicts another.
    pub fn declare(&self, table: &mut Table) -> Result<(), Error> {
        table.positions_in_use(&self.categorical)?; // read as such already
        for at in table.positions_in_use(&self.integer)? {
            let Column { name, kind, .. } = &mut table.columns[at];
            if !matches!(kind, Kind::Real(_)) {
                return contradiction("integer", name, "is in --categorical, too");
            }
            *kind = Kind::Integer(Support::Line);
        }
        for (k, rule) in self.support.iter().enumerate() {
            if table.others.contains(&rule.column) {
                continue;
            }
            if self.support[..k].iter().any(|other| other.column == rule.column) {
                return contradiction("support", &rule.column, "has two rules; write 'in [a,b]'");
            }
            let at = table.position(&rule.column)?;
            let kind = &mut table.columns[at].kind;
            *kind = match kind {
                Kind::Real(_) => Kind::Real(rule.of_reals()?),
                Kind::Integer(_) => Kind::Integer(rule.of_integers()?),
                Kind::Category(_) => {
                    return contradiction("support", &rule.column, "is in --categorical");
                }
            };
        }
        Ok(())
    }
}

impl KindsError {
    /// The cell in row i and column j of `data` is no value of its column's kind.
    pub fn of_cell(table: &Table, i: usize, j: usize) -> KindsError {
        let Column { name, kind, .. } = &table.columns[j];
        let (file, row) = (table.file(), table.row_number(i));
        let (column, value) = (name.clone(), table.data[(i, j)]);
        match kind {
            Kind::Real(support) => {
                let (low, high) = support.bounds();
                if value == low || value == high {
                    let two = low.is_finite() && high.is_finite();
                    let map = if two { "logit" } else { "logarithm" };
                    KindsError::OnBound { file, row, column, value, map }
                } else {
                    KindsError::Outside { file, row, column, value, support: *support }
                }
            }
            Kind::Integer(_) if value.fract() != 0.0 => {
                KindsError::NotWhole { file, row, column, value }
            }
            Kind::Integer(support) => {
                let (low, high) = support.bounds();
                if (low..=high).contains(&value) {
                    KindsError::TooLarge { file, row, column, value }
                } else {
                    let words = kind.to_string();
                    KindsError::IntegerOutside { file, row, column, value, words }
                }
            }
            // The codes of other rows come from the table itself.
            Kind::Category(_) => {
                let first = table.unknown.as_ref().map(|unknown| unknown.first.to_string());
                KindsError::UnknownLevel { file, first: first.unwrap_or_default() }
            }
        }
    }
}

/// That an option contradicts itself or another.
fn contradiction<T>(option: &str, column: &str, what: &str) -> Result<T, Error> {
    Err(Error::Usage(format!("--{option}: column {column:?} {what}")))
}

impl Rule {
    fn of_reals(&self) -> Result<Support, Error> {
        let (low, high) = (self.low.map(|low| low.0), self.high.map(|high| high.0));
        self.support(low, high)
    }

    /// The least and the greatest integer that the rule allows.
    fn of_integers(&self) -> Result<Support, Error> {
        // 0 added: -0 would be shown.
        let low = self.low.map(|(low, included)| {
            let least = if included { low.ceil() } else { low.floor() + 1.0 };
            least + 0.0
        });
        let high = self.high.map(|(high, included)| {
            let most = if included { high.floor() } else { high.ceil() - 1.0 };
            most + 0.0
        });
        self.support(low, high)
    }

    fn support(&self, low: Option<f64>, high: Option<f64>) -> Result<Support, Error> {
        let support = match (low, high) {
            (None, None) => Support::Line,
            (Some(low), None) => Support::Above(low),
            (None, Some(high)) => Support::Below(high),
            (Some(low), Some(high)) => Support::Within(low, high),
        };
        if support.is_valid() {
            return Ok(support);
        }
        contradiction("support", &self.column, "has a lower bound that is not below the upper one")
    }
}

/// `price>0`, `price >= 0`, `share<1`, `ratio in [0,1]`, `x in (0, inf)`. A name may hold anything,
/// signs and ` in ` included: the last one counts.
fn rule(text: &str) -> Result<Rule, String> {
    let expected = || {
        format!(
            "{text:?} is no rule; write 'price>0', 'share<1' or 'ratio in [0,1]', in quotes (if it \
             is the table, put it before --support)"
        )
    };
    if let Some((column, interval)) = text.rsplit_once(" in ") {
        let interval = interval.trim();
        let closed_low = interval.starts_with('[');
        let closed_high = interval.ends_with(']');
        let inner = interval
            .strip_prefix(['[', '('])
            .and_then(|rest| rest.strip_suffix([']', ')']))
            .ok_or_else(expected)?;
        let (low, high) = inner.split_once(',').ok_or_else(expected)?;
        let low = bound(low, closed_low)?;
        let high = bound(high, closed_high)?;
        return named(column, low, high).ok_or_else(expected);
    }
    for (sign, included) in [(">=", true), ("<=", true), (">", false), ("<", false)] {
        if let Some((column, value)) = text.rsplit_once(sign) {
            // As in mathematics: 0<price, 0<share<1.
            let first = column.split(['<', '>']).next().unwrap_or_default().trim();
            if first.parse::<f64>().is_ok() {
                return Err("the column comes first: 'price>0', 'share in (0,1)'".to_owned());
            }
            let value = bound(value, included)?;
            let (low, high) = if sign.starts_with('>') { (value, None) } else { (None, value) };
            return named(column, low, high).ok_or_else(expected);
        }
    }
    Err(expected())
}

fn named(column: &str, low: Option<(f64, bool)>, high: Option<(f64, bool)>) -> Option<Rule> {
    let column = column.trim().to_owned();
    (!column.is_empty()).then_some(Rule { column, low, high })
}

/// A number, or nothing for an infinity.
fn bound(text: &str, included: bool) -> Result<Option<(f64, bool)>, String> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_nan() => Err(format!("{text:?} is no bound")),
        Ok(value) if value.is_infinite() => Ok(None),
        Ok(value) => Ok(Some((value, included))),
        Err(_) => Err(format!("{text:?} is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_people_write_them() {
        let open = |value: f64| Some((value, false));
        let closed = |value: f64| Some((value, true));
        for (text, column, low, high) in [
            ("price>0", "price", open(0.0), None),
            ("price >= 0", "price", closed(0.0), None),
            (" a b < -1.5e3 ", "a b", None, open(-1500.0)),
            ("n<=7", "n", None, closed(7.0)),
            ("ratio in [0,1]", "ratio", closed(0.0), closed(1.0)),
            ("ratio in (0, 1]", "ratio", open(0.0), closed(1.0)),
            ("x in (2, inf)", "x", open(2.0), None),
            ("weight in kg in [0,200]", "weight in kg", closed(0.0), closed(200.0)),
            ("a>b>3", "a>b", open(3.0), None),
        ] {
            let want = Rule { column: column.to_owned(), low, high };
            assert_eq!(rule(text), Ok(want), "{text}");
        }
        for text in ["price", "price>", ">0", "price>x", "x in 0,1", "x in [0]", "x in [0,nan]", ""]
        {
            assert!(rule(text).is_err(), "{text}");
        }
        for text in ["0<price", "0 <= share < 1"] {
            assert!(rule(text).is_err_and(|reason| reason.starts_with("the column comes first")));
        }
    }

    #[test]
    fn bounds_of_integers_are_integers() {
        for (text, support) in [
            ("n>0", Support::Above(1.0)),
            ("n>=0", Support::Above(0.0)),
            ("n>0.5", Support::Above(1.0)),
            ("n<10", Support::Below(9.0)),
            ("n in [0,10]", Support::Within(0.0, 10.0)),
            ("n in (0,10)", Support::Within(1.0, 9.0)),
            ("n>=-0.5", Support::Above(0.0)),
        ] {
            let rule = rule(text).expect("a rule");
            assert_eq!(rule.of_integers().expect("bounds"), support, "{text}");
        }
        assert!(rule("n in [3,2]").expect("a rule").of_integers().is_err());
        assert!(rule("n in [0,0]").expect("a rule").of_reals().is_err());
    }
}
