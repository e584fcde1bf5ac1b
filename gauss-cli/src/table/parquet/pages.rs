//! The pages of a column chunk, unpacked.
//!
//! The `parquet` crate unpacks zstd, what most writers of today choose, by a library in C. Told
//! that such a chunk is not compressed it hands over its pages as they are, and they are unpacked
//! here by one in Rust.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use crate::table::input::Frames;

/// The pages of the chunk that `meta` describes.
pub fn of<R: ChunkReader + 'static>(
    bytes: Arc<R>,
    meta: &ColumnChunkMetaData,
    rows: usize,
) -> Result<Box<dyn PageReader>> {
    // A damaged file may say so, and the crate would panic.
    let start = meta.dictionary_page_offset().unwrap_or_else(|| meta.data_page_offset());
    if start < 0 || meta.compressed_size() < 0 {
        return Err(ParquetError::General("a column begins or ends before the file".to_owned()));
    }
    if !matches!(meta.compression(), Compression::ZSTD(_)) {
        return Ok(Box::new(SerializedPageReader::new(bytes, meta, rows, None)?));
    }
    let raw = meta.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
    Ok(Box::new(Unpacked(SerializedPageReader::new(bytes, &raw, rows, None)?)))
}

struct Unpacked<P>(P);

impl<P: PageReader> PageReader for Unpacked<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        self.0.get_next_page()?.map(unpacked).transpose()
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.0.at_record_boundary()
    }
}

impl<P: PageReader> Iterator for Unpacked<P> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Result<Page>> {
        self.get_next_page().transpose()
    }
}

/// The page with its values unpacked; in the second version its levels never are packed.
fn unpacked(mut page: Page) -> Result<Page> {
    match &mut page {
        Page::DataPage { buf, .. } | Page::DictionaryPage { buf, .. } => *buf = unzstd(buf, 0)?,
        Page::DataPageV2 { is_compressed: false, .. } => {}
        Page::DataPageV2 { buf, def_levels_byte_len, rep_levels_byte_len, .. } => {
            let levels =
                (*def_levels_byte_len as usize).saturating_add(*rep_levels_byte_len as usize);
            *buf = unzstd(buf, levels)?;
        }
    }
    Ok(page)
}

fn unzstd(buf: &Bytes, plain: usize) -> Result<Bytes> {
    let (levels, values) = buf
        .split_at_checked(plain)
        .ok_or_else(|| ParquetError::General("the levels of a page run past it".to_owned()))?;
    let mut unpacked = levels.to_vec();
    Frames::new(values).read_to_end(&mut unpacked)?;
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
