//! Bytes damaged in the ways in which bytes are: a bit, a cut, a piece twice, a length that lies.

use crate::run::Numbers;

/// Lengths and offsets at which something may end, of four bytes and of eight.
const LENGTHS: [u64; 12] = [
    0,
    1,
    2,
    0x7f,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 40,
    i64::MAX as u64,
    u64::MAX,
];

/// `whole` with one to four pieces of damage; `words` are what the format itself is made of, and
/// `other` is another file of the format.
pub fn mutated(numbers: &mut Numbers, whole: &[u8], other: &[u8], words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=numbers.below(4) {
        damage(numbers, &mut bytes, other, words);
    }
    bytes
}

fn damage(numbers: &mut Numbers, bytes: &mut Vec<u8>, other: &[u8], words: &[&[u8]]) {
    /// What most formats say of themselves stands near one end.
    const NEAR: usize = 512;
    let length = bytes.len();
    let at = match numbers.below(3) {
        0 => numbers.below(length.min(NEAR)),
        1 => length.saturating_sub(1 + numbers.below(NEAR)),
        _ => numbers.below(length),
    };
    let end = (at + 1 + numbers.below(64)).min(length);
    match numbers.below(10) {
        0 | 1 if at < length => bytes[at] ^= 1 << numbers.below(8),
        2 if at < length => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][numbers.below(5)],
        3 => bytes.truncate(at),
        4 => {
            bytes.drain(at..end);
        }
        5 => {
            let piece = bytes[at..end].to_vec();
            let to = numbers.below(length);
            bytes.splice(to..to, piece);
        }
        6 => {
            let noise: Vec<u8> = (0..=numbers.below(16)).map(|_| numbers.draw() as u8).collect();
            bytes.splice(at..end, noise);
        }
        7 => {
            let wide = LENGTHS[numbers.below(LENGTHS.len())].to_le_bytes();
            let wide = &wide[..[2, 4, 8][numbers.below(3)]];
            let end = (at + wide.len()).min(length);
            bytes.splice(at..end, wide.iter().copied());
        }
        8 if !words.is_empty() => {
            let end = if numbers.once_in(2) { at } else { end };
            bytes.splice(at..end, numbers.one(words).iter().copied());
        }
        _ => {
            let from = numbers.below(other.len());
            let piece = &other[from..(from + 1 + numbers.below(64)).min(other.len())];
            bytes.splice(at..end, piece.iter().copied());
        }
    }
}
