//! Time: always the least over repeats. What disturbs a measurement (other programs, interrupts,
//! a clock that has not come up yet) only ever adds to it.

use std::time::Instant;

/// How much time is spent on a measurement.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Whether it is the quick run.
    pub quick: bool,
    /// Samples of a kernel, each of as many calls as last [`SAMPLE_SECONDS`].
    samples: usize,
    /// Repeats of a whole fit or evaluation.
    pub repeats: usize,
}

/// Long against the clock's resolution, short against a time slice.
const SAMPLE_SECONDS: f64 = 5e-4;

impl Effort {
    pub fn new(quick: bool) -> Self {
        let (samples, repeats) = if quick { (60, 2) } else { (600, 12) };
        Self { quick, samples, repeats }
    }
}

/// What `work` gives, and the seconds it takes.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let clock = Instant::now();
    let result = work();
    (result, clock.elapsed().as_secs_f64())
}

/// The least seconds of one call of a kernel of nanoseconds or microseconds.
pub fn least_per_call(effort: Effort, mut work: impl FnMut()) -> f64 {
    let mut sample = |calls: usize| {
        let ((), seconds) = timed(|| (0..calls).for_each(|_| work()));
        seconds
    };
    let mut calls = 1;
    while sample(calls) < SAMPLE_SECONDS {
        calls *= 2;
    }
    (0..effort.samples).map(|_| sample(calls)).fold(f64::INFINITY, f64::min) / calls as f64
}

/// The least of the seconds that `run` reports, over `repeats` runs.
///
/// # Errors
/// When a run fails.
pub fn least<E>(repeats: usize, mut run: impl FnMut() -> Result<f64, E>) -> Result<f64, E> {
    let mut least = f64::INFINITY;
    for _ in 0..repeats.max(1) {
        least = least.min(run()?);
    }
    Ok(least)
}
