//! A finite row is scored by a number or by -inf, whatever its bits, and however it came in.

use faer::{Mat, MatRef};
use gauss_cli::table::{Encoding, ReadOptions, Select, read, write};
use gauss_model::{Column, Kind, Model};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::models::models;
use crate::run::{Numbers, Run};

/// Rows of finite doubles of any bits; of some columns a value that they have, so that not all rows
/// are outside a support.
fn rows(numbers: &mut Numbers, model: &Model, n: usize) -> Mat<f64> {
    let own = model.sample(n, &mut ChaCha8Rng::seed_from_u64(numbers.draw()));
    let mut value = |i: usize, j: usize, column: &Column| {
        let stays = match column.kind {
            Kind::Category(_) => true, // a file holds its names
            Kind::Integer(_) => numbers.once_in(2),
            Kind::Real(_) => numbers.once_in(4),
        };
        match (stays, &column.kind) {
            (true, _) => own[(i, j)],
            // A sign that its support has.
            (_, Kind::Real(support)) if support.bounds().0 >= 0.0 => numbers.finite().abs(),
            _ => numbers.finite(),
        }
    };
    let columns = model.columns();
    Mat::from_fn(n, columns.len(), |i, j| value(i, j, &columns[j]))
}

fn scored(model: &Model, x: MatRef<'_, f64>) {
    let log_prob = model.log_prob(x).expect("its columns");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let z = model.forward(x, &mut rng).expect("its columns");
    for (i, value) in log_prob.iter().enumerate() {
        let row = || x.row(i).iter().copied().collect::<Vec<f64>>();
        assert!(*value < f64::INFINITY, "{:?} scores {value}", row());
        // Outside a support there is no latent.
        let is_nan = z.row(i).iter().any(|z| z.is_nan());
        assert!(
            !is_nan || *value == f64::NEG_INFINITY,
            "{:?} scores {value}, {:?}",
            row(),
            z.row(i)
        );
        let real = model.columns().iter().all(|column| column.kind == Kind::default());
        assert!(!is_nan || !real, "{:?} has the latent {:?}", row(), z.row(i));
    }
}

#[test]
fn finite_rows_have_a_density_or_none() {
    let run = Run::of("finite");
    let mut numbers = run.numbers();
    for round in run.rounds(20) {
        for model in models() {
            let x = rows(&mut numbers, model, 300);
            let mut bytes = Vec::new();
            // Whole numbers are written as such, where they are none as they are.
            let columns: Vec<Column> = (model.columns().iter())
                .map(|column| match column.kind {
                    Kind::Category(_) => column.clone(),
                    _ => Column::real(&column.name),
                })
                .collect();
            write(&mut bytes, Encoding::default(), &columns, x.as_ref()).expect("memory takes it");
            let file = run.file();
            run.case(round, &bytes, || {
                scored(model, x.as_ref());
                let wanted = Select::Model(model.columns());
                let back = read(&file, wanted, &ReadOptions::default()).expect("finite numbers");
                assert!(back.data == x, "it reads back otherwise");
            });
        }
    }
}
