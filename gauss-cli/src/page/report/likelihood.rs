//! How well: ln p(x), and against what.

use gauss_model::diagnostics::report::Against;

use super::findings::Findings;
use super::header;
use super::words::{NATS, shown, with_error};
use crate::page::{Section, TextTable};
use crate::plot::compact;
use crate::words::{counted, grouped};
use gauss_model::diagnostics::baselines::{Baseline, FOLDS};
use gauss_model::diagnostics::mean::Mean;

/// The best of the baselines, and how far the model is above it.
pub fn nearest(findings: &Findings) -> Option<(Baseline, Mean)> {
    let baselines = findings.comparison.iter().flat_map(|comparison| &comparison.baselines);
    baselines
        .filter_map(|against| Some((against.baseline, against.gain?)))
        .min_by(|a, b| a.1.mean.total_cmp(&b.1.mean))
}

/// Whether the model is better than the simple densities, in a sentence.
pub fn verdict(findings: &Findings) -> String {
    const CLEARLY: f64 = 2.0;
    let Some((baseline, gain)) = nearest(findings) else {
        return "There is no simple density to compare the model with on so few or such rows."
            .to_owned();
    };
    let by = with_error(Mean { mean: gain.mean.abs(), ..gain });
    let table = &findings.table;
    let these_rows = match table.facts.outside_support + table.facts.beyond_range {
        0 => "these rows",
        _ => "the rows for which it has a density",
    };
    if gain.mean > CLEARLY * gain.standard_error {
        format!(
            "The model describes {these_rows} better than any of the simple densities: by {by} nats \
             a row than the best of them, {}, a factor of {} in the geometric mean of the densities.",
            baseline.phrase(),
            compact(gain.mean.exp(), 3)
        )
    } else if gain.mean < -CLEARLY * gain.standard_error {
        format!(
            "A simple density, {}, describes these rows better, by {by} nats a row.",
            baseline.phrase()
        )
    } else {
        format!(
            "On these rows the model cannot be told from a simple density, {}: they differ by {} \
             nats a row.",
            baseline.phrase(),
            with_error(gain)
        )
    }
}

/// Whether the model's own figure is of rows it has not seen.
pub fn held_out(findings: &Findings) -> String {
    match &findings.train {
        Some(train) => format!("That is held out if the model was fitted to {}.", train.file),
        None => "That is held out only if none of these rows was in the model's fit, which the \
                 model file cannot tell."
            .to_owned(),
    }
}

pub fn section(findings: &Findings) -> Section {
    let section = Section::new("How well it describes these rows");
    let Some(comparison) = &findings.comparison else {
        return section.paragraph("There are too few rows to compare the model with anything.");
    };
    let mut how = match &findings.train {
        Some(train) => format!(
            "The baselines were fitted to {} of {} and scored, as the model, on {} of {}.",
            counted(train.facts.used_rows, "row"),
            train.file,
            counted(comparison.rows, "row"),
            findings.table.file
        ),
        None => format!(
            "Without --train the baselines are cross-fitted: each of {} is scored by baselines fitted \
             to the other {} fifths of them. The model's own figure is held out only if these rows \
             were not in its fit.",
            counted(comparison.rows, "row"),
            ["zero", "one", "two", "three", "four"][FOLDS - 1]
        ),
    };
    if findings.model.layers.iter().any(|layer| layer.kind == "tables") {
        how += " Of categories and of whole numbers of which there are few, the simple densities know \
                the shares, and of no other column that depends on them.";
    }
    if comparison.dequantized {
        how += " Discrete columns stand here with uniform noise in their cells, the same for every \
                model: these are densities of the rows with noise, a little below the ln p(x) of \
                the rows themselves.";
    }
    section
        .paragraph(how)
        .table(table(findings))
        .paragraph(
            "The difference is paired: what makes a row hard for both cancels, so its standard error \
             is the one to judge by. Covariances of the mixture are smoothed by one pseudo-row of a \
             hundredth of the table's covariance, and held-out rows of its training rows chose its \
             size. With more components or other starts a mixture may do better. The shrunk normal \
             has its correlations drawn towards none, by as much as its training rows leave them \
             open.",
        )
}

fn table(findings: &Findings) -> TextTable {
    let dim = findings.model.columns.len() as f64;
    let cells = |mean: Mean| {
        let per_column = mean.over(dim);
        [shown(mean.mean, NATS), shown(mean.standard_error, NATS), shown(per_column.mean, NATS)]
    };
    let mut rows = Vec::new();
    if let Some(comparison) = &findings.comparison {
        let own = cells(comparison.log_prob).into_iter();
        let none = [String::from("–"), String::from("–")];
        rows.push(std::iter::once("this model".to_owned()).chain(own).chain(none).collect());
        rows.extend(comparison.baselines.iter().map(|against| {
            let log_prob = against.log_prob.map_or_else(|| [(); 3].map(|()| "–".to_owned()), cells);
            let gain = against.gain.map_or_else(
                || [(); 2].map(|()| "–".to_owned()),
                |gain| [shown(gain.mean, NATS), shown(gain.standard_error, NATS)],
            );
            std::iter::once(name(against)).chain(log_prob).chain(gain).collect::<Vec<String>>()
        }));
    }
    TextTable {
        header: header(&[
            "density",
            "mean ln p(x)",
            "s.e.",
            "per column",
            "model − this",
            "s.e. of the difference",
        ]),
        rows,
        caption: findings.comparison.as_ref().map_or_else(String::new, |comparison| {
            let unfit = comparison.baselines.iter().any(|against| against.log_prob.is_none());
            let dash = if unfit { "; a dash: the rows are too few or span no volume" } else { "" };
            format!("Nats per row, over {} rows{dash}", grouped(comparison.rows))
        }),
    }
}

/// `mixture of 4 normals`.
fn name(against: &Against) -> String {
    let (least, most) = (against.components.iter().min(), against.components.iter().max());
    match (least, most) {
        (Some(1), Some(1)) => "mixture of normals (1 chosen)".to_owned(),
        (Some(least), Some(most)) if least == most => format!("mixture of {least} normals"),
        (Some(least), Some(most)) => format!("mixture of {least} to {most} normals"),
        _ => against.baseline.name().to_owned(),
    }
}
