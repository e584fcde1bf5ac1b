//! The goals of the project, measured: `cargo xtask bench [--quick] [--out FILE.json]`.
//!
//! One run measures the processor's limit (`fma.rs`), the kernels on every instruction set and in
//! plain `std`/`libm` code (`kernels.rs`, `plain.rs`), the demonstration's flow (`training.rs`),
//! single and far rows (`single.rs`), mixtures and conditioned layers (`density.rs`),
//! the greedy fit and its memory (`rbig.rs`), wide rotations against faer's matrix product
//! (`gemm.rs`), the growth of the cost (`scaling.rs`), and whether results are right
//! (`accuracy.rs`) and the same (`determinism.rs`). Operations are counted in `operations.rs`.
//!
//! **Output.** A table on standard output; JSON; and, by the full run or where `--docs` says so,
//! `performance.md` with `scaling.png`. The JSON is one object:
//!
//! | field | what |
//! |---|---|
//! | `quick` | whether it was the quick run, of fewer repeats and rows |
//! | `seconds` | of the whole run |
//! | `machine` | `processor`, `instruction_sets`, `threads`, `system`, `compiler`, `commit`, `date` |
//! | `stages` | per part of the run: `what`, `seconds`, `taken_by_others`, the share of all processors' time that other programs had (or null) |
//! | `limits` | per instruction set and number of threads: `gflops`, `gflops_at_the_end` |
//! | `rows` | what was measured: `what`, `how` (on what), `measured` (or null), `unit`, `goal` (`at_most`, `at_least`, `within`; or null), `met` (or null), `share_of_limit` (0 to 1, or null), `note` |
//! | `yardsticks` | per kernel: `what`, counted `operations` per element, `measured`: triples of instruction set or plain code, nanoseconds per element, share of the limit or null |
//! | `scaling` | per curve: `what`, `over`, `points` (size, seconds), `exponent`, `beside_fixed` (`fixed` seconds, `exponent` of what grows) |

mod accuracy;
mod backend;
mod clock;
mod density;
mod determinism;
mod document;
mod fit;
mod fma;
mod gemm;
mod kernels;
mod machine;
mod operations;
mod plain;
mod quiet;
mod rbig;
mod report;
mod scaling;
mod single;
mod training;

use anyhow::Context;
use clap::Parser;
use clock::Effort;
use document::{document, limit_cells, summary, yardstick_cells};
use fma::{Limit, Limits};
use kernels::Yardstick;
use machine::Machine;
use quiet::{Stage, Watch, verdict};
use rayon::{ThreadPool, ThreadPoolBuilder};
use report::{HEADS, Row, aligned};
use scaling::Curve;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Measures the goals of the project.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Fewer repeats and rows: under half a minute, less exact, no page written.
    #[arg(long)]
    quick: bool,
    /// Where the JSON goes, from the workspace's root.
    #[arg(long, value_name = "FILE", default_value = "target/bench/performance.json")]
    out: PathBuf,
    /// Where performance.md and scaling.png go; the full run's default is docs, the quick run
    /// writes none.
    #[arg(long, value_name = "DIR")]
    docs: Option<PathBuf>,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
    /// The process in which the memory of a fit is measured.
    #[arg(long, hide = true)]
    large_fit_alone: bool,
}

/// All of a run, as written to the JSON file.
#[derive(Serialize)]
struct Results {
    quick: bool,
    seconds: f64,
    machine: Machine,
    stages: Vec<Stage>,
    limits: Vec<Limit>,
    rows: Vec<Row>,
    yardsticks: Vec<Yardstick>,
    scaling: Vec<Curve>,
}

/// The figure beside the page.
const FIGURE: &str = "scaling.png";

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.large_fit_alone {
        return rbig::alone();
    }
    // `cargo bench` runs in the package's folder.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let out = root.join(&arguments.out);
    let docs = match arguments.docs {
        Some(docs) => Some(root.join(docs)),
        None if arguments.quick => None,
        None => Some(root.join("docs")),
    };
    for folder in out.parent().into_iter().chain(docs.as_deref()) {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }

    let results = measure(&root, arguments.quick)?;
    print(&results);
    write(&out, &serde_json::to_vec_pretty(&results)?)?;
    println!("\nwritten: {}", arguments.out.display());
    if let Some(docs) = docs {
        let figure = scaling::figure(&results.scaling, &results.machine.processor);
        write(&docs.join(FIGURE), &figure.png()?)?;
        write(&docs.join("performance.md"), document(&results, FIGURE).as_bytes())?;
        println!("written: {0}/performance.md, {0}/{FIGURE}", docs.display());
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}

/// Pools of 1, of 2 and of all threads.
fn pools() -> anyhow::Result<Vec<ThreadPool>> {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, 2, all];
    counts.sort_unstable();
    counts.dedup();
    let pool = |&n: &usize| Ok(ThreadPoolBuilder::new().num_threads(n).build()?);
    counts.iter().map(pool).collect()
}

fn measure(root: &Path, quick: bool) -> anyhow::Result<Results> {
    let mut watch = Watch::new();
    let effort = Effort::new(quick);
    let pools = pools()?;
    let (one, two) = (&pools[0], &pools[1]);

    let mut limits = watch.stage("the limit", || Limits::measure(&pools, effort));
    let (mut rows, yardsticks) = watch.stage("kernels", || kernels::measure(&limits, effort));
    rows.extend(watch.stage("the demo's flow", || training::measure(&limits, one, two, effort))?);
    rows.extend(watch.stage("single and far rows", || single::measure(one, effort))?);
    rows.extend(watch.stage("kinds of density", || density::measure(&limits, one, effort))?);
    rows.extend(watch.stage("RBIG", || rbig::measure(two, effort))?);
    rows.extend(watch.stage("wide rotations", || gemm::measure(one, effort))?);
    let scaling = watch.stage("scaling", || scaling::measure(effort))?;
    rows.extend(scaling::rows(&scaling));
    rows.extend(watch.stage("accuracy", || accuracy::measure(root))?);
    rows.extend(watch.stage("determinism", || determinism::measure(&pools))?);
    watch.stage("the limit again", || limits.measure_again(&pools, effort));

    Ok(Results {
        quick,
        seconds: watch.seconds(),
        machine: Machine::describe(root),
        stages: watch.stages,
        limits: limits.0,
        rows,
        yardsticks,
        scaling,
    })
}

/// The tables for a terminal; the remarks are in the page and the JSON.
fn print(results: &Results) {
    let machine = &results.machine;
    println!(
        "{}, {}, {} threads, {}\n",
        machine.processor,
        machine.instruction_sets.join(", "),
        machine.threads,
        machine.compiler
    );
    let columns = HEADS.len() - 1;
    let cells: Vec<Vec<String>> =
        results.rows.iter().map(|row| row.cells()[..columns].to_vec()).collect();
    println!("{}", aligned(&HEADS[..columns], &cells));
    let (heads, cells) = limit_cells(results);
    println!("{}", aligned(&heads, &cells));
    let (heads, cells) = yardstick_cells(&results.yardsticks);
    println!("{}", aligned(&heads.iter().map(String::as_str).collect::<Vec<_>>(), &cells));
    println!("{}", summary(&results.rows).trim_end());
    println!("\n{}", verdict(&results.stages).replace("**", ""));
}
