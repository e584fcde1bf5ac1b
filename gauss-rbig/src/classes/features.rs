//! What discrete values add to the context of the layers that model the other columns.

use super::Cells;

/// A value with fewer rows has no feature of its own: what it does to other columns cannot be told.
const LEAST_ROWS: f64 = 5.0;
/// Of a column of numbers only those that hold this part of the rows have one: their size is a feature
/// already.
const ATOM: f64 = 0.05;
/// Features of values at most; the commonest have them.
const MOST: usize = 96;

/// The features `[V][c]` of each value: one of its own, but for the commonest of its column, and for
/// numbers their size, standardised. numbers: of each column the number that each value stands for, or
/// none where they are names.
pub(crate) fn features(cells: &Cells, numbers: &[Option<Vec<f64>>]) -> Vec<f64> {
    let total = cells.total();
    let values: usize = cells.counts.iter().sum();
    let mut weights = vec![0.0; values];
    for (codes, weight) in cells.iter() {
        let mut offset = 0;
        for (code, count) in codes.iter().zip(&cells.counts) {
            weights[offset + *code as usize] += weight;
            offset += count;
        }
    }
    let mut columns: Vec<Vec<f64>> = Vec::new(); // features, [c][V]
    let mut own: Vec<(usize, Vec<usize>)> = Vec::new(); // values that share one
    let mut offset = 0;
    for (&count, numbers) in cells.counts.iter().zip(numbers) {
        let weight = &weights[offset..offset + count];
        let commonest =
            (0..count).rev().max_by(|&a, &b| weight[a].total_cmp(&weight[b])).unwrap_or(0);
        let is_number = numbers.is_some() && weight.iter().filter(|w| **w > 0.0).count() > 2;
        if let (Some(numbers), true) = (numbers, is_number) {
            let mean = weight.iter().zip(numbers).map(|(w, v)| w * v).sum::<f64>() / total;
            let square = weight.iter().zip(numbers).map(|(w, v)| w * (v - mean).powi(2));
            let deviation = (square.sum::<f64>() / total).sqrt();
            let mut column = vec![0.0; values];
            for (value, number) in numbers.iter().enumerate() {
                column[offset + value] = (number - mean) / deviation;
            }
            columns.push(column);
        }
        let least = if is_number { ATOM * total } else { LEAST_ROWS };
        let mut rare = Vec::new();
        for value in (0..count).filter(|value| *value != commonest) {
            if weight[value] >= least.max(LEAST_ROWS) {
                own.push((offset + value, vec![offset + value]));
            } else if !is_number {
                rare.push(offset + value);
            }
        }
        if rare.iter().map(|value| weights[*value]).sum::<f64>() >= LEAST_ROWS {
            own.push((rare[0], rare));
        }
        offset += count;
    }
    own.sort_by(|(a, _), (b, _)| weights[*b].total_cmp(&weights[*a]).then(a.cmp(b)));
    own.truncate(MOST);
    for (_, shared) in own {
        let mut column = vec![0.0; values];
        for value in shared {
            column[value] = 1.0;
        }
        columns.push(column);
    }
    (0..values).flat_map(|value| columns.iter().map(move |column| column[value])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_rows_show_have_features() {
        let codes: Vec<u32> = (0..300_u32).flat_map(|i| [i % 3, u32::from(i < 100)]).collect();
        let cells = Cells::of(&[4, 2], &codes, |_| 1.0);
        // The fourth value is in no row; numbers of two values are as good as names.
        let found = features(&cells, &[None, Some(vec![5.0, 7.0])]);
        let of = |value: usize| &found[value * 3..][..3];
        assert_eq!(found.len(), 6 * 3);
        assert_eq!((of(0), of(3)), (&[0.0; 3][..], &[0.0; 3][..]));
        assert_eq!(of(1).iter().sum::<f64>(), 1.0);
        assert_ne!(of(1), of(2));
        assert_eq!(of(4), [0.0; 3]);
        assert_eq!(of(5).iter().sum::<f64>(), 1.0);
    }
}
