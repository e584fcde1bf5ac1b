//! HTML pages that need nothing else: text, key figures, tables and plots in one file.
//!
//! The font and the figures are part of the page; it has no script and no external address.

pub mod report;
mod table;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::plot::{FONTS, Figure, base64};
use crate::words::printable;
pub use table::TextTable;

/// A page: a title, a few sentences that say what it shows, and sections.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Title of the page.
    pub title: String,
    /// What the page shows, in a sentence or two.
    pub lede: String,
    /// The sections, in reading order.
    pub sections: Vec<Section>,
}

/// A heading and what stands below it.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// The contents, in reading order.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Clone)]
pub enum Block {
    /// A paragraph of plain text.
    Paragraph(String),
    /// A row of key figures.
    Tiles(Vec<Tile>),
    /// A table.
    Table(TextTable),
    /// A plot with a caption; an empty caption is left out.
    Figure(Figure, String),
    /// Names and what there is to say of each.
    Facts(Vec<(String, String)>),
    /// Paragraphs that stand for themselves.
    List(Vec<String>),
    /// Blocks under a line that opens and closes them.
    Folded(String, Vec<Block>),
}

/// A key figure.
#[derive(Debug, Clone, Default)]
pub struct Tile {
    /// What is measured.
    pub label: String,
    /// The figure, with its unit.
    pub value: String,
    /// A comparison or a remark; may be empty.
    pub note: String,
}

impl Section {
    /// An empty section.
    pub fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), blocks: Vec::new() }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn paragraph(self, text: impl Into<String>) -> Self {
        self.with(Block::Paragraph(text.into()))
    }

    /// Adds a row of key figures, each a label, a value and a note.
    #[must_use]
    pub fn tiles(self, tiles: &[[&str; 3]]) -> Self {
        let tile = |[label, value, note]: &[&str; 3]| Tile {
            label: (*label).into(),
            value: (*value).into(),
            note: (*note).into(),
        };
        self.with(Block::Tiles(tiles.iter().map(tile).collect()))
    }

    /// Adds a table.
    #[must_use]
    pub fn table(self, table: TextTable) -> Self {
        self.with(Block::Table(table))
    }

    /// Adds a plot.
    #[must_use]
    pub fn figure(self, figure: Figure, caption: impl Into<String>) -> Self {
        self.with(Block::Figure(figure, caption.into()))
    }

    /// Adds any block.
    #[must_use]
    pub fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }
}

impl Page {
    /// The page as an HTML document.
    pub fn to_html(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) }
                    style { (PreEscaped(font_faces())) (PreEscaped(STYLE)) }
                }
                body {
                    header {
                        h1 { (self.title) }
                        @if !self.lede.is_empty() { p.lede { (self.lede) } }
                        @if self.sections.len() > 2 { (self.contents()) }
                    }
                    main {
                        @for (k, section) in self.sections.iter().enumerate() {
                            section id=(format!("section-{}", k + 1)) {
                                h2 { (section.heading) }
                                @for block in &section.blocks { (block.markup()) }
                            }
                        }
                    }
                }
            }
        };
        printable(&page.into_string()).into_owned()
    }

    fn contents(&self) -> Markup {
        html! {
            nav {
                @for (k, section) in self.sections.iter().enumerate() {
                    a href=(format!("#section-{}", k + 1)) { (section.heading) }
                }
            }
        }
    }
}

impl Block {
    fn markup(&self) -> Markup {
        match self {
            Self::Paragraph(text) => html! { p { (unbroken(text)) } },
            Self::Tiles(tiles) => html! {
                dl.tiles {
                    @for tile in tiles {
                        div {
                            dt { (tile.label) }
                            dd.value { (tile.value) }
                            @if !tile.note.is_empty() { dd.note { (tile.note) } }
                        }
                    }
                }
            },
            Self::Table(table) => table.markup(),
            Self::Facts(facts) => html! {
                dl.facts {
                    @for (name, text) in facts { div { dt { (name) } dd { (text) } } }
                }
            },
            Self::List(items) => html! { ul { @for item in items { li { (unbroken(item)) } } } },
            Self::Folded(summary, blocks) => html! {
                details {
                    summary { (summary) }
                    @for block in blocks { (block.markup()) }
                }
            },
            Self::Figure(figure, caption) => html! {
                figure {
                    // On a narrow screen a wide figure scrolls rather than shrink beyond reading.
                    div.scroll tabindex="0" {
                        div style=(figure_width(figure)) {
                            (PreEscaped(&figure.svg))
                        }
                    }
                    @if !caption.is_empty() { figcaption { (caption) } }
                }
            },
        }
    }
}

/// A number stays with its sign of a hundredth and with its error.
fn unbroken(text: &str) -> String {
    text.replace(" %", "\u{a0}%").replace(" ± ", "\u{a0}±\u{a0}")
}

/// The figure's own width where there is room, and at least what keeps its text readable.
fn figure_width(figure: &Figure) -> String {
    format!("width:{}px;min-width:{}px", figure.width, figure.width.min(820.0))
}

fn font_faces() -> String {
    let face = |(font, weight): &(&[u8], u16)| {
        format!(
            "@font-face{{font-family:Inter;font-style:normal;font-weight:{weight};\
             src:url(data:font/otf;base64,{}) format(\"opentype\")}}\n",
            base64(font)
        )
    };
    FONTS.iter().map(face).collect()
}

/// The style sheet, after the fonts.
const STYLE: &str = include_str!("../../assets/report.css");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Cloud, joint_plot};

    fn example() -> Page {
        let points = [[0.0, 1.0], [1.0, 0.5]];
        let cloud = Cloud { name: "x", points: &points, labels: ["a", "b"], color: 0 };
        let table = TextTable {
            header: vec!["model".into(), "nats".into()],
            rows: vec![vec!["<b>".into(), "−1.1".into()], vec!["q".into(), "–".into()]],
            caption: String::new(),
        };
        let figure = joint_plot("t", "", &cloud, None);
        let section = Section::new("A & B")
            .paragraph("text")
            .tiles(&[["label", "1.0", ""]])
            .table(table)
            .figure(figure.clone(), "first")
            .figure(figure, "second");
        Page { title: "R".into(), lede: "L".into(), sections: vec![section] }
    }

    #[test]
    fn text_is_escaped_and_numbers_are_flush_right() {
        let page = example().to_html();
        assert!(page.contains("A &amp; B") && page.contains("<td>&lt;b&gt;</td>"));
        assert!(page.contains("<td class=\"number\">−1.1</td>"));
        assert!(page.contains("<td class=\"number\">–</td>"));
    }

    #[test]
    fn the_page_stands_alone_and_its_ids_are_unique() {
        let page = example().to_html();
        let addresses = page.matches("://").count();
        assert_eq!(addresses, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
        assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("@import"));
        assert_eq!(page.matches(" id=\"").count(), 1);
    }
}
