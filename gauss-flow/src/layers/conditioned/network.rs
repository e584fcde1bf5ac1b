//! The masked network: two hidden layers of SiLU, evaluated and differentiated position by position.
//!
//! Step p computes the units of degree p in both layers and what they and those of lower degrees say
//! of position p. Steps 0, 1, ... are the forward pass; the inverse takes the same steps and finds
//! the p-th column between two of them, so it costs one pass of the network, not d. On the way back
//! the steps run in reverse, each when all that its units were told of is done.
//!
//! ```text
//! a¹ = W¹ y + b¹,  h¹ = SiLU(a¹),  a² = W² h¹ + b²,  h² = SiLU(a²),  c = V h²
//! ```
//!
//! c has no bias: the mixtures that it corrects have parameters of their own.

use super::masks::Masks;
use gauss_math::conditioner::{add_outer, add_transposed, affine, silu};
use gauss_math::simd::{LOGICAL_LANES, tree_sum};

/// The network with its numbers.
///
/// They are stored in the order of the steps; of step p, with u units of degree p, s inputs that
/// these see and t units up to degree p: W¹ `[u][s]`, b¹ `[u]`, W² `[u][t]`, b² `[u]`, V `[m][t]`.
#[derive(Clone, Debug)]
pub(super) struct Network {
    masks: Masks,
    /// m, what is said of a position.
    outputs: usize,
    params: Vec<f64>,
    /// Where the numbers of each step begin, and of the last one end.
    starts: Vec<usize>,
    no_bias: Vec<f64>,
}

