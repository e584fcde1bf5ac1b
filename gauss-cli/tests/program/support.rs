//! A directory of files, the program run in it, and a model to work with.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use assert_cmd::Command;
use gauss_model::{Column, Model};
use tempfile::TempDir;

/// Options that make a fit fast and a model small.
pub const QUICK: [&str; 6] = ["--blocks", "2", "--components", "4", "--budget", "8epochs"];

/// What a run of the program left.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The run, which must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Run {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Standard output as exactly one JSON object.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let value: serde_json::Value = serde_json::from_str(&self.stdout).expect("one JSON value");
        assert!(value.is_object(), "{value}");
        value
    }
}

/// A directory that is gone at the end of the test.
pub struct Place {
    directory: TempDir,
}

impl Place {
    /// An empty directory.
    pub fn empty() -> Place {
        Place { directory: TempDir::new().expect("a temporary directory") }
    }

    /// A directory with `train.csv`, `test.csv` and the `model.gauss` fitted to the first.
    pub fn with_model() -> Place {
        static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
        let place = Place::empty();
        place.write("train.csv", rows(0, 300));
        place.write("test.csv", rows(1, 100));
        let model = MODEL.get_or_init(|| {
            place.gauss(["fit", "train.csv", "--out", "model.gauss"].iter().chain(&QUICK)).ok();
            place.read("model.gauss")
        });
        place.write("model.gauss", model);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).expect("the file is written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The names and the cells of a table that the program wrote.
    pub fn table(&self, name: &str) -> (Vec<String>, Vec<Vec<f64>>) {
        parse(&String::from_utf8(self.read(name)).expect("text"))
    }

    /// Every file below the directory with its bytes.
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        fs::read_dir(self.directory.path())
            .expect("the directory")
            .map(|entry| {
                let entry = entry.expect("an entry");
                let bytes = if entry.path().is_dir() {
                    Vec::new()
                } else {
                    fs::read(entry.path()).unwrap_or_default() // a link may lead nowhere
                };
                (entry.file_name().to_string_lossy().into_owned(), bytes)
            })
            .collect()
    }

    pub fn make_directory(&self, name: &str) {
        fs::create_dir(self.path(name)).expect("a directory");
    }

    /// The program, ready to run in the directory.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gauss"));
        command.current_dir(self.directory.path()).env("RUST_BACKTRACE", "0");
        command
    }

    /// Runs the program with these arguments.
    pub fn gauss<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        run(self.command().args(arguments))
    }
}

pub fn run(command: &mut Command) -> Run {
    let output = command.output().expect("the program runs");
    Run {
        code: output.status.code().expect("an exit code"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// The model of these bytes with another column in the place of one of its own.
pub fn with_column(model: &[u8], place: usize, change: impl FnOnce(&mut Column)) -> Vec<u8> {
    let model = Model::from_bytes(model).expect("a model");
    let mut columns = model.columns().to_vec();
    change(&mut columns[place]);
    columns[place].fill = None; // that of the column as it was
    let model = Model::new(model.flow().clone(), columns, model.provenance().clone());
    model.expect("columns that can be").to_bytes().expect("bytes")
}

/// The names and the cells of a CSV text.
pub fn parse(text: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let mut lines = text.lines();
    let names = lines.next().expect("a header").split(',').map(str::to_owned).collect();
    let cells = lines
        .map(|line| line.split(',').map(|cell| cell.parse().expect("a number")).collect())
        .collect();
    (names, cells)
}

/// A table of three dependent columns `a,b,c` on different scales.
pub fn rows(seed: u64, count: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
    let mut uniform = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut lines = vec![String::from("a,b,c\n")];
    for _ in 0..count {
        let angle = uniform() * std::f64::consts::PI;
        let mut noise = || uniform() + uniform() + uniform() - 1.5;
        let (a, b, c) = (angle.cos() + 0.1 * noise(), 100.0 * angle.sin() + 5.0 * noise(), noise());
        lines.push(format!("{a},{b},{}\n", 1e-3 * (c + a)));
    }
    lines.concat()
}
