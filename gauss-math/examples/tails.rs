//! How far out can one go? A tour of the tails, where `1 - p` has long been zero.
//!
//!     cargo run -p gauss-math --example tails

use gauss_math::mixture::{Inverter, Mixture};
use gauss_math::normal;

fn main() {
    // 1. One tail of the normal distribution, three ways. The textbook way, 1 - Φ(x), is out of
    //    digits at 8; sf keeps all of them until the number itself cannot be written down any
    //    more; its logarithm never ends.
    println!("     x       1 - Φ(x)          sf(x)          log_sf(x)   x again, from log_sf");
    for x in [1.0, 5.0, 8.0, 9.0, 37.0, 38.4, 100.0, 1e6, 1e15] {
        let log_sf = normal::log_sf(x);
        let again = -normal::quantile_from_log(log_sf);
        println!(
            "{x:7.2e} {:13.6e}  {:13.6e}  {log_sf:17.9e}  {again}",
            1.0 - normal::cdf(x),
            normal::sf(x),
        );
    }

    // 2. A mixture: a narrow peak and a broad one, 80 apart. `gaussianize` makes x normal:
    //    z = Φ⁻¹(F(x)), and ln dz/dx on the side. `invert` goes back.
    let mixture = Mixture::new(
        &[0.0, 1.0],                    // logits: the second is e times as likely
        &[-40.0, 40.0],                 // means
        &[f64::ln(0.01), f64::ln(2.0)], // ln σ
    );
    println!("\n       x               z     ln dz/dx    x again, from z");
    for x in [-2e6, -100.0, -40.03, -40.0, -39.97, 0.0, 30.0, 40.0, 45.0, 60.0, 2e6] {
        let (z, log_slope) = mixture.gaussianize(x);
        println!("{x:8} {z:15.6} {log_slope:12.3}    {}", mixture.invert(z));
    }
    println!(
        "\nBetween the peaks, at 0, there is next to nothing: the density is e^{:.1}. All of that\n\
         desert has one and the same z to 16 digits, so any place of it is a right answer there.",
        mixture.log_pdf(0.0)
    );

    // 3. The same over slices, vectorised: quantiles of the mixture, all at once.
    let inverter = Inverter::new(&mixture);
    let probabilities: Vec<f64> = (1..20).map(|i| f64::from(i) / 20.0).collect();
    let z: Vec<f64> = probabilities.iter().map(|p| normal::quantile(*p)).collect();
    let mut quantiles = vec![0.0; z.len()];
    inverter.invert(&mixture, &z, &mut quantiles);
    println!("\nTwenty equal slices of the mixture are cut at");
    for (p, x) in probabilities.iter().zip(&quantiles) {
        let dot = ((x + 45.0) * 0.7) as usize;
        println!("  {:>3.0} % {:dot$}● {x:.4}", 100.0 * p, "");
    }
}
