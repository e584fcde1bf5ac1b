//! Bytes that nobody meant well, for as long as there is time: the tests of `gauss-cli/tests/hostile`
//! in full, with one seed after the other.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// What the tests take their seed from; see `gauss-cli/tests/hostile/run.rs`.
const SEED: &str = "GAUSS_BREAK";
const TEST: [&str; 5] = ["test", "-p", "gauss-cli", "--test", "hostile"];

/// What was asked for.
#[derive(Debug, PartialEq)]
struct Options {
    /// After so long no further run begins.
    time: Duration,
    /// Of the first run.
    seed: u64,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Options> {
        let mut options = Options { time: Duration::from_secs(600), seed: 1 };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let value = arguments.next().map(String::as_str);
            match (argument.as_str(), value) {
                ("--minutes", Some(text)) => {
                    let minutes = text.parse().ok().filter(|m: &f64| *m > 0.0);
                    let time = minutes.and_then(|m| Duration::try_from_secs_f64(60.0 * m).ok());
                    let Some(time) = time else { bail!("--minutes {text}: must be above 0") };
                    options.time = time;
                }
                ("--seed", Some(text)) => match text.parse() {
                    Ok(seed) => options.seed = seed,
                    Err(error) => bail!("--seed {text}: {error}"),
                },
                ("--minutes" | "--seed", None) => bail!("{argument} wants a number"),
                _ => bail!("unknown option {argument:?}; there are --minutes N and --seed S"),
            }
        }
        Ok(options)
    }
}

/// Runs the tests, `run` being told cargo's arguments and the variables, until the time is over or
/// one fails.
pub fn run(arguments: &[String], run: impl Fn(&[&str], &[(&str, &str)]) -> bool) -> ExitCode {
    let Options { time, seed } = match Options::parse(arguments) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    // Built before the clock is set.
    if !run(&[&TEST[..], &["--no-run"]].concat(), &[]) {
        return ExitCode::FAILURE;
    }
    let begun = Instant::now();
    for (done, seed) in (1..).zip(seed..=u64::MAX) {
        if !run(&TEST, &[(SEED, &seed.to_string())]) {
            eprintln!("to repeat it: {SEED}={seed} cargo {}", TEST.join(" "));
            return ExitCode::FAILURE;
        }
        let minutes = begun.elapsed().as_secs_f64() / 60.0;
        eprintln!("seed {seed}: nothing broke; {done} full runs in {minutes:.1} minutes");
        if begun.elapsed() >= time {
            break;
        }
    }
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_a_time_and_a_seed() {
        let options = parse("--minutes 0.5 --seed 7").expect("both");
        assert_eq!(options, Options { time: Duration::from_secs(30), seed: 7 });
        assert_eq!(parse("").expect("neither").time, Duration::from_secs(600));
        for line in ["--minutes", "--minutes 0", "--minutes nan", "--seed -1", "--hours 2"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn seeds_follow_each_other_until_one_fails() {
        let seeds = RefCell::new(Vec::new());
        let arguments = ["--seed".to_owned(), "5".to_owned()];
        let _ = run(&arguments, |_, variables| {
            seeds.borrow_mut().extend(variables.iter().map(|(_, seed)| (*seed).to_owned()));
            variables.iter().all(|(_, seed)| *seed != "7")
        });
        assert_eq!(seeds.into_inner(), ["5", "6", "7"]);
    }
}
