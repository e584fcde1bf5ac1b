//! Defects in words.

use super::Defect;
use std::fmt::Write;

/// Significant digits of a number in a sentence.
const DIGITS: usize = 6;

impl Defect {
    /// One sentence for a person, without a full stop, that names the columns and the relation.
    ///
    /// # Panics
    /// If a column has no name.
    #[must_use]
    pub fn sentence(&self, names: &[String]) -> String {
        match self {
            Defect::Copy { column, of, scale, shift, residual, .. } => {
                let relation = formula(*shift, &[(*of, *scale)], names);
                let verb = if (*scale, *shift) == (1.0, 0.0) { "is a copy of" } else { "is" };
                format!("column {:?} {verb} {relation}{}", names[*column], left(*residual))
            }
            Defect::LinearCombination { column, terms, intercept, residual, .. } => {
                let relation = formula(*intercept, terms, names);
                format!("column {:?} is {relation}{}", names[*column], left(*residual))
            }
            Defect::FewValues { column, distinct, .. } => {
                format!("column {:?} takes only {distinct} distinct values", names[*column])
            }
            Defect::Atom { column, value, share, .. } => {
                let (name, percent) = (&names[*column], number(100.0 * share, 3));
                format!("column {name:?} is exactly {} in {percent} % of the rows", shown(*value))
            }
            Defect::Rounded { column, step, ties } => format!(
                "column {:?} is rounded to steps of {}: {} % of its rows share their value with \
                 another",
                names[*column],
                shown(*step),
                number(100.0 * ties, 3),
            ),
            Defect::FewRows { rows, columns } => format!(
                "{rows} rows span no volume in {} columns: any column follows from others",
                columns.len(),
            ),
        }
    }
}

/// `100 - "a" + 2 * "b"`.
fn formula(constant: f64, terms: &[(usize, f64)], names: &[String]) -> String {
    // A lone or leading positive term reads better in front of the constant.
    let constant_first = terms.first().is_some_and(|term| term.1 < 0.0);
    let mut text = String::new();
    if constant_first {
        append(&mut text, constant, None);
    }
    for &(column, coefficient) in terms {
        append(&mut text, coefficient, Some(&names[column]));
    }
    if !constant_first {
        append(&mut text, constant, None);
    }
    text
}

/// Appends a signed term to a sum, unless it is 0.
fn append(text: &mut String, coefficient: f64, name: Option<&str>) {
    if coefficient == 0.0 {
        return;
    }
    let size = shown(coefficient.abs());
    let term = match name {
        None => size,
        Some(name) if size == "1" => format!("{name:?}"),
        Some(name) => format!("{size} * {name:?}"),
    };
    let sign = match (text.is_empty(), coefficient < 0.0) {
        (true, true) => "-",
        (true, false) => "",
        (false, true) => " - ",
        (false, false) => " + ",
    };
    let _ = write!(text, "{sign}{term}");
}

/// How well a relation holds.
fn left(residual: f64) -> String {
    if residual == 0.0 {
        return ", to rounding".to_owned();
    }
    format!(", but for {} (standard deviation)", number(residual, 2))
}

/// A number as the sentences show it, to six significant digits.
///
/// ```
/// assert_eq!(gauss_rbig::defects::shown(0.1 + 0.2), "0.3");
/// ```
#[must_use]
pub fn shown(value: f64) -> String {
    number(value, DIGITS)
}

/// A number with few significant digits and no trailing zeros.
fn number(value: f64, digits: usize) -> String {
    let value = significant(value, digits);
    if value == 0.0 || (1e-4..1e7).contains(&value.abs()) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// The nearest number of so many significant decimal digits.
pub(super) fn significant(value: f64, digits: usize) -> f64 {
    let precision = digits.saturating_sub(1);
    format!("{value:.precision$e}").parse().unwrap_or(value)
}

/// The number of fewest digits within `slack` of a value, which itself has no such number of six.
pub(super) fn shortest(value: f64, slack: f64) -> f64 {
    let near = |short: &f64| (short - value).abs() <= slack;
    let short = (1..=6).map(|digits| significant(value, digits));
    std::iter::once(0.0).chain(short).find(near).unwrap_or(value)
}