/// A block of n rows in the network.
pub(super) struct Activations<'a> {
    /// y `[inputs][n]`, filled as far as a step sees.
    pub inputs: &'a mut [f64],
    /// h¹, h² `[hidden][n]`.
    values: [&'a mut [f64]; 2],
    /// The derivatives of SiLU there.
    slopes: [&'a mut [f64]; 2],
}

impl<'a> Activations<'a> {
    /// Numbers per row.
    pub fn len(masks: Masks) -> usize {
        masks.inputs() + 4 * masks.hidden()
    }

    /// A view of `[len][n]` numbers.
    pub fn of(masks: Masks, buffer: &'a mut [f64], n: usize) -> Self {
        let h = masks.hidden() * n;
        let (inputs, rest) = buffer.split_at_mut(masks.inputs() * n);
        let (first, rest) = rest.split_at_mut(h);
        let (second, rest) = rest.split_at_mut(h);
        let (first_slope, rest) = rest.split_at_mut(h);
        Self { inputs, values: [first, second], slopes: [first_slope, &mut rest[..h]] }
    }
}

/// [`Activations`] of all steps, to look at.
pub(super) struct Kept<'a> {
    inputs: &'a [f64],
    values: [&'a [f64]; 2],
    slopes: [&'a [f64]; 2],
}

impl<'a> Kept<'a> {
    /// Of what [`Activations::of`] made of the same buffer.
    pub fn of(masks: Masks, buffer: &'a [f64], n: usize) -> Self {
        let h = masks.hidden() * n;
        let (inputs, rest) = buffer.split_at(masks.inputs() * n);
        let part = |i: usize| &rest[i * h..(i + 1) * h];
        Self { inputs, values: [part(0), part(1)], slopes: [part(2), part(3)] }
    }
}

/// What the way back of a block adds up, and what it needs for it.
pub(super) struct Bars<'a> {
    /// ȳ `[inputs][n]`
    pub inputs: &'a mut [f64],
    /// ∂L/∂h¹, ∂L/∂h² `[hidden][n]`
    hidden: [&'a mut [f64]; 2],
    /// y, h¹ and h² by rows, `[n][stride]`; empty where no sums are wanted.
    by_rows: [&'a mut [f64]; 3],
}

/// Features of a row in [`Bars::by_rows`].
fn stride(features: usize) -> usize {
    features.next_multiple_of(LOGICAL_LANES)
}

impl<'a> Bars<'a> {
    /// Numbers per row.
    pub fn len(masks: Masks) -> usize {
        let (i, h) = (masks.inputs(), masks.hidden());
        i + 2 * h + stride(i) + 2 * stride(h)
    }

    /// A view of `[len][n]` numbers, for the way back of a block; with sums if they are `wanted`.
    pub fn of(
        masks: Masks,
        buffer: &'a mut [f64],
        activations: &Kept<'_>,
        wanted: bool,
        n: usize,
    ) -> Self {
        let (i, h) = (masks.inputs(), masks.hidden());
        let (bars, by_rows) = buffer.split_at_mut((i + 2 * h) * n);
        bars.fill(0.0);
        let (inputs, rest) = bars.split_at_mut(i * n);
        let (first, second) = rest.split_at_mut(h * n);
        let (y, rest) = by_rows.split_at_mut(if wanted { stride(i) * n } else { 0 });
        let (h_1, rest) = rest.split_at_mut(if wanted { stride(h) * n } else { 0 });
        let h_2 = &mut rest[..h_1.len()];
        if wanted {
            transpose(activations.inputs, y, n);
            transpose(activations.values[0], h_1, n);
            transpose(activations.values[1], h_2, n);
        }
        Self { inputs, hidden: [first, second], by_rows: [y, h_1, h_2] }
    }
}

/// to `[n][stride]` <- from `[features][n]`, the rest of each row as it was.
fn transpose(from: &[f64], to: &mut [f64], n: usize) {
    let stride = to.len() / n;
    for (j, column) in from.chunks_exact(n).enumerate() {
        for (x, row) in column.iter().zip(to.chunks_exact_mut(stride)) {
            row[j] = *x;
        }
    }
}

impl Network {
    pub fn new(masks: Masks, dim: usize, outputs: usize) -> Self {
        let mut network = Self {
            masks,
            outputs,
            params: Vec::new(),
            starts: vec![0],
            no_bias: vec![0.0; outputs],
        };
        for position in 0..dim {
            let len: usize = network.lengths(position).iter().sum();
            network.starts.push(network.starts[position] + len);
        }
        network
    }

    pub fn masks(&self) -> Masks {
        self.masks
    }

    /// How many numbers W¹, b¹, W², b² and V have in a step.
    fn lengths(&self, position: usize) -> [usize; 5] {
        let (masks, units) = (self.masks, self.masks.units(position).len());
        let told = masks.upto(position);
        [units * masks.seen(position), units, units * told, units, self.outputs * told]
    }

    /// How many numbers all steps have.
    pub fn n_params(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    pub fn set(&mut self, params: &[f64]) {
        self.params.clear();
        self.params.extend_from_slice(params);
    }

    /// W¹, b¹, W², b² and V of a step.
    fn step(&self, position: usize) -> [&[f64]; 5] {
        let mut rest = &self.params[self.starts[position]..];
        self.lengths(position).map(|len| {
            let (part, after) = rest.split_at(len);
            rest = after;
            part
        })
    }

    /// Step `position` over n rows, the steps before it done. out `[m][n]`: overwritten.
    pub fn forward(&self, position: usize, at: &mut Activations<'_>, out: &mut [f64], n: usize) {
        let [w_1, b_1, w_2, b_2, v] = self.step(position);
        let units = self.masks.units(position);
        let own = units.start * n..units.end * n;
        let upto = self.masks.upto(position) * n;
        let [first, second] = &mut at.values;
        affine(w_1, b_1, at.inputs, &mut first[own.clone()], n);
        silu(&mut first[own.clone()], &mut at.slopes[0][own.clone()]);
        affine(w_2, b_2, &first[..upto], &mut second[own.clone()], n);
        silu(&mut second[own.clone()], &mut at.slopes[1][own]);
        affine(v, &self.no_bias, &second[..upto], out, n);
    }

    /// The way back through step `position`, the steps after it done, from out_bar `[m][n]`.
    ///
    /// bars: ADDED to. sums `[n_params]`: ADDED to, or empty.
    pub fn backward(
        &self,
        position: usize,
        at: &Kept<'_>,
        out_bar: &[f64],
        bars: &mut Bars<'_>,
        sums: &mut [f64],
        n: usize,
    ) {
        let [w_1, _, w_2, _, v] = self.step(position);
        let units = self.masks.units(position);
        let own = units.start * n..units.end * n;
        let upto = self.masks.upto(position) * n;
        let [first, second] = &mut bars.hidden;
        add_transposed(v, out_bar, &mut second[..upto], n);
        scale(&mut second[own.clone()], &at.slopes[1][own.clone()]);
        add_transposed(w_2, &second[own.clone()], &mut first[..upto], n);
        scale(&mut first[own.clone()], &at.slopes[0][own.clone()]);
        add_transposed(w_1, &first[own.clone()], bars.inputs, n);
        if !sums.is_empty() {
            let mut rest = &mut sums[self.starts[position]..];
            let [w_1, b_1, w_2, b_2, v] = self.lengths(position).map(|len| {
                let (part, after) = std::mem::take(&mut rest).split_at_mut(len);
                rest = after;
                part
            });
            let [y, h_1, h_2] = &bars.by_rows;
            add_outer(out_bar, h_2, h_2.len() / n, v, n);
            add_outer(&second[own.clone()], h_1, h_1.len() / n, w_2, n);
            add_outer(&first[own.clone()], y, y.len() / n, w_1, n);
            add_rows(&second[own.clone()], b_2, n);
            add_rows(&first[own], b_1, n);
        }
    }
}

/// a_bar <- h_bar · SiLU'(a)
fn scale(bar: &mut [f64], slope: &[f64]) {
    bar.iter_mut().zip(slope).for_each(|(bar, slope)| *bar *= slope);
}

/// b_bar `[m]`: ADDED to, the sums over the rows of bar `[m][n]`.
fn add_rows(bar: &[f64], b_bar: &mut [f64], n: usize) {
    for (bar, b_bar) in bar.chunks_exact(n).zip(b_bar) {
        let mut lanes = [0.0; LOGICAL_LANES];
        for chunk in bar.as_chunks::<LOGICAL_LANES>().0 {
            lanes.iter_mut().zip(chunk).for_each(|(lane, x)| *lane += x);
        }
        *b_bar += tree_sum(lanes);
    }
}
