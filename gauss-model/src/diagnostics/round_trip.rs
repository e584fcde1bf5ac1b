//! What comes back from x through z and the inverse: f⁻¹(f(x)) - x.

use crate::Column;
use faer::MatRef;
use serde::Serialize;

/// A column's way there and back.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ColumnTrip {
    /// The largest |x - f⁻¹(f(x))|, over the column's standard deviation; none of a discrete one.
    pub largest: Option<f64>,
    /// The median of the same.
    pub median: Option<f64>,
    /// The share of rows whose value came back as it was, to the last bit.
    pub exact: f64,
}

/// Each column of x `[n, d]`, n >= 1, against what came `back` `[n, d]`. Errors are relative to
/// the column's standard deviation; where that is 0, to its mean in size, or absolute.
#[must_use]
pub fn compare(columns: &[Column], x: MatRef<'_, f64>, back: MatRef<'_, f64>) -> Vec<ColumnTrip> {
    columns
        .iter()
        .enumerate()
        .map(|(j, column)| {
            let pairs = || x.col(j).iter().zip(back.col(j).iter());
            let exact = pairs().filter(|(a, b)| a == b).count() as f64 / x.nrows() as f64;
            if column.kind.is_discrete() {
                return ColumnTrip { largest: None, median: None, exact };
            }
            let scale = scale(&x.col(j).iter().copied().collect::<Vec<f64>>());
            let mut errors: Vec<f64> = pairs().map(|(a, b)| (a - b).abs() / scale).collect();
            errors.sort_by(f64::total_cmp);
            let at = |k: usize| errors.get(k).copied();
            ColumnTrip { largest: at(errors.len() - 1), median: at(errors.len() / 2), exact }
        })
        .collect()
}

fn scale(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    [deviation, mean.abs()].into_iter().find(|&scale| scale > 0.0).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Support};

    #[test]
    fn errors_are_relative_and_discrete_values_exact_or_not() {
        let columns = [
            Column::real("a"),
            Column { name: "b".into(), kind: Kind::Integer(Support::Line), fill: None },
            Column::real("constant"),
        ];
        let x = faer::mat![[-100.0, 1.0, 5.0], [100.0, 2.0, 5.0]];
        let back = faer::mat![[-100.0, 1.0, 5.0], [100.5, 3.0, 5.5]];
        let trips = compare(&columns, x.as_ref(), back.as_ref());
        assert_eq!(trips[0], ColumnTrip { largest: Some(0.005), median: Some(0.005), exact: 0.5 });
        assert_eq!(trips[1], ColumnTrip { largest: None, median: None, exact: 0.5 });
        assert_eq!(trips[2].largest, Some(0.1));
    }
}
