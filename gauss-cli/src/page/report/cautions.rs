//! Where not to trust a model: sentences with numbers, the gravest first.

use faer::MatRef;
use gauss_math::normal;
use gauss_model::Model;
use gauss_rbig::defects::examine;

use super::findings::{Caution, Findings};
use super::words::fixed;
use crate::plot::{compact, number};
use crate::shared::defects::Caveats;
use crate::words::{counted, grouped};
use gauss_flow::rows;

/// Rows per trained parameter below which a fit may have followed its rows too closely.
const ROWS_PER_PARAMETER: f64 = 5.0;
/// Rows below which every figure of a report is rough.
const FEW_ROWS: usize = 100;
/// A z as large as this should turn up in one table of a hundred.
const CHANCE: f64 = 0.01;
/// Standard errors that count as a difference.
const CLEARLY: f64 = 3.0;
/// The topic that the page's verdict speaks of, too.
pub const SIMPLER_IS_BETTER: &str = "simpler_is_better";
/// Columns named in a sentence.
const NAMED: usize = 5;

/// What the findings were made from.
pub struct Seen<'a> {
    pub model: &'a Model,
    /// Rows of the table `[n, d]`, within the supports.
    pub examined: MatRef<'a, f64>,
    /// Their z, the finite ones.
    pub z: MatRef<'a, f64>,
    /// Rows that the model learnt from.
    pub train: Option<MatRef<'a, f64>>,
}

/// All that there is to say.
pub fn of(findings: &Findings, seen: &Seen<'_>) -> Vec<Caution> {
    let mut cautions = Vec::new();
    let mut add = |topic, text: Option<String>| {
        cautions.extend(text.map(|text| Caution { topic, text }));
    };
    add("outside_support", outside_support(findings));
    add("beyond_range", beyond_range(findings));
    add(SIMPLER_IS_BETTER, simpler_is_better(findings));
    add("no_density", defects(seen));
    add("rows_in_training", rows_in_training(findings));
    let beyond = beyond_training_range(seen);
    let (many, few) =
        beyond.map_or(
            (None, None),
            |(text, many)| {
                if many { (Some(text), None) } else { (None, Some(text)) }
            },
        );
    add("beyond_training_range", many);
    add("worse_than_training", worse_than_training(findings));
    add("far_latent", far_latent(seen.z));
    add("samples_differ", samples_differ(findings));
    add("constant_columns", constant_columns(seen));
    let caveat = Caveats::of(seen.model).warning();
    add("notes", caveat.map(|text| sentence(&text)));
    add("few_rows_per_parameter", rows_per_parameter(findings));
    add("not_validated", not_validated(findings));
    add("few_rows", few_rows(findings));
    add("beyond_training_range", few);
    add("missing_rows", missing_rows(findings));
    cautions
}

fn share(count: usize, of: usize) -> String {
    format!(
        "{} of {} ({} %)",
        grouped(count),
        counted(of, "row"),
        compact(100.0 * count as f64 / of as f64, 2)
    )
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map_or_else(String::new, |c| c.to_uppercase().collect());
    format!("{first}{}.", letters.as_str())
}

