//! What a column's values are: real numbers, integers, or names.
//!
//! A discrete column is made continuous by uniform noise over the unit cell of each value (uniform
//! dequantisation; Uria, Murray & Larochelle 2013, RNADE, section 5): x becomes u = x + v - 1/2
//! with v uniform on (0, 1). The density of u, integrated over the cell, is the probability of x,
//! and rounding u gives x back. Where the values have probabilities of their own
//! ([`gauss_flow::layers::tables`]) that density is constant on the cell, and the noise of no account.

use super::Support;
use crate::error::{Error, InvalidKind};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;

/// The values of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// Real numbers strictly within the support; ln p is a density over them.
    Real(Support),
    /// Whole numbers, the bounds included; ln p is a probability.
    Integer(Support),
    /// One of these names, held as its position 0, 1, ... in the list; ln p is a probability.
    /// Neighbours in the list are neighbours to the flow: the fit lists the commonest first.
    Category(Vec<String>),
}

/// A value in its column's own form, as it is written and shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Of a real column, NaN where it is missing; and in an integer column a double that is no
    /// integer of 64 bits: NaN, an infinity.
    Real(f64),
    /// Of an integer column.
    Integer(i64),
    /// A name of a category, and its position among the names.
    Level(usize, &'a str),
    /// In a category, a double that stands for none of its names.
    NoLevel,
}

impl Default for Kind {
    fn default() -> Self {
        Kind::Real(Support::Line)
    }
}

/// Whole numbers beyond this leave no room for noise in a double beside a bound, and are measures
/// rather than counts: 2³¹. None larger is learnt from, and no bound is larger.
pub const MAX_INTEGER: f64 = 2_147_483_648.0;
/// A model of whole numbers has a probability for each up to 2⁵², the last whose cell ends at a
/// double: what is learnt of counts near [`MAX_INTEGER`] reaches beyond it, and so do the draws.
const LAST_CELL: f64 = 4_503_599_627_370_496.0;
/// The noise keeps this share of the cell off its borders: rounding in a map of some layers must
/// not carry a value into the next cell.
const MARGIN: f64 = 1.0 / 1_048_576.0;

impl Kind {
    /// Whether the column has probabilities rather than densities.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        !matches!(self, Kind::Real(_))
    }

    /// Whether x is a value of this kind. NaN is none.
    #[must_use]
    pub fn contains(&self, x: f64) -> bool {
        let whole = x.fract() == 0.0 && x.abs() <= LAST_CELL;
        match self {
            Kind::Real(support) => support.contains(x),
            Kind::Integer(support) => whole && support.widened(0.5).contains(x),
            Kind::Category(levels) => whole && x >= 0.0 && x < levels.len() as f64,
        }
    }

    /// Whether a fit can learn from x, a value of this kind.
    pub(crate) fn teaches(&self, x: f64) -> bool {
        !matches!(self, Kind::Integer(_)) || !(x.abs() > MAX_INTEGER)
    }

    /// Whether x is a number that is no value of this kind. NaN is a missing value; an infinity on
    /// the line is left to the flow.
    #[must_use]
    pub fn excludes(&self, x: f64) -> bool {
        !x.is_nan() && *self != Kind::default() && !self.contains(x)
    }

    /// The support of the values, for a discrete kind with their noise.
    #[must_use]
    pub fn support(&self) -> Support {
        match self {
            Kind::Real(support) => *support,
            Kind::Integer(support) => support.widened(0.5),
            Kind::Category(levels) => Support::Within(-0.5, levels.len() as f64 - 0.5),
        }
    }

    /// The value with its noise; v is uniform on [0, 1). A real value is left as it is.
    #[must_use]
    pub fn dequantize(&self, x: f64, v: f64) -> f64 {
        if self.is_discrete() { x + (v - 0.5) * (1.0 - MARGIN) } else { x }
    }

    /// The value x as its column has it.
    #[must_use]
    pub fn value(&self, x: f64) -> Value<'_> {
        /// Every whole double up to here is an integer of 64 bits.
        const MOST: f64 = 9.0e18;
        let whole = || (x.fract() == 0.0 && x.abs() <= MOST).then_some(x as i64);
        match self {
            Kind::Real(_) => Value::Real(x),
            Kind::Integer(_) => whole().map_or(Value::Real(x), Value::Integer),
            Kind::Category(levels) => {
                let at = whole().and_then(|at| usize::try_from(at).ok());
                at.and_then(|at| Some(Value::Level(at, levels.get(at)?))).unwrap_or(Value::NoLevel)
            }
        }
    }

    /// The value whose cell holds u. A real value is left as it is.
    #[must_use]
    pub fn quantize(&self, u: f64) -> f64 {
        match self {
            Kind::Real(_) => u,
            Kind::Integer(support) => {
                let (low, high) = support.bounds();
                u.round().clamp(low.max(-LAST_CELL), high.min(LAST_CELL)) + 0.0 // no -0
            }
            Kind::Category(levels) => u.round().clamp(0.0, levels.len() as f64 - 1.0) + 0.0,
        }
    }

    /// # Errors
    /// Bounds out of order or not finite, bounds of integers that are none, no level at all or the
    /// same level twice.
    pub fn validate(&self) -> Result<(), InvalidKind> {
        match self {
            Kind::Real(support) if !support.is_valid() => Err(InvalidKind::Bounds(*support)),
            Kind::Integer(support) => {
                let (low, high) = support.bounds();
                let whole =
                    |b: f64| b.is_infinite() || (b.fract() == 0.0 && b.abs() <= MAX_INTEGER);
                if support.is_valid() && whole(low) && whole(high) {
                    Ok(())
                } else {
                    Err(InvalidKind::Bounds(*support))
                }
            }
            Kind::Category(levels) if levels.is_empty() => Err(InvalidKind::NoLevels),
            Kind::Category(levels) => {
                let mut sorted: Vec<&String> = levels.iter().collect();
                sorted.sort();
                match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                    Some(pair) => Err(InvalidKind::LevelTwice(pair[0].clone())),
                    None => Ok(()),
                }
            }
            Kind::Real(_) => Ok(()),
        }
    }
}

