//! Tables in and out of the program, timed: `cargo xtask bench tables [--quick] [--out FILE.md]`.
//!
//! A table of a million rows of ten normal variables is written in every format. Each file is then
//! read in a process of its own that does nothing else, for the time and the memory of reading,
//! and scored by the built program from file to file. Last, the program stands in a pipeline.
//! Memory is the most that a process ever had resident, as the system counts it (`VmHWM`).

#[path = "../performance/backend.rs"]
#[expect(dead_code, reason = "the goals are those of the other benchmark")]
mod backend;
#[path = "../performance/machine.rs"]
mod machine;
mod process;
#[path = "../performance/quiet.rs"]
mod quiet;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use faer::Mat;
use gauss_cli::table::{self, Encoding, Select};
use gauss_cli::words::grouped;
use gauss_model::Column;
use machine::Machine;
use process::{Cost, run};
use quiet::{Watch, verdict};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

/// Times tables in and out of the program.
#[derive(Parser)]
#[command(name = "cargo xtask bench tables")]
struct Arguments {
    /// A tenth of the rows, and no page written but to --out.
    #[arg(long)]
    quick: bool,
    /// Where the page goes, from the workspace's root; the full run's default is docs/tables.md.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
    /// The process that only reads a table.
    #[arg(long, hide = true, value_name = "FILE")]
    load: Option<PathBuf>,
}

const COLUMNS: usize = 10;
/// Rows of the table that the model is fitted to.
const LEARNT: usize = 5000;
const NAMES: [&str; 5] = ["t.csv", "t.csv.gz", "t.csv.zst", "t.parquet", "t.npy"];
const MEGA: f64 = 1e6;

/// What one file cost.
struct Measured {
    name: &'static str,
    bytes: u64,
    /// Seconds to write it, within this process.
    written: f64,
    /// Seconds to read its bytes and do nothing with them.
    bytes_read: f64,
    load: Cost,
    score: Cost,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(path) = arguments.load {
        let loaded = table::read(&path, Select::All, &table::ReadOptions::default())?;
        ensure!(loaded.columns.len() == COLUMNS, "{} columns", loaded.columns.len());
        return Ok(());
    }
    let rows = if arguments.quick { 100_000 } else { 1_000_000 };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?;
    let machine = Machine::describe(root);
    let place = tempfile::tempdir()?;
    let mut watch = Watch::new();
    let written = watch.stage("every format, written", || write_all(place.path(), rows))?;
    fit(place.path())?;
    let mut measured = Vec::new();
    for (name, written) in NAMES.into_iter().zip(written) {
        measured.push(watch.stage(name, || measure(place.path(), name, written))?);
    }
    let pipeline = watch.stage("a pipeline", || pipeline(place.path()))?;
    let page = page(&machine, &verdict(&watch.stages), rows, &measured, pipeline);
    print!("{page}");
    let default = (!arguments.quick).then(|| PathBuf::from("docs/tables.md"));
    if let Some(out) = arguments.out.or(default) {
        let out = root.join(out);
        std::fs::write(&out, page).with_context(|| out.display().to_string())?;
    }
    Ok(())
}

/// Writes the table in every format; the seconds that each took.
fn write_all(place: &Path, rows: usize) -> Result<Vec<f64>> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    let data: Mat<f64> = Mat::from_fn(rows, COLUMNS, |_, _| StandardNormal.sample(&mut rng));
    let columns: Vec<Column> = (0..COLUMNS).map(|j| Column::real(format!("x{j}"))).collect();
    let write = |name: &str, rows: usize| -> Result<f64> {
        let started = Instant::now();
        let path = place.join(name);
        let mut file = io::BufWriter::with_capacity(1 << 16, File::create(&path)?);
        let encoding = Encoding::of(Some(&path), None)?;
        table::write(&mut file, encoding, &columns, data.subrows(0, rows))?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(started.elapsed().as_secs_f64())
    };
    write("part.csv", LEARNT)?;
    NAMES.iter().map(|name| write(name, rows)).collect()
}

fn gauss(place: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gauss"));
    command.current_dir(place).arg("--quiet");
    command
}

