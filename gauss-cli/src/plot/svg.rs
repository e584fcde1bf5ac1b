//! A small SVG writer: coordinates are rounded, text is escaped, nothing has an id.
//!
//! Without ids any number of figures can be put into one page. Clipping, which would need one,
//! is done by nested `svg` elements, and gradients are small images.

use std::fmt::{Arguments, Write as _};

use super::text::escape;
use super::theme::{Rgb, THEME};

/// Where text stands relative to its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The text begins at the position.
    Start,
    /// The text is centred on the position.
    Middle,
    /// The text ends at the position.
    End,
}

/// Size, colour, weight and anchor of a text.
#[derive(Debug, Clone, Copy)]
pub struct TextStyle {
    /// Font size in pixels.
    pub size: f64,
    /// Colour.
    pub color: Rgb,
    /// Semibold rather than regular.
    pub bold: bool,
    /// Horizontal alignment.
    pub anchor: Anchor,
    /// Kept apart from lines behind it by a white rim.
    pub halo: bool,
}

impl TextStyle {
    /// A figure's title.
    pub const TITLE: Self = Self::new(THEME.title, THEME.ink, true);
    /// A panel's title.
    pub const HEADING: Self = Self::new(THEME.label, THEME.ink, true);
    /// A legend entry or an axis label.
    pub const LABEL: Self = Self::new(THEME.label, THEME.ink, false);
    /// A subtitle or a note.
    pub const NOTE: Self = Self::new(THEME.label, THEME.muted, false);
    /// A tick label.
    pub const TICK: Self = Self::new(THEME.tick, THEME.muted, false);

    const fn new(size: f64, color: Rgb, bold: bool) -> Self {
        Self { size, color, bold, anchor: Anchor::Start, halo: false }
    }

    /// A note among the data of a panel.
    pub const IN_PANEL: Self = Self { halo: true, ..Self::TICK };

    /// The same style with another anchor.
    #[must_use]
    pub const fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Stroke {
    /// Colour.
    pub color: Rgb,
    /// Width in pixels.
    pub width: f64,
    /// Lengths of dash and gap, if it is dashed.
    pub dash: Option<(f64, f64)>,
}

impl Stroke {
    /// A solid line.
    pub const fn solid(color: Rgb, width: f64) -> Self {
        Self { color, width, dash: None }
    }

    /// A dashed line.
    pub const fn dashed(color: Rgb, width: f64) -> Self {
        Self { color, width, dash: Some((5.0, 3.5)) }
    }

    fn attributes(&self) -> String {
        let dash = self.dash.map_or(String::new(), |(on, off)| {
            format!(" stroke-dasharray=\"{} {}\"", px(on), px(off))
        });
        format!("stroke=\"{}\" stroke-width=\"{}\"{dash}", self.color.hex(), px(self.width))
    }
}

/// The document under construction.
#[derive(Debug, Default)]
pub struct Svg(String);

impl Svg {
    fn push(&mut self, element: Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.0.write_fmt(element);
        self.0.push('\n');
    }

