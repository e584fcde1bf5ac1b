//! Writes tables drawn from the distributions of [`gauss_cli::known`], for benchmarks:
//!
//! ```text
//! cargo run --release -p gauss-cli --example known_tables -- DIR [--rows N] [--seed S]
//! ```
//!
//! For each NAME there are then NAME_train.csv with N rows, NAME_validation.csv with N/4 and
//! NAME_test.csv with 4N, drawn apart, and NAME_test_log_density.csv, the true ln p of each test
//! row in nats and in the table's units.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use faer::{ColRef, MatRef};
use gauss_cli::known::Known;
use gauss_cli::table::{self, Encoding};
use gauss_model::Column;
use gauss_model::columns::unnamed;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Write tables drawn from distributions with known densities
#[derive(Parser)]
struct Arguments {
    /// The directory to write to; it is made where there is none
    directory: PathBuf,
    /// Rows of each training part
    #[arg(long, default_value_t = 5000)]
    rows: usize,
    /// The same seed gives the same tables
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> anyhow::Result<()> {
    let Arguments { directory, rows, seed } = Arguments::parse();
    fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    for (stream, known) in (0..).zip(Known::all()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        let columns = unnamed(known.dim());
        let path = |part: &str| directory.join(format!("{}_{part}.csv", known.name()));
        let parts = [("train", rows), ("validation", rows / 4)];
        for (part, rows) in parts {
            write(&path(part), &columns, known.sample(rows, &mut rng).as_ref())?;
        }
        let test = known.sample(4 * rows, &mut rng);
        write(&path("test"), &columns, test.as_ref())?;
        let log_p = known.log_densities(test.as_ref());
        let log_p = ColRef::from_slice(&log_p).as_mat();
        write(&path("test_log_density"), &[Column::real("log_density")], log_p)?;
    }
    Ok(())
}

fn write(path: &Path, columns: &[Column], rows: MatRef<'_, f64>) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| path.display().to_string())?;
    let mut file = BufWriter::new(file);
    table::write(&mut file, Encoding::default(), columns, rows)?;
    Ok(file.flush()?)
}
