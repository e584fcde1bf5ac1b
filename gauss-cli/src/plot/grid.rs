//! The states of points on their way through the layers of a model, as small panels.

use super::axis::{Axis, robust_range};
use super::cloud;
use super::figure::Figure;
use super::palette::sequential;
use super::panel::{Grid, MARGIN, Panel, header};
use super::raster::Layer;
use super::svg::{Stroke, Svg, TextStyle};
use super::theme::{Rgb, THEME};

const WIDTH: f64 = 1040.0;
/// Most panels in a row.
const COLUMNS: usize = 6;
/// Room left of each panel for its tick labels.
const LEFT: f64 = 26.0;
/// Room above (title) and below (tick labels) each panel.
const ABOVE: f64 = 26.0;
const BELOW: f64 = 26.0;
/// Most points drawn per panel.
const MAX_POINTS: usize = 2000;

/// One panel: the points at one place of the model.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// Its name, such as "after rotation 1".
    pub title: &'a str,
    /// `[n]`: the points; point `i` is the same one in all panels.
    pub points: &'a [[f64; 2]],
}

/// By what the points are coloured, the same in all panels.
#[derive(Debug, Clone, Copy)]
pub enum ColorBy<'a> {
    /// `[n]`: a class, whose index picks a series colour.
    Class(&'a [usize]),
    /// `[n]`: a number; its range is spread over the palette.
    Scalar(&'a [f64]),
    /// All alike.
    Nothing,
}

/// What `scatter_grid` draws.
#[derive(Debug, Clone, Copy)]
pub struct ScatterGrid<'a> {
    /// Title of the figure.
    pub title: &'a str,
    /// Line below the title; may be empty.
    pub subtitle: &'a str,
    /// The panels, in reading order.
    pub states: &'a [State<'a>],
    /// The colours of the points.
    pub color_by: ColorBy<'a>,
    /// The same range in all panels, rather than the range of each panel's points.
    pub shared_range: bool,
}

/// Square panels in rows of at most six, on equal scales.
pub fn scatter_grid(spec: &ScatterGrid<'_>) -> Figure {
    let mut svg = Svg::default();
    let top = header(&mut svg, spec.title, spec.subtitle) + 6.0;
    let rows = spec.states.len().div_ceil(COLUMNS).max(1);
    let columns = spec.states.len().div_ceil(rows).max(3);
    let pitch = (WIDTH - 2.0 * MARGIN + 8.0) / columns as f64;
    let side = (pitch - LEFT - 8.0).floor();
    let clouds: Vec<&[[f64; 2]]> = spec.states.iter().map(|s| s.points).collect();
    let shared = cloud::square_axes(&clouds);
    let longest = clouds.iter().map(|c| c.len()).max().unwrap_or(0);
    let (palette, colors) = colors(spec.color_by, longest);
    for (k, state) in spec.states.iter().enumerate() {
        let (xa, ya) = if spec.shared_range { shared } else { cloud::square_axes(&[state.points]) };
        let (row, column) = (k / columns, k % columns);
        let panel = Panel {
            x: (MARGIN + LEFT + column as f64 * pitch).round(),
            y: top + ABOVE + row as f64 * (ABOVE + side + BELOW),
            w: side,
            h: side,
            xa,
            ya,
        };
        draw(&mut svg, &panel, state, &palette, &colors);
    }
    Figure::new(svg, spec.title, WIDTH, top + rows as f64 * (ABOVE + side + BELOW) + 8.0)
}

fn draw(svg: &mut Svg, panel: &Panel, state: &State<'_>, palette: &[Rgb], colors: &[usize]) {
    let style = TextStyle { size: THEME.tick, ..TextStyle::HEADING };
    svg.text(panel.x, panel.y - 8.0, state.title, style);
    let mut ticks = panel.equal_ticks(50.0);
    // Labels near a corner would meet those of the other axis or the title.
    let inner = |share: f64| (0.05..=0.95).contains(&share);
    ticks.0.retain(|t| inner(panel.xa.share(t.value)));
    ticks.1.retain(|t| inner(panel.ya.share(t.value)));
    panel.grid(svg, Grid::Both, &ticks);
    let kept: Vec<usize> = cloud::thin(state.points.len(), MAX_POINTS).collect();
    let points: Vec<[f64; 2]> = kept.iter().map(|&i| state.points[i]).collect();
    let color = |k: usize| colors.get(kept[k]).copied().unwrap_or(0);
    cloud::draw(svg, panel, &points, palette, color);
    // All four sides: without them a row of small panels has no shape.
    let frame = Stroke::solid(THEME.grid, 1.0);
    svg.line((panel.x, panel.y), (panel.right(), panel.y), frame);
    svg.line((panel.right(), panel.y), (panel.right(), panel.bottom()), frame);
    svg.line((panel.x, panel.y), (panel.x, panel.bottom()), frame);
    panel.tick_labels(svg, &ticks);
}

/// The colours in use, and the index among them of each point's.
///
/// The brightest part of the palette is left out: it fades on white.
fn colors(by: ColorBy<'_>, n: usize) -> (Vec<Rgb>, Vec<usize>) {
    match by {
        ColorBy::Class(classes) => {
            let colors = THEME.series.to_vec();
            let indices = classes.iter().map(|c| c % colors.len()).collect();
            (colors, indices)
        }
        ColorBy::Scalar(values) => {
            let last = Layer::MAX_COLORS - 1;
            let colors = (0..last).map(|k| sequential(0.88 * k as f64 / (last - 1) as f64));
            let range = robust_range(values.iter().copied(), 0.0, 0.0).unwrap_or((0.0, 1.0));
            let axis = Axis::linear(range.0, range.1);
            let level = |v: &f64| {
                if v.is_finite() {
                    ((axis.share(*v) * last as f64) as usize).min(last - 1)
                } else {
                    last
                }
            };
            (colors.chain([sequential(f64::NAN)]).collect(), values.iter().map(level).collect())
        }
        ColorBy::Nothing => (vec![THEME.color(0)], vec![0; n]),
    }
}
