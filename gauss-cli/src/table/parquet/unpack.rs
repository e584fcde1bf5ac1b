//! What a packed page holds, up to a bound.
//!
//! The `parquet` crate makes room for as much as a page says it unpacks to, up to 2 GiB for a few
//! bytes, unpacks gzip to whatever length comes, and zstd, what most writers of today choose, by a
//! library in C. Here the room grows with what comes.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use lz4_flex::block::{DecompressError, decompress_into};
use lz4_flex::frame::FrameDecoder;
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};

use crate::table::input::Frames;

/// How the pages of a column are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packed {
    Gzip,
    Zstd,
    Snappy,
    /// A bare block.
    Lz4,
    /// Blocks with their lengths, as Hadoop writes them; or a frame, or a bare block, as others did
    /// under this name.
    Lz4Hadoop,
}

impl Packed {
    /// `None` where they are not, or in a way that is refused before.
    pub fn of(compression: Compression) -> Option<Packed> {
        match compression {
            Compression::GZIP(_) => Some(Packed::Gzip),
            Compression::ZSTD(_) => Some(Packed::Zstd),
            Compression::SNAPPY => Some(Packed::Snappy),
            Compression::LZ4_RAW => Some(Packed::Lz4),
            Compression::LZ4 => Some(Packed::Lz4Hadoop),
            _ => None,
        }
    }

    /// Appends what `packed` unpacks to, up to `most` bytes.
    pub fn unpack(self, packed: &[u8], most: usize, to: &mut Vec<u8>) -> Result<()> {
        if packed.is_empty() {
            return Ok(()); // a page without a value
        }
        match self {
            Packed::Gzip => stream(MultiGzDecoder::new(packed), most, to),
            Packed::Zstd => stream(Frames::new(packed), most, to),
            Packed::Snappy => snappy(packed, most, to),
            Packed::Lz4 => block(packed, most, to),
            Packed::Lz4Hadoop => {
                let begin = to.len();
                if hadoop(packed, most, to).is_some() {
                    return Ok(());
                }
                to.truncate(begin);
                stream(FrameDecoder::new(packed), most, to).or_else(|_| {
                    to.truncate(begin);
                    block(packed, most, to)
                })
            }
        }
    }
}

fn too_long(most: usize) -> ParquetError {
    ParquetError::General(format!("a page unpacks to more than the {most} bytes that it may"))
}

fn damaged(error: &impl std::fmt::Display) -> ParquetError {
    ParquetError::General(format!("a page does not unpack ({error})"))
}

fn stream(unpacked: impl Read, most: usize, to: &mut Vec<u8>) -> Result<()> {
    let begin = to.len();
    unpacked.take(most as u64 + 1).read_to_end(to)?;
    if to.len() - begin > most { Err(too_long(most)) } else { Ok(()) }
}

fn snappy(packed: &[u8], most: usize, to: &mut Vec<u8>) -> Result<()> {
    /// Three bytes stand for at most so many.
    const RUN: usize = 64;
    let length = snap::raw::decompress_len(packed).map_err(|error| damaged(&error))?;
    if length > most {
        return Err(too_long(most));
    }
    if length > RUN * packed.len() {
        return Err(damaged(&"it is too short for what it says"));
    }
    let begin = to.len();
    to.resize(begin + length, 0);
    let unpacked = snap::raw::Decoder::new().decompress(packed, &mut to[begin..]);
    unpacked.map(drop).map_err(|error| damaged(&error))
}

/// A block of LZ4, which does not say how long it was: the room for it grows.
fn block(packed: &[u8], most: usize, to: &mut Vec<u8>) -> Result<()> {
    const GROWTH: usize = 4;
    let begin = to.len();
    let mut room = packed.len().saturating_mul(GROWTH).min(most);
    loop {
        to.resize(begin + room, 0);
        match decompress_into(packed, &mut to[begin..]) {
            Ok(got) => {
                to.truncate(begin + got);
                return Ok(());
            }
            Err(DecompressError::OutputTooSmall { .. }) if room < most => {
                room = room.saturating_mul(GROWTH).min(most);
            }
            Err(DecompressError::OutputTooSmall { .. }) => return Err(too_long(most)),
            Err(error) => return Err(damaged(&error)),
        }
    }
}

/// Blocks, each behind its length and that of what it unpacks to, of four bytes, the highest first.
fn hadoop(packed: &[u8], most: usize, to: &mut Vec<u8>) -> Option<()> {
    /// A byte stands for at most so many.
    const RUN: usize = 255;
    let (mut rest, mut left) = (packed, most);
    while !rest.is_empty() {
        let (&unpacked, after) = rest.split_first_chunk()?;
        let (&length, after) = after.split_first_chunk()?;
        let (unpacked, length) =
            (u32::from_be_bytes(unpacked) as usize, u32::from_be_bytes(length) as usize);
        let (own, after) = after.split_at_checked(length)?;
        if unpacked > left || unpacked > RUN.saturating_mul(length) {
            return None;
        }
        let begin = to.len();
        to.resize(begin + unpacked, 0);
        if decompress_into(own, &mut to[begin..]).ok()? != unpacked {
            return None;
        }
        (rest, left) = (after, left - unpacked);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lz4_flex::block::compress;
    use std::io::Write;

    fn unpacked(packed: Packed, bytes: &[u8], most: usize) -> Result<Vec<u8>> {
        let mut to = b"levels".to_vec();
        packed.unpack(bytes, most, &mut to)?;
        assert!(to.starts_with(b"levels"));
        Ok(to.split_off(6))
    }

    /// Text packed in every way, a name for each.
    fn packed(text: &[u8]) -> Vec<(Packed, Vec<u8>)> {
        let block = compress(text);
        let head = [text.len(), block.len()].map(|length| (length as u32).to_be_bytes()).concat();
        let mut frame = lz4_flex::frame::FrameEncoder::new(Vec::new());
        frame.write_all(text).expect("memory");
        vec![
            (Packed::Snappy, snap::raw::Encoder::new().compress_vec(text).expect("memory")),
            (Packed::Lz4Hadoop, [&head[..], &block, &head, &block].concat()),
            (Packed::Lz4Hadoop, frame.finish().expect("memory")),
            (Packed::Lz4Hadoop, block.clone()),
            (Packed::Lz4, block),
        ]
    }

    #[test]
    fn pages_unpack_in_every_way() {
        for text in [&b"a page of values"[..], &vec![7; 100_000]] {
            for (way, bytes) in packed(text) {
                let back = unpacked(way, &bytes, 1 << 26).expect("a page");
                let times = back.len() / text.len();
                assert!(back == text.repeat(times) && (times == 1 || times == 2), "{way:?}");
            }
        }
    }

    #[test]
    fn what_unpacks_to_more_than_it_may_is_refused() {
        for (way, bytes) in packed(&vec![7; 100_000]) {
            let error = unpacked(way, &bytes, 99_999).expect_err("too long").to_string();
            // What Hadoop's form is not may be another, which says why it is not.
            let named = error.contains("more than the 99999 bytes");
            assert!(named || way == Packed::Lz4Hadoop, "{way:?}: {error}");
        }
    }

    /// A few bytes that claim 2 GiB.
    #[test]
    fn what_claims_more_than_it_can_hold_is_refused() {
        let claims = [0xff, 0xff, 0xff, 0xff, 0x07, 0];
        for most in [1 << 26, usize::MAX] {
            assert!(unpacked(Packed::Snappy, &claims, most).is_err());
        }
        let claims = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0];
        assert!(hadoop(&claims, usize::MAX, &mut Vec::new()).is_none());
    }
}
