//! Live progress on standard error of anything that takes more than a second: a bar where someone
//! watches a terminal, a plain line every few seconds where standard error goes elsewhere, nothing
//! with `--quiet`.
//!
//! [`Display`] decides when and how to show; [`RowProgress`] counts rows for it, and [`Reading`] the
//! bytes of a file. A fit, which has stages rather than rows, has its own words in `fit.rs`.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Console;
use super::interrupt::lock;
use crate::words::{grouped, line};

/// Work that is done by then is not worth a word.
const SILENT: Duration = Duration::from_secs(1);
/// Between two lines where nobody watches.
const LINES_EVERY: Duration = Duration::from_secs(5);
/// Between two looks of a bar.
const BAR_EVERY: Duration = Duration::from_millis(100);
/// How a line begins that is progress and nothing else.
pub const LINE_PREFIX: &str = "... ";

/// Shows how far some work is. Threads may share it.
#[derive(Debug)]
pub struct Display {
    bar: Option<ProgressBar>,
    begun: Instant,
    /// Milliseconds since `begun` before which there is nothing to show.
    next: AtomicU64,
}

impl Display {
    /// `None` with `--quiet`.
    pub fn new(console: &Console) -> Option<Display> {
        (!console.quiet).then(Display::begin)
    }

    fn begin() -> Display {
        Display {
            bar: io::stderr().is_terminal().then(hidden_bar),
            begun: Instant::now(),
            next: AtomicU64::new(SILENT.as_millis() as u64),
        }
    }

    /// Since the work began.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Shows what `status` says, if it is time to: what is done, the part of it from 0 to 1 where
    /// that is known, and what else there is to know.
    pub fn show(&self, status: impl FnOnce(Duration) -> (String, Option<f64>, String)) {
        let elapsed = self.elapsed();
        let (now, next) = (elapsed.as_millis() as u64, self.next.load(Ordering::Relaxed));
        let interval = if self.bar.is_some() { BAR_EVERY } else { LINES_EVERY };
        let later = now + interval.as_millis() as u64;
        // Of several threads one shows it.
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        if now < next || self.next.compare_exchange(next, later, set, get).is_err() {
            return;
        }
        let (what, part, details) = status(elapsed);
        let (what, details) = (line(&what).into_owned(), line(&details).into_owned());
        let percent = part.map(|part| 100.0 * part);
        if let Some(bar) = &self.bar {
            if bar.is_hidden() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            match percent {
                Some(percent) => bar.set_position(percent as u64),
                None => bar.set_style(style("{prefix}  {wide_msg}")),
            }
            bar.set_prefix(what);
            bar.set_message(details);
            bar.force_draw(); // the bar's own limit may have passed over the last of the three
        } else {
            let percent = percent.map(|percent| format!("{percent:.0}%, ")).unwrap_or_default();
            let _ = writeln!(io::stderr(), "{LINE_PREFIX}{what}: {percent}{details}");
        }
    }

