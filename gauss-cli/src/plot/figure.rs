//! A finished figure, as a drawing and as a picture.

use super::raster;
use super::svg::Svg;

/// Image pixels per figure pixel in the PNG.
const PNG_SCALE: f32 = 2.0;

/// A figure as an SVG document.
#[derive(Debug, Clone)]
pub struct Figure {
    /// The document; it has no ids, no scripts and no external references.
    pub svg: String,
    /// Width in CSS pixels.
    pub width: f64,
    /// Height in CSS pixels.
    pub height: f64,
}

impl Figure {
    /// Closes `svg` as a figure of the given size named `title`.
    pub(super) fn new(svg: Svg, title: &str, width: f64, height: f64) -> Self {
        let (width, height) = (width.ceil(), height.ceil());
        Self { svg: svg.finish(title, width, height), width, height }
    }

    /// The figure as a PNG at twice its size.
    ///
    /// # Errors
    /// If the SVG does not parse or the image is too large.
    pub fn png(&self) -> anyhow::Result<Vec<u8>> {
        raster::render(&self.svg, PNG_SCALE)
    }
}
