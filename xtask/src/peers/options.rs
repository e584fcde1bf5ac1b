//! The command line of `cargo xtask peers`.

use std::path::PathBuf;
use std::time::Duration;

use super::SYSTEMS;

/// Of a generated training part, unless `--rows` says otherwise.
const ROWS: usize = 5000;
const QUICK_ROWS: usize = 1000;
/// Seconds that one system may take on one table.
const LIMIT: u64 = 1800;

pub const HELP: &str = "\
cargo xtask peers: gauss and its Python rivals side by side

  --data DIR        also the tables of this folder: NAME_train.csv, NAME_validation.csv (may be
                    missing), NAME_test.csv, NAME_test_log_density.csv (where the truth is known)
  --tables A,B      only these tables [default: all]
  --systems A,B     only these systems [default: all]:
                    gauss, mixture, kde, vine, zuko-gf, zuko-maf, zuko-nsf, sinflow
  --rows N          rows of the generated training parts [default: 5000]
  --limit SECONDS   time limit of one system on one table [default: 1800]
  --quick           small tables and short trainings, to see that everything runs
  --fresh           measure again what has been measured already
  --again           measure again what other programs disturbed
  --out FILE        the JSON file [default: target/peers/peers.json]
  --no-docs         do not write docs/benchmarks.md

docs/benchmarks.md is written by a run over all tables and systems without --quick. A result is
kept in target/peers/results and used again while table, protocol and, for gauss, the program stay
the same. Python 3.11 or newer is found on the path, or named by the variable PYTHON.
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options {
    pub data: Option<PathBuf>,
    /// All where empty.
    pub tables: Vec<String>,
    /// In the order of [`SYSTEMS`]; all where empty.
    pub systems: Vec<String>,
    pub rows: usize,
    pub limit: Duration,
    pub quick: bool,
    pub fresh: bool,
    pub again: bool,
    pub out: Option<PathBuf>,
    pub docs: bool,
}

impl Options {
    /// Parses the arguments after `peers`; the error is a sentence for the user.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            data: None,
            tables: Vec::new(),
            systems: Vec::new(),
            rows: 0,
            limit: Duration::from_secs(LIMIT),
            quick: false,
            fresh: false,
            again: false,
            out: None,
            docs: true,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let mut value = || {
                let value = inline.clone().or_else(|| rest.next().cloned());
                value.ok_or_else(|| format!("{name} needs a value"))
            };
            match name {
                "--data" => options.data = Some(value()?.into()),
                "--tables" => options.tables = names(&value()?),
                "--systems" => options.systems = names(&value()?),
                "--rows" => options.rows = positive(name, &value()?)?,
                "--limit" => options.limit = Duration::from_secs(positive(name, &value()?)? as u64),
                "--out" => options.out = Some(value()?.into()),
                "--quick" | "--fresh" | "--again" | "--no-docs" if inline.is_some() => {
                    return Err(format!("{name} takes no value"));
                }
                "--quick" => options.quick = true,
                "--fresh" => options.fresh = true,
                "--again" => options.again = true,
                "--no-docs" => options.docs = false,
                _ => return Err(format!("unknown option {argument:?}")),
            }
        }
        if options.rows == 0 {
            options.rows = if options.quick { QUICK_ROWS } else { ROWS };
        }
        if let Some(unknown) = options.systems.iter().find(|s| !SYSTEMS.contains(&s.as_str())) {
            return Err(format!("unknown system {unknown:?}; there are {}", SYSTEMS.join(", ")));
        }
        Ok(options)
    }

    /// The chosen systems, in the order of [`SYSTEMS`].
    pub fn chosen_systems(&self) -> Vec<&'static str> {
        let chosen =
            |name: &&str| self.systems.is_empty() || self.systems.iter().any(|s| s == name);
        SYSTEMS.into_iter().filter(chosen).collect()
    }

    /// Whether everything is measured as it should be for the record.
    pub fn is_complete(&self) -> bool {
        self.tables.is_empty() && self.systems.is_empty() && !self.quick
    }
}

fn names(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn positive(name: &str, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!("{name} takes a whole number above 0, not {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&arguments)
    }

    #[test]
    fn options_are_read_in_both_spellings() {
        let options = parse("--data d --tables=a,b --systems kde,gauss --rows 7 --again").unwrap();
        assert_eq!(options.data, Some("d".into()));
        assert_eq!(options.tables, ["a", "b"]);
        assert_eq!(options.chosen_systems(), ["gauss", "kde"]);
        assert_eq!((options.rows, options.again, options.fresh), (7, true, false));
        assert!(!options.is_complete());
        assert!(parse("--data d").unwrap().is_complete());
        assert_eq!(parse("--quick").unwrap().rows, QUICK_ROWS);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "--sytems kde",
            "--systems kda",
            "--rows 0",
            "--rows",
            "--quick=1",
            "wilt",
            "--limit x",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
