//! Damaged tables of every format: each is an error or a table, in bounded memory.

use std::path::Path;

use faer::Mat;
use gauss_cli::table::{
    Encoding, Format, Missing, Packing, ReadOptions, Select, Table, read, write,
};
use gauss_model::{Column, Kind, Support};

use crate::mutate::mutated;
use crate::run::{Numbers, Run, held};

/// What reading a file of a few kilobytes may hold at a time: a packed page or window of 64 MiB, and
/// what is unpacked of it.
const HELD: u64 = 1 << 28;
/// No message runs on, whatever the file's names and cells are.
const MESSAGE: usize = 1 << 16;

const TEXT: [&[u8]; 22] = [
    b"\"",
    b"\"\"",
    b",",
    b"\t",
    b";",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"nan",
    b"inf",
    b"-",
    b"1e999",
    b"1,5",
    b"NA",
    b"#",
    b" ",
    b"0x1p3",
    b"1e-400",
    b"\n\n\n",
];
const NPY: [&[u8]; 9] = [
    b"'descr': '<f8'",
    b"'descr': '>u2'",
    b"'descr': [('a', '<f8')]",
    b"'fortran_order': True",
    b"'shape': (3,)",
    b"'shape': (18446744073709551615, 1)",
    b"'shape': (0, 5)",
    b"(4, 1048577)",
    b"99999999999",
];

fn columns() -> Vec<Column> {
    let levels = ["Oslo", "Rome", "a, \"b\""].map(str::to_owned).to_vec();
    vec![
        Column::real("real"),
        Column::of("whole", Kind::Integer(Support::Line)),
        Column::of("positive", Kind::Real(Support::Above(0.0))),
        Column::of("city", Kind::Category(levels)),
    ]
}

/// Small tables in this form, with and without a missing value, of one row and of many.
fn whole(encoding: Encoding) -> Vec<Vec<u8>> {
    let width = if encoding.format == Format::Npy { 3 } else { 4 };
    let columns = &columns()[..width];
    let of_rows = |rows: usize| {
        let data = Mat::from_fn(rows, width, |i, j| match j {
            _ if i == 17 => f64::NAN,
            0 => (i as f64 * 0.37).sin(),
            1 => (i as f64) * 7.0 - 30.0,
            2 => 1.0 / (1.0 + i as f64),
            _ => (i % 3) as f64,
        });
        let mut bytes = Vec::new();
        write(&mut bytes, encoding, columns, data.as_ref()).expect("memory takes it");
        bytes
    };
    [1, 17, 60].map(of_rows).to_vec()
}

/// A way to read, some of them wrong for the table.
fn options(numbers: &mut Numbers) -> ReadOptions {
    let missing = [Missing::Reject, Missing::DropRow, Missing::NanRow, Missing::Median];
    let header = numbers.below(6);
    ReadOptions {
        no_header: header == 0,
        header: header == 1,
        delimiter: numbers.once_in(8).then(|| [b';', b'\t', b' ', b'1'][numbers.below(4)]),
        decimal_comma: numbers.once_in(6),
        missing: missing[numbers.below(4)],
        categories: if numbers.once_in(2) { vec!["city".to_owned()] } else { Vec::new() },
        weights: numbers.once_in(6).then(|| "positive".to_owned()),
        progress: false,
    }
}

/// A table that came of such a file keeps what every table keeps.
fn check(table: &Table, options: &ReadOptions) {
    let (n, d) = (table.data.nrows(), table.data.ncols());
    assert_eq!((n, d), (table.rows(), table.columns.len()));
    assert!(d > 0, "a table without columns");
    for row in table.data.row_iter() {
        let missing = row.iter().any(|value| value.is_nan());
        assert!(!missing || options.missing == Missing::NanRow, "a value is missing");
        assert!(row.iter().all(|v| v.is_finite()) || row.iter().all(|v| v.is_nan()), "half a row");
    }
    assert_eq!(table.weights.is_some(), options.weights.is_some());
    for weight in table.weights.iter().flatten() {
        assert!(*weight >= 0.0 && weight.is_finite(), "the weight {weight}");
    }
}

