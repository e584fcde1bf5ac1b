//! Python: an interpreter that can hold the rivals, and their own environment under `target/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

/// The oldest that the pinned packages have builds for.
const OLDEST: (u32, u32) = (3, 11);

/// Prints the version, then what is missing of the standard library.
const PROBE: &str = "\
import importlib.util, sys
print(sys.version_info[0], sys.version_info[1])
print(*[name for name in ('venv', 'ensurepip') if importlib.util.find_spec(name) is None])
";

/// The environment's interpreter, ready to run the rivals.
pub struct Python {
    pub program: PathBuf,
    /// What the rivals run on.
    pub environment: Environment,
}

/// As `environment.py` prints it.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
pub struct Environment {
    pub python: String,
    pub packages: std::collections::BTreeMap<String, String>,
    pub blas: Vec<String>,
}

/// The interpreter to make the environment with.
///
/// # Errors
/// When there is none, none new enough, or one without what makes environments: what is missing.
pub fn find() -> anyhow::Result<PathBuf> {
    let named = env::var("PYTHON").ok().filter(|name| !name.is_empty());
    let candidates: Vec<String> = match named {
        Some(name) => vec![name],
        None => ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"]
            .map(str::to_owned)
            .to_vec(),
    };
    let mut refused = Vec::new();
    for candidate in &candidates {
        match probe(candidate) {
            Probe::Fit => return Ok(candidate.into()),
            Probe::Unfit(reason) => refused.push(format!("{candidate} {reason}")),
            Probe::Absent => {}
        }
    }
    let (major, minor) = OLDEST;
    if refused.is_empty() {
        bail!(
            "Python is missing: the rivals need Python {major}.{minor} or newer, and there is no {}. \
             Install it, or name one in the variable PYTHON.",
            candidates.join(", no "),
        );
    }
    bail!("no Python that can run the rivals: {}", refused.join("; "));
}

enum Probe {
    Fit,
    Unfit(String),
    Absent,
}

fn probe(program: &str) -> Probe {
    let run = Command::new(program).args(["-c", PROBE]).stderr(Stdio::null()).output();
    let Ok(output) = run else { return Probe::Absent };
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let version: Vec<u32> =
        lines.next().unwrap_or("").split(' ').filter_map(|part| part.parse().ok()).collect();
    let [major, minor] = version[..] else {
        return Probe::Unfit("does not run".to_owned());
    };
    if (major, minor) < OLDEST {
        return Probe::Unfit(format!(
            "is {major}.{minor}, and the pinned packages need {}.{} or newer",
            OLDEST.0, OLDEST.1
        ));
    }
    match lines.next().unwrap_or("") {
        "" => Probe::Fit,
        missing => Probe::Unfit(format!(
            "has no module {} (on Debian and Ubuntu: apt-get install python3-venv)",
            missing.replace(' ', ", "),
        )),
    }
}

/// The environment in `directory` with the packages of `scripts/requirements.txt`, made or brought
/// up to date with `interpreter`.
///
/// # Errors
/// When it cannot be made or a package cannot be installed.
pub fn environment(interpreter: &Path, directory: &Path, scripts: &Path) -> anyhow::Result<Python> {
    let requirements = scripts.join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).context("requirements.txt")?;
    let program = if cfg!(windows) {
        directory.join("Scripts").join("python.exe")
    } else {
        directory.join("bin").join("python")
    };
    // Written last: an installation that was broken off is taken up again.
    let marker = directory.join("installed.txt");
    if fs::read_to_string(&marker).ok().as_deref() != Some(&wanted) {
        eprintln!("> installing the rivals into {} (torch: several GB)", directory.display());
        if !program.exists() {
            run(Command::new(interpreter).args(["-m", "venv"]).arg(directory))
                .context("the Python environment cannot be made")?;
        }
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(&program).args(pip).arg(&requirements)).with_context(|| {
            format!("the packages of {} cannot be installed", requirements.display())
        })?;
        fs::write(&marker, &wanted).context("the environment's marker")?;
    }
    let output = command(&program, 1)
        .arg(scripts.join("environment.py"))
        .arg(&requirements)
        .stderr(Stdio::inherit())
        .output()
        .context("the environment's Python cannot be run")?;
    let environment = serde_json::from_slice(&output.stdout)
        .context("the environment is broken; delete it and run again")?;
    Ok(Python { program, environment })
}

/// A command of the environment's interpreter, with so many threads for its linear algebra, which
/// chooses its kernels itself: a machine may have been told to use slower ones.
pub fn command(program: &Path, threads: usize) -> Command {
    let mut command = Command::new(program);
    command
        .env("OMP_NUM_THREADS", threads.to_string())
        .env("PYTHONWARNINGS", "ignore")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env_remove("OPENBLAS_CORETYPE")
        .env_remove("OPENBLAS_L2_SIZE");
    command
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| command.get_program().display().to_string())?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(())
}
