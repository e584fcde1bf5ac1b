//! A finished figure and how it reaches the disk.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

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

    /// Writes `NAME.svg` and `NAME.png` into `dir`, which is created if need be.
    ///
    /// Each file appears under its name only when it is complete.
    ///
    /// # Errors
    /// If a file cannot be written or the PNG cannot be drawn.
    pub fn write(&self, dir: &Path, name: &str) -> anyhow::Result<()> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        write_whole(dir, &format!("{name}.svg"), self.svg.as_bytes())?;
        write_whole(dir, &format!("{name}.png"), &self.png()?)
    }
}

/// Writes under a temporary name in the same folder, then renames.
fn write_whole(dir: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let temporary = dir.join(format!(".{name}.{}.tmp", std::process::id()));
    let path = dir.join(name);
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, &path))
        .inspect_err(|_| drop(fs::remove_file(&temporary)))
        .with_context(|| format!("cannot write {}", path.display()))
}
