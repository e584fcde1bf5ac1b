//! The report as text: grids of cells, made once, for the terminal and for Markdown.

use super::OURS;
use super::record::{Figures, Outcome, RoundTrip};
use super::report::{Ahead, Report, Row, TableReport, least};
use super::statistics::{Estimate, Integral};

pub use super::markdown::markdown;

/// A header and rows of cells; where a cell is the best of its column.
pub struct Grid {
    pub header: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// A cell's text, and whether no other of its column is better.
pub struct Cell {
    pub text: String,
    pub best: bool,
}

fn plain(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), best: false }
}

/// `gauss` and the best rival of each table.
pub fn summary(report: &Report) -> Grid {
    let known = report.tables.iter().any(|table| table.known_density);
    let mut header = vec![
        "table",
        "rows × columns",
        "best rival",
        "rival's ln q",
        "rival's fit, s",
        "gauss's ln q",
        "gauss's fit, s",
        "kind",
        "gauss − rival",
        "ahead",
        "seconds, gauss / rival",
    ];
    if known {
        header.extend(["KL gauss", "KL rival"]);
    }
    let rows = report.tables.iter().map(|table| summary_row(table, known)).collect();
    Grid { header: header.into_iter().map(str::to_owned).collect(), rows }
}

fn summary_row(table: &TableReport, known: bool) -> Vec<Cell> {
    let ours = table.row(OURS);
    let rival = table.duel.as_ref().and_then(|duel| table.row(duel.rival));
    let likelihood = |row: Option<&Row>| nats(row.and_then(Row::log_likelihood));
    let fit = |row: Option<&Row>| match row.and_then(Row::figures) {
        Some(figures) if figures.is_disturbed() => format!("{} †", seconds(figures.fit_seconds)),
        Some(figures) => seconds(figures.fit_seconds),
        None => "–".to_owned(),
    };
    let duel = table.duel.as_ref();
    let ahead = |side: Ahead| duel.is_some_and(|duel| duel.ahead == side);
    let none = || "–".to_owned();
    let mut cells = vec![
        plain(&table.name),
        plain(format!("{} × {}", table.train_rows, table.columns)),
        plain(duel.map_or_else(none, |duel| duel.rival.to_owned())),
        Cell { text: likelihood(rival), best: ahead(Ahead::Rival) },
        plain(fit(rival)),
        Cell { text: likelihood(ours), best: ahead(Ahead::Gauss) },
        plain(fit(ours)),
        plain(ours.and_then(Row::figures).map_or_else(none, Figures::kind)),
        plain(nats(duel.map(|duel| duel.difference))),
        plain(duel.map_or_else(none, |duel| winner(duel.rival, duel.ahead).to_owned())),
        plain(duel.map_or_else(none, |duel| significant(duel.seconds_ratio))),
    ];
    if known {
        for row in [ours, rival] {
            cells.push(plain(nats(row.and_then(|row| row.score?.divergence))));
        }
    }
    cells
}

