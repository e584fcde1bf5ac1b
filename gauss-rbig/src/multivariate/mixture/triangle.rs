//! Lower triangles, row by row: entry (i, j) of j <= i stands at i(i + 1)/2 + j.

/// d(d + 1)/2.
pub(super) fn len(dim: usize) -> usize {
    dim * (dim + 1) / 2
}

/// Row i, as far as its diagonal.
pub(super) fn row(a: &[f64], i: usize) -> &[f64] {
    &a[len(i)..len(i + 1)]
}

/// The (i, j) of all entries, in their order.
pub(super) fn entries(dim: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..dim).flat_map(|i| (0..=i).map(move |j| (i, j)))
}

/// Entry (i, j) of L Lᵀ.
pub(super) fn square(l: &[f64], i: usize, j: usize) -> f64 {
    dot(row(l, i), row(l, j))
}

/// The diagonal entry of row i.
pub(super) fn diagonal(a: &[f64], i: usize) -> f64 {
    a[len(i) + i]
}

/// A symmetric matrix becomes L of L Lᵀ.
///
/// # Errors
/// The first row whose pivot is not positive: the matrix is not positive definite.
pub(super) fn cholesky(a: &mut [f64], dim: usize) -> Result<(), usize> {
    for i in 0..dim {
        let (above, own) = a.split_at_mut(len(i));
        for j in 0..i {
            let other = row(above, j);
            own[j] = (own[j] - dot(&own[..j], &other[..j])) / other[j];
        }
        let pivot = own[i] - dot(&own[..i], &own[..i]);
        if !(pivot > 0.0) {
            return Err(i);
        }
        own[i] = pivot.sqrt();
    }
    Ok(())
}

/// L⁻¹ of L, whose diagonal has no zero.
pub(super) fn inverse(l: &[f64], dim: usize) -> Vec<f64> {
    let mut out = vec![0.0; len(dim)];
    for i in 0..dim {
        let (above, own) = out.split_at_mut(len(i));
        let factors = row(l, i);
        // Row i of L times L⁻¹ is a unit vector.
        for k in 0..i {
            for (own, above) in own.iter_mut().zip(row(above, k)) {
                *own -= factors[k] * above;
            }
        }
        own[i] = 1.0;
        for own in &mut own[..=i] {
            *own /= factors[i];
        }
    }
    out
}

/// The sum of squares of the entries of A L.
pub(super) fn square_of_product(a: &[f64], l: &[f64], dim: usize) -> f64 {
    let mut sum = 0.0;
    let mut product = vec![0.0; dim];
    for i in 0..dim {
        product[..=i].fill(0.0);
        for (k, a) in row(a, i).iter().enumerate() {
            for (product, l) in product.iter_mut().zip(row(l, k)) {
                *product += a * l;
            }
        }
        sum += dot(&product[..=i], &product[..=i]);
    }
    sum
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_dimensions_by_hand() {
        // L = [2; 1 3; 4 5 6], L Lᵀ = [4; 2 10; 8 19 77].
        let l = [2.0, 1.0, 3.0, 4.0, 5.0, 6.0];
        let mut a = [4.0, 2.0, 10.0, 8.0, 19.0, 77.0];
        assert_eq!(cholesky(&mut a, 3), Ok(()));
        assert_eq!(a, l);
        // |L⁻¹ L|² = |I|² = 3.
        assert!((square_of_product(&inverse(&l, 3), &l, 3) - 3.0).abs() < 1e-15);
        assert_eq!(cholesky(&mut [1.0, 2.0, 4.0], 2), Err(1));
        assert_eq!((diagonal(&l, 2), row(&l, 1)), (6.0, &[1.0, 3.0][..]));
    }
}