/// The first few names, and how many more there are.
fn names(names: &[String]) -> String {
    let shown = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn outside_support(findings: &Findings) -> Option<String> {
    let table = &findings.table;
    (table.facts.outside_support > 0).then(|| {
        format!(
            "{} have a value that its column cannot take in this model, so ln p(x) = −∞ for them. \
             They are left out of every mean on this page.",
            share(table.facts.outside_support, table.facts.rows)
        )
    })
}

fn beyond_range(findings: &Findings) -> Option<String> {
    let table = &findings.table;
    (table.facts.beyond_range > 0).then(|| {
        format!(
            "{} lie so far out that ln p(x) is beyond the range of a double. They are left out of \
             every mean on this page.",
            share(table.facts.beyond_range, table.facts.rows)
        )
    })
}

fn simpler_is_better(findings: &Findings) -> Option<String> {
    let better: Vec<String> = findings
        .comparison
        .iter()
        .flat_map(|comparison| &comparison.baselines)
        .filter_map(|against| {
            let gain = against.gain?;
            (gain.mean < -2.0 * gain.standard_error).then(|| {
                let (by, error) = (fixed(-gain.mean, 4), fixed(gain.standard_error, 4));
                format!("{} (by {by} ± {error} nats)", against.baseline.name())
            })
        })
        .collect();
    (!better.is_empty()).then(|| {
        format!(
            "A simpler density describes these rows better than the model: {}.",
            better.join(", ")
        )
    })
}

fn rows_in_training(findings: &Findings) -> Option<String> {
    let rows = findings.train.as_ref()?.facts.shared_rows;
    (rows > 0).then(|| {
        format!(
            "{} stand in the training table, too: their ln p(x) is not that of rows the model has \
             not seen. Where values are few or rounded, rows can be the same by chance.",
            share(rows, findings.table.facts.usable_rows)
        )
    })
}

/// The sentence, and whether there are more such rows than the same distribution would give.
fn beyond_training_range(seen: &Seen<'_>) -> Option<(String, bool)> {
    let train = seen.train.filter(|train| train.nrows() > 0)?;
    let range = |j: usize| {
        let column = || train.col(j).iter().copied();
        (column().fold(f64::INFINITY, f64::min), column().fold(f64::NEG_INFINITY, f64::max))
    };
    let ranges: Vec<(f64, f64)> = (0..train.ncols()).map(range).collect();
    let x = seen.examined;
    let beyond = |i: usize, j: usize| x[(i, j)] < ranges[j].0 || x[(i, j)] > ranges[j].1;
    let rows = (0..x.nrows()).filter(|&i| (0..x.ncols()).any(|j| beyond(i, j))).count();
    if rows == 0 {
        return None;
    }
    let mut columns: Vec<(usize, String)> = (0..x.ncols())
        .map(|j| ((0..x.nrows()).filter(|&i| beyond(i, j)).count(), j))
        .filter(|(count, _)| *count > 0)
        .map(|(count, j)| (count, format!("{} ({})", seen.model.columns()[j].name, grouped(count))))
        .collect();
    columns.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let columns: Vec<String> = columns.into_iter().map(|(_, text)| text).collect();
    // A new value exceeds n exchangeable ones with a chance of 1/(n + 1), on either side.
    let chance = (2 * x.ncols()) as f64 / (train.nrows() + 1) as f64;
    let expected = x.nrows() as f64 * chance.min(1.0);
    let text = format!(
        "{} lie outside the range of the training rows in some column: {}. About {} would by chance \
         if they came from where the training rows did. The density there is an extrapolation by \
         normal tails.",
        share(rows, x.nrows()),
        names(&columns),
        compact(expected, 2)
    );
    // How many exceed one end of the range is geometric, of mean r and variance r (1 + r).
    let per_end = x.nrows() as f64 / (train.nrows() + 1) as f64;
    let deviation = (expected * (1.0 + per_end)).sqrt();
    Some((text, rows as f64 > expected + CLEARLY * deviation))
}

fn worse_than_training(findings: &Findings) -> Option<String> {
    let (train, here) = (findings.train.as_ref()?.facts.log_prob, findings.likelihood.log_prob);
    let gap = train.mean - here.mean;
    let error = train.standard_error.hypot(here.standard_error);
    (gap > CLEARLY * error).then(|| {
        format!(
            "ln p(x) is {} ± {} nats lower here than on the training rows: the model follows those \
             rows too closely, or these come from elsewhere.",
            fixed(gap, 4),
            fixed(error, 4)
        )
    })
}

/// Rows with a z that a normal table of this size should not have.
fn far_latent(z: MatRef<'_, f64>) -> Option<String> {
    let values = z.nrows() * z.ncols();
    if values == 0 {
        return None;
    }
    let limit = -normal::quantile(CHANCE / (2 * values) as f64);
    let far = (0..z.nrows()).filter(|&i| z.row(i).iter().any(|z| z.abs() > limit)).count();
    (far > 0).then(|| {
        format!(
            "{} have a latent coordinate beyond ±{}, which one table in a hundred of this size has \
             by chance if the model is right. The model holds such rows to be all but impossible, \
             and its ln p(x) for them is a guess.",
            share(far, z.nrows()),
            number(limit, 2)
        )
    })
}

fn samples_differ(findings: &Findings) -> Option<String> {
    let test = findings.two_sample.as_ref().filter(|test| test.p_value < CHANCE)?;
    let columns: Vec<String> = findings
        .telling(test)
        .take(3)
        .map(|(share, name)| format!("{name} ({} %)", number(100.0 * share, 0)))
        .collect();
    Some(format!(
        "A classifier tells the model's samples from these rows {} % of the time, chance being 50 %. \
         It goes mostly by {}.",
        number(100.0 * test.accuracy, 1),
        columns.join(", ")
    ))
}

fn constant_columns(seen: &Seen<'_>) -> Option<String> {
    let x = seen.examined;
    if x.nrows() < 2 {
        return None;
    }
    let constant: Vec<String> = (0..x.ncols())
        .filter(|&j| x.col(j).iter().all(|&v| v == x[(0, j)]))
        .map(|j| seen.model.columns()[j].name.clone())
        .collect();
    (!constant.is_empty()).then(|| {
        format!(
            "Constant in these rows: {}. They say nothing about how the model does there, and leave \
             no baseline to compare with.",
            names(&constant)
        )
    })
}

/// Ties, few values and exact relations among the columns that have a density: the first few.
fn defects(seen: &Seen<'_>) -> Option<String> {
    /// Findings told.
    const TOLD: usize = 3;
    let columns = seen.model.columns();
    let real: Vec<usize> = (0..columns.len()).filter(|&j| !columns[j].kind.is_discrete()).collect();
    let x = rows::pick(seen.examined.transpose(), &real).transpose().to_owned();
    let names: Vec<String> = real.iter().map(|&j| columns[j].name.clone()).collect();
    if x.nrows() <= x.ncols() {
        return None; // so few rows span no volume, whatever they are
    }
    let found = examine(x.as_ref()).unwrap_or_default(); // of no columns: nothing to find
    if found.is_empty() {
        return None;
    }
    let told = found.iter().take(TOLD).map(|defect| sentence(&defect.sentence(&names)));
    let told: Vec<String> = told.collect();
    let more = match found.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" There are {more} more findings like these."),
    };
    Some(format!(
        "{}{more} A density there can be as high as one likes, and decides no comparison.",
        told.join(" ")
    ))
}

