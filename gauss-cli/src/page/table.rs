//! A table of text on a page.

use maud::{Markup, html};

/// A table of text; columns whose cells are all numbers are set flush right.
#[derive(Debug, Clone, Default)]
pub struct TextTable {
    /// Names of the columns.
    pub header: Vec<String>,
    /// The rows, each as long as the header.
    pub rows: Vec<Vec<String>>,
    /// What the table shows; may be empty.
    pub caption: String,
}

impl TextTable {
    pub(super) fn markup(&self) -> Markup {
        let classes: Vec<Option<&str>> =
            (0..self.header.len()).map(|k| self.is_numeric(k).then_some("number")).collect();
        let decimals: Vec<usize> = (0..self.header.len()).map(|k| self.decimals(k)).collect();
        html! {
            div.scroll tabindex="0" {
                table {
                    @if !self.caption.is_empty() { caption { (self.caption) } }
                    thead {
                        tr {
                            @for (name, class) in self.header.iter().zip(&classes) {
                                th scope="col" class=[*class] { (name) }
                            }
                        }
                    }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for ((cell, class), decimals) in row.iter().zip(&classes).zip(&decimals) {
                                    td class=[*class] data-pad=[class.and(padding(cell, *decimals))] {
                                        (cell)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Whether the cells of a column are numbers, perhaps with a sign or unit, or dashes.
    fn is_numeric(&self, column: usize) -> bool {
        let number = |cell: &str| {
            let digits =
                cell.trim_start_matches(['−', '-', '+', '±', '≤', '≥', '<', '>', '≈', ' ']);
            digits.starts_with(|c: char| c.is_ascii_digit()) || matches!(digits, "NaN" | "∞")
        };
        let cells = || self.rows.iter().filter_map(|row| row.get(column));
        cells().any(|c| number(c)) && cells().all(|c| is_blank(c) || number(c))
    }

    /// The longest fraction of a column's cells, its point included.
    fn decimals(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.filter_map(|cell| fraction(cell)).max().unwrap_or(0)
    }
}

fn is_blank(cell: &str) -> bool {
    matches!(cell, "" | "–" | "—" | "-")
}

/// The length of a number's fraction, its point included; none of a cell that goes on after it.
fn fraction(cell: &str) -> Option<usize> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match cell.split_once('.') {
        Some((_, rest)) => digits(rest).then_some(rest.len() + 1),
        None => digits(cell.trim_start_matches(['−', '-', '+'])).then_some(0),
    }
}

/// What the style sheet puts after a cell, unseen, so that points stand below each other.
fn padding(cell: &str, decimals: usize) -> Option<String> {
    let missing = decimals - fraction(cell)?.min(decimals);
    let digits = |count: usize| "0".repeat(count);
    match (missing, cell.contains('.')) {
        (0, _) => None,
        (missing, true) => Some(digits(missing)),
        (missing, false) => Some(format!(".{}", digits(missing - 1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_points_stand_below_each_other() {
        let cells = ["1.25", "−3", "17.5", "–", "2.1×10⁻⁷"];
        let rows = cells.iter().map(|cell| vec![(*cell).to_owned()]).collect();
        let table = TextTable { header: vec!["x".into()], rows, caption: String::new() };
        assert!(table.is_numeric(0));
        assert_eq!(table.decimals(0), 3);
        let padded: Vec<Option<String>> = cells.iter().map(|cell| padding(cell, 3)).collect();
        let expected = [None, Some(".00"), Some("0"), None, None];
        assert_eq!(padded, expected.map(|text| text.map(str::to_owned)));
    }
}
