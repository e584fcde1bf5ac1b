//! `docs/benchmarks.md`: who wins, on what machine, by what protocol, and every figure.

use super::OURS;
use super::render::{Cell, Grid, summary, systems};
use super::report::{Ahead, Report, TableReport};

const HEAD: &str = "\
<!-- Written by `cargo xtask peers`: change the command, not this file. -->
# Benchmarks

`gauss` and its Python rivals on the same tables, the same splits and the same machine, one after
the other. `cargo xtask peers` measures all of it again and writes this page; what the rivals win
is here as what they lose.

";

const PROTOCOL: &str = "\
## Protocol

Every system learns from the training part, chooses by the validation part and is scored on the
test part, which it has not seen. **ln q** is the mean log-density of the test rows in nats per row,
for columns standardised by the training part, with its standard error; **KL(p ‖ q)** is the mean of
ln p − ln q where the true density p is known. *Ahead* is who is more than two standard errors of
the paired difference ahead; the rival is the one with the highest ln q.

| system | how it is fitted | what the validation part chooses |
|---|---|---|
| gauss | `gauss fit TRAIN.csv --validation VALID.csv --out MODEL`, no other option | the kind of density, its size, and when to stop |
| mixture | scikit-learn's GaussianMixture, full covariances | 1, 2, 4, 8, 16, 32 or 64 components |
| kde | scikit-learn's KernelDensity, normal kernels | one of 12 bandwidths from 0.02 to 1 |
| vine | pyvinecopulib, kernel densities of the columns and a vine of pair copulas | all families of pair copulas, or kernels alone |
| zuko-gf | Gaussianization flow, 8 transforms of 8 components; Adam, rate 0.01 | the epoch |
| zuko-maf | masked autoregressive flow, 5 transforms, hidden 128, 128; Adam, rate 0.001 | the epoch |
| zuko-nsf | neural spline flow, 5 transforms, hidden 128, 128; Adam, rate 0.001 | the epoch |
| sinflow | sliced iterative flow, its own settings and early stopping | how many transforms to keep |

The three zuko flows run on torch in its default 32 bits, in batches of 256 rows, for at most 400
epochs, and stop after 30 without gain. Where a table has no validation part, a tenth of the
training part is one for the rivals, and `gauss` sets rows aside by itself.

Where a vine's density is 0, beyond the grids of its columns, the row counts as the least likely one
of the training part.

**Fit** seconds count all candidates that were tried. The rivals' seconds are taken inside a running
Python, after its imports and after the tables were read. Those of `gauss` are **of whole
processes**: start, reading the CSV file, computing, writing the result. torch has all cores,
scikit-learn, pyvinecopulib and sinflow have one, on which they are faster. Log-densities are of TIMED rows drawn
from the test part with repetition, samples are as many. A † says that other programs took more than
a tenth of a core from the system meanwhile: its seconds are too long.

**Round trip** is the largest |x − f⁻¹(f(x))| over the test rows, in standard deviations of the
column; a mixture, a kernel density and a vine have no map here.

**∫ q** is computed on a grid over twice the training part's box where there are two columns (its
error: the difference from every other node), and otherwise by importance sampling from a proposal
that does not know the model (its error: the standard error; where fewer than 500 draws' worth of
weight is effective, it cannot be told). Spikes that the proposal misses make it too small. Where a
table repeats values, in a column of few or rounded numbers, densities have such spikes and ln q has
no upper bound.

";

/// The page.
pub fn markdown(report: &Report) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("## Who wins\n\n");
    text.push_str(&verdict(report));
    text.push_str(&grid(&summary(report)));
    text.push_str("\n## Machine\n\n");
    text.push_str(&machine(report));
    text.push_str(&PROTOCOL.replace("TIMED", &report.timed_rows.to_string()));
    text.push_str("## Tables\n\nThe best of each column is bold; † other programs were busy.\n");
    for table in &report.tables {
        text.push_str(&section(table, report.timed_rows));
    }
    text
}

