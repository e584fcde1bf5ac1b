//! Whether there is memory for it. A system that promises more than it has ends the program later,
//! so it is asked what it has: what is free of the machine's, and of the control group's that the
//! program runs in (a container, a batch job), whichever is less.

use std::fmt;
use std::fs::read_to_string;
use std::path::Path;

/// Below this many bytes the system is not asked whether it has them.
const UNASKED: usize = 1 << 26;
/// Where control groups are, of the second version; of the first those of memory are below.
const GROUPS: &str = "/sys/fs/cgroup";

/// Memory that is wanted and not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    /// Bytes.
    wanted: usize,
    /// Bytes that are free; `None` where the system does not tell.
    free: Option<usize>,
}

impl Short {
    /// So many bytes, which the system refused.
    pub fn of(wanted: usize) -> Short {
        Short { wanted, free: available() }
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gigabytes = |bytes: usize| bytes as f64 / 1e9;
        write!(f, "{:.1} GB of memory are wanted", gigabytes(self.wanted))?;
        match self.free {
            Some(free) if free < self.wanted => {
                write!(f, ", and {:.1} GB are free,", gigabytes(free))
            }
            _ => write!(f, ", and are not to be had,"),
        }
    }
}

/// Whether the system has so many bytes.
///
/// # Errors
/// What is wanted, and what there is.
pub fn affordable(bytes: usize) -> Result<(), Short> {
    if bytes <= UNASKED {
        return Ok(());
    }
    match available() {
        Some(free) if free < bytes => Err(Short { wanted: bytes, free: Some(free) }),
        _ => Ok(()),
    }
}

/// Makes room for `more` values of a column; `columns` grow alike.
///
/// # Errors
/// The bytes of all their values.
pub fn reserve(values: &mut Vec<f64>, more: usize, columns: usize) -> Result<(), Short> {
    let (length, room) = (values.len().saturating_add(more), values.capacity());
    if length <= room {
        return Ok(());
    }
    let bytes = |values: usize| values.saturating_mul(columns).saturating_mul(size_of::<f64>());
    let all = |Short { free, .. }| Short { wanted: bytes(length), free };
    // Twice the room, so that the work stays linear; where there is no memory for that, a little.
    let twice = length.max(room.saturating_mul(2));
    let little = length.max(room.saturating_add(room / 8));
    let next = match affordable(bytes(twice - room)) {
        Ok(()) => twice,
        Err(_) => affordable(bytes(little - room)).map(|()| little).map_err(all)?,
    };
    let refused = |_| Short::of(bytes(length));
    values.try_reserve_exact(next - values.len()).map_err(refused)
}

/// Makes room for `more` items.
///
/// # Errors
/// The bytes of all of them.
pub fn more<T>(items: &mut Vec<T>, more: usize) -> Result<(), Short> {
    let length = items.len().saturating_add(more);
    if length <= items.capacity() {
        return Ok(());
    }
    let bytes = |items: usize| items.saturating_mul(size_of::<T>());
    let all = |Short { free, .. }| Short { wanted: bytes(length), free };
    affordable(bytes(length.max(2 * items.capacity()) - items.capacity())).map_err(all)?;
    items.try_reserve(more).map_err(|_| Short::of(bytes(length)))
}

/// Bytes of memory that are free, or can be made so.
fn available() -> Option<usize> {
    let machine = read_to_string("/proc/meminfo").ok().and_then(|told| of_machine(&told));
    let group = read_to_string("/proc/self/cgroup").ok().and_then(|told| of_groups(&told));
    machine.into_iter().chain(group).min()
}

/// Of `/proc/meminfo`, in kilobytes there.
fn of_machine(told: &str) -> Option<usize> {
    let kilobytes = |name: &str| -> Option<usize> {
        let line = told.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let free = kilobytes("MemAvailable:")?.saturating_add(kilobytes("SwapFree:").unwrap_or(0));
    Some(free.saturating_mul(1024))
}

/// Of `/proc/self/cgroup`, a line `0::PATH` for the second version, `N:memory:PATH` for the first:
/// the least of what is left to the group and to those that it is in.
fn of_groups(told: &str) -> Option<usize> {
    let left = |line: &str| -> Option<usize> {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let (base, names) = match controllers {
            "" => (Path::new(GROUPS).to_owned(), ["memory.max", "memory.current"]),
            _ if controllers.split(',').any(|name| name == "memory") => {
                let names = ["memory.limit_in_bytes", "memory.usage_in_bytes"];
                (Path::new(GROUPS).join("memory"), names)
            }
            _ => return None,
        };
        let group = base.join(path.trim_start_matches('/'));
        // In a container its own group is the root, and the path is that outside.
        let groups = group.ancestors().take_while(|group| group.starts_with(&base));
        groups.filter_map(|group| of_group(group, names)).min()
    };
    told.lines().filter_map(left).min()
}

fn of_group(group: &Path, [limit, usage]: [&str; 2]) -> Option<usize> {
    let read = |name: &str| read_to_string(group.join(name)).ok();
    left(&read(limit)?, &read(usage)?, &read("memory.stat").unwrap_or_default())
}

/// What a group may still take: up to its limit, less what it uses, but for the pages of files,
/// which are given back. `None` where there is no limit (`max`).
fn left(limit: &str, usage: &str, stat: &str) -> Option<usize> {
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let file = |name: &str| {
        let line = stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(number).unwrap_or(0)
    };
    let given_back = file("inactive_file").saturating_add(file("active_file"));
    let used = number(usage)?.saturating_sub(given_back);
    Some(number(limit)?.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused_with_its_size() {
        let mut values = vec![1.0];
        let short = reserve(&mut values, 1 << 50, 4).expect_err("too much");
        assert_eq!(short.wanted, 4 * ((1 << 53) + 8));
        assert!(
            short.to_string().starts_with("36028797.0 GB of memory are wanted, and "),
            "{short}"
        );
        assert_eq!(reserve(&mut values, 9, 4), Ok(()));
        assert!(more(&mut values, usize::MAX).is_err());
        assert_eq!(affordable(UNASKED), Ok(()));
    }

    #[test]
    fn room_grows_by_twice() {
        let mut values = Vec::new();
        for k in 0..1000 {
            reserve(&mut values, 1, 2).expect("memory");
            values.push(f64::from(k));
        }
        assert_eq!(values.capacity(), 1024);
    }

    #[test]
    fn the_machine_and_the_group_are_asked() {
        let told = "MemTotal:  8000 kB\nMemAvailable:    1000 kB\nSwapFree:  24 kB\n";
        assert_eq!(of_machine(told), Some(1 << 20));
        assert_eq!(of_machine("MemTotal: 8000 kB\n"), None);
        let stat = "anon 5\ninactive_file 300\nactive_file 100\nslab 9\n";
        assert_eq!(left("1000\n", "700\n", stat), Some(700));
        assert_eq!(left("1000\n", "1700\n", ""), Some(0));
        assert_eq!(left("max\n", "700\n", stat), None);
        assert_eq!(of_groups("0::/no/such/group\n7:cpu:/x\nnonsense\n"), of_groups("0::/\n"));
    }
}
