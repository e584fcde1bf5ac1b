//! What was measured, row by row, and how it stands to its goal. The rows as JSON are the rows as
//! serialised here.

use gauss_cli::plot::compact;
use serde::Serialize;

/// What a figure should be.
#[derive(Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// At most this; 0 stands for identical bits.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// From the first to the second.
    Within(f64, f64),
}

impl Goal {
    /// Whether it is met; never by a NaN.
    pub fn is_met(self, measured: f64) -> bool {
        match self {
            Self::AtMost(most) => measured <= most,
            Self::AtLeast(least) => measured >= least,
            Self::Within(least, most) => measured >= least && measured <= most,
        }
    }

    /// `≤ 0.9 ns`, `0.95 to 1.05`, `identical`.
    pub fn text(self, unit: &str) -> String {
        match self {
            Self::AtMost(0.0) => "identical".to_owned(),
            Self::AtMost(most) => format!("≤ {}", with_unit(&bound(most), unit)),
            Self::AtLeast(least) => format!("≥ {}", with_unit(&bound(least), unit)),
            Self::Within(least, most) => {
                format!("{} to {}", bound(least), with_unit(&bound(most), unit))
            }
        }
    }

    /// Met or missed, and by how much of the goal.
    pub fn verdict(self, measured: f64) -> String {
        let is_met = self.is_met(measured);
        let met = if is_met { "met" } else { "**missed**" };
        let ratio = match self {
            Self::AtMost(0.0) => return met.to_owned(),
            Self::Within(..) if is_met => return met.to_owned(),
            Self::AtMost(bound) | Self::AtLeast(bound) => measured / bound,
            Self::Within(least, _) if measured < least => measured / least,
            Self::Within(_, most) => measured / most,
        };
        let percent = 100.0 * (ratio - 1.0).abs();
        match ratio {
            0.1..2.0 if percent < 0.05 => format!("{met} by less than 0.1 %"),
            0.1..2.0 if percent < 9.95 => format!("{met} by {percent:.1} %"),
            0.1..2.0 => format!("{met} by {percent:.0} %"),
            _ => format!("{met}: {} × the goal", compact(ratio, 2)),
        }
    }
}

/// One figure.
#[derive(Clone, Serialize)]
pub struct Row {
    /// What is measured.
    pub what: String,
    /// On which instruction set or how many threads.
    pub how: String,
    /// `None` where this system cannot measure it.
    pub measured: Option<f64>,
    /// Of `measured` and `goal`; empty for a pure number.
    pub unit: &'static str,
    /// `None` for what is only shown.
    pub goal: Option<Goal>,
    /// Of the goal, if there is one and it was measured.
    pub met: Option<bool>,
    /// Counted operations a second over those of the fused multiply-adds, same instruction set
    /// and threads; `None` where the operations are not counted.
    pub share_of_limit: Option<f64>,
    /// What else there is to say.
    pub note: String,
}

impl Row {
    /// A row with a goal.
    pub fn new(what: impl Into<String>, how: impl Into<String>, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            how: how.into(),
            measured: None,
            unit,
            goal: None,
            met: None,
            share_of_limit: None,
            note: String::new(),
        }
    }

    /// With its figure and its goal.
    #[must_use]
    pub fn measured(mut self, measured: f64, goal: Option<Goal>) -> Self {
        self.measured = Some(measured);
        self.goal = goal;
        self.met = goal.map(|goal| goal.is_met(measured));
        self
    }

    /// With the share of the limit, from operations, seconds and the limit in 10⁹ a second.
    #[must_use]
    pub fn share(mut self, operations: f64, seconds: f64, limit_gflops: f64) -> Self {
        let share = operations / seconds / (1e9 * limit_gflops);
        self.share_of_limit = Some(share).filter(|share| share.is_finite());
        self
    }

    /// With a remark.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// What, how, goal, measured, share of the limit, verdict, remark.
    pub fn cells(&self) -> [String; 7] {
        let dash = || "–".to_owned();
        let identical = self.goal == Some(Goal::AtMost(0.0)) && self.measured == Some(0.0);
        let measured = match self.measured {
            None => "not measured".to_owned(),
            Some(_) if identical => "identical".to_owned(),
            Some(measured) => quantity(measured, self.unit),
        };
        let verdict = self.goal.zip(self.measured).map(|(goal, v)| goal.verdict(v));
        [
            self.what.clone(),
            self.how.clone(),
            self.goal.map_or_else(dash, |goal| goal.text(self.unit)),
            measured,
            self.share_of_limit.map_or_else(dash, percent),
            verdict.unwrap_or_else(dash),
            self.note.clone(),
        ]
    }
}

/// The heads of [`Row::cells`].
pub const HEADS: [&str; 7] =
    ["what", "on", "goal", "measured", "share of the limit", "verdict", "remark"];

/// A number in three digits (a small whole one in all of its own), and its unit.
pub fn quantity(v: f64, unit: &str) -> String {
    let whole = v.fract() == 0.0 && v.abs() < 1e6;
    with_unit(&if whole { format!("{v}") } else { compact(v, 3) }, unit)
}

/// A goal's number, as it was set.
fn bound(v: f64) -> String {
    if (1e-3..1e6).contains(&v) { format!("{v}") } else { compact(v, 3) }
}

fn with_unit(number: &str, unit: &str) -> String {
    if unit.is_empty() { number.to_owned() } else { format!("{number} {unit}") }
}

/// `12 %`.
pub fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// Rows of cells in columns, for a terminal; without what Markdown makes bold.
pub fn aligned(heads: &[&str], rows: &[Vec<String>]) -> String {
    let plain = |cell: &str| cell.replace("**", "");
    let table: Vec<Vec<String>> = std::iter::once(heads.iter().map(|h| plain(h)).collect())
        .chain(rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()))
        .collect();
    let length = |cell: &String| cell.chars().count();
    let width = |k: usize| table.iter().map(|row| length(&row[k])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded = cells.map(|(cell, &w)| format!("{cell}{}", " ".repeat(w - length(cell))));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    table.iter().map(line).collect()
}

/// Rows of cells as a Markdown table; a bar within a cell is escaped.
pub fn markdown(heads: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let heads: Vec<String> = heads.iter().map(|&h| h.to_owned()).collect();
    let rule = vec!["---".to_owned(); heads.len()];
    [line(&heads), line(&rule)].into_iter().chain(rows.iter().map(|row| line(row))).collect()
}
