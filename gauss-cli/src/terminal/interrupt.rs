//! Ctrl-C, and what ends a program from outside: what a command does about it, and that it leaves
//! nothing half-written.
//!
//! SIGINT is Ctrl-C; SIGTERM comes from `timeout`, a batch system or a container that is stopped; SIGHUP
//! from a terminal that is closed. All three mean the same here:
//!
//! | when | what happens |
//! |---|---|
//! | someone [listens](listen), the first time | the listener is told and ends its work in good order |
//! | nobody listens, or the second time | unfinished files are removed, exit code 128 + the signal |
//!
//! Unfinished files are those of [`Unfinished`]. One lock is held while such a file is made, put
//! into place, or removed, so that no moment is left in which an interrupt could lose one.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{NamedTempFile, TempPath};

type Listener = Box<dyn Fn() + Send>;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Takes over these signals for the whole program. One that is ignored (SIGHUP under `nohup`, SIGINT
/// of a job in the background of a script), or cannot be had, stays as it is.
#[cfg(unix)]
pub fn install() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let ignored = ignored();
    let ours = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !ignored(*signal));
    let Ok(mut signals) = signal_hook::iterator::Signals::new(ours) else { return };
    let watch = move || signals.forever().for_each(on_signal);
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(watch);
}

/// Which signals whoever started the program told it to ignore. Linux says so; elsewhere `nohup` shows
/// in that nothing is left that is a terminal.
#[cfg(unix)]
fn ignored() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").ok();
    let mask = status.as_deref().and_then(|status| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    move |signal| match mask {
        Some(mask) => mask >> (signal - 1) & 1 == 1,
        None => signal == signal_hook::consts::SIGHUP && !io::stderr().is_terminal(),
    }
}

/// Takes over Ctrl-C for the whole program. Where it cannot be had, it stays as it is.
#[cfg(not(unix))]
pub fn install() {
    const SIGINT: i32 = 2;
    let _ = ctrlc::try_set_handler(|| on_signal(SIGINT));
}

fn on_signal(signal: i32) {
    let first = !INTERRUPTED.swap(true, Ordering::Relaxed);
    match lock(&LISTENER).as_ref() {
        Some(listener) if first => listener(),
        _ => {
            let unfinished = lock(&UNFINISHED); // held to the end: no new file appears
            for path in unfinished.iter() {
                let _ = std::fs::remove_file(path);
            }
            if io::stderr().is_terminal() {
                let _ = writeln!(io::stderr()); // below a bar
            }
            // As shells count.
            std::process::exit(128 + signal);
        }
    }
}

/// Until the value is dropped the first signal calls `listener`, on a thread of its own, and stops
/// nothing.
#[must_use = "nobody listens once it is dropped"]
pub fn listen(listener: impl Fn() + Send + 'static) -> Listening {
    *lock(&LISTENER) = Some(Box::new(listener));
    Listening(())
}

/// Someone listens.
#[derive(Debug)]
pub struct Listening(());

impl Listening {
    /// Whether a signal came.
    pub fn interrupted(&self) -> bool {
        INTERRUPTED.load(Ordering::Relaxed)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        *lock(&LISTENER) = None;
    }
}

/// A temporary file that is gone after an interrupt, too.
#[derive(Debug)]
pub struct Unfinished(Option<TempPath>);

impl Unfinished {
    /// Makes a file by `make`.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn new(
        make: impl FnOnce() -> io::Result<NamedTempFile>,
    ) -> io::Result<(std::fs::File, Unfinished)> {
        let mut all = lock(&UNFINISHED);
        let (file, path) = make()?.into_parts();
        all.push(path.to_path_buf());
        Ok((file, Unfinished(Some(path))))
    }

    /// Puts the file at `target`.
    ///
    /// # Errors
    /// It cannot be renamed; it is removed then.
    pub fn persist(mut self, target: &std::path::Path) -> io::Result<()> {
        let mut all = lock(&UNFINISHED);
        let Some(path) = self.0.take() else { return Ok(()) };
        all.retain(|other| *other != *path);
        Ok(path.persist(target)?)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let mut all = lock(&UNFINISHED);
            all.retain(|other| *other != *path);
            drop(path); // removes the file
        }
    }
}

/// The files that an interrupt would remove now.
#[cfg(test)]
pub(crate) fn unfinished() -> Vec<PathBuf> {
    lock(&UNFINISHED).clone()
}

/// The mutex's value, also where a thread panicked with it: none is left half changed.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
