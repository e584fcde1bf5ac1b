//! Ctrl-C: what a command does about it, and that it leaves nothing half-written.
//!
//! | when | what happens |
//! |---|---|
//! | someone [listens](listen), the first time | the listener is told and ends its work in good order |
//! | nobody listens, or the second time | unfinished files are removed, exit code 130 |
//!
//! Unfinished files are those of [`Unfinished`]. One lock is held while such a file is made, put
//! into place, or removed, so that no moment is left in which an interrupt could lose one.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::{NamedTempFile, TempPath};

/// The exit code of an interrupted command: 128 and the number of the signal, as shells count.
pub const EXIT_CODE: u8 = 130;

type Listener = Box<dyn Fn() + Send>;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Takes over Ctrl-C for the whole program. Where it is ignored (`nohup`, a job in the background
/// of a script), or cannot be had, it stays as it is.
pub fn install() {
    let _ = ctrlc::try_set_handler(|| {
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
                std::process::exit(i32::from(EXIT_CODE));
            }
        }
    });
}

/// Until the value is dropped the first Ctrl-C calls `listener`, on a thread of its own, and stops
/// nothing.
#[must_use = "nobody listens once it is dropped"]
pub fn listen(listener: impl Fn() + Send + 'static) -> Listening {
    *lock(&LISTENER) = Some(Box::new(listener));
    Listening(())
}

/// Someone listens for Ctrl-C.
#[derive(Debug)]
pub struct Listening(());

impl Listening {
    /// Whether Ctrl-C was pressed.
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
