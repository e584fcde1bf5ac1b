//! Point clouds: the range they need and how they are drawn.

use super::axis::{Axis, pad, robust_range};
use super::panel::Panel;
use super::raster::Layer;
use super::svg::Svg;
use super::theme::Rgb;

/// Most a cloud's panel may be taller or wider than a square.
const MAX_ASPECT: f64 = 1.7;

/// Horizontal and vertical axis for `clouds` drawn on equal scales, and the panel's height over
/// its width. The bulk of every cloud fits; what strays far away does not widen the range.
pub fn equal_axes(clouds: &[&[[f64; 2]]]) -> (Axis, Axis, f64) {
    let range = |i: usize| {
        let ranges = clouds.iter().filter_map(|c| robust_range(c.iter().map(|p| p[i]), 0.01, 0.6));
        let range = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((-1.0, 1.0));
        Axis::linear(range.0, range.1).range()
    };
    let (x, y) = (pad(range(0), 0.05), pad(range(1), 0.05));
    let (mut dx, mut dy) = (x.1 - x.0, y.1 - y.0);
    dx = dx.max(dy / MAX_ASPECT);
    dy = dy.max(dx / MAX_ASPECT);
    (centred(x, dx), centred(y, dy), dy / dx)
}

/// Square axes for `points`, on equal scales.
pub fn square_axes(clouds: &[&[[f64; 2]]]) -> (Axis, Axis) {
    let (x, y, _) = equal_axes(clouds);
    let (x, y) = (x.range(), y.range());
    let side = (x.1 - x.0).max(y.1 - y.0);
    (centred(x, side), centred(y, side))
}

fn centred(range: (f64, f64), length: f64) -> Axis {
    let middle = 0.5 * (range.0 + range.1);
    Axis::linear(middle - 0.5 * length, middle + 0.5 * length)
}

/// At most `most` of the indices below `n`, spread evenly but without a fixed stride, which would
/// pick one class only of data that alternate.
pub fn thin(n: usize, most: usize) -> impl Iterator<Item = usize> {
    let kept = n.min(most);
    let pitch = n as f64 / kept.max(1) as f64;
    (0..kept).map(move |k| {
        let jitter = if kept < n { (k as f64 * 0.618_033_988_749_895).fract() } else { 0.0 };
        (((k as f64 + jitter) * pitch) as usize).min(n - 1)
    })
}

/// Draws the points that lie in the panel as a raster layer and returns how many finite ones do
/// not. `color` gives the index of a point's colour among `colors`. The more points, the smaller
/// and fainter they are.
pub fn draw(
    svg: &mut Svg,
    panel: &Panel,
    points: &[[f64; 2]],
    colors: &[Rgb],
    color: impl Fn(usize) -> usize,
) -> usize {
    // Points per area, as a multiple of that of a cloud on 400 by 400 pixels.
    let room = (panel.w * panel.h / 160_000.0).max(1e-3);
    let crowd = points.len() as f64 / room;
    let shrink = room.sqrt().clamp(0.6, 1.0);
    let radius = shrink * (2.5 - 0.48 * (crowd / 100.0).max(1.0).log10()).clamp(1.0, 2.5);
    let opacity = (26.0 / (shrink * crowd.max(1.0).sqrt())).clamp(0.1, 0.75);
    let mut layer = Layer::new(panel.w, panel.h, colors);
    let mut outside = 0;
    for (i, &[x, y]) in points.iter().enumerate() {
        if panel.xa.contains(x) && panel.ya.contains(y) {
            let (px, py) = (panel.sx(x) - panel.x, panel.sy(y) - panel.y);
            layer.disc(px, py, radius, color(i), opacity);
        } else if x.is_finite() && y.is_finite() {
            outside += 1;
        }
    }
    svg.image(panel.x, panel.y, panel.w, panel.h, &layer.uri());
    outside
}
