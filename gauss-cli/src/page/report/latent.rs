//! Whether z is standard normal, in numbers and in plain words.

use super::findings::Findings;
use super::words::{fixed, p_value, percent, shown};
use super::{header, listed};
use crate::page::{Block, Section, TextTable};
use crate::plot::number;
use crate::words::counted;
use gauss_model::diagnostics::normality::{Dimension, LEAST_ROWS, Normality};

/// Level of all tests together: a right model fails any of them one time in twenty at most.
const LEVEL: f64 = 0.05;
/// What is called small: of means, deviations and correlations, and of the higher moments.
const SMALL: f64 = 0.1;
const SMALL_SKEWNESS: f64 = 0.25;
const SMALL_KURTOSIS: f64 = 0.5;
/// Energy coefficient beyond what chance gives.
const SMALL_ENERGY: f64 = 0.01;

pub fn section(findings: &Findings) -> Section {
    let section = Section::new("Is z standard normal?");
    let Some(normality) = &findings.normality else {
        return section.paragraph(format!("That takes at least {LEAST_ROWS} rows."));
    };
    let section = section
        .paragraph(verdict(normality))
        .with(Block::Table(joint(normality)))
        .with(listed(
            dimensions(normality),
            format!("each of {}", counted(normality.dimensions.len(), "dimension")),
        ))
        .paragraph(format!(
            "z of {}. p(A²) is that of Anderson and Darling's test against N(0, 1) with mean and \
             variance known, in the limit of many rows; p adjusted is after Holm, over all {}. Each of \
             the {} kinds of test is held to {}, so that together they reject a right model at most \
             one time in twenty.",
            counted(normality.rows, "row"),
            counted(normality.dimensions.len(), "dimension"),
            kinds(normality),
            percent(level(normality), 2)
        ));
    if findings.model.columns.iter().all(|column| column.kind == "real") {
        return section;
    }
    section.paragraph(
        "Values of discrete columns go to z with uniform noise in their cells. Where the model's own \
         density is not level within a cell, z departs from N(0, I) although the probabilities of \
         the values may be right: a rejection here may come from that alone.",
    )
}

/// Kinds of test: the dimensions, the correlations, the kurtosis and the energy.
fn kinds(normality: &Normality) -> usize {
    3 + usize::from(normality.correlation.is_some())
}

/// Level of each kind, after Bonferroni.
fn level(normality: &Normality) -> f64 {
    LEVEL / kinds(normality) as f64
}

/// The largest value of a kind, and where.
fn largest(normality: &Normality, of: impl Fn(&Dimension) -> f64) -> (f64, usize) {
    let values = normality.dimensions.iter().map(of).zip(0..);
    values.max_by(|a, b| a.0.abs().total_cmp(&b.0.abs())).unwrap_or((0.0, 0))
}

fn verdict(normality: &Normality) -> String {
    let level = level(normality);
    let count = normality.dimensions.iter().filter(|d| d.p_adjusted < level).count();
    let mut rejected = Vec::new();
    if count > 0 {
        rejected.push(format!(
            "{count} of {} by its own distribution",
            counted(normality.dimensions.len(), "dimension")
        ));
    }
    if normality.correlation.as_ref().is_some_and(|r| r.p_adjusted < level) {
        rejected.push("a correlation".to_owned());
    }
    if normality.energy.p_value < level {
        rejected.push("the energy test of all dimensions".to_owned());
    }
    if normality.kurtosis.p_value < level {
        rejected.push("the kurtosis of all dimensions".to_owned());
    }
    let (mean, mean_at) = largest(normality, |d| d.mean);
    let (spread, spread_at) = largest(normality, |d| d.standard_deviation - 1.0);
    let (skewness, skewness_at) = largest(normality, |d| d.skewness);
    let (kurtosis, kurtosis_at) = largest(normality, |d| d.excess_kurtosis);
    let correlation = normality.correlation.as_ref().map_or(0.0, |r| r.correlation);
    let energy = normality.energy.coefficient - normality.energy.coefficient_by_chance;
    let sizes = format!(
        "the largest mean is {} (z{mean_at}), the standard deviation farthest from 1 is {} \
         (z{spread_at}), the largest skewness {} (z{skewness_at}) and excess kurtosis {} \
         (z{kurtosis_at})",
        fixed(mean, 3),
        fixed(1.0 + spread, 3),
        fixed(skewness, 2),
        fixed(kurtosis, 2)
    );
    let small = mean.abs().max(spread.abs()).max(correlation.abs()) < SMALL
        && skewness.abs() < SMALL_SKEWNESS
        && kurtosis.abs() < SMALL_KURTOSIS
        && energy < SMALL_ENERGY;
    let rows = counted(normality.rows, "row");
    if rejected.is_empty() {
        format!(
            "No test finds a departure from N(0, I), at 5 % for all together, in {rows}: {sizes}. Means \
             smaller than about {} could not be seen with so many rows.",
            number(2.0 / (normality.rows as f64).sqrt(), 3)
        )
    } else if small {
        format!(
            "At 5 % for all tests together these depart from N(0, I): {}. But the departures are small: \
             {sizes}. {rows} are enough to see differences of this size; no model passes every \
             test on enough rows.",
            rejected.join(", ")
        )
    } else {
        format!(
            "z departs from N(0, I), in size as well as in significance. Rejected at 5 % for all \
             tests together: {}. In {rows} {sizes}.",
            rejected.join(", ")
        )
    }
}

fn joint(normality: &Normality) -> TextTable {
    let mut rows = Vec::new();
    if let Some(r) = &normality.correlation {
        let [a, b] = r.dimensions;
        rows.push(vec![
            format!("largest correlation of {}, z{a} and z{b}", counted(r.pairs, "pair")),
            number(r.correlation, 4),
            "0".to_owned(),
            p_value(r.p_adjusted),
        ]);
    }
    let energy = &normality.energy;
    rows.push(vec![
        format!(
            "energy coefficient of {}; expected is the mean of {} normal draws",
            counted(energy.rows, "row"),
            energy.replicates
        ),
        number(energy.coefficient, 4),
        number(energy.coefficient_by_chance, 4),
        p_value(energy.p_value),
    ]);
    let kurtosis = &normality.kurtosis;
    rows.push(vec![
        format!("kurtosis, the mean of |z|⁴; p from {} normal draws", energy.replicates),
        shown(kurtosis.value, 2),
        number(kurtosis.expected, 0),
        p_value(kurtosis.p_value),
    ]);
    TextTable {
        header: header(&["all dimensions at once", "found", "expected", "p"]),
        rows,
        caption: String::new(),
    }
}

fn dimensions(normality: &Normality) -> TextTable {
    let rows = normality.dimensions.iter().zip(0..).map(|(d, k): (&Dimension, usize)| {
        vec![
            format!("z{k}"),
            shown(d.mean, 3),
            shown(d.standard_deviation, 3),
            shown(d.skewness, 3),
            shown(d.excess_kurtosis, 3),
            shown(d.anderson_darling, 2),
            p_value(d.p_value),
            p_value(d.p_adjusted),
        ]
    });
    TextTable {
        header: header(&[
            "dimension",
            "mean",
            "st. dev.",
            "skewness",
            "ex. kurtosis",
            "A²",
            "p(A²)",
            "p adjusted",
        ]),
        rows: rows.collect(),
        caption: String::new(),
    }
}
