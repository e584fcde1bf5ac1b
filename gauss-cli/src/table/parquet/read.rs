//! Reading a file, a column at a time.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::ChunkReader;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};
use rayon::prelude::*;

use super::footer;
use super::guard::guarded;
use super::pages::{self, Chunk};
use crate::table::cells::{Cells, Collected, Field, Taking};
use crate::table::input::{ReadFault, Source, read_whole};
use crate::table::numbers::{half, number_text};
use crate::table::select::{self, Chosen};
use crate::table::{Fault, Leave, Place, ReadOptions, Select, memory};
use crate::terminal::Reading;

/// Reads the wanted columns of the file at `path`, or of its unpacked bytes where those are not
/// to be found there.
pub fn read(
    path: &Path,
    mut source: Source,
    wanted: Select<'_>,
    options: &ReadOptions,
    reading: &Reading,
) -> Result<Collected, Fault> {
    if source.is_plain {
        // A file of its own for every column: the readers of one file share their position.
        let open = || File::open(path).map_err(ReadFault::from).map_err(Fault::from);
        guarded(|| read_chunks(&open, wanted, options, reading))
    } else {
        let bytes = Bytes::from(read_whole(&mut source.bytes, wanted.is_own())?);
        guarded(|| read_chunks(&|| Ok(bytes.clone()), wanted, options, reading))
    }
}

fn damaged(error: &ParquetError) -> Fault {
    let reason = error.to_string();
    let reason = reason.trim_start_matches("Parquet error: ").to_owned();
    Fault::Damaged { format: "Parquet", reason }
}

fn read_chunks<R: ChunkReader + 'static>(
    open: &(impl Fn() -> Result<R, Fault> + Sync),
    wanted: Select<'_>,
    options: &ReadOptions,
    reading: &Reading,
) -> Result<Collected, Fault> {
    footer::check(&open()?).map_err(|error| damaged(&error))?;
    let file =
        ParquetMetaDataReader::new().parse_and_finish(&open()?).map_err(|error| damaged(&error))?;
    let schema = file.file_metadata().schema_descr();
    let names: Vec<String> =
        schema.root_schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
    select::check(&names)?;
    let rows = file.file_metadata().num_rows();
    let Some(rows) = usize::try_from(rows).ok().filter(|&rows| rows > 0) else {
        return Err(Fault::NoRows);
    };
    let Chosen { fields, notes, leave, others } =
        wanted.fields(&names, true, &index_of_pandas(&file, &names), options)?;
    let bytes = rows.saturating_mul(fields.len()).saturating_mul(size_of::<f64>());
    memory::affordable(bytes).map_err(|short| Fault::memory(short, wanted.is_own()))?;
    let first = first_leaves(&file, names.len());
    let leaves: Vec<Leaf> = fields
        .iter()
        .map(|field| Leaf::of(&file, field, first[field.position], leave.of(fields.len())))
        .collect::<Result<_, _>>()?;
    let wanted_bytes = leaves.iter().map(|leaf| leaf.packed_bytes(&file)).sum();
    reading.begin(wanted_bytes);
    let column = |(field, leaf): (&Field, &Leaf)| {
        let mut column = ColumnOfCells::new(&field.taking, rows);
        leaf.read(&Arc::new(open()?), &file, &mut column, reading)?;
        if column.cells.short.is_none() && column.cells.values.len() != rows {
            let reason = format!("column {:?} does not have {rows} rows", field.name);
            return Err(Fault::Damaged { format: "Parquet", reason });
        }
        Ok(column.cells)
    };
    let columns = fields.par_iter().zip(&leaves);
    let cells: Vec<Cells> =
        columns.map(|of| guarded(|| column(of))).collect::<Result<_, Fault>>()?;
    let table = Collected { fields, cells, rows, notes, leave, others };
    table.check(wanted.is_own())?;
    Ok(table)
}

/// The columns that pandas has written for the index of its rows, as it says in the file's
/// metadata: names, or the description of a range, which is no column.
fn index_of_pandas(file: &ParquetMetaData, names: &[String]) -> Vec<usize> {
    let entries = file.file_metadata().key_value_metadata().into_iter().flatten();
    let told = entries.filter(|entry| entry.key == "pandas").find_map(|entry| entry.value.as_ref());
    let told = told.and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let index = told.as_ref().and_then(|told| told.get("index_columns")?.as_array());
    let index = index.into_iter().flatten().filter_map(serde_json::Value::as_str);
    index.filter_map(|index| names.iter().position(|name| name == index)).collect()
}

/// The first leaf of each of the file's columns; nested ones have several, or none.
fn first_leaves(file: &ParquetMetaData, columns: usize) -> Vec<Option<usize>> {
    let schema = file.file_metadata().schema_descr();
    let mut first = vec![None; columns];
    for leaf in 0..schema.num_columns() {
        first[schema.get_column_root_idx(leaf)].get_or_insert(leaf);
    }
    first
}

