//! Work in stages of which nobody knows how long each takes: which one runs, and how many are done.
//!
//! A stage may be one long call that reports nothing on its way, so a thread of its own looks at
//! the clock and shows what runs.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Console;
use super::interrupt::lock;
use super::progress::{Display, span};

/// Between two looks at the clock.
const EVERY: Duration = Duration::from_millis(100);

/// The display of the stages; it ends when this goes.
#[derive(Debug)]
pub struct Stages {
    shared: Arc<Shared>,
    /// None with `--quiet`.
    ticker: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Debug, Default)]
struct State {
    what: String,
    done: usize,
    of: usize,
    over: bool,
}

impl Stages {
    /// Before the first of so many.
    pub fn new(console: &Console, of: usize) -> Stages {
        let shared = Arc::new(Shared::default());
        shared.lock().of = of;
        let ticker = Display::new(console).map(|display| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.tick(&display))
        });
        Stages { shared, ticker }
    }

    /// `what` begins; what it is called until the next.
    pub fn begin(&self, what: &str) {
        what.clone_into(&mut self.shared.lock().what);
    }

    /// One more is done.
    pub fn done(&self) {
        self.shared.lock().done += 1;
    }
}

impl Drop for Stages {
    /// Takes the display off the screen.
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.over.notify_all();
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn tick(&self, display: &Display) {
        let mut state = self.lock();
        while !state.over {
            display.show(|elapsed| state.status(elapsed));
            let waited = self.over.wait_timeout(state, EVERY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn status(&self, elapsed: Duration) -> (String, Option<f64>, String) {
        let part = self.done as f64 / self.of.max(1) as f64;
        let details =
            format!("{} of {} steps, {}", self.done, self.of, span(elapsed.as_secs_f64()));
        (self.what.clone(), Some(part.min(1.0)), details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_that_runs_is_shown_with_those_that_are_done() {
        let console = Console { json: false, quiet: true, seed: 0 };
        let stages = Stages::new(&console, 4);
        stages.begin("testing z");
        stages.done();
        let (what, part, details) = stages.shared.lock().status(Duration::from_millis(2500));
        assert_eq!((what.as_str(), part), ("testing z", Some(0.25)));
        assert_eq!(details, "1 of 4 steps, 3 s");
        assert!(stages.ticker.is_none(), "nothing is shown with --quiet");
    }
}
