//! A zstd stream: one frame after another, as `cat a.zst b.zst` and parallel compressors make
//! them, with skippable frames between.

use std::error::Error as _;
use std::io::{self, BufRead, BufReader, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Bytes to have ready before any are handed over.
const AHEAD: usize = 1 << 17;

/// The bytes of all frames.
pub struct Frames<R> {
    packed: BufReader<R>,
    decoder: FrameDecoder,
    /// Whether the decoder is within a frame.
    begun: bool,
}

impl<R: Read> Frames<R> {
    /// A stream of the frames in `packed`.
    pub fn new(packed: R) -> Frames<R> {
        Frames { packed: BufReader::new(packed), decoder: FrameDecoder::new(), begun: false }
    }

    /// Begins the next frame; `false` where there is none.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.packed.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped =
                        io::copy(&mut self.packed.by_ref().take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(worded(error)),
            }
        }
    }

    fn check(&self) -> io::Result<()> {
        let stored = self.decoder.get_checksum_from_data();
        if stored.is_some() && stored != self.decoder.get_calculated_checksum() {
            return Err(io::Error::other("the checksum does not match"));
        }
        Ok(())
    }
}

/// The decoder's error; what lies under most of them is said in a word.
fn worded(error: FrameDecoderError) -> io::Error {
    let mut causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let ended = causes.any(|cause| {
        let cause = cause.downcast_ref::<io::Error>();
        cause.is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof)
    });
    if ended {
        return io::Error::new(io::ErrorKind::UnexpectedEof, "it ends within a frame");
    }
    io::Error::other(error)
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.begun && self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if self.begun && !self.decoder.is_finished() {
                let strategy = BlockDecodingStrategy::UptoBytes(AHEAD);
                self.decoder.decode_blocks(&mut self.packed, strategy).map_err(worded)?;
                continue;
            }
            if self.begun {
                self.check()?;
            }
            self.begun = self.begin()?;
            if !self.begun {
                return Ok(0);
            }
        }
    }
}
