//! The pages of a column chunk, unpacked, and looked at before they are decoded.
//!
//! Told that a chunk is not compressed, the `parquet` crate hands over its pages as they are, and
//! they are unpacked here, up to a bound. What a page says of itself is held against its bytes,
//! because the crate makes room for as much as it says.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use super::deltas;
use super::unpack::Packed;
use crate::table::limits;

/// Bytes that a page may unpack to, whatever the column says.
const LITTLE: usize = 1 << 26;
/// Values decoded at a time.
const BATCH: usize = 1 << 14;

/// A chunk to be read.
pub struct Chunk {
    /// Its pages.
    pub pages: Box<dyn PageReader>,
    /// How many of its values may be decoded at a time.
    pub batch: usize,
}

/// The chunk that `meta` describes.
pub fn of<R: ChunkReader + 'static>(
    bytes: Arc<R>,
    meta: &ColumnChunkMetaData,
    rows: usize,
) -> Result<Chunk> {
    // A damaged file may say so, and the crate would panic.
    let start = meta.dictionary_page_offset().unwrap_or_else(|| meta.data_page_offset());
    let (Ok(begin), Ok(length)) = (u64::try_from(start), u64::try_from(meta.compressed_size()))
    else {
        return Err(damaged("a column begins or ends before the file"));
    };
    if begin.saturating_add(length) > bytes.len() {
        return Err(damaged("a column ends behind the file"));
    }
    // Not beyond what the column says it unpacks to; little is believed of any.
    let stated = usize::try_from(meta.uncompressed_size()).unwrap_or(0);
    let most = stated.clamp(LITTLE, limits::PAGE);
    let raw = meta.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
    let pages = SerializedPageReader::new(bytes, &raw, rows, None)?;
    let descr = meta.column_descr();
    // Each value may repeat the whole of the one before.
    let repeats = meta.encodings().any(|encoding| encoding == Encoding::DELTA_BYTE_ARRAY);
    let longest = stated.clamp(1, limits::PAGE);
    let checked = Checked {
        pages,
        packed: Packed::of(meta.compression()),
        most,
        bits: bits(descr.physical_type(), descr.type_length()),
        optional: descr.max_def_level() > 0,
        longest: repeats.then_some(longest),
    };
    let batch = if repeats { (LITTLE / longest).clamp(1, BATCH) } else { BATCH };
    Ok(Chunk { pages: Box::new(checked), batch })
}

fn damaged(reason: &str) -> ParquetError {
    ParquetError::General(reason.to_owned())
}

/// What a value takes in a page at least.
fn bits(physical: Physical, length: i32) -> usize {
    match physical {
        Physical::BOOLEAN => 1,
        Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY => 32,
        Physical::INT64 | Physical::DOUBLE => 64,
        Physical::INT96 => 96,
        Physical::FIXED_LEN_BYTE_ARRAY => 8 * usize::try_from(length).unwrap_or(0).max(1),
    }
}

struct Checked<P> {
    pages: P,
    packed: Option<Packed>,
    /// Bytes of one page.
    most: usize,
    /// Of a value in the dictionary, at least.
    bits: usize,
    /// Whether values may be null.
    optional: bool,
    /// Bytes of a page whose values repeat each other, where the column says that there are such.
    longest: Option<usize>,
}

impl<P: PageReader> Checked<P> {
    fn checked(&self, page: Page) -> Result<Page> {
        let page = match self.packed {
            Some(packed) => unpacked(page, packed, self.most)?,
            None => page,
        };
        match &page {
            Page::DictionaryPage { buf, num_values, .. } => {
                if (*num_values as usize).saturating_mul(self.bits) > 8 * buf.len() {
                    return Err(damaged("a dictionary claims more values than it holds"));
                }
            }
            Page::DataPage { buf, num_values, encoding, .. } => {
                let levels = if self.optional { levels(buf)? } else { 0 };
                self.check_deltas(buf, levels, *num_values, *encoding)?;
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let levels =
                    (*def_levels_byte_len as usize).saturating_add(*rep_levels_byte_len as usize);
                self.check_deltas(buf, levels, *num_values, *encoding)?;
            }
        }
        Ok(page)
    }

    /// That values written as differences are as many as their page has, and not longer.
    fn check_deltas(&self, buf: &Bytes, levels: usize, values: u32, kind: Encoding) -> Result<()> {
        let lists = match kind {
            Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
            Encoding::DELTA_BYTE_ARRAY => 2,
            _ => return Ok(()),
        };
        if kind == Encoding::DELTA_BYTE_ARRAY && self.longest.is_none_or(|most| buf.len() > most) {
            return Err(damaged("a page is not what its column says"));
        }
        let packed = buf.get(levels..).unwrap_or_default();
        if deltas::count(packed, lists).is_none_or(|count| count > u64::from(values)) {
            return Err(damaged("a page claims more values than it holds"));
        }
        Ok(())
    }
}

