//! Project tasks: `cargo xtask TASK`.

mod breaking;
mod browser;
mod peers;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask demo [--out DIR] [gauss's options]   two moons: fits, figures and a report
cargo xtask bench [--quick] [--out FILE.json]    the goals, measured: docs/performance.md
cargo xtask bench tables [--quick] [--out FILE.md]   tables in and out: docs/tables.md
cargo xtask peers [--data DIR] [--help]          gauss and its Python rivals side by side
cargo xtask browser                              the report in a real browser, if there is one
cargo xtask break [--minutes N] [--seed S]       damaged and hostile files, until one does harm
cargo xtask docs                                 write docs/cli.md and docs/schema anew
cargo xtask ci                                   everything that must stay green
cargo xtask golden                               check the golden tables (Python with mpmath)
";

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let task = arguments.next();
    let rest: Vec<String> = arguments.collect();
    match task.as_deref() {
        Some("demo") => demo(&rest),
        Some("bench") => bench(&rest),
        Some("peers") => peers::run(&root(), &cargo(), &rest),
        Some("break") => {
            breaking::run(&rest, |arguments, variables| run(&cargo(), arguments, variables))
        }
        Some("browser") if rest.is_empty() => browser(),
        Some("docs") if rest.is_empty() => docs(),
        Some("ci") if rest.is_empty() => ci(),
        Some("golden") if rest.is_empty() => golden(),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        other => {
            eprint!("unknown task {:?}\n\n{HELP}", other.unwrap_or(""));
            ExitCode::from(2)
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// Runs a program in the workspace's root; whether it succeeded.
fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> bool {
    eprintln!("> {program} {}", arguments.join(" "));
    let variables = variables.iter().copied();
    match Command::new(program).args(arguments).envs(variables).current_dir(root()).status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("{program} cannot be run: {error}");
            false
        }
    }
}

fn exit(success: bool) -> ExitCode {
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Builds the program in release mode and runs its demonstration.
fn demo(rest: &[String]) -> ExitCode {
    let cargo = cargo();
    let mut arguments = vec!["run", "--release", "-p", "gauss-cli", "--", "demo"];
    let has_out = rest.iter().any(|a| a == "-o" || a == "--out" || a.starts_with("--out="));
    if !has_out {
        arguments.extend(["--out", "target/demo"]);
    }
    arguments.extend(rest.iter().map(String::as_str));
    exit(run(&cargo, &arguments, &[]))
}

/// Builds a benchmark in release mode and runs it: that of the goals, or the one that is named.
fn bench(rest: &[String]) -> ExitCode {
    let cargo = cargo();
    let (target, rest) = match rest.split_first() {
        Some((first, rest)) if first == "tables" => ("tables", rest),
        _ => ("performance", rest),
    };
    let mut arguments = vec!["bench", "-p", "gauss-cli", "--bench", target, "--"];
    arguments.extend(rest.iter().map(String::as_str));
    exit(run(&cargo, &arguments, &[]))
}

/// Builds the program in release mode and looks at a report of it.
fn browser() -> ExitCode {
    if !run(&cargo(), &["build", "--release", "-p", "gauss-cli"], &[]) {
        return ExitCode::FAILURE;
    }
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let target = root().join(target); // cargo ran there, so a relative one is relative to it
    let gauss = target.join("release").join(format!("gauss{}", env::consts::EXE_SUFFIX));
    match browser::check(&gauss, &target.join("browser")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The documents that the program generates: their test, told to write what it would compare.
fn docs() -> ExitCode {
    let arguments = ["test", "-p", "gauss-cli", "--test", "program", "docs::"];
    exit(run(&cargo(), &arguments, &[("SNAPSHOTS", "overwrite")]))
}

/// Formatting, lints, documentation, tests: each with warnings denied.
fn ci() -> ExitCode {
    let cargo = cargo();
    let deny = [("RUSTDOCFLAGS", "-D warnings")];
    let steps: [&[&str]; 4] = [
        &["fmt", "--all", "--check"],
        &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
        &["doc", "--workspace", "--no-deps", "--locked"],
        &["test", "--workspace", "--locked"],
    ];
    exit(steps.iter().all(|step| run(&cargo, step, &deny)))
}

/// The golden tables and the kernels' coefficients against mpmath.
fn golden() -> ExitCode {
    let scripts = ["gauss-math/golden/generate.py", "gauss-math/golden/remez.py"];
    exit(scripts.iter().all(|script| run("python3", &[script, "--check"], &[])))
}

fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
