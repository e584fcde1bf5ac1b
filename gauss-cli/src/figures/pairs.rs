//! Every two columns against each other, data and samples.

use super::dependence::dependences;
use super::subject::SPREAD;
use super::{Drawn, Subject};
use crate::plot::{PairColumn, PairPlot, pair_plot};
use crate::words::grouped;

/// Most columns in one figure.
const MOST: usize = 6;
/// Most points of a cloud over all panels, and in one panel: what keeps the figure light.
const ALL_POINTS: usize = 36_000;
const MOST_POINTS: usize = 5000;

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
            .map(|&j| [self.places(self.x.as_ref(), j, SPREAD), self.places(draws, j, SPREAD)])
            .collect();
        let columns: Vec<PairColumn<'_>> = shown
            .iter()
            .zip(&places)
            .map(|(&j, [first, second])| PairColumn { scale: &self.views[j].scale, first, second })
            .collect();
        let most = (ALL_POINTS / (shown.len() * shown.len())).min(MOST_POINTS);
        let mut words = vec![format!("{} and {} samples", self.rows(), grouped(draws.nrows()))];
        if n > most {
            words.push(format!("each panel has {} points of either", grouped(most)));
        }
        if shown.len() < among.len() {
            let (some, all) = (shown.len(), among.len());
            words.push(format!("the {some} of {all} columns that depend most on each other"));
        } else if among.len() < self.dim() {
            words.push(format!("{} of {} columns", among.len(), self.dim()));
        }
        if shown.iter().any(|&j| self.views[j].scale.whole) {
            words.push("whole values are spread a little, not to hide each other".into());
        }
        let title = "Data and samples";
        let figure = pair_plot(&PairPlot {
            title,
            subtitle: &words.join("; "),
            names: ["data", "samples"],
            most,
            columns: &columns,
        });
        let caption = "Below the diagonal the data lie over samples from the model, above it the \
                       samples are alone; on the diagonal the data's histogram with the samples' \
                       outline. Orange where there is no blue is mass that the model puts where \
                       there are no data; axes leave out the farthest stragglers.";
        Some(Drawn { name: "pairs", title: title.into(), caption: caption.into(), figure })
    }
}