/// The bytes of the levels before the values: their length in four bytes, and they.
fn levels(buf: &Bytes) -> Result<usize> {
    let length = buf.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize);
    let length = length.ok_or_else(|| damaged("a page ends within its levels"))?;
    Ok(length.saturating_add(4))
}

impl<P: PageReader> PageReader for Checked<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        page.map(|page| self.checked(page)).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl<P: PageReader> Iterator for Checked<P> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

/// The page with its values unpacked; in the second version its levels never are packed.
fn unpacked(mut page: Page, packed: Packed, most: usize) -> Result<Page> {
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
            *buf = unpack(buf, 0, packed, most)?;
        }
        Page::DataPageV2 { is_compressed: false, .. } => {}
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
            let levels =
                (*def_levels_byte_len as usize).saturating_add(*rep_levels_byte_len as usize);
            *buf = unpack(buf, levels, packed, most)?;
        }
    }
    Ok(page)
}

fn unpack(buf: &Bytes, plain: usize, packed: Packed, most: usize) -> Result<Bytes> {
    let (levels, values) =
        buf.split_at_checked(plain).ok_or_else(|| damaged("the levels of a page run past it"))?;
    let mut unpacked = levels.to_vec();
    packed.unpack(values, most, &mut unpacked)?;
    Ok(unpacked.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    use parquet::schema::types::{ColumnDescriptor, ColumnPath, Type};

    /// Found by damaged files (tests/hostile): a flipped bit made the offset negative.
    #[test]
    fn a_chunk_that_begins_before_the_file_is_an_error() {
        let field = Type::primitive_type_builder("a", Physical::DOUBLE).build().expect("a type");
        let path = ColumnPath::new(vec!["a".to_owned()]);
        let descr = Arc::new(ColumnDescriptor::new(Arc::new(field), 0, 0, path));
        let chunk = || ColumnChunkMetaData::builder(descr.clone());
        for meta in [
            chunk().set_data_page_offset(-1),
            chunk().set_dictionary_page_offset(Some(-1)),
            chunk().set_total_compressed_size(-1),
        ] {
            let meta = meta.build().expect("a chunk");
            let error = of(Arc::new(Bytes::from_static(b"PAR1")), &meta, 1).err();
            let text = error.expect("an error").to_string();
            assert!(text.ends_with("a column begins or ends before the file"), "{text}");
        }
    }

    /// Pages that the crate never sees: they are handed over as they are.
    struct One(Option<Page>);

    impl Iterator for One {
        type Item = Result<Page>;

        fn next(&mut self) -> Option<Result<Page>> {
            self.0.take().map(Ok)
        }
    }

    impl PageReader for One {
        fn get_next_page(&mut self) -> Result<Option<Page>> {
            Ok(self.0.take())
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
            Ok(None)
        }

        fn skip_next_page(&mut self) -> Result<()> {
            Ok(())
        }
    }

    fn looked_at(page: Page, physical: Physical) -> Result<Option<Page>> {
        let mut pages = Checked {
            pages: One(Some(page)),
            packed: None,
            most: LITTLE,
            bits: bits(physical, 0),
            optional: false,
            longest: Some(100),
        };
        pages.get_next_page()
    }

    #[test]
    fn a_dictionary_holds_what_it_claims() {
        for (physical, values, good) in [
            (Physical::DOUBLE, 2, true),
            (Physical::DOUBLE, 3, false),
            (Physical::BYTE_ARRAY, 4, true),
            (Physical::BYTE_ARRAY, u32::MAX, false),
        ] {
            let page = Page::DictionaryPage {
                buf: Bytes::from_static(&[0; 16]),
                num_values: values,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            assert_eq!(looked_at(page, physical).is_ok(), good, "{physical} {values}");
        }
    }

    #[test]
    fn differences_are_as_many_as_their_page_says() {
        // Blocks of 128 in four parts; five lengths, of which the first is 1; all differences 0.
        let lengths = |count: u8| vec![0x80, 1, 4, count, 2, 0, 0, 0, 0, 0];
        for (kind, count, good) in [
            (Encoding::DELTA_LENGTH_BYTE_ARRAY, 5, true),
            (Encoding::DELTA_LENGTH_BYTE_ARRAY, 6, false),
            (Encoding::DELTA_BYTE_ARRAY, 5, true),
            (Encoding::DELTA_BYTE_ARRAY, 6, false),
        ] {
            let first = if kind == Encoding::DELTA_BYTE_ARRAY { lengths(5) } else { Vec::new() };
            let page = Page::DataPage {
                buf: Bytes::from([first, lengths(count), b"abcde".to_vec()].concat()),
                num_values: 5,
                encoding: kind,
                def_level_encoding: Encoding::RLE,
                rep_level_encoding: Encoding::RLE,
                statistics: None,
            };
            assert_eq!(looked_at(page, Physical::BYTE_ARRAY).is_ok(), good, "{kind} {count}");
        }
    }
}
