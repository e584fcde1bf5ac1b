//! Figures of a report, as SVG and PNG, in pure Rust and without a font from the system.
//!
//! Each function takes plain slices and gives a [`Figure`]. Values that are not finite are left
//! out; empty and constant data give an empty but valid figure.
//!
//! The SVG is written here rather than by a plotting library: equal scales, joint plots, colour
//! bars and colliding labels would be drawn by hand with either, and what remains (lines, text,
//! ticks) is the few hundred lines of `svg`, `axis` and `panel`. Point clouds and heat maps are
//! embedded as small PNGs, which keeps every figure under 600 KB; `resvg` draws the PNG of a
//! whole figure, with the font shipped in `assets`.

mod axis;
mod bars;
mod bins;
mod cloud;
mod curves;
mod densities;
mod distributions;
mod figure;
mod grid;
mod heat;
mod histogram;
mod joint;
mod maps;
mod pairs;
mod palette;
mod panel;
mod quantiles;
mod raster;
mod scale;
mod scaling;
mod svg;
mod text;
mod theme;
mod tiles;

#[cfg(test)]
mod tests;

pub use axis::{Axis, Tick, pad, robust_range};
pub use bars::{BarsAndLine, bars_and_line};
pub use cloud::thin;
pub use curves::{Series, TrainingCurves, training_curves};
pub use densities::{Densities, DensityMap, densities};
pub use distributions::{Distribution, Distributions, Shape, Share, distributions};
pub use figure::Figure;
pub use grid::{ColorBy, ScatterGrid, State, scatter_grid};
pub use heat::{HeatMaps, heat_maps};
pub use histogram::{Histogram, histogram};
pub use joint::{Cloud, Reference, joint_pair, joint_plot, standard_normal};
pub use maps::{Map, MapLayer, Maps, maps};
pub use pairs::{PairColumn, PairPlot, pair_plot};
pub use quantiles::{QuantilePlot, QuantilePlots, quantile_plots, within};
#[cfg(test)]
pub(crate) use raster::parse;
pub use raster::{FONTS, base64};
pub use scale::Scale;
pub use scaling::{ScalingCurve, ScalingCurves, ScalingPanel, scaling_curves};
pub use text::{compact, number, power_of_ten};
pub use theme::{Rgb, THEME, Theme};
