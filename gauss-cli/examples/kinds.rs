//! The kinds of density on distributions that are known, as a Markdown table; docs/models.md has one.
//!
//! ```text
//! cargo run --release -p gauss-cli --example kinds -- [NAME ...] [--rows N] [--seed S]
//! ```
//!
//! Each kind alone, and the search among them, learn from the same N rows and 1,000 validation rows,
//! and are judged by the truth: the mean of ln p - ln q over 20,000 fresh rows is KL(p ‖ q) in nats, to
//! within its standard error.

use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Parser;
use gauss_cli::known::Known;
use gauss_rbig::mean::Mean;
use gauss_rbig::recipe::{DensityKind, Recipe, fit_recipe};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const VALIDATION: usize = 1_000;
const FRESH: usize = 20_000;

/// Fit every kind of density to distributions that are known
#[derive(Parser)]
struct Arguments {
    /// Which distributions; all if none is named
    names: Vec<String>,
    /// Rows to learn from
    #[arg(long, default_value_t = 5000)]
    rows: usize,
    /// The same seed gives the same densities
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let Arguments { names, rows, seed } = Arguments::parse();
    let all = Known::all();
    for name in &names {
        ensure!(all.iter().any(|known| known.name() == name), "there is no {name}");
    }
    println!(
        "| rows of | kind | what came out | numbers | KL, nats | fit, s | ln p, µs | sample, µs |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (stream, known) in (0..).zip(&all) {
        if names.is_empty() || names.iter().any(|name| name == known.name()) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(stream);
            measure(known, rows, seed, &mut rng).context(known.name())?;
        }
    }
    Ok(())
}

/// Prints a line for each kind, and one for the search.
fn measure(known: &Known, rows: usize, seed: u64, rng: &mut ChaCha8Rng) -> anyhow::Result<()> {
    let [x, validation, fresh] = [rows, VALIDATION, FRESH].map(|n| known.sample(n, rng));
    let truth = known.log_densities(fresh.as_ref());
    for kind in DensityKind::ALL.map(Some).into_iter().chain([None]) {
        let recipe = Recipe { kind, seed, ..Recipe::default() };
        let clock = Instant::now();
        let fitted = fit_recipe(&x, Some((&validation).into()), &recipe, &mut ())?;
        let fit = clock.elapsed().as_secs_f64();
        let clock = Instant::now();
        let log_p = fitted.flow.log_prob(fresh.as_ref())?;
        let score = clock.elapsed().as_secs_f64();
        let clock = Instant::now();
        let _ = fitted.flow.sample(FRESH, rng);
        let sample = clock.elapsed().as_secs_f64();

        let gaps: Vec<f64> = truth.iter().zip(&log_p).map(|(p, q)| p - q).collect();
        let Mean { mean, standard_error, .. } = Mean::of(&gaps);
        let each = |seconds: f64| 1e6 * seconds / FRESH as f64;
        println!(
            "| {} | {} | {} | {} | {mean:.4} ± {standard_error:.4} | {fit:.1} | {:.2} | {:.2} |",
            known.name(),
            kind.map_or("search", DensityKind::name),
            fitted.candidate().map_or_else(|| "a simpler model".to_owned(), |c| c.to_string()),
            fitted.flow.n_params(),
            each(score),
            each(sample),
        );
    }
    Ok(())
}
