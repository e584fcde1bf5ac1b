//! What can be done about a defect, as data.

use super::Defect;
use serde::{Deserialize, Serialize};

/// A way out. Columns are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Remedy {
    /// To leave the column out.
    Exclude {
        /// The column.
        column: usize,
    },
    /// To give the column a noise floor, [`super::add_noise`].
    Noise {
        /// The column.
        column: usize,
        /// The width of the noise, in the column's units.
        width: f64,
    },
    /// To bring more rows.
    MoreRows {
        /// How many there should be at least.
        least: usize,
    },
    /// To have fewer columns, whichever.
    FewerColumns {
        /// How many there may be at most.
        most: usize,
    },
}

impl Defect {
    /// What to do about it: one of these, the surest first.
    ///
    /// ```
    /// use gauss_rbig::defects::{Defect, Remedy};
    /// let grades = Defect::FewValues { column: 2, distinct: 5, width: 1.0 };
    /// let noise = Remedy::Noise { column: 2, width: 1.0 };
    /// assert_eq!(grades.remedies(), [Remedy::Exclude { column: 2 }, noise]);
    /// ```
    #[must_use]
    pub fn remedies(&self) -> Vec<Remedy> {
        let (column, width) = match self {
            Defect::Copy { column, width, .. }
            | Defect::LinearCombination { column, width, .. }
            | Defect::FewValues { column, width, .. }
            | Defect::Atom { column, width, .. } => (*column, *width),
            Defect::Rounded { column, step, .. } => (*column, *step),
            Defect::FewRows { rows, columns } => {
                let (least, most) = (columns.len() + 1, rows.saturating_sub(1));
                return vec![Remedy::MoreRows { least }, Remedy::FewerColumns { most }];
            }
        };
        vec![Remedy::Exclude { column }, Remedy::Noise { column, width }]
    }
}
