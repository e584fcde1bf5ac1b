//! The same seed gives the same bits, whatever the number of threads.

use crate::support::{Place, QUICK};

#[test]
fn a_fit_is_the_same_at_any_number_of_threads() {
    let place = Place::with_model();
    for (name, threads) in [("one.gauss", "1"), ("two.gauss", "2"), ("three.gauss", "3")] {
        let fit = ["fit", "train.csv", "--out", name, "--threads", threads];
        place.gauss(fit.iter().chain(&QUICK)).ok();
    }
    let scores = |model: &str| place.gauss(["score", model, "test.csv"]).ok().stdout;
    assert_eq!(scores("one.gauss"), scores("two.gauss"));
    assert_eq!(scores("one.gauss"), scores("three.gauss"));
    assert_eq!(scores("one.gauss"), scores("model.gauss"), "the default is all cores");
}

#[test]
fn another_seed_gives_another_model() {
    let place = Place::with_model();
    let fit = ["fit", "train.csv", "--out", "other.gauss", "--seed", "1"];
    place.gauss(fit.iter().chain(&QUICK)).ok();
    let scores = |model: &str| place.gauss(["score", model, "test.csv"]).ok().stdout;
    assert_ne!(scores("other.gauss"), scores("model.gauss"));
}

#[test]
fn samples_follow_the_seed_alone() {
    let place = Place::with_model();
    let sample = |options: &str| {
        let fixed = ["sample", "model.gauss"].into_iter();
        place.gauss(fixed.chain(options.split(' '))).ok().stdout
    };
    let first = sample("--rows 300 --seed 5 --threads 1");
    assert_eq!(first, sample("--rows 300 --seed 5 --threads 2"));
    assert_ne!(first, sample("--rows 300 --seed 6"));
    assert_eq!(sample("--rows 300"), sample("--rows 300 --seed 0"), "the default seed is 0");
    assert!(
        first.starts_with(&sample("--rows 100 --seed 5")),
        "more rows begin with the same rows"
    );
}
