//! Packing what is written, as it is written: gzip in place, zstd on a thread of its own.
//!
//! The zstd encoder in Rust takes its input from a reader, all of it in one call. A stream of
//! pieces is put before that call by two channels. The result is one frame: a file of several is
//! as good by the standard, but some readers stop after the first.

use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress};

use crate::table::{Out, Packing};

/// Pieces that may wait for the encoder.
const AHEAD: usize = 4;

/// Takes pieces of bytes.
pub enum Packer<'w> {
    Plain(Out<'w>),
    Gzip(GzEncoder<Out<'w>>),
    Zstd(Zstd<'w>),
}

impl<'w> Packer<'w> {
    pub fn new(out: Out<'w>, packing: Packing) -> io::Result<Packer<'w>> {
        Ok(match packing {
            Packing::None => Packer::Plain(out),
            // The digits of numbers become hardly shorter with more effort.
            Packing::Gzip => Packer::Gzip(GzEncoder::new(out, Compression::fast())),
            Packing::Zstd => Packer::Zstd(Zstd::begin(out)?),
        })
    }

    pub fn put(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        match self {
            Packer::Plain(out) => out.write_all(&bytes),
            Packer::Gzip(encoder) => encoder.write_all(&bytes),
            Packer::Zstd(encoder) => encoder.put(bytes),
        }
    }

    pub fn finish(self) -> io::Result<()> {
        match self {
            Packer::Plain(_) => Ok(()),
            Packer::Gzip(encoder) => encoder.finish().map(drop),
            Packer::Zstd(encoder) => encoder.finish(),
        }
    }
}

/// A zstd frame being written.
pub struct Zstd<'w> {
    out: Out<'w>,
    pieces: SyncSender<Vec<u8>>,
    packed: Receiver<Vec<u8>>,
    encoder: JoinHandle<()>,
}

impl<'w> Zstd<'w> {
    fn begin(out: Out<'w>) -> io::Result<Zstd<'w>> {
        let (pieces, source) = sync_channel(AHEAD);
        let (drain, packed) = channel();
        let source = Pieces { source, piece: Vec::new(), at: 0 };
        let encode = move || compress(source, Drain(drain), CompressionLevel::Fastest);
        let encoder = thread::Builder::new().spawn(encode)?;
        Ok(Zstd { out, pieces, packed, encoder })
    }

    fn put(&mut self, piece: Vec<u8>) -> io::Result<()> {
        self.pieces.send(piece).map_err(|_| stopped())?;
        self.packed.try_iter().try_for_each(|packed| self.out.write_all(&packed))
    }

    fn finish(self) -> io::Result<()> {
        drop(self.pieces);
        self.packed.iter().try_for_each(|packed| self.out.write_all(&packed))?;
        self.encoder.join().map_err(|_| stopped())
    }
}

fn stopped() -> io::Error {
    io::Error::other("the zstd encoder stopped")
}

/// The pieces as the encoder reads them; their end is the end of the sender.
struct Pieces {
    source: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            let Ok(piece) = self.source.recv() else { return Ok(0) };
            (self.piece, self.at) = (piece, 0);
        }
        let got = (&self.piece[self.at..]).read(buffer)?;
        self.at += got;
        Ok(got)
    }
}

/// Where the encoder writes. It does not bear an error: one of the file shows where the bytes are
/// taken on, and a receiver that has gone wants no more of them.
struct Drain(Sender<Vec<u8>>);

impl Write for Drain {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
