//! Who may end a fit: whoever watches it, at any moment, and the clock, at the end of an epoch.

use gauss_flow::{Event, Watch};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// A [`Watch`], and when the time is over.
pub(super) struct Guard<'a> {
    pub watch: &'a mut dyn Watch,
    pub deadline: Option<Instant>,
    /// Whether the watch ended the fit.
    pub cancelled: bool,
}

impl Guard<'_> {
    /// What only the watch may end.
    pub fn hear(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        let told = self.watch.hear(event);
        self.cancelled |= told.is_break();
        told
    }

    /// What the watch may end, and the time.
    pub fn tell(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self.hear(event)?;
        if self.over() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether the time is over.
    pub fn over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The time that is left; `None` where there is no limit.
    pub fn left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }
}
