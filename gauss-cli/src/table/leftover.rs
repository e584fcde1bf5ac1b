//! Temporary files whose program is dead.
//!
//! A run that is killed outright cannot remove its unfinished file. The next one that writes into the
//! same folder does: every unfinished file is locked for as long as its program lives, so one that can
//! be locked has nobody. A file is made a moment before it is locked; those younger than [`YOUNG`] are
//! left alone. Where the system has no such locks nothing is swept.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Names of unfinished files begin and end like this.
pub const PREFIX: &str = ".gauss-";
/// See [`PREFIX`].
pub const SUFFIX: &str = ".part";
/// Far more than lies between a file's making and its lock.
const YOUNG: Duration = Duration::from_secs(60);

/// Says that the file's program lives, until the file is closed.
pub fn claim(file: &File) {
    let _ = lock(file);
}

/// Removes the unfinished files in a directory that nobody claims.
pub fn sweep(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|n| n.starts_with(PREFIX) && n.ends_with(SUFFIX));
        if ours && is_dead(&entry.path()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_dead(path: &Path) -> bool {
    let plain = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    let Some(file) = File::open(path).ok().filter(|_| plain) else { return false };
    let age = file.metadata().and_then(|found| found.modified()).ok();
    let old = age.and_then(|at| at.elapsed().ok()).is_some_and(|age| age >= YOUNG);
    old && lock(&file)
}

/// Whether the lock could be had.
#[cfg(unix)]
fn lock(file: &File) -> bool {
    use rustix::fs::{FlockOperation, flock};
    flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
}

#[cfg(not(unix))]
fn lock(_: &File) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn only_the_files_of_the_dead_are_swept() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str, old: bool| {
            let file = File::create(folder.path().join(name)).expect("a file");
            if old {
                file.set_modified(SystemTime::now() - 2 * YOUNG).expect("its time");
            }
            file
        };
        drop(make(".gauss-dead.part", true));
        drop(make(".gauss-young.part", false));
        drop(make("gauss-other.part", true));
        drop(make(".gauss-other.csv", true));
        let alive = make(".gauss-alive.part", true);
        claim(&alive);
        std::fs::create_dir(folder.path().join(".gauss-folder.part")).expect("a folder");
        sweep(folder.path());
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
            .collect();
        left.sort();
        let expected = [
            ".gauss-alive.part",
            ".gauss-folder.part",
            ".gauss-other.csv",
            ".gauss-young.part",
            "gauss-other.part",
        ];
        assert_eq!(left, expected);
        drop(alive);
        sweep(folder.path());
        assert!(!folder.path().join(".gauss-alive.part").exists());
    }
}
