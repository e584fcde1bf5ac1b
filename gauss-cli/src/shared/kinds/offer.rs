//! What the cells suggest that a column is, in words and in options of `gauss fit`.

use std::fmt;

use gauss_model::columns::{self, Looks};
use schemars::JsonSchema;
use serde::Serialize;

use crate::words::{option, option_of};

/// What a column could be rather than real numbers, and how to say so.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Offer {
    /// The column.
    pub column: String,
    /// What its cells look like: `whole_numbers`, `interval` (they fill one) or `skewed` (positive,
    /// and their logarithms are less so).
    pub kind: &'static str,
    /// Options of `gauss fit`, as a shell takes them.
    pub options: String,
    /// The finding, for a person.
    pub sentence: String,
    /// What the options change, for a person.
    pub effect: &'static str,
    /// Of counts, ranks or codes.
    #[serde(skip)]
    pub whole: bool,
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.sentence, self.options, self.effect)
    }
}

impl Offer {
    /// What is said of a column with this name; `None` where the name cannot be typed.
    pub fn new(offer: &columns::Offer, names: &[String]) -> Option<Offer> {
        let name = &names[offer.column];
        let support = |rule: String| option_of("--support", &rule);
        let (kind, options, looks, effect) = match offer.looks {
            Looks::WholeNumbers { from_zero } => {
                let mut options = option("--integer", [name]);
                if from_zero {
                    options = format!("{options} {}", support(format!("{name}>=0"))?);
                }
                let effect = "makes densities probabilities and samples whole";
                ("whole_numbers", options, "holds whole numbers".to_owned(), effect)
            }
            Looks::Interval { high } => (
                "interval",
                support(format!("{name} in [0,{high}]"))?,
                format!("fills the interval from 0 to {high}"),
                "keeps the model within it",
            ),
            _ => (
                "skewed",
                support(format!("{name}>0"))?,
                "is positive and skewed".to_owned(),
                "keeps the model above 0",
            ),
        };
        Some(Offer {
            column: name.clone(),
            kind,
            options,
            sentence: format!("column {name:?} {looks}"),
            effect,
            whole: matches!(offer.looks, Looks::WholeNumbers { .. }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_name_their_options() {
        for (looks, options) in [
            (Looks::WholeNumbers { from_zero: true }, "--integer v --support 'v>=0' makes"),
            (Looks::WholeNumbers { from_zero: false }, "--integer v makes"),
            (Looks::Skewed, "--support 'v>0'"),
            (Looks::Interval { high: 1.0 }, "--support 'v in [0,1]'"),
            (Looks::Interval { high: 100.0 }, "--support 'v in [0,100]'"),
        ] {
            let offer = Offer::new(&columns::Offer { column: 0, looks }, &["v".to_owned()]);
            let offer = offer.expect("a name that can be typed");
            assert!(offer.to_string().contains(options), "{offer}");
        }
    }
}