    /// The finished document of the given size, on white; `title` names it for screen readers.
    pub fn finish(self, title: &str, width: f64, height: f64) -> String {
        let (w, h) = (px(width), px(height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"{}\" font-family=\"{}\">\n\
             <rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escape(title),
            THEME.font,
            self.0
        )
    }

    /// A text with its baseline at `y`.
    pub fn text(&mut self, x: f64, y: f64, text: &str, style: TextStyle) {
        self.text_element(&format!("x=\"{}\" y=\"{}\"", px(x), px(y)), text, style);
    }

    /// A text that runs upwards, centred on the position.
    pub fn text_upwards(&mut self, x: f64, y: f64, text: &str, style: TextStyle) {
        let place = format!("transform=\"translate({} {}) rotate(-90)\"", px(x), px(y));
        self.text_element(&place, text, style.anchor(Anchor::Middle));
    }

    fn text_element(&mut self, place: &str, text: &str, style: TextStyle) {
        let weight = if style.bold { " font-weight=\"600\"" } else { "" };
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let halo = if style.halo {
            " paint-order=\"stroke\" stroke=\"#ffffff\" stroke-width=\"4\""
        } else {
            ""
        };
        self.push(format_args!(
            "<text {place} font-size=\"{}\" fill=\"{}\"{weight}{anchor}{halo}>{}</text>",
            px(style.size),
            style.color.hex(),
            escape(text)
        ));
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.push(format_args!(
            "<path d=\"M{} {}L{} {}\" {}/>",
            px(from.0),
            px(from.1),
            px(to.0),
            px(to.1),
            stroke.attributes()
        ));
    }

    /// A line through `points`, broken where one is not finite.
    pub fn polyline(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        let d = path(points);
        if !d.is_empty() {
            self.push(format_args!(
                "<path d=\"{d}\" fill=\"none\" {} stroke-linejoin=\"round\" \
                 stroke-linecap=\"butt\"/>",
                stroke.attributes()
            ));
        }
    }

    /// The area enclosed by `points`, filled; nothing if one is not finite.
    pub fn area(&mut self, points: &[(f64, f64)], fill: Rgb) {
        if points.len() > 2 && points.iter().all(|p| p.0.is_finite() && p.1.is_finite()) {
            self.push(format_args!("<path d=\"{}Z\" fill=\"{}\"/>", path(points), fill.hex()));
        }
    }

    /// A filled rectangle.
    pub fn rect(&mut self, x: f64, y: f64, w: f64, h: f64, fill: Rgb) {
        self.push(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
            px(x),
            px(y),
            px(w.max(0.0)),
            px(h.max(0.0)),
            fill.hex()
        ));
    }

    /// A circle, filled with `fill` and outlined with `stroke`.
    pub fn circle(&mut self, x: f64, y: f64, r: f64, fill: Rgb, stroke: Stroke) {
        self.push(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\" {}/>",
            px(x),
            px(y),
            px(r),
            fill.hex(),
            stroke.attributes()
        ));
    }

    /// Dots of one size and colour; hundreds take a third of what as many circles would.
    pub fn dots(&mut self, centres: &[(f64, f64)], radius: f64, fill: Rgb) {
        // A line of no length with round ends is a dot.
        let mut d = String::new();
        for &(x, y) in centres.iter().filter(|p| p.0.is_finite() && p.1.is_finite()) {
            d.extend(["M", &px(x), " ", &px(y), "h0"]);
        }
        if !d.is_empty() {
            self.push(format_args!(
                "<path d=\"{d}\" fill=\"none\" {} stroke-linecap=\"round\"/>",
                Stroke::solid(fill, 2.0 * radius).attributes()
            ));
        }
    }

    /// An image (a `data:` URI) stretched over a rectangle.
    pub fn image(&mut self, x: f64, y: f64, w: f64, h: f64, uri: &str) {
        self.push(format_args!(
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
             href=\"{uri}\"/>",
            px(x),
            px(y),
            px(w),
            px(h)
        ));
    }

    /// Begins a part that is clipped to a rectangle; coordinates inside stay those of the page.
    pub fn begin_clip(&mut self, x: f64, y: f64, w: f64, h: f64) {
        let (x, y, w, h) = (px(x), px(y), px(w), px(h));
        self.push(format_args!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\" \
             overflow=\"hidden\">"
        ));
    }

    /// Ends the clipped part.
    pub fn end_clip(&mut self) {
        self.push(format_args!("</svg>"));
    }
}

/// Path data through `points`; a point that is not finite starts a new piece.
fn path(points: &[(f64, f64)]) -> String {
    let mut d = String::new();
    let mut command = 'M';
    for &(x, y) in points {
        if x.is_finite() && y.is_finite() {
            d.push(command);
            d.push_str(&px(x));
            d.push(' ');
            d.push_str(&px(y));
            command = 'L';
        } else {
            command = 'M';
        }
    }
    d
}

/// A length to a hundredth of a pixel, without trailing zeros; 0 if it is not finite.
fn px(v: f64) -> String {
    let rounded =
        if v.is_finite() { (v.clamp(-1e6, 1e6) * 100.0).round() / 100.0 + 0.0 } else { 0.0 };
    rounded.to_string()
}
