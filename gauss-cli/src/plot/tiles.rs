//! Small panels of one size in rows, for figures that show every column of a table alike.

use super::axis::Axis;
use super::panel::{MARGIN, Panel};

/// Widest figure.
pub const WIDTH: f64 = 1040.0;
/// Narrowest figure: its title and legend need room.
const LEAST_WIDTH: f64 = 560.0;

/// Where each panel stands.
#[derive(Debug, Clone, Copy)]
pub struct Tiles {
    columns: usize,
    rows: usize,
    /// Width and height of a panel.
    size: (f64, f64),
    /// Room left of, above and below it.
    room: (f64, f64, f64),
}

impl Tiles {
    /// `count` panels in rows of at most `columns`, `height` pixels tall, each with room left of,
    /// above and below it. A single row has wider panels, to a limit.
    pub fn new(count: usize, columns: usize, height: Height, room: (f64, f64, f64)) -> Self {
        let count = count.max(1);
        let rows = count.div_ceil(columns);
        let columns = count.div_ceil(rows);
        let share = ((WIDTH - 2.0 * MARGIN) / columns as f64 - room.0 - 10.0).floor();
        let w = share.min(300.0);
        let h = match height {
            Height::Pixels(h) => h,
            Height::Square => w,
        };
        Self { columns, rows, size: (w, h), room }
    }

    /// Width of the whole figure.
    pub fn width(&self) -> f64 {
        let tile = self.size.0 + self.room.0 + 10.0;
        (2.0 * MARGIN + self.columns as f64 * tile).max(LEAST_WIDTH)
    }

    /// Height of all rows.
    pub fn height(&self) -> f64 {
        self.rows as f64 * (self.size.1 + self.room.1 + self.room.2)
    }

    /// Panel `k` in reading order, below `top`.
    pub fn panel(&self, k: usize, top: f64, xa: Axis, ya: Axis) -> Panel {
        let (row, column) = (k / self.columns, k % self.columns);
        let (w, h) = self.size;
        let (left, above, below) = self.room;
        Panel {
            x: (MARGIN + left + column as f64 * (w + left + 10.0)).round(),
            y: (top + above + row as f64 * (h + above + below)).round(),
            w,
            h,
            xa,
            ya,
        }
    }
}

/// The height of small panels.
#[derive(Debug, Clone, Copy)]
pub enum Height {
    /// So many pixels.
    Pixels(f64),
    /// That of their width.
    Square,
}
