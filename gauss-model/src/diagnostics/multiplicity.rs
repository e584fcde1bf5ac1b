//! p-values of many tests at once.

/// Holm's adjusted p-values (1979): those below α are rejected with a chance of at most α that
/// even one of them is wrong, however the tests depend on each other.
///
/// ```
/// use gauss_model::diagnostics::multiplicity::holm;
/// // The smallest counts four times, the next three times, ...; never less than the one before.
/// assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02]);
/// ```
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 0.0_f64;
    for (rank, &k) in order.iter().enumerate() {
        least = least.max(p[k] * (p.len() - rank) as f64).min(1.0);
        adjusted[k] = least;
    }
    adjusted
}
