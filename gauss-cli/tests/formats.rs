//! Whatever any writer writes, the reader reads back to the same bits.

use std::io::Write as _;
use std::process::{Command, Stdio};

use faer::Mat;
use gauss_cli::table::{
    Encoding, Format, Missing, Packing, ReadOptions, Select, Table, TableError, read, write,
};
use gauss_model::{Column, Kind, Support};
use proptest::prelude::*;

const ENCODINGS: [Encoding; 8] = [
    Encoding { format: Format::Csv, packing: Packing::None },
    Encoding { format: Format::Csv, packing: Packing::Gzip },
    Encoding { format: Format::Csv, packing: Packing::Zstd },
    Encoding { format: Format::Tsv, packing: Packing::None },
    Encoding { format: Format::Tsv, packing: Packing::Gzip },
    Encoding { format: Format::Tsv, packing: Packing::Zstd },
    Encoding { format: Format::Npy, packing: Packing::None },
    Encoding { format: Format::Parquet, packing: Packing::None },
];

fn encodings() -> impl Iterator<Item = Encoding> {
    ENCODINGS
        .into_iter()
        .filter(|encoding| cfg!(feature = "parquet") || encoding.format != Format::Parquet)
}

fn written(encoding: Encoding, columns: &[Column], data: &Mat<f64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, encoding, columns, data.as_ref()).expect("memory takes it");
    bytes
}

fn read_bytes(bytes: &[u8], wanted: Select<'_>) -> Result<Table, TableError> {
    // The name says nothing: the format is found from the bytes. A missing value keeps its row.
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("the table is written");
    let options = ReadOptions { missing: Missing::NanRow, ..ReadOptions::default() };
    read(file.path(), wanted, &options)
}

fn bits(data: &Mat<f64>) -> Vec<u64> {
    data.col_iter()
        .flat_map(|column| column.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
        .collect()
}

/// Numbers of every size, and those at the ends.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |v| v.is_finite()),
        4 => -1e3..1e3,
        1 => prop::sample::select(vec![0.0, -0.0, 5e-324, f64::MAX, 1e16, 1.0 / 3.0, 1e-5, 100.0]),
    ]
}

/// Names as a table may hold them: no blanks at the ends, none of the words for a missing value.
fn level() -> impl Strategy<Value = String> {
    "[a-zß,;\"\n\t' #]{1,8}".prop_map(|text| format!("{}.", text.trim()))
}

/// Names of every kind: numbers, blanks, quotes, line breaks, signs that begin other files.
fn name() -> impl Strategy<Value = String> {
    let odd =
        ["", " ", "PAR1", "PAR1\u{1}", "GAUSSFLO", "BZh91AY&SY", "#a", "nan", "0", "\u{feff}a"];
    prop_oneof![
        "[0-9]{1,3}",
        "-?[0-9]\\.[0-9]e[0-9]",
        "[ \t\n\r\",;|#'a]{1,4}",
        any::<String>(),
        prop::sample::select(odd.map(str::to_owned).to_vec()),
    ]
}

fn levels() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(level(), 2..5).prop_map(|set| set.into_iter().collect())
}

