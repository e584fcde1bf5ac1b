//! The worst errors against the golden tables (mpmath, 50 digits), on every instruction set: a
//! fast kernel that is wrong is no result. `cargo test -p gauss-math --test golden` checks every
//! function; here are the three that the goals name.

use crate::report::{Goal, Row};
use anyhow::Context;
use gauss_math::mixture::Mixture;
use gauss_math::simd::{Backend, LOGICAL_LANES};
use gauss_math::{normal, slice};
use std::collections::BTreeMap;
use std::path::Path;

/// A table's rows: the first cell, and the numbers by column.
type Table = Vec<(String, BTreeMap<String, f64>)>;

/// Takes the errors.
pub fn measure(root: &Path) -> anyhow::Result<Vec<Row>> {
    let worst = |errors: &dyn Fn() -> Vec<f64>| {
        let each = Backend::all().into_iter().flat_map(|backend| backend.scope(errors));
        each.fold(0.0_f64, |worst, e| if e <= worst { worst } else { e })
    };
    let normal = read(root, "normal.csv")?;
    let quantile = read(root, "quantile.csv")?;
    let points = read(root, "mixture.csv")?;
    let mixtures = mixtures(&read(root, "mixture_params.csv")?);
    let row = |what: &str, measured: f64, bound: f64| {
        Row::new(format!("worst error: {what}"), "every instruction set", "")
            .measured(measured, Some(Goal::AtMost(bound)))
    };
    Ok(vec![
        row("Φ's tail, relative", worst(&|| tail_errors(&normal)), 1e-15),
        row("Φ⁻¹, to max(1, |z|)", worst(&|| quantile_errors(&quantile)), 1e-15),
        row("z of a mixture, to max(1, |z|)", worst(&|| map_errors(&points, &mixtures).0), 1e-15),
        row(
            "ln dz/dx of a mixture, to max(1, |value|)",
            worst(&|| map_errors(&points, &mixtures).1),
            1e-12,
        ),
    ])
}

fn read(root: &Path, name: &str) -> anyhow::Result<Table> {
    let path = root.join("gauss-math/golden").join(name);
    let mut reader = csv::Reader::from_path(&path).with_context(|| path.display().to_string())?;
    let heads = reader.headers()?.clone();
    let rows = reader.records().map(|record| {
        let record = record?;
        let cells = heads.iter().zip(&record);
        let numbers = cells.filter_map(|(head, cell)| Some((head.to_owned(), cell.parse().ok()?)));
        Ok((record[0].to_owned(), numbers.collect()))
    });
    rows.collect()
}

fn mixtures(table: &Table) -> BTreeMap<String, Mixture> {
    let mut cases: BTreeMap<&str, [Vec<f64>; 3]> = BTreeMap::new();
    for (case, row) in table {
        let parameters = cases.entry(case).or_default();
        for (list, column) in parameters.iter_mut().zip(["logit", "mean", "log_sigma"]) {
            list.push(row[column]);
        }
    }
    let mixture =
        |(case, [l, m, s]): (&str, [Vec<f64>; 3])| (case.to_owned(), Mixture::new(&l, &m, &s));
    cases.into_iter().map(mixture).collect()
}

/// |got - want| over `unit`; 0 where they are equal, infinities included.
fn error(got: f64, want: f64, unit: f64) -> f64 {
    if got == want { 0.0 } else { (got - want).abs() / unit }
}

/// Of Φ(-|x|) where that is a normal number.
fn tail_errors(table: &Table) -> Vec<f64> {
    let rows = table.iter().map(|(_, row)| (row["x"], row["cdf"].min(row["sf"])));
    let rows: Vec<(f64, f64)> = rows.filter(|(_, tail)| *tail >= f64::MIN_POSITIVE).collect();
    let x: Vec<f64> = rows.iter().map(|r| r.0).collect();
    let (mut pdf, mut tail) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    slice::pdf_and_tail(&x, &mut pdf, &mut tail);
    tail.iter().zip(&rows).map(|(got, (_, want))| error(*got, *want, *want)).collect()
}

/// By the kernel where it is defined, by the scalar function above ½.
fn quantile_errors(table: &Table) -> Vec<f64> {
    let one = |(_, row): &(String, BTreeMap<String, f64>)| {
        let (p, z) = (row["p"], row["z"]);
        let got = if (1e-300..=0.5).contains(&p) {
            let mut out = [0.0];
            slice::upper_quantile(&[p], &mut out);
            -out[0]
        } else {
            normal::quantile(p)
        };
        error(got, z, z.abs().max(1.0))
    };
    table.iter().map(one).collect()
}

/// Of z, and of ln dz/dx.
fn map_errors(points: &Table, mixtures: &BTreeMap<String, Mixture>) -> (Vec<f64>, Vec<f64>) {
    let one = |(case, row): &(String, BTreeMap<String, f64>)| {
        let (mut z, mut log_det) = ([0.0; LOGICAL_LANES], [0.0; LOGICAL_LANES]);
        mixtures[case].forward(&[row["x"]; LOGICAL_LANES], &mut z, &mut log_det);
        let relative = |got: f64, want: f64| error(got, want, want.abs().max(1.0));
        (relative(z[0], row["z"]), relative(log_det[0], row["log_jac"]))
    };
    points.iter().map(one).unzip()
}