/// `real`, `real > 0`, `integer, 0 to 10`, `one of a, b, c`; of many names the first few.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Levels that are listed.
        const SHOWN: usize = 6;
        match self {
            Kind::Real(Support::Line) => f.write_str("real"),
            Kind::Real(support) => write!(f, "real {support}"),
            Kind::Integer(Support::Line) => f.write_str("integer"),
            Kind::Integer(Support::Above(low)) => write!(f, "integer, {low} or more"),
            Kind::Integer(Support::Below(high)) => write!(f, "integer, {high} or less"),
            Kind::Integer(Support::Within(low, high)) => write!(f, "integer, {low} to {high}"),
            Kind::Category(levels) => {
                write!(f, "one of {}", levels[..levels.len().min(SHOWN)].join(", "))?;
                match levels.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
        }
    }
}

/// A column of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// What stands in for a missing value where that is asked for: the median of the rows that
    /// the model learnt from, of a category its commonest level.
    pub fill: Option<f64>,
}

impl Column {
    /// A real column without bounds.
    #[must_use]
    pub fn real(name: impl Into<String>) -> Self {
        Column { name: name.into(), ..Column::default() }
    }

    /// A column of this kind.
    ///
    /// ```
    /// use gauss_model::{Column, Kind, Support};
    /// let price = Column::of("price", Kind::Real(Support::Above(0.0)));
    /// assert!(price.kind.contains(9.5) && !price.kind.contains(0.0));
    /// ```
    #[must_use]
    pub fn of(name: impl Into<String>, kind: Kind) -> Self {
        Column { name: name.into(), kind, fill: None }
    }
}

/// `x0, x1, ...`, real: the columns of data that has no names.
#[must_use]
pub fn unnamed(dim: usize) -> Vec<Column> {
    (0..dim).map(|j| Column::real(format!("x{j}"))).collect()
}

/// # Errors
/// The first column whose kind is invalid, or a name that stands twice.
pub(crate) fn validate(columns: &[Column]) -> Result<(), Error> {
    let mut names = HashSet::with_capacity(columns.len());
    for (column, Column { name, kind, .. }) in columns.iter().enumerate() {
        kind.validate().map_err(|reason| Error::InvalidKind { column, reason })?;
        if !names.insert(name) {
            return Err(Error::ColumnTwice { name: name.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_described_in_a_few_words() {
        let levels: Vec<String> = (0..9).map(|k| format!("l{k}")).collect();
        for (kind, words) in [
            (Kind::default(), "real"),
            (Kind::Real(Support::Above(0.0)), "real > 0"),
            (Kind::Real(Support::Below(1.5)), "real < 1.5"),
            (Kind::Real(Support::Within(0.0, 1.0)), "real in (0, 1)"),
            (Kind::Integer(Support::Within(0.0, 10.0)), "integer, 0 to 10"),
            (Kind::Category(levels), "one of l0, l1, l2, l3, l4, l5 and 3 more"),
        ] {
            assert_eq!(kind.to_string(), words);
        }
    }

    #[test]
    fn a_value_has_the_form_of_its_column() {
        let real = Kind::default();
        assert_eq!(real.value(2.0), Value::Real(2.0));
        assert!(matches!(real.value(f64::NAN), Value::Real(v) if v.is_nan()));

        let integer = Kind::Integer(Support::Line);
        for (x, value) in [(2.0, 2), (-0.0, 0), (-3.0, -3), (9.0e18, 9_000_000_000_000_000_000)] {
            assert_eq!(integer.value(x), Value::Integer(value), "{x}");
        }
        for x in [2.5, f64::INFINITY, 1e300] {
            assert_eq!(integer.value(x), Value::Real(x));
        }
        assert!(matches!(integer.value(f64::NAN), Value::Real(v) if v.is_nan()));

        let category = Kind::Category(vec!["Oslo".into(), "Rome".into()]);
        assert_eq!(category.value(0.0), Value::Level(0, "Oslo"));
        assert_eq!(category.value(1.0), Value::Level(1, "Rome"));
        for x in [-1.0, 2.0, 0.5, f64::NAN, f64::INFINITY] {
            assert_eq!(category.value(x), Value::NoLevel, "{x}");
        }
    }
}