fn read_one(path: &Path, wanted: Select<'_>, options: &ReadOptions) {
    let (table, most) = held(|| read(path, wanted, options));
    assert!(most <= HELD, "{most} bytes held at a time");
    match table {
        Ok(table) => check(&table, options),
        Err(error) => {
            let said = error.to_string();
            assert!(said.len() <= MESSAGE, "a message of {} bytes", said.len());
        }
    }
}

/// Damages the files, packs them where `pack` does, and reads them in every way.
fn are_borne(
    what: &'static str,
    files: &[Vec<u8>],
    words: &[&[u8]],
    pack: impl Fn(&mut Numbers, Vec<u8>) -> Vec<u8>,
) {
    let run = Run::of(what);
    let mut numbers = run.numbers();
    let (model, all) = (columns(), ["real", "whole", "city"].map(str::to_owned));
    for round in run.rounds(250) {
        let (whole, other) =
            (&files[numbers.below(files.len())], &files[numbers.below(files.len())]);
        let bytes = mutated(&mut numbers, whole, other, words);
        let bytes = pack(&mut numbers, bytes);
        let wanted = match numbers.below(4) {
            0 => Select::All,
            1 => Select::Named(&all),
            2 => Select::Except(&all[..1]),
            _ => Select::Model(&model),
        };
        let options = options(&mut numbers);
        let file = run.file();
        run.case(round, &bytes, || read_one(&file, wanted, &options));
    }
}

