//! Rasters: point clouds and heat maps as small PNGs inside an SVG, and an SVG as a PNG.

use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use png::{BitDepth, ColorType, Compression};
use resvg::{tiny_skia, usvg};

use super::theme::Rgb;

/// The shipped fonts: Inter, regular and semibold, cut down to Latin, Greek and mathematics.
pub const FONTS: [(&[u8], u16); 2] = [
    (include_bytes!("../../assets/Inter-Regular.otf"), 400),
    (include_bytes!("../../assets/Inter-SemiBold.otf"), 600),
];

/// Pixels of a raster layer per pixel of the figure.
const DENSITY: f64 = 2.0;
/// A transparent layer onto which discs are splatted; where they overlap they grow denser, and
/// the colour is that of the last one.
///
/// It is stored as a PNG with a palette of (colour, opacity) pairs, a quarter of the size of one
/// with four channels.
pub struct Layer {
    width: usize,
    height: usize,
    colors: Vec<Rgb>,
    /// [height, width]: opacity in `[0, 1]` and index of the colour.
    pixels: Vec<(f32, u8)>,
}

impl Layer {
    /// Most colours a layer can hold: each needs a few steps of opacity among 256 pairs.
    pub const MAX_COLORS: usize = 16;

    /// An empty layer for a panel of `width` by `height` figure pixels, in the first
    /// `MAX_COLORS` of `colors`.
    pub fn new(width: f64, height: f64, colors: &[Rgb]) -> Self {
        let size = |v: f64| (v * DENSITY).round().clamp(1.0, 8192.0) as usize;
        let (width, height) = (size(width), size(height));
        let colors = colors.iter().copied().take(Self::MAX_COLORS).collect();
        Self { width, height, colors, pixels: vec![(0.0, 0); width * height] }
    }

    /// Adds a disc centred on (x, y), in figure pixels from the top left corner.
    pub fn disc(&mut self, x: f64, y: f64, radius: f64, color: usize, opacity: f64) {
        let (x, y, r) = (x * DENSITY, y * DENSITY, radius * DENSITY);
        let span = |c: f64, n: usize| {
            let from = (c - r - 1.0).floor().clamp(0.0, n as f64) as usize;
            let to = (c + r + 1.0).ceil().clamp(0.0, n as f64) as usize;
            from..to
        };
        if !(x.is_finite() && y.is_finite() && color < self.colors.len()) {
            return;
        }
        for row in span(y, self.height) {
            for column in span(x, self.width) {
                let distance = (column as f64 + 0.5 - x).hypot(row as f64 + 0.5 - y);
                let cover = (r + 0.5 - distance).clamp(0.0, 1.0);
                let pixel = &mut self.pixels[row * self.width + column];
                pixel.0 += (cover * opacity) as f32 * (1.0 - pixel.0);
                if cover > 0.5 || pixel.0 < 0.5 * opacity as f32 {
                    pixel.1 = color as u8;
                }
            }
        }
    }

    /// The layer as a `data:` URI.
    pub fn uri(&self) -> String {
        // More than 64 steps cost room and show nothing.
        self.uri_in(64)
    }

    /// The layer with so many steps of opacity, of which few make a small image.
    pub fn uri_in(&self, steps: u8) -> String {
        let most = 256 / self.colors.len().max(1);
        let steps = most.min(usize::from(steps.max(2))) as u8;
        let index = |&(opacity, color): &(f32, u8)| {
            let step = (opacity * f32::from(steps - 1)).round() as u8;
            if step == 0 { 0 } else { color * steps + step }
        };
        let indices: Vec<u8> = self.pixels.iter().map(index).collect();
        let each = |c: &Rgb| [c.0, c.1, c.2].repeat(usize::from(steps));
        let palette = self.colors.iter().flat_map(each).collect();
        let opacities = (0..steps).map(|k| (255.0 * f32::from(k) / f32::from(steps - 1)) as u8);
        let opacities = opacities.collect::<Vec<u8>>().repeat(self.colors.len());
        uri(&encode(self.width, self.height, &indices, palette, Some(opacities)))
    }
}

/// An image of palette indices, row by row from the top, as a `data:` URI.
pub fn indexed_uri(width: usize, height: usize, indices: &[u8], palette: &[Rgb]) -> String {
    let palette = palette.iter().flat_map(|c| [c.0, c.1, c.2]).collect();
    uri(&encode(width, height, indices, palette, None))
}

/// One byte a pixel. Encoding into memory fails only for buffers of the wrong size, which the
/// callers above cannot make; the image is empty then.
fn encode(
    width: usize,
    height: usize,
    indices: &[u8],
    palette: Vec<u8>,
    opacities: Option<Vec<u8>>,
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(Cursor::new(&mut out), width as u32, height as u32);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette);
    if let Some(opacities) = opacities {
        encoder.set_trns(opacities);
    }
    encoder.set_compression(Compression::High);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(indices));
    debug_assert!(written.is_ok(), "{written:?}");
    out
}

fn uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64.encode(png))
}

/// Bytes as base64.
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Parses an SVG with the shipped fonts and no others.
///
/// # Errors
/// If it is not well-formed.
pub fn parse(svg: &str) -> anyhow::Result<usvg::Tree> {
    static DATABASE: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    let fontdb = DATABASE.get_or_init(|| {
        let mut database = usvg::fontdb::Database::new();
        for (font, _) in FONTS {
            database.load_font_data(font.to_vec());
        }
        Arc::new(database)
    });
    let options = usvg::Options {
        fontdb: Arc::clone(fontdb),
        font_family: "Inter".into(),
        ..usvg::Options::default()
    };
    usvg::Tree::from_str(svg, &options).context("the SVG does not parse")
}

/// Draws an SVG, which covers its whole area, at `scale` image pixels per figure pixel and encodes
/// it as a PNG without opacities.
///
/// # Errors
/// If the SVG does not parse or the image would have no or too many pixels.
pub fn render(svg: &str, scale: f32) -> anyhow::Result<Vec<u8>> {
    let tree = parse(svg)?;
    let size = tree.size().to_int_size().scale_by(scale).context("the image has no size")?;
    let mut pixmap =
        tiny_skia::Pixmap::new(size.width(), size.height()).context("the image is too large")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let rgb: Vec<u8> =
        pixmap.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(Cursor::new(&mut out), pixmap.width(), pixmap.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&rgb));
    written.context("the image does not encode")?;
    Ok(out)
}