/// What the values of a column stand for.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Number,
    Half,
    Unsigned,
    /// To be divided by so many powers of ten.
    Decimal(i32),
    Text,
}

/// A wanted column as the file holds it.
struct Leaf {
    index: usize,
    descr: ColumnDescPtr,
    meaning: Meaning,
}

impl Leaf {
    fn of(
        file: &ParquetMetaData,
        field: &Field,
        leaf: Option<usize>,
        leave: Leave,
    ) -> Result<Leaf, Fault> {
        let schema = file.file_metadata().schema_descr();
        let refused = |what: &str| Fault::NotNumbers {
            column: field.name.clone(),
            what: what.to_owned(),
            leave,
        };
        let index = leaf.ok_or_else(|| refused("nothing"))?;
        let descr = schema.column(index);
        if descr.path().parts().len() > 1 || descr.max_rep_level() > 0 {
            return Err(refused("nested values"));
        }
        let meaning = meaning(&descr).map_err(refused)?;
        for group in file.row_groups() {
            let codec = group.column(index).compression();
            if matches!(codec, Compression::LZO | Compression::BROTLI(_)) {
                let codec = codec.to_string().to_lowercase();
                let codec = codec.split('(').next().unwrap_or_default().to_owned();
                return Err(Fault::Codec { column: field.name.clone(), codec });
            }
        }
        Ok(Leaf { index, descr, meaning })
    }

    /// Bytes of the file that hold it.
    fn packed_bytes(&self, file: &ParquetMetaData) -> u64 {
        file.row_groups().iter().map(|group| packed_bytes(group.column(self.index))).sum()
    }

    fn read<R: ChunkReader + 'static>(
        &self,
        bytes: &Arc<R>,
        file: &ParquetMetaData,
        column: &mut ColumnOfCells<'_>,
        reading: &Reading,
    ) -> Result<(), Fault> {
        for group in file.row_groups() {
            let rows = usize::try_from(group.num_rows()).unwrap_or(0);
            let chunk = pages::of(bytes.clone(), group.column(self.index), rows);
            let values = chunk.and_then(|Chunk { pages, batch }| {
                self.take(get_column_reader(self.descr.clone(), pages), batch, column)
            });
            values.map_err(|error| damaged(&error))?;
            reading.advance(packed_bytes(group.column(self.index)));
        }
        Ok(())
    }

    fn take(
        &self,
        reader: ColumnReader,
        batch: usize,
        column: &mut ColumnOfCells<'_>,
    ) -> Result<(), ParquetError> {
        let optional = self.descr.max_def_level() > 0;
        let integer = |column: &mut ColumnOfCells<'_>, value: i128| match self.meaning {
            Meaning::Decimal(scale) => column.decimal(value, scale),
            _ => column.integer(value),
        };
        let unsigned = matches!(self.meaning, Meaning::Unsigned);
        match reader {
            ColumnReader::BoolColumnReader(r) => {
                each(r, optional, batch, column, |c, &v| c.integer(i128::from(v)))
            }
            ColumnReader::Int32ColumnReader(r) => each(r, optional, batch, column, |c, &v| {
                let value = if unsigned { i128::from(v.cast_unsigned()) } else { i128::from(v) };
                integer(c, value);
            }),
            ColumnReader::Int64ColumnReader(r) => each(r, optional, batch, column, |c, &v| {
                let value = if unsigned { i128::from(v.cast_unsigned()) } else { i128::from(v) };
                integer(c, value);
            }),
            ColumnReader::FloatColumnReader(r) => {
                each(r, optional, batch, column, |c, &v| c.real(f64::from(v)))
            }
            ColumnReader::DoubleColumnReader(r) => {
                each(r, optional, batch, column, |c, &v| c.real(v))
            }
            ColumnReader::ByteArrayColumnReader(r) => {
                each(r, optional, batch, column, |c, v| match self.meaning {
                    Meaning::Decimal(scale) => c.decimal(big_endian(v.data()), scale),
                    _ => c.text(v.data()),
                })
            }
            ColumnReader::FixedLenByteArrayColumnReader(r) => {
                each(r, optional, batch, column, |c, v| match (self.meaning, v.data()) {
                    (Meaning::Half, &[low, high]) => c.real(half(u16::from_le_bytes([low, high]))),
                    (_, bytes) => integer(c, big_endian(bytes)),
                })
            }
            ColumnReader::Int96ColumnReader(_) => Ok(()), // refused before
        }
    }
}

fn packed_bytes(chunk: &ColumnChunkMetaData) -> u64 {
    u64::try_from(chunk.compressed_size()).unwrap_or(0)
}

