//! How many rounds, from which seed; what is kept of a case that fails.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// The variable that asks for a full run, with this seed.
const SEED: &str = "GAUSS_BREAK";
/// Rounds of a full run for one of a short one.
const FULL: usize = 20;
/// A case that takes longer hangs; most take a millisecond.
const LONGEST: Duration = Duration::from_secs(60);

/// Panics of threads that nobody waits for.
static UNSEEN: AtomicUsize = AtomicUsize::new(0);
/// The cases that run: when each began, and what it is.
static RUNNING: Mutex<Vec<(Instant, String)>> = Mutex::new(Vec::new());

thread_local! {
    /// Whether a panic here is caught, and told, by `Run::case`.
    static SEEN: Cell<bool> = const { Cell::new(false) };
}

/// The rounds of one test.
pub struct Run {
    what: &'static str,
    seed: u64,
    is_full: bool,
    /// One thread, so that all that a case allocates is counted.
    alone: ThreadPool,
}

impl Run {
    /// A test of this name, as the environment has it.
    pub fn of(what: &'static str) -> Run {
        watch();
        let seed = std::env::var(SEED).ok();
        let alone = ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        Run {
            what,
            is_full: seed.is_some(),
            seed: seed.map_or(0, |seed| seed.parse().expect("GAUSS_BREAK is a number")),
            alone,
        }
    }

    /// The rounds there are for so many of a short run.
    pub fn rounds(&self, short: usize) -> std::ops::Range<usize> {
        0..if self.is_full { FULL * short } else { short }
    }

    /// The numbers of this test.
    pub fn numbers(&self) -> Numbers {
        let name = self.what.bytes().fold(0, |hash: u64, b| hash.rotate_left(7) ^ u64::from(b));
        Numbers(name ^ self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Runs `f` on one case. Where it panics, on whatever thread, or hangs, the test fails, says how
    /// to repeat it, and keeps the bytes.
    pub fn case<R: Send>(&self, round: usize, bytes: &[u8], f: impl FnOnce() -> R + Send) -> R {
        let kept = self.keep(bytes);
        let Run { what, seed, .. } = self;
        let told = format!("{SEED}={seed}: {what}, round {round}; kept as {}", kept.display());
        let unseen = UNSEEN.load(Ordering::SeqCst);
        running().push((Instant::now(), told.clone()));
        let guarded = || {
            SEEN.set(true);
            panic::catch_unwind(AssertUnwindSafe(f))
        };
        let outcome = self.alone.install(guarded);
        running().retain(|(_, other)| *other != told);
        match outcome {
            Ok(result) if UNSEEN.load(Ordering::SeqCst) == unseen => result,
            _ => panic!("{told}"),
        }
    }

    /// The file of the case that runs, for whoever finds it.
    fn keep(&self, bytes: &[u8]) -> PathBuf {
        let path = self.file();
        std::fs::write(&path, bytes).expect("the folder of the tests can be written");
        path
    }

    /// Where the bytes of the case are.
    pub fn file(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hostile-{}", self.what))
    }
}

/// What `f` holds at most at a time, in bytes; on the thread of a case all of it is counted.
pub fn held<R>(f: impl FnOnce() -> R) -> (R, u64) {
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(f()));
    (result.expect("it has run"), counted.bytes_max)
}

fn running() -> MutexGuard<'static, Vec<(Instant, String)>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the panics that nobody would hear of, and ends what hangs.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |told| {
            // The threads of tests have names, and those that the program starts have not.
            if thread::current().name().is_none() && !SEEN.get() {
                UNSEEN.fetch_add(1, Ordering::SeqCst);
            }
            others(told);
        }));
        thread::spawn(|| {
            loop {
                thread::sleep(Duration::from_secs(1));
                if let Some((_, told)) = running().iter().find(|(at, _)| at.elapsed() > LONGEST) {
                    eprintln!("{told}: hangs");
                    std::process::exit(101);
                }
            }
        });
    });
}

/// Numbers that look random: SplitMix64 (Steele, Lea and Flood 2014).
pub struct Numbers(u64);

impl Numbers {
    /// The next one.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        (self.draw() % end.max(1) as u64) as usize
    }

    /// Once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// A finite double of any size: mostly of any bits, sometimes one at which something ends.
    pub fn finite(&mut self) -> f64 {
        const ENDS: [f64; 12] = [
            0.0,
            -0.0,
            5e-324,
            f64::MIN_POSITIVE,
            1e-160,
            1.0,
            -1.0,
            1e154,
            1e290,
            f64::MAX,
            f64::MIN,
            0.5,
        ];
        if self.once_in(4) {
            return ENDS[self.below(ENDS.len())];
        }
        loop {
            let value = f64::from_bits(self.draw());
            if value.is_finite() {
                return value;
            }
        }
    }
}