fn fit(place: &Path) -> Result<()> {
    let options = ["--method", "rbig", "--blocks", "1", "--components", "2"];
    let status =
        gauss(place).args(["fit", "part.csv", "--out", "m.gauss"]).args(options).status()?;
    ensure!(status.success(), "the fit failed");
    Ok(())
}

fn measure(place: &Path, name: &'static str, written: f64) -> Result<Measured> {
    let path = place.join(name);
    let started = Instant::now();
    let bytes = read_through(&path)?;
    let bytes_read = started.elapsed().as_secs_f64();
    let load = run(Command::new(std::env::current_exe()?).arg("--load").arg(&path))?;
    // Results in the same format: a file of scores, one column.
    let out = format!("s{}", name.trim_start_matches('t'));
    let score = run(gauss(place).args(["score", "m.gauss", name, "--out", &out]))?;
    Ok(Measured { name, bytes, written, bytes_read, load, score })
}

/// Reads a file and forgets it; how long it is.
fn read_through(path: &Path) -> Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(bytes),
            got => bytes += got as u64,
        }
    }
}

/// `cat t.csv | gauss score m.gauss - | tail -n 1`.
fn pipeline(place: &Path) -> Result<Cost> {
    let mut cat = Command::new("cat")
        .arg("t.csv")
        .current_dir(place)
        .stdout(Stdio::piped())
        .spawn()
        .context("cat")?;
    let mut command = gauss(place);
    let bytes = cat.stdout.take().context("a pipe")?;
    command.args(["score", "m.gauss", "-"]).stdin(bytes).stdout(Stdio::piped());
    let cost = process::run_into(&mut command, Command::new("tail").args(["-n", "1"]))?;
    ensure!(cat.wait()?.success(), "cat failed");
    Ok(cost)
}

fn page(
    machine: &Machine,
    verdict: &str,
    rows: usize,
    measured: &[Measured],
    pipeline: Cost,
) -> String {
    let data = (rows * COLUMNS * size_of::<f64>()) as f64;
    let count = rows as f64;
    let mut text = format!(
        "# Tables\n\nWritten by `cargo xtask bench tables` on {}, at commit {}; not edited by \
         hand.\n{verdict}\n\n{}, {} threads, {}, {}.\n\n\
         A table of {} × {COLUMNS} doubles, {:.0} MB in memory, in every format. *Read* is a \
         process that reads the table and does nothing else, *bytes* only the bytes of the file \
         (from the system's cache), *score* the program from file to file with a small model: \
         `gauss score m.gauss FILE --out FILE`. Memory is the most that the process had \
         resident, over the size of the data.\n\n\
         | file | MB | written, s | bytes, s | read, s | rows/s | MB/s | memory | score, s | \
         rows/s | memory |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        machine.date,
        machine.commit,
        machine.processor,
        machine.threads,
        machine.system,
        machine.compiler,
        grouped(rows),
        data / MEGA,
    );
    for m in measured {
        let size = m.bytes as f64 / MEGA;
        let _ = writeln!(
            text,
            "| {} | {size:.0} | {:.2} | {:.3} | {:.2} | {} | {:.0} | {} | {:.2} | {} | {} |",
            m.name,
            m.written,
            m.bytes_read,
            m.load.seconds,
            millions(count / m.load.seconds),
            size / m.load.seconds,
            memory(m.load, data),
            m.score.seconds,
            millions(count / m.score.seconds),
            memory(m.score, data),
        );
    }
    let _ = write!(
        text,
        "\nIn a pipeline, `cat t.csv | gauss score m.gauss - | tail -n 1`: {:.2} s, {} rows/s, \
         memory {}.\n",
        pipeline.seconds,
        millions(count / pipeline.seconds),
        memory(pipeline, data),
    );
    text
}

fn millions(rate: f64) -> String {
    format!("{:.2} M", rate / MEGA)
}

/// `131 MB, 1.6 ×`.
fn memory(cost: Cost, data: f64) -> String {
    cost.peak.map_or_else(
        || "unknown".to_owned(),
        |bytes| format!("{:.0} MB, {:.1} ×", bytes / MEGA, bytes / data),
    )
}
