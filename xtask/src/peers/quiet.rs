//! Whether a machine is quiet: how many cores other programs kept busy while a process ran. A
//! barrier between threads waits for the slowest, so that one other program can make a fit on all
//! cores ten times as long; seconds that were taken then are not for the record.
//!
//! Linux only, from `/proc`, in its ticks of a hundredth of a second; elsewhere nothing is known.

use std::fs;
use std::time::Instant;

const TICKS_PER_SECOND: f64 = 100.0;
/// Cores of others above which a measurement counts as disturbed.
pub const TOLERATED: f64 = 0.1;
/// Ticks are too coarse to say anything of a shorter run.
const SHORTEST: f64 = 0.5;

/// Watches one process.
pub struct Watch {
    started: Instant,
    busy_before: Option<u64>,
    pid: u32,
    /// Ticks of the process when it was last seen.
    own: u64,
}

impl Watch {
    /// From its start.
    pub fn new(pid: u32) -> Self {
        Self { started: Instant::now(), busy_before: busy(), pid, own: 0 }
    }

    /// To be called while it runs: what it used is not told after its end.
    pub fn look(&mut self) {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        self.own = own(&stat).unwrap_or(self.own);
    }

    /// Mean number of cores that others used since the start.
    pub fn others(&self) -> Option<f64> {
        let seconds = self.started.elapsed().as_secs_f64();
        if seconds < SHORTEST {
            return None;
        }
        let used = busy()?.saturating_sub(self.busy_before?);
        Some(used.saturating_sub(self.own) as f64 / TICKS_PER_SECOND / seconds)
    }
}

/// Ticks in which any core was busy or taken away.
fn busy() -> Option<u64> {
    total(&fs::read_to_string("/proc/stat").ok()?)
}

/// Of `/proc/stat`: user, nice, system, (idle, iowait,) irq, softirq, steal.
fn total(stat: &str) -> Option<u64> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|t| t.parse().ok()).collect();
    let counted = [0, 1, 2, 5, 6, 7];
    counted.iter().map(|i| ticks.get(*i).copied()).sum()
}

/// Of `/proc/PID/stat`: user and system ticks of all threads, the 14th and 15th field. The second
/// is a name in parentheses that may hold anything.
fn own(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(ticks()? + ticks()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_from_their_fields() {
        let stat = "cpu  1 20 300 9999 9999 4000 50000 600000 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(total(stat), Some(654_321));
        assert_eq!(total("intr 1 2"), None);
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 30 12 99 99 20 0";
        assert_eq!(own(stat), Some(42));
    }
}
