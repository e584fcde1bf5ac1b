//! Every option that takes a number is bounded: what is no number, no sensible one, or beyond any, is
//! refused before anything is read. The options are those that clap itself lists, so that a new one
//! cannot be forgotten.

use std::any::TypeId;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, Command};

/// What no option takes for a number.
const NONE: [&str; 12] =
    ["", " ", "x", "nan", "NaN", "-nan", "inf", "-inf", "infinity", "0x10", "1,5", "１"];
/// What none takes for a count.
const NO_COUNT: [&str; 6] = ["1.5", "1e3", "-1", "-0.5", "+", "18446744073709551616"];
/// What is beyond any sensible count, and any sensible size.
const ABSURD: [&str; 2] = ["18446744073709551615", "1000000000000000"];
const ABSURD_SIZES: [&str; 4] = ["-1", "1e999", "1e308", "-1e-308"];

/// A command line with all that the command must have, and without `but`.
fn needed(command: &Command, but: &Arg) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec!["gauss".into(), command.get_name().into()];
    for arg in
        command.get_arguments().filter(|arg| arg.is_required_set() && arg.get_id() != but.get_id())
    {
        match arg.get_long() {
            Some(long) => line.push(format!("--{long}=7").into()),
            None if !arg.get_possible_values().is_empty() => {
                line.push(arg.get_possible_values()[0].get_name().into());
            }
            None => {
                let least = arg.get_num_args().map_or(1, |range| range.min_values().max(1));
                line.extend((0..least).map(|k| format!("file{k}").into()));
            }
        }
    }
    line
}

/// Values of an option that must be refused, in its own form; `None` where it takes no number.
fn refused(arg: &Arg) -> Option<Vec<String>> {
    let kind = arg.get_value_parser().type_id();
    let is = |id: TypeId| kind == id;
    let all = |lists: &[&[&str]], form: fn(&str) -> String| {
        Some(lists.iter().flat_map(|list| list.iter().map(|text| form(text))).collect())
    };
    let name = arg.get_long().unwrap_or_default();
    let takes_none = !arg.get_action().takes_values()
        || !arg.get_possible_values().is_empty()
        || is(TypeId::of::<String>())
        || is(TypeId::of::<PathBuf>())
        || name == "delimiter";
    match name {
        _ if takes_none => None,
        "seed" => all(&[&NONE, &NO_COUNT], str::to_owned), // any number is as good
        "budget" => {
            all(&[&NONE, &NO_COUNT[2..5], &ABSURD[..0], &ABSURD_SIZES], |text| format!("{text}s"))
        }
        "noise" => all(&[&NONE, &ABSURD_SIZES], |text| format!("a={text}")),
        "support" => all(&[&NONE[..6]], |text| format!("a>{text}")), // an infinity is no bound
        _ if is(TypeId::of::<f64>()) => all(&[&NONE, &ABSURD_SIZES], str::to_owned),
        _ if is(TypeId::of::<usize>()) || is(TypeId::of::<u64>()) => {
            all(&[&NONE, &NO_COUNT, &ABSURD], str::to_owned)
        }
        _ => panic!("--{name}: say here which of its values are refused"),
    }
}

#[test]
fn every_number_of_every_option_is_bounded() {
    let mut gauss = gauss_cli::cli::command();
    gauss.build();
    let mut seen = Vec::new();
    for command in gauss.get_subcommands().filter(|command| command.get_name() != "help") {
        for arg in command.get_arguments() {
            let (Some(long), Some(values)) = (arg.get_long(), refused(arg)) else { continue };
            seen.push(long.to_owned());
            for value in values {
                let mut line = needed(command, arg);
                line.push(format!("--{long}={value}").into());
                let told = format!("{line:?}");
                let error = gauss_cli::cli::parse(line).expect_err(&told);
                let kind = error.kind();
                let valued = matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue);
                assert!(valued, "{told}: {kind:?}: {error}");
                assert!(error.to_string().contains(long), "{told}: {error}");
            }
        }
    }
    for option in
        ["rows", "threads", "seed", "components", "prior", "noise", "budget", "batch-size"]
    {
        assert!(seen.iter().any(|long| long == option), "--{option} is not among {seen:?}");
    }
}

/// The rest of the command line is a good one.
#[test]
fn a_sensible_number_is_taken() {
    let mut gauss = gauss_cli::cli::command();
    gauss.build();
    for command in gauss.get_subcommands().filter(|command| command.get_name() != "help") {
        for arg in command.get_arguments() {
            let (Some(long), Some(_)) = (arg.get_long(), refused(arg)) else { continue };
            let value = match long {
                "budget" => "7s",
                "noise" => "a=7",
                "support" => "a>7",
                _ => "7",
            };
            let mut line = needed(command, arg);
            line.push(format!("--{long}={value}").into());
            let told = format!("{line:?}");
            assert!(gauss_cli::cli::parse(line).is_ok(), "{told}");
        }
    }
}
