//! The demonstration: two moons from data to density, samples and figures.
//!
//! 1. `fits.rs` draws the data and fits them in six ways: by hand, which `joint.rs` prepares, and
//!    by the recipe; `way.rs` judges each by the truth,
//! 2. `checks.rs` puts the warm-started flow to the test: pushforward, samples, round trip,
//! 3. `figures.rs` draws, `page.rs` tells the story, `metrics.rs` writes the numbers down.

mod checks;
mod figures;
mod fits;
mod joint;
mod metrics;
mod page;
mod way;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use gauss_flow::LayerSpec;
use gauss_model::provenance::{How, Training};
use gauss_model::{Column, Model, Provenance};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::table::{self, Directory, Encoding};
use crate::terminal::{Console, FitProgress};
use crate::words::{aligned, grouped, line};
use checks::Checks;
pub use checks::SAMPLES;
use figures::Figures;
use fits::Fits;
pub use joint::JointTraining;
use way::Made;
pub use way::density_grid;

/// The columns of moons.csv.
const COLUMNS: [&str; 2] = ["x", "y"];

/// What `--json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary {
    command: &'static str,
    /// The page.
    report: PathBuf,
    /// Time for everything.
    seconds: f64,
    /// All numbers.
    metrics: metrics::Metrics,
}

/// Runs the demonstration and leaves its files in `out`.
///
/// # Errors
/// When a file cannot be written.
pub fn run(out: &Path, console: &Console) -> Result<(), Error> {
    let started = Instant::now();
    let directory = Directory::made(out)?;
    let progress = FitProgress::new(console);
    let fits = Fits::run(console.seed, &progress)?;
    drop(progress);
    console.tell(&describe(&fits));
    let checks = Checks::run(&fits)?;
    console.tell(&checks.describe(&fits.warm_start));

    let figures = Figures::draw(&fits, &checks);
    figures.write(&directory)?;
    let metrics = metrics::Metrics::of(&fits, &checks);
    let json = serde_json::to_vec_pretty(&metrics).context("metrics.json")?;
    directory.write("metrics.json", &json)?;
    directory.write("model.gauss", &model(&fits, console.seed)?)?;
    directory.fill("moons.csv", |writer| {
        table::write(writer, Encoding::default(), &COLUMNS.map(Column::real), fits.raw.as_ref())
    })?;
    let page = page::page(&fits, &checks, figures).to_html();
    directory.write("report.html", page.as_bytes())?;

    let seconds = started.elapsed().as_secs_f64();
    console.tell(&format!(
        "\nIn {seconds:.1} s. The data and the recommended model are there too; try\n  \
         gauss score {0}/model.gauss {0}/moons.csv\n",
        line(&out.display().to_string())
    ));
    let report = out.join("report.html");
    let prose = report.display().to_string();
    let summary = Summary { command: "demo", report, seconds, metrics };
    console.finish(&summary, &line(&prose), false)?;
    Ok(())
}

/// The recommended fit as a model file in the units of moons.csv.
fn model(fits: &Fits, seed: u64) -> Result<Vec<u8>, Error> {
    let rows = fits.raw.nrows();
    let provenance = Provenance {
        rows: rows as u64,
        effective_rows: rows as f64,
        seed,
        how: How::Recipe(fits.recipe.clone()),
        created_by: concat!("gauss ", env!("CARGO_PKG_VERSION")).to_owned(),
        winner: Some(fits.fitted.winner),
        refitted: fits.fitted.refitted,
        training: fits.fitted.history.as_ref().map(Training::from),
        ..Provenance::default()
    };
    let columns = COLUMNS.map(Column::real).to_vec();
    let model = Model::new(fits.fitted.flow.clone(), columns, provenance)
        .context("the recommended model")?;
    Ok(model.to_bytes().context("model.gauss")?)
}

/// The flow's layers and the fits, for the terminal.
fn describe(fits: &Fits) -> String {
    let flow = &fits.warm_start.made.flow;
    let layer = |range: &str, index: usize| {
        let spec = flow.layers()[index];
        let numbers = match spec {
            LayerSpec::Standardize => "shift [2], log scale [2]".to_owned(),
            LayerSpec::Rotation { reflections: 0, .. } => {
                "principal axes [2, 2], frozen".to_owned()
            }
            LayerSpec::Rotation { reflections, .. } => format!("reflectors [{reflections}, 2]"),
            LayerSpec::Marginal { components: k } => {
                format!("logits [2, {k}], means [2, {k}], log sigmas [2, {k}]")
            }
            other => other.describe(),
        };
        let (name, trainable) = (spec.name(), spec.n_trainable(2));
        format!("  {range:>6}  {name:9}  {trainable:2} trainable each   {numbers}")
    };
    let mut lines = vec![
        format!(
            "Two moons: {} points, noise {}, standardised; true entropy {:.4} nats",
            grouped(fits.data.nrows()),
            fits::NOISE,
            fits.entropy,
        ),
        format!("\nThe flow, {} layers:", flow.layers().len()),
        layer("1", 0),
        layer("2, 4..", 1),
        layer("3, 5..", 2),
        format!("  trainable parameters: {}", flow.n_trainable()),
        "\nRBIG, block by block:".to_owned(),
    ];
    lines.extend(fits.rbig_blocks.iter().map(|block| {
        let (index, removed, log_p) =
            (block.block + 1, block.negentropy_removed, block.mean_log_prob);
        format!("  {index:2}  negentropy removed {removed:7.4} nats   mean log p {log_p:8.4}")
    }));
    lines.push(format!(
        "  as a flow with 0 to 4 reflections, its log p differs by at most {:.1e}",
        fits.rbig_deviation
    ));
    lines.push("\nFits, nats per row:".to_owned());
    lines.push(aligned(&fits.ways().map(|way| {
        let numbers = format!(
            "NLL {:8.4} -> {:.4}   held-out KL {:.4} ± {:.4}   {:.2} s",
            way.nll_initial, way.nll_final, way.kl.mean, way.kl.standard_error, way.made.seconds
        );
        (way.made.name, numbers)
    })));
    lines.push("\nWhat came out:".to_owned());
    lines.push(aligned(&fits.ways().map(|way| {
        let Made { name, model, parameters, .. } = &way.made;
        (*name, format!("{model}: {parameters} numbers, mass {:.5} on the grid", way.mass))
    })));
    lines.join("\n")
}
