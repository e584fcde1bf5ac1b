//! Lists of whole numbers written as packed differences (DELTA_BINARY_PACKED), as far as their
//! lengths: the crate makes room for as many numbers as such a list says it has.
//!
//! ```text
//! list   = block size, parts of a block, count, first number, blocks
//! block  = least difference, a byte of bits for each part, the parts: values of so many bits
//! ```
//!
//! All but the bytes of bits and the parts are integers of seven bits a byte, the lowest first. A
//! block is left out where there is no further number, and so are its parts.

/// The most numbers that one of so many lists, one behind the other, says it has; `None` where a list
/// runs past the bytes.
pub fn count(bytes: &[u8], lists: usize) -> Option<u64> {
    let (mut rest, mut most) = (bytes, 0);
    for list in 1..=lists {
        let [block, parts, count, _first] = [(); 4].map(|()| integer(&mut rest));
        let (block, parts, count) = (block?, parts?, count?);
        most = most.max(count);
        if list < lists {
            blocks(&mut rest, block, parts, count)?;
        }
    }
    Some(most)
}

/// Passes over the blocks behind the first of `count` numbers.
fn blocks(rest: &mut &[u8], block: u64, parts: u64, count: u64) -> Option<()> {
    let each = usize::try_from(block.checked_div(parts)?).ok().filter(|&each| each > 0)?;
    let parts = usize::try_from(parts).ok()?;
    let mut left = usize::try_from(count).ok()?.saturating_sub(1);
    while left > 0 {
        integer(rest)?;
        let (bits, after) = rest.split_at_checked(parts)?;
        let needed = bits.iter().take(left.div_ceil(each));
        let bytes =
            needed.map(|&bits| usize::from(bits) * (each / 8)).fold(0, usize::saturating_add);
        *rest = after.get(bytes..)?;
        left = left.saturating_sub(parts.saturating_mul(each));
    }
    Some(())
}

fn integer(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_follow_each_other() {
        // Of one number there are no blocks.
        assert_eq!(count(&[0x80, 1, 4, 1, 6, 0x80, 1, 4, 2, 0], 2), Some(2));
        // 34 numbers: the first, 32 of one bit, one of two; the other parts are not there.
        let mut bytes = vec![0x80, 1, 4, 34, 0, 0, 1, 2, 9, 9];
        bytes.extend([0; 4 + 8]);
        assert_eq!(count(&bytes, 1), Some(34));
        assert_eq!(count(&bytes, 2), None);
        bytes.extend([0x80, 1, 4, 7, 0]);
        assert_eq!(count(&bytes, 2), Some(34));
    }

    #[test]
    fn nonsense_is_none() {
        for bytes in [&[][..], &[0x80], &[0, 0, 9, 0], &[0x80, 1, 0, 9, 0, 0], &[0xff; 20]] {
            assert_eq!(count(bytes, 2), None, "{bytes:?}");
        }
    }
}