/// What a flat column holds, or why it is neither numbers nor text.
fn meaning(descr: &ColumnDescriptor) -> Result<Meaning, &'static str> {
    use ConvertedType as C;
    use LogicalType as L;
    const TIME: &str = "dates or times";
    const BYTES: &str = "raw bytes";
    let (logical, converted) = (descr.logical_type_ref(), descr.converted_type());
    if let Some(L::Date | L::Time(_) | L::Timestamp(_)) = logical {
        return Err(TIME);
    }
    let decimal = match (logical, converted) {
        (Some(L::Decimal(decimal)), _) => Some(decimal.scale),
        (_, C::DECIMAL) => Some(descr.type_scale()),
        _ => None,
    };
    match (descr.physical_type(), decimal) {
        (Type::INT96, _) => Err(TIME),
        (Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY, Some(_)) if descr.type_precision() > 38 => {
            Err("decimals of more than 38 digits")
        }
        (_, Some(scale)) => Ok(Meaning::Decimal(scale)),
        (Type::BOOLEAN | Type::FLOAT | Type::DOUBLE, None) => Ok(Meaning::Number),
        (Type::INT32 | Type::INT64, None) => match (logical, converted) {
            (Some(L::Integer(integer)), _) if !integer.is_signed => Ok(Meaning::Unsigned),
            (_, C::UINT_8 | C::UINT_16 | C::UINT_32 | C::UINT_64) => Ok(Meaning::Unsigned),
            (
                _,
                C::DATE
                | C::TIME_MILLIS
                | C::TIME_MICROS
                | C::TIMESTAMP_MILLIS
                | C::TIMESTAMP_MICROS,
            ) => Err(TIME),
            _ => Ok(Meaning::Number),
        },
        (Type::BYTE_ARRAY, None) => match (logical, converted) {
            (Some(L::String | L::Enum | L::Json), _)
            | (None, C::UTF8 | C::ENUM | C::JSON | C::NONE) => Ok(Meaning::Text),
            _ => Err(BYTES),
        },
        (Type::FIXED_LEN_BYTE_ARRAY, None) => match logical {
            Some(L::Float16) => Ok(Meaning::Half),
            _ => Err(BYTES),
        },
    }
}

/// An integer of up to sixteen bytes, the highest first.
fn big_endian(bytes: &[u8]) -> i128 {
    let sign = if bytes.first().is_some_and(|&first| first >= 0x80) { -1 } else { 0 };
    bytes.iter().fold(sign, |value, &byte| value << 8 | i128::from(byte))
}

/// Hands over every value of a column chunk, nulls included.
fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    optional: bool,
    batch: usize,
    column: &mut ColumnOfCells<'_>,
    take: impl Fn(&mut ColumnOfCells<'_>, &T::T),
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::with_capacity(batch), Vec::new());
    loop {
        values.clear();
        levels.clear();
        let defined = optional.then_some(&mut levels);
        let (records, _, _) = reader.read_records(batch, defined, None, &mut values)?;
        // A page of a few bytes may hold one value billions of times.
        if records == 0 || column.is_over() {
            return Ok(());
        }
        let mut present = values.iter();
        for k in 0..records {
            let value = if levels.get(k) == Some(&0) { None } else { present.next() };
            match value {
                Some(value) => take(column, value),
                None => column.null(),
            }
        }
    }
}

/// The cells of a column whose rows come one after the other.
struct ColumnOfCells<'a> {
    taking: &'a Taking,
    cells: Cells,
    /// How many there are, as the file says.
    rows: usize,
}

impl ColumnOfCells<'_> {
    fn new(taking: &Taking, rows: usize) -> ColumnOfCells<'_> {
        /// What a file says of its length is believed up to here before the values have come.
        const BELIEVED: usize = 1 << 20;
        let mut cells = Cells::default();
        cells.reserve(rows.min(BELIEVED), 1);
        ColumnOfCells { taking, cells, rows }
    }

    /// Whether no more is wanted: it is too long, or there is no memory for it.
    fn is_over(&self) -> bool {
        self.cells.short.is_some() || self.cells.values.len() > self.rows
    }

    fn place(&self) -> Place {
        let row = self.cells.values.len() + 1;
        Place { row, line: row }
    }

    fn real(&mut self, value: f64) {
        let place = self.place();
        self.cells.take_number(self.taking, value, || number_text(value), || place);
    }

    fn integer(&mut self, value: i128) {
        let place = self.place();
        self.cells.take_number(self.taking, value as f64, || value.to_string(), || place);
    }

    /// The double nearest to the decimal, by way of its text: a division would round twice.
    fn decimal(&mut self, value: i128, scale: i32) {
        let (place, written) = (self.place(), format!("{value}e{}", -i64::from(scale)));
        let value = written.parse().unwrap_or(f64::NAN);
        self.cells.take_number(self.taking, value, || number_text(value), || place);
    }

    fn text(&mut self, cell: &[u8]) {
        let place = self.place();
        self.cells.take_text(self.taking, cell, || place);
    }

    fn null(&mut self) {
        let place = self.place();
        self.cells.take_missing(|| place, || "null".to_owned());
    }
}