/// Columns of all kinds with some rows, one of them perhaps missing.
fn tables() -> impl Strategy<Value = (Vec<Column>, Mat<f64>)> {
    (levels(), level(), 1..40_usize, any::<bool>()).prop_flat_map(|(levels, name, rows, hole)| {
        let count = levels.len() as i32;
        let row = (number(), any::<i32>(), 0..count);
        prop::collection::vec(row, rows).prop_map(move |values| {
            let kinds = [
                ("a, \"b\"".to_owned(), Kind::default()),
                ("count".to_owned(), Kind::Integer(Support::Line)),
                (name.clone(), Kind::Category(levels.clone())),
            ];
            let columns = kinds.map(|(name, kind)| Column { kind, ..Column::real(name) });
            let missing = |i: usize| hole && i + 1 == values.len();
            let data = Mat::from_fn(values.len(), 3, |i, j| match j {
                _ if missing(i) => f64::NAN,
                0 => values[i].0,
                1 => f64::from(values[i].1),
                _ => f64::from(values[i].2),
            });
            (columns.to_vec(), data)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back((columns, data) in tables()) {
        for encoding in encodings() {
            // An array holds numbers only.
            let (columns, data) = match encoding.format {
                Format::Npy => (&columns[..2], data.subcols(0, 2).to_owned()),
                _ => (&columns[..], data.clone()),
            };
            let bytes = written(encoding, columns, &data);
            let back = read_bytes(&bytes, Select::Model(columns));
            let back = back.map_err(|error| TestCaseError::fail(format!("{encoding:?}: {error}")))?;
            prop_assert_eq!(bits(&back.data), bits(&data), "{:?}", encoding);
            prop_assert_eq!(&back.columns, columns);
            prop_assert!(back.unknown.is_none());
        }
    }

    /// Whatever the columns of a model are called, its samples can be scored.
    #[test]
    fn a_model_reads_the_names_that_it_writes(names in prop::collection::btree_set(name(), 1..5)) {
        let columns: Vec<Column> = names.into_iter().map(Column::real).collect();
        let data = Mat::from_fn(3, columns.len(), |i, j| (10 * i + j) as f64);
        for encoding in encodings() {
            let bytes = written(encoding, &columns, &data);
            let back = read_bytes(&bytes, Select::Model(&columns));
            let back = back.map_err(|error| TestCaseError::fail(format!("{encoding:?}: {error}")))?;
            prop_assert_eq!(bits(&back.data), bits(&data), "{:?}", encoding);
        }
    }
}

#[test]
fn many_rows_in_pieces_are_one_table() {
    let columns = [Column::real("a"), Column::real("b")];
    let data = Mat::from_fn(150_000, 2, |i, j| (i as f64).sqrt() - j as f64);
    for encoding in encodings() {
        let mut bytes = Vec::new();
        let out: &mut Vec<u8> = &mut bytes;
        let mut writer = encoding.begin(out, &columns, data.nrows()).expect("memory");
        for start in (0..data.nrows()).step_by(1 << 16) {
            let rows = (1 << 16).min(data.nrows() - start);
            writer.rows(data.subrows(start, rows)).expect("memory");
        }
        writer.finish().expect("memory");
        let back = read_bytes(&bytes, Select::All).expect("the table");
        assert_eq!(bits(&back.data), bits(&data), "{encoding:?}");
        let names = if encoding.format == Format::Npy { ["x0", "x1"] } else { ["a", "b"] };
        assert_eq!(back.names(), names);
    }
}

/// What no machine holds is refused before it is read, with the figure and what there is.
#[cfg(target_os = "linux")]
#[test]
fn a_table_beyond_all_memory_is_refused_at_once() {
    let columns = [Column::real("x0"), Column::real("x1")];
    let mut bytes = written(
        Encoding { format: Format::Npy, ..Encoding::default() },
        &columns,
        &Mat::zeros(1, 2),
    );
    let from = bytes.windows(6).position(|text| text == b"(1, 2)").expect("the shape");
    bytes.splice(from..from + 20, *b"(1000000000000, 2), ");
    let refused = |wanted| read_bytes(&bytes, wanted).expect_err("too large").fault.to_string();
    let own = refused(Select::All);
    assert!(own.starts_with("16000.0 GB of memory are wanted, and "), "{own}");
    let end = " GB are free, for the values in use: choose fewer columns with --columns, or cut the \
               table into parts";
    assert!(own.ends_with(end), "{own}");
    let models = refused(Select::Model(&columns));
    assert!(models.ends_with(" for the values in use: cut the table into parts"), "{models}");
}

#[test]
fn the_text_is_what_people_write() {
    let kinds = [
        Kind::default(),
        Kind::Integer(Support::Line),
        Kind::Category(vec!["x".into(), "y, z".into()]),
    ];
    let columns = ["a", "b", "c"].iter().zip(kinds);
    let columns: Vec<Column> =
        columns.map(|(&name, kind)| Column { kind, ..Column::real(name) }).collect();
    let values = [[1.0, 3.0, 1.0], [0.1, -0.0, 0.0], [1e300, f64::NAN, f64::NAN]];
    let data = Mat::from_fn(3, 3, |i, j| values[i][j]);
    let text = |format| {
        let bytes = written(Encoding { format, packing: Packing::None }, &columns, &data);
        String::from_utf8(bytes).expect("text")
    };
    assert_eq!(text(Format::Csv), "a,b,c\n1.0,3,\"y, z\"\n0.1,0,x\n1e+300,NaN,\n");
    assert_eq!(text(Format::Tsv), "a\tb\tc\n1.0\t3\t\"y, z\"\n0.1\t0\tx\n1e+300\tNaN\t\n");
}

/// Members of gzip and frames of zstd one after the other are one file, as `cat` makes it.
#[test]
fn packed_files_may_be_joined() {
    let data = Mat::from_fn(5, 1, |i, _| i as f64);
    let columns = [Column::real("a")];
    for packing in [Packing::Gzip, Packing::Zstd] {
        let encoding = Encoding { format: Format::Csv, packing };
        let mut bytes = written(encoding, &columns, &data);
        // The second part's header would be a row of text: take numbers for its name.
        bytes.extend(written(encoding, &[Column::real("7")], &data));
        if packing == Packing::Zstd {
            let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
            bytes.splice(0..0, written(encoding, &columns, &Mat::zeros(0, 1)));
            bytes.extend(skippable);
            let table = read_bytes(&bytes, Select::All);
            // a, a, 0 .. 4, 7, 0 .. 4: the second "a" is a bad cell in a column of numbers.
            assert!(table.expect_err("a slip").to_string().contains("not a number: \"a\""));
            continue;
        }
        let table = read_bytes(&bytes, Select::All).expect("both parts");
        assert_eq!(table.rows(), 11);
    }
}

/// The standard tools agree on what is packed, where they are there.
#[test]
fn other_programs_unpack_it() {
    let data = Mat::from_fn(30_000, 2, |i, j| (i * (j + 1)) as f64 / 7.0);
    let columns = [Column::real("a"), Column::real("b")];
    let plain = written(Encoding::default(), &columns, &data);
    for (program, packing) in [("gzip", Packing::Gzip), ("zstd", Packing::Zstd)] {
        let packed = written(Encoding { format: Format::Csv, packing }, &columns, &data);
        let child =
            Command::new(program).arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = child else { continue };
        let mut stdin = child.stdin.take().expect("a pipe");
        let feed = std::thread::spawn(move || stdin.write_all(&packed));
        let output = child.wait_with_output().expect("it ends");
        feed.join().expect("no panic").expect("it takes all");
        assert!(output.stdout == plain, "{program} unpacks something else");
    }
}

/// A file that another program wrote (`tests/data/make.py`).
fn foreign(name: &str, wanted: &[&str], options: &ReadOptions) -> Result<Table, TableError> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    let wanted: Vec<String> = wanted.iter().map(|&name| name.to_owned()).collect();
    read(&path, Select::Named(&wanted), options)
}

#[test]
fn arrays_of_numpy() {
    let options = ReadOptions::default();
    let rows = foreign("rows.npy", &["x2", "x0"], &options).expect("big-endian integers");
    let columns = foreign("columns.npy", &["x2", "x0"], &options).expect("floats by column");
    for i in 0..4 {
        let expected = [(3 * i + 2) as f64, (3 * i) as f64];
        for j in 0..2 {
            assert_eq!(rows.data[(i, j)], expected[j]);
            assert_eq!(columns.data[(i, j)], expected[j] / 8.0);
        }
    }
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_of_polars_and_arrow() {
    let options = ReadOptions {
        missing: Missing::NanRow,
        categories: vec!["city".to_owned()],
        ..ReadOptions::default()
    };
    let names = ["real", "single", "whole", "small", "unsigned", "flag", "price", "city"];
    for file in ["polars.parquet", "arrow.parquet"] {
        let table = foreign(file, &names, &options).expect("a table");
        assert_eq!(table.rows(), 500, "{file}");
        let levels = vec!["Rome".to_owned(), "Oslo".to_owned()];
        assert_eq!(table.columns[7].kind, Kind::Category(levels));
        for k in (0..500).filter(|k| k % 50 != 7) {
            let x = k as f64;
            let city = if k * k % 3 == 0 { 1.0 } else { 0.0 };
            let unsigned = (u64::MAX - 2048 * k as u64) as f64;
            let (small, flag) = (f64::from(k as u8 as i8), f64::from(u8::from(k % 3 == 0)));
            let expected = [x / 7.0, x / 8.0, 1e9 * x, small, unsigned, flag, x / 100.0, city];
            let got: Vec<f64> = table.data.row(k).iter().copied().collect();
            assert_eq!(got, expected, "{file}, row {k}");
        }
        assert_eq!(table.missing_rows, 10);
        let fault = |name: &str| {
            let options = ReadOptions::default();
            foreign(file, &[name], &options).expect_err("no numbers").fault.to_string()
        };
        assert!(fault("holes").contains("\"holes\" 100 (of 500 rows; first: row 1, column"));
        assert!(fault("day").starts_with("column \"day\" holds dates or times; make it a number"));
        assert!(fault("list").starts_with("column \"list\" holds nested values; make it a number"));
        assert!(fault("city").starts_with("column \"city\" holds text (row 1: \"Oslo\"); take it"));
    }
}
