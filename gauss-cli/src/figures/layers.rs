//! The data on their way through the layers of the flow.

use faer::Mat;
use gauss_flow::LayerSpec;

use super::{Drawn, Subject};
use crate::plot::{ColorBy, ScatterGrid, State, robust_range, scatter_grid, thin};
use crate::words::counted;

/// Most states shown.
const MOST: usize = 12;
/// Most rows sent through the layers.
const ROWS: usize = 2000;

impl Subject<'_> {
    /// Two coordinates of the data before, between and after the layers.
    pub fn layers(&self) -> Option<Drawn> {
        let columns = self.columns();
        let pair = self.settings.pair.or(match columns[..] {
            [a, b, ..] => Some([a, b]),
            _ => None,
        })?;
        let kept: Vec<usize> = thin(self.x.nrows(), ROWS).collect();
        let x = Mat::from_fn(kept.len(), self.dim(), |i, j| self.x[(kept[i], j)]);
        let y = self.model.encode(x.as_ref(), &mut self.stream(4)).ok()?.y;
        let within: Vec<usize> =
            (0..y.nrows()).filter(|&i| y.row(i).iter().all(|v| v.is_finite())).collect();
        if within.is_empty() {
            return None;
        }
        let y = Mat::from_fn(within.len(), y.ncols(), |i, j| y[(within[i], j)]);
        let states = self.model.flow().forward_with_intermediates(y.as_ref()).ok()?;
        let layers = self.model.flow().layers();
        // First layers that bring in tails and standardise show the data as they are, on scales alike.
        let prepares =
            |layer: &&LayerSpec| matches!(layer, LayerSpec::Standardize | LayerSpec::Tails);
        let first = layers.iter().take_while(prepares).count();
        let shown = self.shown(first);
        let clouds: Vec<Vec<[f64; 2]>> =
            shown.iter().map(|&k| points(&states[k], pair, k == 0)).collect();
        let titles: Vec<String> = shown.iter().map(|&k| self.state(k, first)).collect();
        let panels: Vec<State<'_>> =
            titles.iter().zip(&clouds).map(|(title, points)| State { title, points }).collect();

        let [a, b] = pair.map(|j| self.model.columns()[j].name.as_str());
        let mut words = vec![
            counted(y.nrows(), "row"),
            format!(
                "coordinates {} and {}, at first {a} and {b}; colour: the rank of {a}",
                pair[0] + 1,
                pair[1] + 1
            ),
        ];
        if shown.len() < states.len() - first {
            words.push(format!("after {} of {} layers", shown.len() - 1, layers.len()));
        }
        let ranks = ranks(&y, pair[0]);
        let title = "From the data to the latent space";
        let figure = scatter_grid(&ScatterGrid {
            title,
            subtitle: &words.join("; "),
            states: &panels,
            color_by: ColorBy::Scalar(&ranks),
            shared_range: false,
        });
        let caption = "The same rows before, between and after the layers. A rotation mixes \
                       coordinates, marginal maps give each the shape of a normal; at the end \
                       there should be a round cloud. Colours let a row be followed.";
        Some(Drawn { name: "layers", title: title.into(), caption: caption.into(), figure })
    }

    /// The states to show: all from `first` on, or of too many those that end a block.
    fn shown(&self, first: usize) -> Vec<usize> {
        let layers = self.model.flow().layers();
        let all: Vec<usize> = (first..=layers.len()).collect();
        if all.len() <= MOST {
            return all;
        }
        let ends = |k: &usize| {
            *k == first
                || *k == layers.len()
                || matches!(
                    layers[k - 1],
                    LayerSpec::Marginal { .. } | LayerSpec::Conditioned { .. }
                )
        };
        spread(&all.into_iter().filter(ends).collect::<Vec<_>>())
    }

    /// The name of the state after `k` layers.
    fn state(&self, k: usize, first: usize) -> String {
        let layers = self.model.flow().layers();
        if k == first {
            return "data".to_owned();
        }
        let what = match layers[k - 1] {
            LayerSpec::Standardize => "scaled",
            LayerSpec::Conditioned { .. } => "conditioned",
            LayerSpec::Rosenblatt { .. } => "one by one",
            LayerSpec::Shifted { .. } => "shifted",
            LayerSpec::Tables { .. } => "values",
            LayerSpec::Rotation { .. } => "rotated",
            LayerSpec::Marginal { .. } => "marginals",
            other => other.name(),
        };
        if k == layers.len() { format!("{k}: {what}, z") } else { format!("{k}: {what}") }
    }
}

/// At most `MOST` of the states, as evenly as may be, the first and the last among them.
fn spread(states: &[usize]) -> Vec<usize> {
    let count = states.len().min(MOST);
    let step = (states.len().max(1) - 1) as f64 / (count.max(2) - 1) as f64;
    (0..count).map(|k| states[(k as f64 * step).round() as usize]).collect()
}

/// Two coordinates of a state; `scaled`, by the length of each one's bulk, where they have units.
fn points(state: &Mat<f64>, pair: [usize; 2], scaled: bool) -> Vec<[f64; 2]> {
    let scales = pair.map(|j| {
        let range = robust_range(state.col(j).iter().copied(), 0.05, 0.0).unwrap_or((0.0, 1.0));
        let length = range.1 - range.0;
        if scaled && length > 0.0 && length.is_finite() { (range.0, length) } else { (0.0, 1.0) }
    });
    let coordinate = |i: usize, k: usize| (state[(i, pair[k])] - scales[k].0) / scales[k].1;
    (0..state.nrows()).map(|i| [coordinate(i, 0), coordinate(i, 1)]).collect()
}

/// The rank of each row in column `j`.
fn ranks(y: &Mat<f64>, j: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..y.nrows()).collect();
    order.sort_by(|&a, &b| y[(a, j)].total_cmp(&y[(b, j)]));
    let mut ranks = vec![0.0; y.nrows()];
    for (rank, i) in order.into_iter().enumerate() {
        ranks[i] = rank as f64;
    }
    ranks
}