    /// A line on standard error, past the bar.
    pub fn note(&self, text: &str) {
        let write = || {
            let _ = writeln!(io::stderr(), "{}", line(text));
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Display {
    /// Takes the bar off the screen.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn hidden_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::hidden());
    bar.with_style(style("{prefix} {bar:20} {percent:>3}%  {wide_msg}"))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Rows on their way through a command: `scoring: 40%, 400,000 of 1,000,000 rows, ...`.
#[derive(Debug)]
pub struct RowProgress {
    display: Option<Display>,
    what: &'static str,
    total: usize,
    done: AtomicUsize,
}

impl RowProgress {
    /// None of `total` rows yet.
    pub fn new(console: &Console, what: &'static str, total: usize) -> RowProgress {
        RowProgress { display: Display::new(console), what, total, done: AtomicUsize::new(0) }
    }

    /// So many rows more are done. Any thread may say so.
    pub fn advance(&self, rows: usize) {
        let done = self.done.fetch_add(rows, Ordering::Relaxed) + rows;
        if let Some(display) = &self.display {
            display.show(|elapsed| {
                let part = done as f64 / self.total.max(1) as f64;
                (self.what.to_owned(), Some(part.min(1.0)), rate(done, self.total, elapsed))
            });
        }
    }
}

fn rate(done: usize, total: usize, elapsed: Duration) -> String {
    let per_second = done as f64 / elapsed.as_secs_f64();
    let left = total.saturating_sub(done) as f64 / per_second;
    format!(
        "{} of {} rows, {} rows/s, {} left",
        grouped(done),
        grouped(total),
        grouped(per_second as usize),
        span(left)
    )
}

/// Bytes of a file on their way in: `reading t.csv: 40%, 400,000 rows, 52 of 130 MB, ...`, and
/// without the part and the time left where the length is not known.
#[derive(Debug)]
pub struct Reading {
    display: Mutex<Option<Display>>,
    what: String,
    /// 0 where it is not known.
    total: AtomicU64,
    done: AtomicU64,
    rows: AtomicUsize,
}

impl Reading {
    /// Nothing of `file` yet; never a word unless `shown`.
    pub fn new(shown: bool, file: &str) -> Reading {
        Reading {
            display: Mutex::new(shown.then(Display::begin)),
            what: format!("reading {file}"),
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
            rows: AtomicUsize::new(0),
        }
    }

    /// So many bytes are to come; 0 is not known.
    pub fn begin(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
    }

    /// So many rows are there.
    pub fn rows(&self, rows: usize) {
        self.rows.store(rows, Ordering::Relaxed);
    }

    /// So many bytes more have come. Any thread may say so.
    pub fn advance(&self, bytes: u64) {
        self.done.fetch_add(bytes, Ordering::Relaxed);
        let display = lock(&self.display);
        if let Some(display) = &*display {
            display.show(|elapsed| self.status(elapsed));
        }
    }

    /// Takes the display off the screen; whoever still reads is not shown.
    pub fn finish(&self) {
        lock(&self.display).take();
    }

    fn status(&self, elapsed: Duration) -> (String, Option<f64>, String) {
        let (total, done) = (self.total.load(Ordering::Relaxed), self.done.load(Ordering::Relaxed));
        let megabytes = |bytes: u64| format!("{:.0}", bytes as f64 / 1e6);
        let rows = match self.rows.load(Ordering::Relaxed) {
            0 => String::new(),
            rows => format!("{} rows, ", grouped(rows)),
        };
        let per_second = done as f64 / elapsed.as_secs_f64();
        let (mut of, mut left) = (String::new(), String::new());
        if total > 0 && done > 0 {
            of = format!(" of {}", megabytes(total));
            left = format!(", {} left", span(total.saturating_sub(done) as f64 / per_second));
        }
        let rate = megabytes(per_second as u64);
        let details = format!("{rows}{}{of} MB, {rate} MB/s{left}", megabytes(done));
        let part = (total > 0).then(|| (done as f64 / total as f64).min(1.0));
        (self.what.clone(), part, details)
    }
}

/// A time for reading: `8 s`, `3 min 20 s`, `2 h 5 min`.
pub fn span(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_says_how_far_how_fast_and_how_long() {
        let line = rate(400_000, 1_000_000, Duration::from_secs(4));
        assert_eq!(line, "400,000 of 1,000,000 rows, 100,000 rows/s, 6 s left");
    }

    #[test]
    fn a_reading_says_what_is_left_where_that_is_known() {
        let reading = Reading::new(true, "t.csv");
        reading.begin(130_000_000);
        reading.advance(52_000_000);
        reading.rows(400_000);
        let (what, part, details) = reading.status(Duration::from_secs(2));
        assert_eq!((what.as_str(), part), ("reading t.csv", Some(0.4)));
        assert_eq!(details, "400,000 rows, 52 of 130 MB, 26 MB/s, 3 s left");

        let piped = Reading::new(false, "standard input");
        piped.advance(52_000_000);
        let (_, part, details) = piped.status(Duration::from_secs(2));
        assert_eq!((part, details.as_str()), (None, "52 MB, 26 MB/s"));
        assert!(piped.display.lock().expect("no panic").is_none(), "--quiet");
        reading.finish();
        assert!(reading.display.lock().expect("no panic").is_none(), "and after the end");
    }

    #[test]
    fn spans_are_rounded_up_and_short() {
        let shown = [0.0, 7.2, 60.0, 200.0, 7500.0].map(span);
        assert_eq!(shown, ["0 s", "8 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]);
    }

    #[test]
    fn nothing_is_shown_within_the_first_second_or_in_quiet() {
        let mut console = Console { json: false, quiet: false, seed: 0 };
        let display = Display::new(&console).expect("a display");
        display.show(|_| panic!("too early"));
        display.next.store(0, Ordering::Relaxed);
        let mut shown = 0;
        for _ in 0..3 {
            display.show(|_| {
                shown += 1;
                ("testing".to_owned(), Some(0.5), "half of it".to_owned())
            });
        }
        assert_eq!(shown, 1, "and then only now and again");
        console.quiet = true;
        assert!(Display::new(&console).is_none());
    }
}
