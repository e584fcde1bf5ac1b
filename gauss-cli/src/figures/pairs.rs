//! Every two columns against each other, data and samples.

use super::dependence::dependences;
use super::{Drawn, Subject};
use crate::console::grouped;
use crate::plot::{PairColumn, PairPlot, pair_plot};

/// Most columns in one figure.
const MOST: usize = 6;

impl Subject<'_> {
    /// The pair plot of data against as many samples.
    pub fn pairs(&self) -> Option<Drawn> {
        let among = self.columns();
        let n = self.x.nrows();
        if among.len() < 2 || n == 0 {
            return None;
        }
        let shown = dependences(&self.x, &among).leading(MOST);
        let draws = self.samples.subrows(0, n.min(self.samples.nrows()));
        let places: Vec<[Vec<f64>; 2]> = shown
            .iter()
            .map(|&j| [self.places(self.x.as_ref(), j), self.places(draws, j)])
            .collect();
        let columns: Vec<PairColumn<'_>> = shown
            .iter()
            .zip(&places)
            .map(|(&j, [first, second])| PairColumn { scale: &self.views[j].scale, first, second })
            .collect();
        let mut subtitle = format!("{} and {} samples", self.rows(), grouped(draws.nrows()));
        if shown.len() < among.len() {
            subtitle += &format!(
                "; the {} of {} columns that depend most on each other",
                shown.len(),
                among.len()
            );
        } else if among.len() < self.dim() {
            subtitle += &format!("; {} of {} columns", among.len(), self.dim());
        }
        if shown.iter().any(|&j| self.views[j].scale.whole) {
            subtitle += "; whole values are spread a little so that they do not hide each other";
        }
        let title = "Data and samples";
        let figure = pair_plot(&PairPlot {
            title,
            subtitle: &subtitle,
            names: ["data", "samples"],
            columns: &columns,
        });
        let caption = "Below the diagonal the data lie over samples from the model, above it the \
                       samples are alone; on the diagonal the data's histogram with the samples' \
                       outline. Orange where there is no blue is mass that the model puts where \
                       there are no data; axes leave out the farthest stragglers.";
        Some(Drawn { name: "pairs", title: title.into(), caption: caption.into(), figure })
    }
}