/// A sentence for each outcome, with the tables it befell.
fn verdict(report: &Report) -> String {
    let names = |wanted: Ahead| {
        let of_duel = |table: &&TableReport| table.duel.as_ref().is_some_and(|d| d.ahead == wanted);
        let name = |table: &TableReport| match &table.duel {
            Some(duel) if wanted == Ahead::Rival => format!("{} ({})", table.name, duel.rival),
            _ => table.name.clone(),
        };
        list(&report.tables.iter().filter(of_duel).map(name).collect::<Vec<String>>())
    };
    // The goal of the project: no worse than the best rival, in at most a tenth of its time.
    let goal = |table: &&TableReport| {
        let met =
            |duel: &super::report::Duel| duel.ahead != Ahead::Rival && duel.seconds_ratio <= 0.1;
        table.duel.as_ref().is_some_and(met)
    };
    let met = report.tables.iter().filter(goal).map(|table| table.name.clone());
    let goal = list(&met.collect::<Vec<String>>());
    format!(
        "- Held-out log-likelihood, {OURS} ahead: {}.\n\
         - A rival ahead: {}.\n\
         - Neither clearly: {}.\n\
         - {OURS} not behind, and in at most a tenth of the best rival's fit seconds: {goal}.\n\n",
        names(Ahead::Gauss),
        names(Ahead::Rival),
        names(Ahead::Neither),
    )
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let environment = &machine.environment;
    let packages: Vec<String> =
        environment.packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let times = report.tables.iter().flat_map(|table| &table.results);
    let times = || times.clone().map(|row| row.record.measured_at);
    let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
    format!(
        "- {}, {} cores, {}\n\
         - gauss {}, {}\n\
         - Python {}: {}\n\
         - linear algebra: {}\n\
         - measured from {} to {}\n\n",
        machine.processor,
        machine.cores,
        machine.system,
        machine.gauss,
        machine.rustc,
        environment.python,
        packages.join(", "),
        environment.blas.join("; "),
        date(first),
        date(last),
    )
}

fn section(table: &TableReport, timed_rows: usize) -> String {
    let origin = if table.generated { "generated" } else { "given" };
    let validation = if table.validation_part { "" } else { ", no validation part" };
    format!(
        "\n### {}\n\n{origin}; {} training rows × {} columns, {} test rows{validation}\n\n{}",
        table.name,
        table.train_rows,
        table.columns,
        table.test_rows,
        grid(&systems(table, timed_rows)),
    )
}

/// A Markdown table.
fn grid(grid: &Grid) -> String {
    let escaped = |text: &str| text.replace('|', "\\|");
    let cell = |cell: &Cell| {
        let text = escaped(&cell.text);
        if cell.best { format!("**{text}**") } else { text }
    };
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let header = line(grid.header.iter().map(|name| escaped(name)).collect());
    let rule = format!("|{}\n", "---|".repeat(grid.header.len()));
    let rows = grid.rows.iter().map(|row| line(row.iter().map(cell).collect()));
    [header, rule].into_iter().chain(rows).collect()
}

/// Year, month and day of a time in seconds since 1970, by the calendar's 400-year cycle.
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468; // since the first of March of the year 0
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153; // from March
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", 400 * era + year + next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(951_782_400), "2000-02-29");
        assert_eq!(date(1_735_689_599), "2024-12-31");
        assert_eq!(date(4_107_542_400), "2100-03-01");
    }

    #[test]
    fn a_bar_in_a_cell_does_not_end_it() {
        let cell = |text: &str, best| Cell { text: text.to_owned(), best };
        let table = Grid {
            header: vec!["a".to_owned(), "KL(p|q)".to_owned()],
            rows: vec![vec![cell("x|y", false), cell("1", true)]],
        };
        assert_eq!(grid(&table), "| a | KL(p\\|q) |\n|---|---|\n| x\\|y | **1** |\n");
    }
}
