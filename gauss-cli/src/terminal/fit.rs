//! A fit as it happens: stage, epoch, loss, and the time left where it is known.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gauss_flow::{Event, Stage, Watch};

use super::Console;
use super::interrupt::{self, Listening, lock};
use super::progress::{Display, span};
use crate::words::decimals;

const INTERRUPTED: &str =
    "interrupted: the best model so far is kept; interrupt again to stop at once";

/// The live display of one fit, and its ear for Ctrl-C.
pub struct FitProgress {
    display: Option<Arc<Display>>,
    state: Mutex<State>,
    listening: Option<Listening>,
}

/// What the last steps said.
#[derive(Default)]
struct State {
    stage: Option<Stage>,
    what: String,
    /// Greedy blocks or epochs of the stage: how many are done, of how many.
    done: usize,
    of: usize,
    /// Of the epoch that runs, from 0 to 1.
    within: f64,
    unit: &'static str,
    loss: String,
    /// When the stage began.
    begun: Duration,
}

impl FitProgress {
    /// A display of a fit that Ctrl-C stops at once.
    pub fn new(console: &Console) -> FitProgress {
        let display = Display::new(console).map(Arc::new);
        FitProgress { display, state: Mutex::default(), listening: None }
    }

    /// A display of a fit that the first Ctrl-C ends with the best so far.
    pub fn interruptible(console: &Console) -> FitProgress {
        let progress = FitProgress::new(console);
        let display = progress.display.clone();
        let listening = interrupt::listen(move || {
            if let Some(display) = &display {
                display.note(INTERRUPTED);
            }
        });
        FitProgress { listening: Some(listening), ..progress }
    }

    /// Shows what has happened; ends the fit after Ctrl-C.
    fn show(&self, event: &Event<'_>) -> ControlFlow<()> {
        if let Some(display) = &self.display {
            let mut state = lock(&self.state);
            state.hear(event, display.elapsed());
            display.show(|elapsed| state.status(elapsed));
        }
        match &self.listening {
            Some(listening) if listening.interrupted() => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Several fits may share one display.
impl Watch for &FitProgress {
    fn hear(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self.show(event)
    }
}

impl State {
    fn hear(&mut self, event: &Event<'_>, elapsed: Duration) {
        match *event {
            Event::Stage(Stage::Mixture) => {
                self.enter("mixture of normals".to_owned(), "iteration", 0, elapsed);
                self.stage = Some(Stage::Mixture);
            }
            Event::Stage(stage) => self.stage = Some(stage),
            Event::Step { .. } if self.stage == Some(Stage::Mixture) => self.done += 1,
            Event::Block { record, blocks } => {
                let what = match self.stage {
                    Some(Stage::Candidate { candidate, of, .. }) => {
                        format!("greedy start {candidate} of {of}")
                    }
                    _ => "greedy blocks".to_owned(),
                };
                self.enter(what, "block", blocks, elapsed);
                self.done = record.block;
                self.loss = format!("loss {}", decimals(-record.mean_log_prob, 4));
            }
            Event::Step { step, steps } => self.within = step as f64 / steps as f64,
            Event::Epoch { record, epochs } => {
                let what = match self.stage {
                    Some(Stage::Candidate { round, candidate, of: of @ 2.. }) => {
                        format!("round {round}, {candidate} of {of}")
                    }
                    Some(Stage::Candidate { round, .. }) => format!("round {round}"),
                    Some(Stage::Refit) => "on all rows".to_owned(),
                    _ => "training".to_owned(),
                };
                self.enter(what, "epoch", epochs, elapsed);
                (self.done, self.within) = (record.epoch, 0.0);
                // Most epochs do not look at the validation rows; the last look stands.
                if let Some(nll) = record.validation_nll {
                    self.loss = format!(
                        "loss {}, validation {}",
                        decimals(record.train_nll, 4),
                        decimals(nll, 4)
                    );
                } else if self.stage == Some(Stage::Refit) || self.loss.is_empty() {
                    self.loss = format!("loss {}", decimals(record.train_nll, 4));
                }
            }
            _ => {}
        }
    }

    fn enter(&mut self, what: String, unit: &'static str, of: usize, elapsed: Duration) {
        if (what.as_str(), of) != (self.what.as_str(), self.of) {
            let stage = self.stage;
            *self = State { what, unit, of, stage, begun: elapsed, ..State::default() };
        }
    }

    fn status(&self, elapsed: Duration) -> (String, Option<f64>, String) {
        let seconds = elapsed.as_secs_f64();
        if self.of == 0 {
            // EM goes on for as long as it gains.
            let details = format!("{} {}, {} so far", self.unit, self.done, span(seconds.floor()));
            return (self.what.clone(), None, details);
        }
        let part = ((self.done as f64 + self.within) / self.of as f64).min(1.0);
        let taken = elapsed.saturating_sub(self.begun).as_secs_f64();
        let left = taken * (1.0 - part) / part;
        // The next stage depends on how this one ends, so nobody knows more.
        let left = if left.is_finite() { format!(" ({} left)", span(left)) } else { String::new() };
        let State { unit, done, of, loss, .. } = self;
        let details =
            format!("{unit} {done} of {of}{left}, {loss}, {} so far", span(seconds.floor()));
        (self.what.clone(), Some(part), details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gauss_flow::EpochRecord;

    #[test]
    fn a_status_names_stage_epoch_loss_and_time() {
        let mut state = State::default();
        let record = |epoch, validation_nll| EpochRecord {
            epoch,
            train_nll: 1.5,
            validation_nll,
            learning_rate: 0.01,
            seconds: 0.0,
        };
        let stage = |round, candidate, of| Stage::Candidate { round, candidate, of };
        let seconds = Duration::from_secs;
        state.hear(&Event::Stage(stage(2, 1, 3)), seconds(9));
        for (epoch, nll, at) in [(0, Some(1.75), 10), (1, None, 12)] {
            let record = &record(epoch, nll);
            state.hear(&Event::Epoch { record, epochs: 4 }, seconds(at));
        }
        state.hear(&Event::Step { step: 1, steps: 2 }, seconds(13));
        let (what, part, details) = state.status(seconds(13));
        assert_eq!((what.as_str(), part), ("round 2, 1 of 3", Some(0.375)));
        let expected = "epoch 1 of 4 (5 s left), loss 1.5000, validation 1.7500, 13 s so far";
        assert_eq!(details, expected);
        // Another stage begins anew.
        state.hear(&Event::Stage(Stage::Refit), seconds(20));
        state.hear(&Event::Epoch { record: &record(0, None), epochs: 4 }, seconds(20));
        let (what, part, details) = state.status(seconds(20));
        assert_eq!((what.as_str(), part), ("on all rows", Some(0.0)));
        assert_eq!(details, "epoch 0 of 4, loss 1.5000, 20 s so far");
    }
}