fn as_is(_: &mut Numbers, bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

fn plain(format: Format) -> Vec<Vec<u8>> {
    whole(Encoding { format, packing: Packing::None })
}

#[test]
fn csv() {
    are_borne("csv", &plain(Format::Csv), &TEXT, as_is);
}

#[test]
fn tsv() {
    are_borne("tsv", &plain(Format::Tsv), &TEXT, as_is);
}

#[test]
fn npy() {
    are_borne("npy", &plain(Format::Npy), &NPY, as_is);
}

/// Every other packed file is damaged before it is packed: beyond a checksum there is more to read.
#[test]
fn gzip() {
    packed("gzip", Packing::Gzip);
}

#[test]
fn zstd() {
    packed("zstd", Packing::Zstd);
}

fn packed(what: &'static str, packing: Packing) {
    let files = whole(Encoding { format: Format::Csv, packing });
    are_borne(what, &files, &[b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"], as_is);
}

#[cfg(feature = "parquet")]
mod parquet {
    use std::sync::Arc;

    use parquet::basic::{Compression, Encoding};
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::{WriterProperties, WriterVersion};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::{TEXT, are_borne, as_is, plain};
    use gauss_cli::table::{Format, Missing, ReadOptions, Select, read};

    const SCHEMA: &str = "message table {
        optional double real; required int64 whole; required double positive;
        optional binary city (STRING);
    }";

    /// A file of other writers' choices: both versions of pages, dictionaries and deltas, every
    /// packing there is.
    fn file(
        packing: Compression,
        version: WriterVersion,
        text: Encoding,
        whole: Encoding,
    ) -> Vec<u8> {
        let properties = WriterProperties::builder()
            .set_compression(packing)
            .set_writer_version(version)
            .set_dictionary_enabled(text == Encoding::RLE_DICTIONARY)
            .set_data_page_row_count_limit(20)
            .set_write_batch_size(10);
        let properties = if text == Encoding::RLE_DICTIONARY {
            properties
        } else {
            properties
                .set_column_encoding("city".into(), text)
                .set_column_encoding("whole".into(), whole)
        };
        let schema = Arc::new(parse_message_type(SCHEMA).expect("a schema"));
        let mut bytes = Vec::new();
        let properties = Arc::new(properties.build());
        let mut file = SerializedFileWriter::new(&mut bytes, schema, properties).expect("memory");
        for group in 0..2 {
            let rows = 40 + group;
            let present: Vec<i16> = (0..rows).map(|k| i16::from(k % 9 != 4)).collect();
            let there = || (0..rows).filter(|k| k % 9 != 4);
            let reals: Vec<f64> = there().map(|k| f64::from(k) / 7.0).collect();
            let wholes: Vec<i64> = (0..rows).map(|k| i64::from(k) * 1000).collect();
            let positive: Vec<f64> = (1..=rows).map(f64::from).collect();
            let cities: Vec<ByteArray> =
                there().map(|k| if k % 3 == 0 { "Oslo" } else { "Rome" }.into()).collect();
            let mut group = file.next_row_group().expect("a group");
            for name in ["real", "whole", "positive", "city"] {
                let mut column = group.next_column().expect("a column").expect("one of four");
                let written = match name {
                    "real" => {
                        column.typed::<DoubleType>().write_batch(&reals, Some(&present), None)
                    }
                    "whole" => column.typed::<Int64Type>().write_batch(&wholes, None, None),
                    "positive" => column.typed::<DoubleType>().write_batch(&positive, None, None),
                    _ => column.typed::<ByteArrayType>().write_batch(&cities, Some(&present), None),
                };
                written.expect("memory");
                column.close().expect("memory");
            }
            group.close().expect("memory");
        }
        file.close().expect("memory");
        bytes
    }

    fn files() -> Vec<Vec<u8>> {
        let mut files = plain(Format::Parquet);
        let packings = [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::LZ4_RAW,
            Compression::LZ4,
            Compression::GZIP(parquet::basic::GzipLevel::default()),
        ];
        for packing in packings {
            use Encoding::{DELTA_BINARY_PACKED, PLAIN, RLE_DICTIONARY};
            use Encoding::{DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY};
            use WriterVersion::{PARQUET_1_0, PARQUET_2_0};
            for (version, text, whole) in [
                (PARQUET_1_0, RLE_DICTIONARY, PLAIN),
                (PARQUET_1_0, PLAIN, PLAIN),
                (PARQUET_2_0, RLE_DICTIONARY, PLAIN),
                (PARQUET_2_0, DELTA_BYTE_ARRAY, DELTA_BINARY_PACKED),
                (PARQUET_2_0, DELTA_LENGTH_BYTE_ARRAY, DELTA_BINARY_PACKED),
            ] {
                files.push(file(packing, version, text, whole));
            }
        }
        // Of polars and arrow, packed by zstd and others.
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        for name in ["polars.parquet", "arrow.parquet"] {
            files.push(std::fs::read(directory.join(name)).expect("a file"));
        }
        files
    }

    /// Before they are damaged they are tables.
    #[test]
    fn every_packing_and_every_form_of_a_page_is_read() {
        let options = ReadOptions {
            missing: Missing::NanRow,
            categories: vec!["city".to_owned()],
            ..ReadOptions::default()
        };
        let files = files();
        for bytes in &files[3..files.len() - 2] {
            let file = tempfile::NamedTempFile::new().expect("a temporary file");
            std::fs::write(file.path(), bytes).expect("it is written");
            let table = read(file.path(), Select::All, &options).expect("a table");
            assert_eq!((table.rows(), table.missing_rows), (81, 9));
            for (row, k) in (0..40).chain(0..41).enumerate().filter(|(_, k)| k % 9 != 4) {
                let city = if k % 3 == 0 { 1.0 } else { 0.0 };
                let k = f64::from(k);
                let expected = [k / 7.0, 1000.0 * k, 1.0 + k, city];
                let got: Vec<f64> = table.data.row(row).iter().copied().collect();
                assert_eq!(got, expected, "row {row}");
            }
        }
    }

    #[test]
    fn pages_and_footers() {
        are_borne("parquet", &files(), &[b"PAR1", TEXT[10]], as_is);
    }
}
