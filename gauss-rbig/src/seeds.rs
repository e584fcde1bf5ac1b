//! Where clusters begin: k-means++.
//!
//! Each seed is a point drawn with a chance in proportion to its weight times its squared distance
//! from the nearest seed so far (Arthur and Vassilvitskii 2007): far apart, yet seldom an outlier.

use rand::{Rng, RngExt};

/// Points to begin at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seeds {
    /// Which points `[k]`.
    pub at: Vec<usize>,
    /// The nearest seed of each point `[n]`, the first of several.
    pub nearest: Vec<usize>,
}

/// k seeds, the `first` of them given, among points of these weights `[n]`; `square` is the squared
/// distance of two points.
pub(crate) fn plus_plus_seeds(
    first: usize,
    k: usize,
    weight: &(impl ExactSizeIterator<Item = f64> + Clone),
    square: impl Fn(usize, usize) -> f64,
    rng: &mut impl Rng,
) -> Seeds {
    let mut at = vec![first];
    let mut least: Vec<f64> = (0..weight.len()).map(|j| square(j, first)).collect();
    let mut nearest = vec![0; least.len()];
    while at.len() < k {
        let mass = weight.clone().zip(&least).map(|(w, d)| w * d);
        let seed = draw_or(mass, weight.clone(), rng);
        for (j, least) in least.iter_mut().enumerate() {
            let d = square(j, seed);
            if d < *least {
                *least = d;
                nearest[j] = at.len();
            }
        }
        at.push(seed);
    }
    Seeds { at, nearest }
}

/// An index with a chance in proportion to its mass; `None` where no mass is positive.
pub(crate) fn draw(mass: impl Iterator<Item = f64> + Clone, rng: &mut impl Rng) -> Option<usize> {
    let total: f64 = mass.clone().sum();
    at_share(mass, rng.random::<f64>() * total)
}

/// [`draw`], by `other` masses where these have no finite positive sum. One number of the stream
/// in either case.
fn draw_or(
    mass: impl Iterator<Item = f64> + Clone,
    other: impl Iterator<Item = f64> + Clone,
    rng: &mut impl Rng,
) -> usize {
    let total: f64 = mass.clone().sum();
    if total > 0.0 && total.is_finite() {
        return at_share(mass, rng.random::<f64>() * total).unwrap_or(0);
    }
    draw(other, rng).unwrap_or(0)
}

/// The first index up to which there is more mass than `left`; for want of it the last with mass.
fn at_share(mass: impl Iterator<Item = f64>, mut left: f64) -> Option<usize> {
    let mut last = None;
    for (j, mass) in mass.enumerate().filter(|(_, mass)| *mass > 0.0) {
        last = Some(j);
        left -= mass;
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn seeds_lie_apart_and_points_without_weight_are_none() {
        let x = [0.0_f64, 0.1, 0.2, 50.0, 50.1, 1e3];
        let weight = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let square = |a: usize, b: usize| (x[a] - x[b]).powi(2);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..50 {
            let seeds = plus_plus_seeds(1, 2, &weight.iter().copied(), square, &mut rng);
            assert!(seeds.at[1] == 3 || seeds.at[1] == 4, "{seeds:?}");
            assert_eq!(seeds.nearest, [0, 0, 0, 1, 1, 1]);
        }
    }

    #[test]
    fn equal_points_are_drawn_by_weight() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let seeds = plus_plus_seeds(0, 3, &[1.0, 2.0].into_iter(), |_, _| 0.0, &mut rng);
        assert_eq!((seeds.at.len(), seeds.nearest), (3, vec![0, 0]));
        assert_eq!(draw([0.0, 0.0].into_iter(), &mut rng), None);
    }
}
