//! The loop: the layers so far, and the rows as they leave the last one.

use crate::Error;
use crate::greedy::rotation::{Chosen, RotationKind, choose};
use crate::greedy::state::State;
use crate::greedy::{Rbig, RbigOptions};
use crate::linear::pca::with_determinant;
use crate::marginal::em::EmOptions;
use crate::marginal::{MarginalFit, Selection, fit_columns, layer_params};
use crate::sampling::mix;
use gauss_flow::layers::rotation::params_for_orthogonal;
use gauss_flow::{BlockRecord, Event, Flow, LayerSpec, Rows, StopReason, Watch, column_scales};
use std::time::Instant;

/// The layers so far, and the rows as they leave the last one.
pub(super) struct Greedy<'a> {
    options: &'a RbigOptions,
    dim: usize,
    specs: Vec<LayerSpec>,
    params: Vec<f64>,
    train: State,
    validation: Option<State>,
}

/// Where the flow is cut back to.
struct Best {
    blocks: usize,
    layers: usize,
    params: usize,
    log_prob: Vec<f64>,
    validation: f64,
}

impl<'a> Greedy<'a> {
    /// The layers before the first block, of counted rows ([`gauss_flow::rows::Counted`]).
    pub fn begin(
        x: Rows<'_>,
        validation: Option<Rows<'_>>,
        options: &'a RbigOptions,
    ) -> Result<Self, Error> {
        let mut greedy = Self {
            options,
            dim: x.ncols(),
            specs: Vec::new(),
            params: Vec::new(),
            train: State::new(x),
            validation: validation.map(State::new),
        };
        if options.standardize {
            greedy.push(LayerSpec::Standardize, standardization(x))?;
        }
        if options.initial_marginal > 0 {
            let components = options.initial_marginal;
            let em = EmOptions { seed: options.seed, ..options.em.clone() };
            let columns = greedy.train.columns();
            let weights = greedy.train.rows().weights();
            let selection = match options.selection {
                Selection::Fixed => Selection::Aic,
                other => other,
            };
            let fits = fit_columns(&columns, weights, columns.len(), components, selection, &em);
            let used = fits.iter().map(|fit| fit.components.max(1)).max().unwrap_or(1);
            let params = layer_params(&fits, used);
            greedy.push(LayerSpec::Marginal { components: used }, params)?;
        }
        if options.initial_pca {
            let Chosen { q, .. } = choose(RotationKind::Pca, greedy.train.rows(), true, 0)?;
            let params = params_for_orthogonal(q.as_ref(), 0, true)?;
            greedy.push(LayerSpec::Rotation { reflections: 0, base: true }, params)?;
        }
        Ok(greedy)
    }

    /// Adds a layer and sends all rows through it.
    fn push(&mut self, spec: LayerSpec, params: Vec<f64>) -> Result<(), Error> {
        let layer = Flow::from_parts(self.dim, vec![spec], params)?;
        self.train.apply(&layer)?;
        if let Some(validation) = &mut self.validation {
            validation.apply(&layer)?;
        }
        self.specs.push(spec);
        self.params.extend_from_slice(layer.params());
        Ok(())
    }

    pub fn run(mut self, watch: &mut dyn Watch) -> Result<Rbig, Error> {
        let mut blocks = Vec::new();
        let mut best = self.here(0);
        let mut without_progress = 0;
        let mut stopped = StopReason::Finished;
        for block in 0..self.options.max_blocks {
            let before = self.train.log_prob();
            let report = self.block(block, &before)?;
            let told = Event::Block { record: &report, blocks: self.options.max_blocks };
            let cancelled = watch.hear(&told).is_break();
            if self.is_progress(&report, &best) {
                best = self.here(block + 1);
                without_progress = 0;
            } else {
                without_progress += 1;
            }
            blocks.push(report);
            if cancelled {
                stopped = StopReason::Cancelled;
                break;
            }
            if self.options.patience.is_some_and(|patience| without_progress >= patience) {
                stopped = StopReason::NoImprovement;
                break;
            }
        }
        self.specs.truncate(best.layers);
        self.params.truncate(best.params);
        let flow = Flow::from_parts(self.dim, self.specs, self.params)?;
        Ok(Rbig { flow, blocks, kept: best.blocks, log_prob: best.log_prob, stopped })
    }

