//! A checkerboard: uniform on the eight squares of [-4, 4]², side 2, whose column and row add up
//! to an even number. p = 1/32 on them and 0 elsewhere; the entropy is ln 32.

use rand::{Rng, RngExt};

/// Squares along an edge.
const SQUARES: usize = 4;
/// Of a square.
const SIDE: f64 = 2.0;
/// The board is [-EDGE, EDGE)².
const EDGE: f64 = 4.0;
const AREA: f64 = 32.0;

/// The distribution.
#[derive(Clone, Debug)]
pub struct Checkerboard;

impl Checkerboard {
    /// One point.
    pub fn draw(&self, rng: &mut impl Rng) -> [f64; 2] {
        let column = rng.random_range(0..SQUARES);
        let row = 2 * rng.random_range(0..SQUARES / 2) + column % 2;
        [column, row].map(|square| (square as f64 + rng.random::<f64>()) * SIDE - EDGE)
    }

    /// ln p(x, y): -ln 32 or -∞.
    pub fn log_density(&self, x: f64, y: f64) -> f64 {
        let square = |v: f64| ((v + EDGE) / SIDE).floor();
        let (column, row) = (square(x), square(y));
        let on_board = |square: f64| square >= 0.0 && square < SQUARES as f64;
        if on_board(column) && on_board(row) && (column + row) % 2.0 == 0.0 {
            -AREA.ln()
        } else {
            f64::NEG_INFINITY
        }
    }

    /// ln 32.
    pub fn entropy(&self) -> f64 {
        AREA.ln()
    }
}
