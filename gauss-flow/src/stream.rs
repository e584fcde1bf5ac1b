//! Random streams: one for each purpose.
//!
//! Everything random in a fit or an answer follows from one seed. Were each part to begin its own
//! generator from it, two of them would draw the same numbers; so every purpose has a stream of
//! its own (of 2⁶⁴ that ChaCha has for each seed), and they are all listed here.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Sets the noise of training apart from the order of its rows.
const TRAINING_NOISE: u64 = 0x6E6F_6973_6500_0000;
/// Streams of the noise of columns begin here.
const COLUMN_NOISE: u64 = 1 << 62;
/// Streams of what judges a model begin here; each has room for [`ROOM`] of its own.
const JUDGES: u64 = 1 << 61;
/// Streams of one purpose that has many.
const ROOM: u64 = 1 << 40;

/// What random numbers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// What a caller draws for itself: samples, the noise within the cells of discrete values.
    Draws,
    /// The order of the rows in an epoch of training, which counts from 1.
    Order {
        /// The epoch.
        epoch: u64,
    },
    /// Noise on the rows of a training step.
    TrainingNoise {
        /// The step, below 2⁴⁴.
        step: u64,
        /// The block of rows within it, below 2²⁰.
        block: u64,
    },
    /// Which rows are held out.
    Split,
    /// Noise on a column.
    ColumnNoise {
        /// The column.
        column: u64,
    },
    /// Noise within the cells of the rows that a report is about.
    ReportTable,
    /// Noise within the cells of the rows that its baselines learn from.
    ReportTrain,
    /// Samples that a report holds against rows.
    ReportSamples,
    /// A replicate of the null distribution of the energy test.
    EnergyNull {
        /// The replicate.
        replicate: u64,
    },
    /// A replicate of the null distribution of Mardia's kurtosis.
    KurtosisNull {
        /// The replicate.
        replicate: u64,
    },
    /// A part of the figures.
    Figure {
        /// The part.
        part: u64,
    },
    /// Latents at which a model's inverse is tried before the model is believed.
    Probe,
    /// Draws of a fitted flow that are held against its rows.
    FittedDraws,
    /// Noise on a column that is constant in a class of the rows.
    ClassNoise {
        /// Which of those that there are.
        class: u64,
    },
}

/// The generator of a purpose under a seed.
///
/// ```
/// use gauss_flow::stream::{Purpose, stream};
/// use rand::RngExt;
/// let (mut a, mut b) = (stream(7, Purpose::Draws), stream(7, Purpose::Split));
/// assert_ne!(a.random::<u64>(), b.random::<u64>());
/// ```
#[must_use]
pub fn stream(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let judge = |k: u64| JUDGES + k * ROOM;
    let (seed, stream) = match purpose {
        Purpose::Draws => (seed, 0),
        Purpose::Order { epoch } => (seed, epoch),
        Purpose::TrainingNoise { step, block } => (seed ^ TRAINING_NOISE, (step << 20) | block),
        Purpose::Split => (seed, u64::MAX),
        Purpose::ColumnNoise { column } => (seed, COLUMN_NOISE + column),
        Purpose::ReportTable => (seed, judge(0)),
        Purpose::ReportTrain => (seed, judge(1)),
        Purpose::ReportSamples => (seed, judge(2)),
        Purpose::EnergyNull { replicate } => (seed, judge(3) + replicate),
        Purpose::KurtosisNull { replicate } => (seed, judge(4) + replicate),
        Purpose::Figure { part } => (seed, judge(5) + part),
        Purpose::Probe => (seed, judge(6)),
        Purpose::FittedDraws => (seed, judge(7)),
        Purpose::ClassNoise { class } => (seed, judge(8) + class),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn no_two_purposes_share_their_numbers() {
        let many = 0..50;
        let mut purposes = vec![
            Purpose::Draws,
            Purpose::Split,
            Purpose::ReportTable,
            Purpose::ReportTrain,
            Purpose::ReportSamples,
            Purpose::Probe,
            Purpose::FittedDraws,
        ];
        purposes.extend(many.clone().map(|k| Purpose::Order { epoch: k + 1 }));
        purposes.extend(many.clone().map(|k| Purpose::TrainingNoise { step: k / 7, block: k % 7 }));
        purposes.extend(many.clone().map(|k| Purpose::ColumnNoise { column: k }));
        purposes.extend(many.clone().map(|k| Purpose::EnergyNull { replicate: k }));
        purposes.extend(many.clone().map(|k| Purpose::KurtosisNull { replicate: k }));
        purposes.extend(many.clone().map(|k| Purpose::ClassNoise { class: k }));
        purposes.extend(many.map(|k| Purpose::Figure { part: k }));
        let mut first: Vec<u64> = purposes.iter().map(|p| stream(3, *p).random()).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), purposes.len());
    }
}