/// The one who is ahead.
fn winner(rival: &'static str, ahead: Ahead) -> &'static str {
    match ahead {
        Ahead::Gauss => OURS,
        Ahead::Rival => rival,
        Ahead::Neither => "neither",
    }
}

/// Every system on one table.
pub fn systems(table: &TableReport, timed_rows: usize) -> Grid {
    let mut header = vec!["system".to_owned(), "ln q".to_owned()];
    if table.known_density {
        header.push("KL(p ‖ q)".to_owned());
    }
    header.extend(["fit, s".to_owned()]);
    header.push(format!("{timed_rows} ln q, s"));
    header.push(format!("{timed_rows} samples, s"));
    header.extend(["round trip", "∫ q", "chosen"].map(str::to_owned));

    let rows = &table.results;
    let likeliest = least(rows, |row| Some(-row.log_likelihood()?.value));
    let closest = least(rows, |row| Some(row.score?.divergence?.value));
    let fit = least(rows, |row| Some(row.figures()?.fit_seconds));
    let log_prob = least(rows, |row| Some(row.figures()?.log_prob_seconds));
    let sample = least(rows, |row| Some(row.figures()?.sample_seconds));
    let back = least(rows, |row| match row.figures()?.round_trip {
        RoundTrip::Max(error) => Some(error),
        RoundTrip::None | RoundTrip::NotFinite => None,
    });
    let cells = |row: &Row| -> Vec<Cell> {
        let mark = |text: String, best: Option<&str>| Cell { text, best: best == Some(row.system) };
        let mut cells = vec![plain(row.system)];
        let figures = match &row.record.outcome {
            Outcome::Measured(figures) => figures,
            Outcome::Failed { reason } => {
                cells.resize_with(header.len() - 1, || plain("–"));
                cells.push(plain(format!("failed: {reason}")));
                return cells;
            }
        };
        cells.push(mark(nats(row.log_likelihood()), likeliest));
        if table.known_density {
            cells.push(mark(nats(row.score.and_then(|score| score.divergence)), closest));
        }
        let sign = if figures.is_disturbed() { " †" } else { "" };
        cells.push(mark(format!("{}{sign}", seconds(figures.fit_seconds)), fit));
        cells.push(mark(seconds(figures.log_prob_seconds), log_prob));
        cells.push(mark(seconds(figures.sample_seconds), sample));
        let round_trip = match figures.round_trip {
            RoundTrip::None => "none".to_owned(),
            RoundTrip::Max(error) => format!("{error:.0e}"),
            RoundTrip::NotFinite => "not finite".to_owned(),
        };
        cells.push(mark(round_trip, back));
        cells.push(plain(mass(figures.integral)));
        cells.push(plain(&figures.settings));
        cells
    };
    let rows = rows.iter().map(cells).collect();
    Grid { header, rows }
}

/// The tables for the terminal.
pub fn terminal(report: &Report) -> String {
    let mut text = String::new();
    for table in &report.tables {
        let TableReport { name, train_rows, columns, test_rows, .. } = table;
        let title = format!("\n{name}: {train_rows} × {columns}, {test_rows} test rows\n");
        text.push_str(&title);
        text.push_str(&align(&systems(table, report.timed_rows)));
    }
    text.push_str("\ngauss and the best rival of each table\n");
    text.push_str(&align(&summary(report)));
    text.push_str("\nln q: nats per test row, standardised columns; * the best of its column; ");
    text.push_str("† other programs were busy\n");
    text
}

/// Columns of equal width, two spaces between them.
fn align(grid: &Grid) -> String {
    let header: Vec<String> = grid.header.clone();
    let starred = |cell: &Cell| format!("{}{}", cell.text, if cell.best { " *" } else { "" });
    let rows = grid.rows.iter().map(|row| row.iter().map(starred).collect());
    let lines: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    let width = |j: usize| lines.iter().map(|line| line[j].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..grid.header.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let cells = cells.collect::<Vec<String>>().join("  ");
        text.extend(["  ", cells.trim_end(), "\n"]);
    }
    text
}

/// Nats with the standard error.
fn nats(estimate: Option<Estimate>) -> String {
    match estimate {
        Some(Estimate { value, error }) => format!("{value:.3} ± {error:.3}"),
        None => "–".to_owned(),
    }
}

/// Three digits, as far as a clock can be trusted.
fn seconds(value: f64) -> String {
    match value {
        v if v < 1.0 => format!("{v:.3}"),
        v if v < 10.0 => format!("{v:.2}"),
        v => format!("{v:.1}"),
    }
}

/// Two digits.
fn significant(value: f64) -> String {
    match value {
        v if v < 0.01 => format!("{v:.4}"),
        v if v < 0.1 => format!("{v:.3}"),
        v if v < 10.0 => format!("{v:.2}"),
        v => format!("{v:.0}"),
    }
}

fn mass(integral: Integral) -> String {
    match integral {
        Integral::Quadrature(Estimate { value, error })
        | Integral::Sampled(Estimate { value, error }) => format!("{value:.4} ± {error:.0e}"),
        Integral::TooFewDraws { effective } => format!("cannot be told ({effective:.0} draws)"),
        Integral::NotFinite => "not finite".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::report::tests::row;

    #[test]
    fn columns_line_up_and_the_best_is_marked() {
        let cell = |text: &str, best| Cell { text: text.to_owned(), best };
        let grid = Grid {
            header: vec!["system".to_owned(), "fit".to_owned(), "chosen".to_owned()],
            rows: vec![
                vec![cell("a", false), cell("1.0", true), cell("x", false)],
                vec![cell("longer", false), cell("−", false), cell("", false)],
            ],
        };
        let text = "  system  fit    chosen\n  a       1.0 *  x\n  longer  −\n";
        assert_eq!(align(&grid), text);
    }

    #[test]
    fn a_failure_is_a_row_with_its_reason() {
        let mut failed = row("sinflow", 1.0, &[]);
        failed.record.outcome = Outcome::Failed { reason: "no result in 5 s".to_owned() };
        failed.score = None;
        let table = TableReport {
            name: "t".to_owned(),
            generated: true,
            train_rows: 2,
            test_rows: 2,
            columns: 1,
            validation_part: true,
            known_density: false,
            results: vec![row(OURS, 2.0, &[-1.0, -2.0]), row("kde", 3.0, &[-2.0, -3.0]), failed],
            duel: None,
        };
        let grid = systems(&table, 10);
        assert!(grid.rows.iter().all(|row| row.len() == grid.header.len()));
        assert!(grid.rows[2].last().unwrap().text.ends_with("no result in 5 s"));
        assert!(grid.rows[0][1].best && grid.rows[0][2].best && !grid.rows[1][1].best);
    }
}
