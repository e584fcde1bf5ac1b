//! Parquet: real columns as DOUBLE, integers as INT64, categories as UTF8. A missing integer or
//! category is null, a missing real number NaN.

use std::io;
use std::sync::Arc;

use faer::MatRef;
use gauss_model::{Column, Kind, Value};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, Type};

use crate::table::Out;
use crate::table::write::RowSink;

/// Rows of a row group, which is held in memory while it is written.
const GROUP: usize = 1 << 17;

/// A file being written.
pub struct Groups<'w> {
    file: SerializedFileWriter<Out<'w>>,
    kinds: Vec<Kind>,
}

impl<'w> Groups<'w> {
    pub fn begin(out: Out<'w>, columns: &[Column]) -> io::Result<Groups<'w>> {
        let fields = columns.iter().map(|column| field(column).map(Arc::new));
        let fields = fields.collect::<Result<_, _>>().map_err(refused)?;
        let schema = Type::group_type_builder("table").with_fields(fields).build();
        // Real numbers seldom repeat; names do.
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("gauss ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(false);
        for Column { name, kind, .. } in columns {
            if matches!(kind, Kind::Category(_)) {
                let path = ColumnPath::new(vec![name.clone()]);
                properties = properties.set_column_dictionary_enabled(path, true);
            }
        }
        let schema = Arc::new(schema.map_err(refused)?);
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties.build()));
        let kinds = columns.iter().map(|column| column.kind.clone()).collect();
        Ok(Groups { file: file.map_err(refused)?, kinds })
    }

    fn group(&mut self, rows: MatRef<'_, f64>) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for (kind, values) in self.kinds.iter().zip(rows.col_iter()) {
            let Some(mut column) = group.next_column()? else { break };
            let values = values.iter().copied();
            match kind {
                Kind::Real(_) => {
                    let values: Vec<f64> = values.collect();
                    column.typed::<DoubleType>().write_batch(&values, None, None)?;
                }
                Kind::Integer(_) => {
                    let integer = |value| match kind.value(value) {
                        Value::Integer(value) => Some(value),
                        _ => None,
                    };
                    let (values, present) = with_nulls(values.map(integer));
                    column.typed::<Int64Type>().write_batch(&values, Some(&present), None)?;
                }
                Kind::Category(names) => {
                    let names: Vec<ByteArray> =
                        names.iter().map(|name| name.as_str().into()).collect();
                    let name = |value| match kind.value(value) {
                        Value::Level(at, _) => Some(names[at].clone()),
                        _ => None,
                    };
                    let (values, present) = with_nulls(values.map(name));
                    column.typed::<ByteArrayType>().write_batch(&values, Some(&present), None)?;
                }
            }
            column.close()?;
        }
        group.close().map(drop)
    }
}

impl RowSink for Groups<'_> {
    fn rows(&mut self, rows: MatRef<'_, f64>) -> io::Result<()> {
        for start in (0..rows.nrows()).step_by(GROUP) {
            let group = rows.subrows(start, GROUP.min(rows.nrows() - start));
            self.group(group).map_err(refused)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.file.close().map(drop).map_err(refused)
    }
}

/// The values that are there, and for each row whether it has one.
fn with_nulls<T>(values: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
    let mut present = Vec::new();
    let values = values.inspect(|value| present.push(i16::from(value.is_some()))).flatten();
    (values.collect(), present)
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical, repetition) = match column.kind {
        Kind::Real(_) => (Physical::DOUBLE, None, Repetition::REQUIRED),
        Kind::Integer(_) => (Physical::INT64, None, Repetition::OPTIONAL),
        Kind::Category(_) => {
            (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL)
        }
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
}

/// The error of the file below, if it is one.
fn refused(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
