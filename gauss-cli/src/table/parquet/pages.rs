//! The pages of a column chunk, unpacked.
//!
//! The `parquet` crate unpacks zstd, what most writers of today choose, by a library in C, and gzip
//! to whatever length comes. Told that such a chunk is not compressed it hands over its pages as they
//! are, and they are unpacked here, in Rust and up to a bound.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use crate::table::input::Frames;
use crate::table::{Packing, limits};

/// The pages of the chunk that `meta` describes.
pub fn of<R: ChunkReader + 'static>(
    bytes: Arc<R>,
    meta: &ColumnChunkMetaData,
    rows: usize,
) -> Result<Box<dyn PageReader>> {
    // A damaged file may say so, and the crate would panic.
    let start = meta.dictionary_page_offset().unwrap_or_else(|| meta.data_page_offset());
    let (Ok(begin), Ok(length)) = (u64::try_from(start), u64::try_from(meta.compressed_size()))
    else {
        return Err(ParquetError::General("a column begins or ends before the file".to_owned()));
    };
    if begin.saturating_add(length) > bytes.len() {
        return Err(ParquetError::General("a column ends behind the file".to_owned()));
    }
    let packing = match meta.compression() {
        Compression::ZSTD(_) => Packing::Zstd,
        Compression::GZIP(_) => Packing::Gzip,
        _ => return Ok(Box::new(SerializedPageReader::new(bytes, meta, rows, None)?)),
    };
    // Not beyond what the column says it unpacks to; little is believed of any.
    let stated = usize::try_from(meta.uncompressed_size()).unwrap_or(0);
    let most = stated.clamp(LITTLE, limits::PAGE);
    let raw = meta.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
    let pages = SerializedPageReader::new(bytes, &raw, rows, None)?;
    Ok(Box::new(Unpacked { pages, packing, most }))
}

/// Bytes that a page may unpack to, whatever the column says.
const LITTLE: usize = 1 << 26;

struct Unpacked<P> {
    pages: P,
    packing: Packing,
    /// Bytes of one page.
    most: usize,
}

impl<P: PageReader> PageReader for Unpacked<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let (packing, most) = (self.packing, self.most);
        self.pages.get_next_page()?.map(|page| unpacked(page, packing, most)).transpose()
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

impl<P: PageReader> Iterator for Unpacked<P> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

/// The page with its values unpacked; in the second version its levels never are packed.
fn unpacked(mut page: Page, packing: Packing, most: usize) -> Result<Page> {
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => {
            *buf = unpack(buf, 0, packing, most)?;
        }
        Page::DataPageV2 { is_compressed: false, .. } => {}
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
            let levels =
                (*def_levels_byte_len as usize).saturating_add(*rep_levels_byte_len as usize);
            *buf = unpack(buf, levels, packing, most)?;
        }
    }
    Ok(page)
}

fn unpack(buf: &Bytes, plain: usize, packing: Packing, most: usize) -> Result<Bytes> {
    let (levels, values) = buf
        .split_at_checked(plain)
        .ok_or_else(|| ParquetError::General("the levels of a page run past it".to_owned()))?;
    let mut unpacked = levels.to_vec();
    let bytes: Box<dyn Read + '_> = match packing {
        Packing::Gzip => Box::new(MultiGzDecoder::new(values)),
        _ => Box::new(Frames::new(values)),
    };
    bytes.take(most as u64 + 1).read_to_end(&mut unpacked)?;
    if unpacked.len() - plain > most {
        let text = format!("a page unpacks to more than the {most} bytes that it may");
        return Err(ParquetError::General(text));
    }
    Ok(unpacked.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::Type as Physical;

    use parquet::schema::types::{ColumnDescriptor, ColumnPath, Type};

    /// Found by `damage_is_borne` in tests/formats.rs: a flipped bit made the offset negative.
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
}