fn rows_per_parameter(findings: &Findings) -> Option<String> {
    let (rows, parameters) = (findings.model.rows, findings.model.trainable_parameters);
    let ratio = rows as f64 / parameters as f64;
    (ratio < ROWS_PER_PARAMETER).then(|| {
        format!(
            "The model has {} and learnt from {}: {} rows each. Its ln p(x) on the rows it learnt \
             from flatters it.",
            counted(parameters, "trained parameter"),
            counted(rows as usize, "row"),
            compact(ratio, 2)
        )
    })
}

fn not_validated(findings: &Findings) -> Option<String> {
    (!findings.model.validated).then(|| {
        "No rows were held out of the fit, or the file does not say: nothing kept the model from \
         following its training rows too closely."
            .to_owned()
    })
}

fn few_rows(findings: &Findings) -> Option<String> {
    let rows = findings.table.facts.usable_rows;
    (rows < FEW_ROWS).then(|| {
        format!(
            "Only {} could be evaluated: every figure on this page is rough.",
            counted(rows, "row")
        )
    })
}

fn missing_rows(findings: &Findings) -> Option<String> {
    let table = &findings.table;
    (table.facts.missing_rows > 0).then(|| {
        format!(
            "{} have a missing value and are left out. If they differ from the others, this page \
             does not show it.",
            share(table.facts.missing_rows, table.facts.rows)
        )
    })
}
