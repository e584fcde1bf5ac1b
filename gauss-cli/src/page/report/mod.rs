//! What a model makes of a table, as one page.
//!
//! ```text
//! model, tables ──gather──▶ Findings ──page──▶ HTML
//!                 figures ─────────────▲
//! ```
//!
//! `findings` holds every number, `cautions` what there is to beware of; the page itself is here,
//! a file for each of its longer sections, in reading order: `fitted`, `likelihood`, `latent`,
//! `samples`.

mod cautions;
mod findings;
mod fitted;
mod gather;
mod latent;
mod likelihood;
mod samples;
mod words;

pub use findings::Findings;
pub use gather::{Request, STAGES};
pub use words::{percent, with_error};

use crate::figures::Drawn;
use crate::page::{Block, Page, Section, TextTable, Tile};
use crate::plot::compact;
use crate::words::counted;
use cautions::SIMPLER_IS_BETTER;
use words::{NATS, shown};

/// Rows of a table that stand on the page; a longer one is folded.
const LONG: usize = 20;

/// The page with the figures that could be drawn.
pub fn page(findings: &Findings, figures: Vec<Drawn>) -> Page {
    let model = file_name(&findings.model.file);
    let table = file_name(&findings.table.file);
    let mut sections =
        vec![summary(findings), fitted::section(findings), likelihood::section(findings)];
    if !figures.is_empty() {
        let drawn = figures.into_iter().fold(Section::new("Figures"), |section, drawn| {
            section.figure(drawn.figure, drawn.caption)
        });
        sections.push(drawn);
    }
    sections.extend([
        latent::section(findings),
        samples::round_trip(findings),
        samples::two_sample(findings),
        samples::least_likely(findings),
        cautions(findings),
    ]);
    Page {
        title: format!("{model} on {table}"),
        lede: format!(
            "How well a Gaussianization flow fitted to {} describes {} of {}. Written by {}.",
            counted(findings.model.rows as usize, "row"),
            counted(findings.table.facts.rows, "row"),
            counted(findings.model.columns.len(), "column"),
            findings.program
        ),
        sections,
    }
}

/// The last part of a path.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// A table, folded under `summary` where it is long.
fn listed(table: TextTable, summary: String) -> Block {
    if table.rows.len() > LONG {
        Block::Folded(summary, vec![Block::Table(table)])
    } else {
        Block::Table(table)
    }
}

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn summary(findings: &Findings) -> Section {
    let section = Section::new("In short");
    if findings.table.facts.usable_rows == 0 {
        let rows = section.paragraph("The model gives a density to none of these rows.");
        return beware(rows, findings);
    }
    let tile =
        |label: &str, value: String, note: String| Tile { label: label.to_owned(), value, note };
    let mean = findings.likelihood.log_prob;
    let mut tiles = vec![tile(
        "mean ln p(x)",
        shown(mean.mean, NATS),
        format!("± {} nats, {}", shown(mean.standard_error, NATS), counted(mean.rows, "row")),
    )];
    if let Some((baseline, gain)) = likelihood::nearest(findings) {
        tiles.push(tile(
            "against the best baseline",
            format!("{}{}", if gain.mean > 0.0 { "+" } else { "" }, shown(gain.mean, NATS)),
            format!("± {} nats; {}", shown(gain.standard_error, NATS), baseline.name()),
        ));
    }
    if let Some(test) = &findings.two_sample {
        tiles.push(tile(
            "samples told from data",
            percent(test.accuracy, 1),
            format!("± {}; 50 % is chance", percent(test.standard_error, 1)),
        ));
    }
    if let Some(largest) = findings.round_trip.as_ref().and_then(|trip| trip.largest) {
        let note = "of a column's deviation, to z and back".to_owned();
        tiles.push(tile("largest round-trip error", compact(largest, 2), note));
    }
    let mut words = likelihood::verdict(findings);
    if likelihood::nearest(findings).is_some() {
        words = format!("{words} {}", likelihood::held_out(findings));
    }
    let section = section.with(Block::Tiles(tiles)).paragraph(words);
    beware(section, findings)
}

/// The gravest caution, and how many more there are.
fn beware(section: Section, findings: &Findings) -> Section {
    // The verdict has said already where a simpler density is better.
    let first = findings.cautions.iter().find(|caution| caution.topic != SIMPLER_IS_BETTER);
    let Some(first) = first else { return section };
    let more = match findings.cautions.len() - 1 {
        0 => String::new(),
        more => format!(
            " The end of this page lists {}.",
            if more == 1 { "one more".to_owned() } else { format!("{more} more") }
        ),
    };
    section.paragraph(format!("To beware of: {}{more}", first.text))
}

fn cautions(findings: &Findings) -> Section {
    let section = Section::new("Where not to trust the model");
    let found: Vec<String> = findings.cautions.iter().map(|caution| caution.text.clone()).collect();
    let section = if found.is_empty() {
        section.paragraph("Nothing in these rows speaks against the model.")
    } else {
        section.with(Block::List(found))
    };
    let range = if findings.train.is_some() {
        "Ranges were compared with the rows given as --train."
    } else {
        "The model file does not hold the rows it learnt from, so whether these rows lie outside \
         their range is judged by z alone; --train TABLE compares the ranges."
    };
    section.paragraph(format!(
        "Beyond the rows it learnt from, any density is an extrapolation. {range}"
    ))
}