    /// Rotates, fits and maps once.
    fn block(&mut self, block: usize, before: &[f64]) -> Result<BlockRecord, Error> {
        let clock = Instant::now();
        let options = self.options;
        let seed = seed_of(options.seed, block);
        let first = block == 0;
        let Chosen { q, rank } = choose(options.rotation, self.train.rows(), first, seed)?;

        let reflections = options.reflections;
        let base = reflections + 1 < self.dim;
        let q = if base { q } else { with_determinant(q.as_ref(), reflections.is_multiple_of(2)) };
        let params = params_for_orthogonal(q.as_ref(), reflections, base)?;
        self.push(LayerSpec::Rotation { reflections, base }, params)?;

        let em = EmOptions { seed, ..options.em.clone() };
        let columns = self.train.columns();
        let weights = self.train.rows().weights();
        let fits = fit_columns(&columns, weights, rank, options.components, options.selection, &em);
        let spec = LayerSpec::Marginal { components: options.components };
        self.push(spec, layer_params(&fits, options.components))?;

        let after = self.train.log_prob();
        let (negentropy_removed, standard_error) = mean_gain(self.train.rows(), before, &after);
        Ok(BlockRecord {
            block: block + 1,
            negentropy_removed,
            standard_error,
            parameters: fits.iter().map(MarginalFit::parameters).sum(),
            degenerate: self.dim - rank,
            mean_log_prob: self.train.rows().mean(&after),
            validation_log_prob: self.validation.as_ref().map(State::mean_log_prob),
            seconds: clock.elapsed().as_secs_f64(),
        })
    }

    fn is_progress(&self, report: &BlockRecord, best: &Best) -> bool {
        if self.options.patience.is_none() {
            return true;
        }
        if report.parameters == 0 {
            return false; // what it gained is rounding
        }
        if let Some(validation) = report.validation_log_prob {
            return validation > best.validation;
        }
        let optimism = report.parameters as f64 / self.train.rows().total();
        let gain = report.negentropy_removed - optimism;
        gain > 0.0 && gain > self.options.significance * report.standard_error
    }

    fn here(&self, blocks: usize) -> Best {
        Best {
            blocks,
            layers: self.specs.len(),
            params: self.params.len(),
            log_prob: self.train.log_prob(),
            validation: self.validation.as_ref().map_or(f64::NEG_INFINITY, State::mean_log_prob),
        }
    }
}

/// Parameters of the standardize layer; a constant column is only shifted.
fn standardization(rows: Rows<'_>) -> Vec<f64> {
    let scales: Vec<(f64, f64)> = (column_scales(rows).into_iter().enumerate())
        .map(|(j, scale)| scale.unwrap_or((rows.x()[(0, j)], 0.0)))
        .collect();
    scales.iter().map(|s| s.0).chain(scales.iter().map(|s| s.1)).collect()
}

/// A seed for each block, far apart whatever the user's seed.
fn seed_of(seed: u64, block: usize) -> u64 {
    mix(seed ^ mix(block as u64))
}

/// Mean of after - before over the rows, and its standard error: the deviation over √n, n the sum
/// of counted rows' weights.
fn mean_gain(rows: Rows<'_>, before: &[f64], after: &[f64]) -> (f64, f64) {
    let gain: Vec<f64> = before.iter().zip(after).map(|(b, a)| a - b).collect();
    let mean = rows.mean(&gain);
    let square: Vec<f64> = gain.iter().map(|g| (g - mean) * (g - mean)).collect();
    (mean, (rows.mean(&square) / rows.total()).sqrt())
}
