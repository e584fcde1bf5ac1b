//! Tables as people write them, and what is said about those that cannot be read.

mod columns;
mod header;
mod missing;
mod remedies;
mod text;
mod weights;

use gauss_cli::table::{ReadOptions, Select, Table, TableError, read};
use gauss_model::Column;

fn read_with(
    bytes: impl AsRef<[u8]>,
    wanted: Select<'_>,
    options: &ReadOptions,
) -> Result<Table, TableError> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), bytes).expect("the table is written");
    read(file.path(), wanted, options)
}

fn table(text: impl AsRef<[u8]>) -> Table {
    read_with(text, Select::All, &ReadOptions::default()).expect("a good table")
}

/// The message without the file's name in front.
fn fault(text: impl AsRef<[u8]>) -> String {
    read_with(text, Select::All, &ReadOptions::default())
        .expect_err("a bad table")
        .fault
        .to_string()
}

fn values(table: &Table) -> Vec<Vec<f64>> {
    table.data.row_iter().map(|row| row.iter().copied().collect()).collect()
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn reals(names: &[String]) -> Vec<Column> {
    names.iter().map(Column::real).collect()
}
