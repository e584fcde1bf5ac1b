//! Who may end a fit: whoever watches it, at any moment, and the clock.
//!
//! **Time.** A budget bounds the whole fit. The second fit goes the winner's way again on all rows:
//! of the search's plan (u steps for each of four candidates, then 2, 4, 8 and 16 u for fewer and
//! fewer: 40 u in all) the winner's is 31 u, so its share of the search's time is [`WINNERS_SHARE`],
//! times the rows there are more. That much is kept for it. It begins only if it may be expected to
//! end in time, and is given up if it does not.

use super::options::Budget;
use gauss_flow::{Event, Watch};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Tells the time since some moment.
pub(super) trait Clock: Send + Sync {
    /// That long.
    fn now(&self) -> Duration;
}

impl Clock for Instant {
    fn now(&self) -> Duration {
        self.elapsed()
    }
}

/// The winner's part of the search's steps: 31/40.
const WINNERS_SHARE: f64 = 0.775;

/// A [`Watch`], and when the time is over.
pub(super) struct Guard<'a> {
    watch: &'a mut dyn Watch,
    clock: &'a dyn Clock,
    begun: Duration,
    /// For the whole fit.
    limit: Option<Duration>,
    /// The search's part of it.
    search_limit: Option<Duration>,
    /// The end of a loan.
    until: Option<Duration>,
    /// The second fit's length over the winner's; 0 where there is none.
    refit_ratio: f64,
    /// The seconds that the winner's start and training took.
    pub winner_seconds: f64,
    /// Whether the watch ended the fit.
    pub cancelled: bool,
    /// Whether the time of the second fit was over before it was done.
    late: bool,
    refitting: bool,
}

impl<'a> Guard<'a> {
    pub fn new(watch: &'a mut dyn Watch, budget: Budget, clock: &'a dyn Clock) -> Self {
        let limit = match budget {
            Budget::Time(time) => Some(time),
            Budget::Auto | Budget::Epochs(_) => None,
        };
        Self {
            watch,
            clock,
            begun: clock.now(),
            limit,
            search_limit: limit,
            until: None,
            refit_ratio: 0.0,
            winner_seconds: 0.0,
            cancelled: false,
            late: false,
            refitting: false,
        }
    }

    /// Sets apart the time of a second fit on `rows` rows, if there is to be one, of a search on
    /// `searched`.
    pub fn keep_for_refit(&mut self, rows: Option<usize>, searched: usize) {
        self.refit_ratio = rows.map_or(0.0, |rows| rows as f64 / searched as f64);
        self.search_limit = self.limit.map(|limit| search_part(limit, self.refit_ratio));
    }

    /// Until [`Guard::end_loan`] the time is over when this part of what is left is. Loans nest: what
    /// comes back is the end of the one around, to end this one with.
    pub fn lend(&mut self, part: f64) -> Option<Duration> {
        let around = self.until;
        let lent =
            |left: Duration| Duration::try_from_secs_f64(left.as_secs_f64() * part).unwrap_or(left);
        self.until = self.left().map(|left| self.now().saturating_add(lent(left)));
        around
    }

    pub fn end_loan(&mut self, around: Option<Duration>) {
        self.until = around;
    }

    /// Begins the second fit, whose time is what is left; false where it would not be done in it.
    pub fn begin_refit(&mut self) -> bool {
        self.refitting = true;
        let Some(left) = self.left() else { return true };
        !left.is_zero() && self.refit_ratio * self.winner_seconds <= left.as_secs_f64()
    }

    /// What only the watch may end. Once it has, it hears no more.
    pub fn hear(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        if self.cancelled {
            return ControlFlow::Break(());
        }
        let told = self.watch.hear(event);
        self.cancelled |= told.is_break();
        told
    }

    /// What the watch may end, and the time.
    pub fn tell(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        self.hear(event)?;
        if !self.over() {
            return ControlFlow::Continue(());
        }
        self.late |= self.refitting;
        ControlFlow::Break(())
    }

    /// Whether the second fit was ended before it was done.
    pub fn ended(&self) -> bool {
        self.cancelled || self.late
    }

    /// The time, to measure by.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Whether the time is over.
    pub fn over(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// The time that is left; `None` where there is no limit.
    pub fn left(&self) -> Option<Duration> {
        let limit = if self.refitting { self.limit } else { self.search_limit };
        let now = self.now();
        let left = limit?.saturating_sub(now.saturating_sub(self.begun));
        Some(self.until.map_or(left, |until| left.min(until.saturating_sub(now))))
    }
}

/// The search's part of a time that a second fit, `ratio` times as long as the winner's training,
/// shares.
fn search_part(limit: Duration, ratio: f64) -> Duration {
    let part = limit.as_secs_f64() / (1.0 + WINNERS_SHARE * ratio);
    Duration::try_from_secs_f64(part).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_and_second_fit_share_the_time() {
        let limit = Duration::from_secs(100);
        assert_eq!(search_part(limit, 0.0), limit);
        let part = search_part(limit, 1.1).as_secs_f64();
        assert!((part + WINNERS_SHARE * 1.1 * part - 100.0).abs() < 1e-6);
        // The longest time there is does not overflow.
        assert!(search_part(Duration::MAX, 1.1) < Duration::MAX);
        let mut nobody = ();
        let clock = Instant::now();
        let guard = Guard::new(&mut nobody, Budget::Time(Duration::MAX), &clock);
        assert!(!guard.over());
    }

    #[test]
    fn a_loan_is_a_part_of_what_is_left() {
        let mut nobody = ();
        let (clock, budget) = (Instant::now(), Budget::Time(Duration::from_secs(1000)));
        let mut guard = Guard::new(&mut nobody, budget, &clock);
        let none = guard.lend(0.5);
        let half = guard.lend(0.5);
        assert!(guard.left() <= Some(Duration::from_secs(250)));
        guard.end_loan(half);
        assert!(guard.left() > Some(Duration::from_secs(400)));
        guard.end_loan(none);
        assert!(guard.left() > Some(Duration::from_secs(900)));
        // The longest time there is does not overflow.
        let mut guard = Guard::new(&mut nobody, Budget::Time(Duration::MAX), &clock);
        let _ = guard.lend(1.0);
        assert!(!guard.over());
    }

    #[test]
    fn a_second_fit_that_would_be_late_is_not_begun() {
        for (limit, winner_seconds, begins) in [(1000, 10.0, true), (1000, 5000.0, false)] {
            let mut nobody = ();
            let (clock, budget) = (Instant::now(), Budget::Time(Duration::from_secs(limit)));
            let mut guard = Guard::new(&mut nobody, budget, &clock);
            guard.keep_for_refit(Some(110), 100);
            guard.winner_seconds = winner_seconds;
            assert_eq!(guard.begin_refit(), begins);
        }
    }

    #[test]
    fn time_ends_a_second_fit_as_it_ends_a_search() {
        let mut nobody = ();
        let clock = Instant::now();
        let mut guard = Guard::new(&mut nobody, Budget::Time(Duration::ZERO), &clock);
        let event = Event::Step { step: 1, steps: 2 };
        assert!(guard.tell(&event).is_break() && !guard.ended());
        guard.begin_refit();
        assert!(guard.tell(&event).is_break() && guard.ended() && !guard.cancelled);
    }
}
