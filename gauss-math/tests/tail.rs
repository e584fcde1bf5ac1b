//! The map of power-law tails against mpmath's values, and what must hold of any such map.

mod support;

use gauss_math::normal;
use gauss_math::tail::{ParetoTail, TailMap};
use support::{EPS, table};

/// Of w per s·max(1, z), of ln dw/dy per max(1, |·|), of its slope per (1 + ξ)/(β + ξ y); in ε.
const FORWARD: f64 = 4.0;
/// Of y per what its conditioning permits; in ε.
const INVERSE: f64 = 2.0;

/// R(z_p) and z_p.
fn start(p: f64) -> (f64, f64) {
    let z = -normal::quantile(p);
    (normal::SQRT_2PI * normal::mills(z), z)
}

#[test]
fn the_map_of_exceedances_keeps_its_budget() {
    let rows = table("tail.csv");
    assert!(rows.len() > 300);
    let mut worst = [0.0_f64; 4];
    for (_, row) in rows {
        let (p, scale, index, y) = (row["p"], row["scale"], row["index"], row["y"]);
        let tail = ParetoTail::new(p, scale, index);
        let (ratio, z_t) = start(p);
        let spread = scale / ratio;
        let (w, log_jac) = tail.gaussianize(y);
        let z = z_t + row["w"] / spread;
        // y = β/ξ (e^L - 1), and what L owes to z, of which w is s (z - z_t).
        let l = libm::log1p(index * y / scale);
        let conditioning =
            y + scale + l * (y + scale / index) + z.max(1.0) * spread * (-row["log_jac"]).exp();
        let errors = [
            (w - row["w"]).abs() / (spread * z.max(1.0)),
            (log_jac - row["log_jac"]).abs() / row["log_jac"].abs().max(1.0),
            (tail.bend(y) - row["bend"]).abs() * (scale + index * y) / (1.0 + index),
            (tail.invert(row["w"]) - y).abs() / conditioning,
        ];
        for (worst, (error, budget)) in
            worst.iter_mut().zip(errors.into_iter().zip([FORWARD, FORWARD, FORWARD, INVERSE]))
        {
            assert!(error <= budget * EPS, "{row:?}: {:?} ε", errors.map(|e| e / EPS));
            *worst = worst.max(error / EPS);
        }
    }
    println!("w, ln dw/dy, its slope, y: {worst:.2?} ε");
}

/// Both sides, by their own numbers.
fn both() -> TailMap {
    TailMap::new(
        Some((-1.5, ParetoTail::new(0.1, 0.8, 0.4))),
        Some((2.0, ParetoTail::new(0.05, 3.0, 1.2))),
    )
}

#[test]
fn between_the_thresholds_nothing_changes_and_at_them_nothing_jumps() {
    let map = both();
    for x in [-1.5, -1.0, 0.0, 1.9, 2.0] {
        assert_eq!(map.gaussianize(x), (x, 0.0));
        assert_eq!(map.invert(x), x);
    }
    for (threshold, outwards) in [(-1.5, -1.0), (2.0, 1.0)] {
        let x: f64 = threshold + outwards * 1e-9;
        let (z, log_derivative) = map.gaussianize(x);
        // s is 6 at most and z 1.6; ln T' bends by less than 1.
        assert!((z - x).abs() <= FORWARD * EPS * 10.0, "{z} {x}");
        assert!(log_derivative.abs() <= 1e-9, "{log_derivative}");
    }
}

#[test]
fn the_lower_tail_is_the_mirror_of_the_upper() {
    let tail = ParetoTail::new(0.1, 0.8, 0.4);
    let [lower, upper] =
        [TailMap::new(Some((-1.5, tail)), None), TailMap::new(None, Some((1.5, tail)))];
    for x in [0.0, 1.5, 2.0, 17.0, 1e12, 1e300] {
        let ((a, a_det), (b, b_det)) = (lower.gaussianize(-x), upper.gaussianize(x));
        assert_eq!((a, a_det), (-b, b_det));
        assert_eq!(lower.invert(a), -upper.invert(b));
        assert_eq!(lower.gaussianize(x), (x, 0.0));
    }
}

#[test]
fn slices_and_single_values_are_one_and_the_slope_is_that_of_differences() {
    // Central differences with a step of 1e-5 of the distance: h² of the third derivative and ε/h.
    const FD_TOL: f64 = 1e-8;
    let map = both();
    let x = [-1e9, -40.0, -2.0, 0.3, 2.5, 30.0, 1e7];
    let (mut z, mut log_det, mut back) = ([9.0; 7], [0.25; 7], [9.0; 7]);
    map.forward(&x, &mut z, &mut log_det);
    map.inverse(&z, &mut back);
    let (mut of_z, mut of_det) = ([0.0; 7], [0.0; 7]);
    map.backward(&x, &[1.0; 7], &[0.0; 7], &mut of_z);
    map.backward(&x, &[0.0; 7], &[1.0; 7], &mut of_det);
    for i in 0..x.len() {
        let one = map.gaussianize(x[i]);
        assert_eq!((z[i], log_det[i], back[i]), (one.0, 0.25 + one.1, map.invert(z[i])));
        let h = 1e-5 * x[i].abs();
        let [(up, up_det), (down, down_det)] = [x[i] + h, x[i] - h].map(|x| map.gaussianize(x));
        let [slope, bend] = [(up - down) / (2.0 * h), (up_det - down_det) / (2.0 * h)];
        assert!((of_z[i] / slope - 1.0).abs() <= FD_TOL, "{}: {} {slope}", x[i], of_z[i]);
        let scale = bend.abs().max(1.0 / x[i].abs());
        assert!((of_det[i] - bend).abs() <= FD_TOL * scale, "{}: {} {bend}", x[i], of_det[i]);
    }
}

#[test]
fn the_ends_of_the_line_stay_where_they_are() {
    let map = both();
    assert!(map.gaussianize(f64::NAN).0.is_nan() && map.invert(f64::NAN).is_nan());
    for end in [f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(map.gaussianize(end).0, end);
        assert_eq!(map.invert(end), end);
    }
    // ξ y/β overflows before y does.
    let steep = TailMap::new(None, Some((0.0, ParetoTail::new(0.5, 1e-20, 2.0))));
    for x in [1e280, 1e290, 1e300] {
        let (z, log_derivative) = steep.gaussianize(x);
        assert!(z.is_finite() && log_derivative.is_finite());
        assert!((steep.invert(z) / x - 1.0).abs() < 1e-10, "{:e}", steep.invert(z));
    }
}
