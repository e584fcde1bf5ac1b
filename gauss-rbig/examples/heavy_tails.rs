//! Student's t in 1 and 5 dimensions: what fits with and without tails make of it, on new rows and
//! at the 1 - 10⁻⁶ quantile of each column.
//!
//! `cargo run --release -p gauss-rbig --example heavy_tails [draws] [rbig|warm]`

use faer::Mat;
use gauss_rbig::recipe::{Method, Recipe, fit_recipe};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StudentT;
use std::f64::consts::PI;

const ROWS: usize = 5000;
const NEW_ROWS: usize = 20_000;

/// Degrees of freedom, the density at 0, and the 1 - 10⁻⁶ quantile.
const TABLE: [(f64, f64, f64); 3] = [
    (1.0, 1.0 / PI, 318_309.886_183_5),
    (2.0, 0.353_553_390_593_274, 707.105_720_5),
    (3.0, 0.367_552_596_947_861, 103.299_474_7),
];

fn log_pdf(degrees: f64, at_0: f64, x: f64) -> f64 {
    at_0.ln() - 0.5 * (degrees + 1.0) * (x * x / degrees).ln_1p()
}

fn quantile(mut values: Vec<f64>, p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(p * (values.len() - 1) as f64).round() as usize]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let draws: u64 = arguments.next().map_or(Ok(20), |draws| draws.parse())?;
    let method = match arguments.next().as_deref() {
        None | Some("rbig") => Method::Rbig,
        Some("warm") => Method::Warm,
        Some(other) => return Err(format!("rbig or warm, not {other}").into()),
    };
    println!(
        "Nats; KL and errors at 1 - 1e-6 in the median of {draws} draws, with and without tails;"
    );
    println!("then the errors' 10 and 90 % points, and columns' sides found.");
    println!(" d   df   KL with  without   |error|  without   error 10 %  90 %   > 5   found");
    for dim in [1, 5] {
        for (degrees, at_0, far) in TABLE {
            let (mut kl, mut errors) = ([vec![], vec![]], [vec![], vec![]]);
            let mut found = 0;
            for seed in 0..draws {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let student = StudentT::new(degrees)?;
                let mut draw = |n| Mat::from_fn(n, dim, |_, _| rng.sample::<f64, _>(student));
                let (x, new) = (draw(ROWS), draw(NEW_ROWS));
                let truth = |row: usize| -> f64 {
                    (0..dim).map(|j| log_pdf(degrees, at_0, new[(row, j)])).sum()
                };
                // Column j at its quantile, the others at 0.
                let at = Mat::from_fn(dim, dim, |i, j| if i == j { far } else { 0.0 });
                let want = log_pdf(degrees, at_0, far) + (dim - 1) as f64 * at_0.ln();
                for (k, tails) in [true, false].into_iter().enumerate() {
                    let recipe = Recipe { method, tails, seed, ..Recipe::default() };
                    let fitted = fit_recipe(x.as_ref(), None, &recipe, &mut ())?;
                    let log_p = fitted.flow.log_prob(new.as_ref())?;
                    let gap = (0..NEW_ROWS).map(|i| truth(i) - log_p[i]).sum::<f64>();
                    kl[k].push(gap / NEW_ROWS as f64);
                    let far = fitted.flow.log_prob(at.as_ref())?;
                    errors[k].extend(far.into_iter().map(|log_p| log_p - want));
                    let sides = fitted.tails.iter().flat_map(|t| [t.lower, t.upper]);
                    found += sides.flatten().count();
                }
            }
            let [kl, kl_without] = kl.map(|kl| quantile(kl, 0.5));
            let [errors, without] = errors;
            let absolute =
                |errors: &[f64]| quantile(errors.iter().map(|error| error.abs()).collect(), 0.5);
            let beyond = errors.iter().filter(|error| error.abs() > 5.0).count();
            println!(
                "{dim:2} {degrees:4} {kl:9.4} {kl_without:8.3e} {:9.2} {:8.1e} {:12.2} {:5.2} {:4}/{} {}/{}",
                absolute(&errors),
                absolute(&without),
                quantile(errors.clone(), 0.1),
                quantile(errors.clone(), 0.9),
                beyond,
                errors.len(),
                found,
                2 * errors.len(),
            );
        }
    }
    Ok(())
}
