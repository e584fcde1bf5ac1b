//! Tables with no density of their own are found, and tables that have one are left alone.

use faer::{Mat, MatRef};
use gauss_rbig::Error;
use gauss_rbig::defects::{Defect, Remedy, add_noise, examine, resolution};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Cauchy, Distribution, Exp1, StandardNormal, StudentT};

/// One value of a continuous distribution, of a sort that depends on the column.
fn continuous(sort: usize, rng: &mut impl Rng) -> f64 {
    let normal: f64 = rng.sample(StandardNormal);
    let uniform: f64 = rng.random();
    match sort % 9 {
        0 => normal,
        1 => Cauchy::new(3.0, 1e-3).unwrap().sample(rng),
        2 => 1e6 + 1e3 * uniform,
        3 => rng.sample(Exp1),
        4 => normal * 0.05 + if uniform < 0.3 { 2.0 } else { -1.0 },
        5 => normal * if uniform < 0.5 { 1e-4 } else { 1.0 },
        6 => (3.0 * normal).exp(),
        7 => StudentT::new(1.5).unwrap().sample(rng) * 1e-20,
        _ => 1.7e9 + 10.0 * normal,
    }
}

fn table(rows: usize, columns: usize, first: usize, seed: u64) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Mat::from_fn(rows, columns, |_, j| continuous(first + j, &mut rng))
}

/// The table with its columns beside others.
fn beside(x: &Mat<f64>, more: &[&dyn Fn(usize) -> f64]) -> Mat<f64> {
    let columns = x.ncols();
    Mat::from_fn(x.nrows(), columns + more.len(), |i, j| {
        if j < columns { x[(i, j)] } else { more[j - columns](i) }
    })
}

fn found(x: MatRef<'_, f64>) -> Vec<Defect> {
    examine(x).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

fn round(value: f64, step: f64) -> f64 {
    (value / step).round() * step
}

#[test]
fn independent_continuous_columns_have_no_defect() {
    let shapes = [(50, 1), (50, 4), (50, 30), (200, 12), (1000, 30), (20_000, 5)];
    for (rows, columns) in shapes {
        let seeds = if rows > 1000 { 4 } else { 60 };
        for seed in 0..seeds {
            let x = table(rows, columns, seed as usize, seed);
            assert_eq!(found(x.as_ref()), [], "{rows} x {columns}, seed {seed}");
        }
    }
    for seed in 0..2000 {
        let x = table(6 + seed as usize % 30, 3, seed as usize, seed);
        assert_eq!(found(x.as_ref()), [], "few rows, seed {seed}");
    }
}

#[test]
fn dependent_columns_with_a_density_have_no_defect() {
    for (noise, seed) in [(0.3, 1), (0.1, 2), (0.05, 3), (0.03, 4)] {
        let x = table(500, 9, 0, seed);
        let e = [table(500, 1, 0, seed + 100), table(500, 1, 0, seed + 200)];
        let sum = |i: usize| x[(i, 0)] + x[(i, 3)] + noise * e[0][(i, 0)];
        let near = |i: usize| x[(i, 0)] - noise * e[1][(i, 0)];
        let parabola = |i: usize| x[(i, 0)] * x[(i, 0)];
        let x = beside(&x, &[&sum, &near, &parabola]);
        assert_eq!(found(x.as_ref()), [], "noise {noise}");
    }
}

/// Single precision, and tables printed with few digits but for many rows' resolution.
#[test]
fn a_fine_grid_is_no_defect() {
    let x = table(20_000, 9, 0, 5);
    let single = Mat::from_fn(20_000, 7, |i, j| f64::from(x[(i, j)] as f32));
    assert_eq!(found(single.as_ref()), []);
    let printed = Mat::from_fn(20_000, 1, |i, _| round(x[(i, 0)], 1e-3));
    assert_eq!(found(printed.as_ref()), []);
}

#[test]
fn copies_are_found_with_their_scale_and_shift() {
    for (rows, seed) in [(10, 1), (50, 2), (700, 3), (20_000, 4)] {
        for source in 0..9 {
            let x = table(rows, 9, 0, seed);
            let exact = |i: usize| x[(i, source)];
            let up = if source == 7 { 0.0 } else { 40.0 }; // 40 + 1e-20 is 40
            let scaled = |i: usize| -2.5 * x[(i, source)] + up;
            let both = beside(&x, &[&exact, &scaled]);
            let found = found(both.as_ref());
            let relations: Vec<&Defect> =
                found.iter().filter(|defect| defect.kind() == "copy").collect();
            let [
                Defect::Copy { column: 9, of, scale, shift, residual, .. },
                Defect::Copy { column: 10, of: other, scale: other_scale, .. },
            ] = relations[..]
            else {
                panic!("{rows} rows, column {source}: {found:?}")
            };
            assert_eq!((*of, *other), (source, source));
            assert_eq!((*scale, *shift, *residual), (1.0, 0.0, 0.0));
            assert_eq!(*other_scale, -2.5);
        }
    }
}

#[test]
fn a_copy_with_a_little_noise_is_found_with_its_residual() {
    for (rows, noise) in [(50, 5e-3), (50, 1e-6), (5000, 3e-3), (5000, 1e-9)] {
        let x = table(rows, 4, 2, 6); // uniform, exponential, two clusters, two scales
        let e = table(rows, 1, 0, 7);
        let copy = |i: usize| 3.0 * x[(i, 1)] + noise * 3.0 * e[(i, 0)];
        let found = found(beside(&x, &[&copy]).as_ref());
        let [Defect::Copy { column: 4, of: 1, scale, residual, .. }] = found[..] else {
            panic!("{rows} rows, noise {noise}: {found:?}")
        };
        assert!((scale - 3.0).abs() < 10.0 * noise, "{scale}");
        assert!((residual / (3.0 * noise) - 1.0).abs() < 0.4, "{residual}");
    }
}

#[test]
fn sums_of_columns_are_found_with_their_terms() {
    for (rows, columns) in [(30, 6), (300, 20), (3000, 100)] {
        let x = table(rows, columns, 0, 8);
        let two = |i: usize| x[(i, 0)] + x[(i, 3)];
        let three = |i: usize| 2.0 * x[(i, 3)] - 0.125 * x[(i, 4)] + x[(i, 0)] - 7.0;
        let found = found(beside(&x, &[&two, &three]).as_ref());
        let expected = [
            (columns, vec![(0, 1.0), (3, 1.0)], 0.0),
            (columns + 1, vec![(0, 1.0), (3, 2.0), (4, -0.125)], -7.0),
        ];
        assert_eq!(found.len(), 2, "{found:?}");
        for (defect, (at, exact, constant)) in found.iter().zip(expected) {
            let Defect::LinearCombination { column, terms, intercept, residual, .. } = defect
            else {
                panic!("{defect:?}")
            };
            assert_eq!((*column, terms, *residual), (at, &exact, 0.0));
            assert!(close(*intercept, constant), "{intercept}");
        }
    }
}

#[test]
fn percentages_that_sum_to_a_hundred() {
    for (rows, step) in [(60, 0.0), (60, 0.1), (4000, 0.01), (4000, 1.0)] {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let mut x = Mat::<f64>::zeros(rows, 4);
        for i in 0..rows {
            let parts: [f64; 4] = std::array::from_fn(|_| rng.sample(Exp1));
            let total: f64 = parts.iter().sum();
            for j in 0..4 {
                let percent = 100.0 * parts[j] / total;
                x[(i, j)] = if step > 0.0 { round(percent, step) } else { percent };
            }
        }
        let found = found(x.as_ref());
        let relation = found.iter().find(|defect| defect.kind() == "linear_combination");
        let Some(Defect::LinearCombination { column: 3, terms, intercept, residual, .. }) =
            relation
        else {
            panic!("step {step}: {found:?}")
        };
        assert!(terms.iter().map(|term| term.0).eq(0..3), "step {step}: {terms:?}");
        assert!(terms.iter().all(|term| (term.1 + 1.0).abs() < 0.05), "step {step}: {terms:?}");
        assert!((intercept - 100.0).abs() < 2.0 && *residual <= step, "step {step}: {relation:?}");
    }
}

#[test]
fn a_relation_that_the_order_of_columns_hides() {
    // Column 2 has a coefficient of 1/50 in what nearly vanishes.
    let (x, e) = (table(1000, 1, 0, 10), table(1000, 2, 0, 11));
    let y = |i: usize| x[(i, 0)] + 0.02 * e[(i, 0)] + 1e-3 * e[(i, 1)];
    let last = |i: usize| e[(i, 0)];
    let found = found(beside(&x, &[&y, &last]).as_ref());
    assert_eq!(found.len(), 1, "{found:?}");
    let Defect::LinearCombination { residual, .. } = &found[0] else { panic!("{found:?}") };
    assert!(*residual < 2e-3 && found[0].columns().len() == 3);
}

#[test]
fn few_values() {
    for rows in [30, 50, 20_000, 100_000] {
        let x = table(rows, 3, 0, 12);
        let mut rng = ChaCha8Rng::seed_from_u64(13);
        let grades: Vec<f64> = (0..rows).map(|_| f64::from(rng.random_range(1..=5))).collect();
        let found = found(beside(&x, &[&|i| grades[i]]).as_ref());
        assert_eq!(found, [Defect::FewValues { column: 3, distinct: 5, width: 1.0 }]);
    }
    // Off any grid.
    let x = Mat::from_fn(5000, 1, |i, _| ((i * 7 % 60) as f64 + 1.0).ln());
    assert!(
        matches!(found(x.as_ref())[..], [Defect::FewValues { column: 0, distinct: 60, .. }]),
        "{:?}",
        found(x.as_ref())
    );
}

#[test]
fn rounded_columns() {
    for rows in [50, 1000, 20_000] {
        let x = table(rows, 4, 0, 14);
        let coarse = |i: usize| round(x[(i, 0)], 0.1);
        let unit = |i: usize| round(x[(i, 3)], 0.05) * 1.8 + 32.0;
        let both = Mat::from_fn(rows, 2, |i, j| if j == 0 { coarse(i) } else { unit(i) });
        let found = found(both.as_ref());
        let [
            Defect::Rounded { column: 0, step, ties },
            Defect::Rounded { column: 1, step: other, .. },
        ] = found[..]
        else {
            panic!("{rows} rows: {found:?}")
        };
        assert!(close(step, 0.1) && close(other, 0.09), "{step}, {other}");
        assert!(ties > 0.5 && ties <= 1.0);
    }
}

#[test]
fn atoms() {
    for (rows, share) in [(50, 0.5), (1000, 0.25), (20_000, 0.5), (20_000, 0.01)] {
        let mut rng = ChaCha8Rng::seed_from_u64(15);
        let x = table(rows, 2, 2, 16);
        let zeros: Vec<f64> = (0..rows)
            .map(|_| if rng.random::<f64>() < share { 0.0 } else { rng.sample(Exp1) })
            .collect();
        let count = zeros.iter().filter(|v| **v == 0.0).count();
        let found = found(beside(&x, &[&|i| zeros[i]]).as_ref());
        let [Defect::Atom { column: 2, value: 0.0, share, .. }] = found[..] else {
            panic!("{rows} rows: {found:?}")
        };
        assert_eq!(share, count as f64 / rows as f64);
    }
    // Censored at both ends, and rounded between: a rain gauge.
    let x = table(4000, 1, 0, 17);
    let gauge = Mat::from_fn(4000, 1, |i, _| round(x[(i, 0)].clamp(-1.0, 2.0), 0.01));
    let found = found(gauge.as_ref());
    let [
        Defect::Atom { value: -1.0, .. },
        Defect::Atom { value: 2.0, .. },
        Defect::Rounded { step, .. },
    ] = found[..]
    else {
        panic!("{found:?}")
    };
    assert!(close(step, 0.01));
}

#[test]
fn columns_that_are_mostly_zero_are_no_copies() {
    let mut rng = ChaCha8Rng::seed_from_u64(18);
    let x = Mat::from_fn(3000, 3, |_, _| {
        if rng.random::<f64>() < 0.97 { 0.0 } else { rng.sample::<f64, _>(Exp1) }
    });
    let found = found(x.as_ref());
    assert!(found.iter().map(Defect::kind).eq(["atom"; 3]), "{found:?}");
}

#[test]
fn one_hot_columns_sum_to_one() {
    let x = Mat::from_fn(900, 3, |i, j| f64::from(u8::from(i * i % 7 % 3 == j)));
    let found = found(x.as_ref());
    let relation = found.last().unwrap();
    let Defect::LinearCombination { column: 2, terms, intercept, .. } = relation else {
        panic!("{found:?}")
    };
    assert_eq!((&terms[..], *intercept), (&[(0, -1.0), (1, -1.0)][..], 1.0));
}

/// One row at 10¹², in one column or in all, changes neither what is found nor its numbers.
#[test]
fn an_outlier_neither_hides_nor_makes_a_defect() {
    for rows in [60, 3000] {
        let x = table(rows, 6, 0, 19);
        let free = table(rows, 1, 0, 29);
        let mut rng = ChaCha8Rng::seed_from_u64(20);
        let zeros: Vec<f64> =
            (0..rows).map(|_| if rng.random() { 0.0 } else { rng.sample(Exp1) }).collect();
        let grades: Vec<f64> = (0..rows).map(|_| f64::from(rng.random_range(1..=5))).collect();
        let full = beside(
            &x,
            &[
                &|i| x[(i, 0)] - 3.0,
                &|i| x[(i, 3)] + x[(i, 4)],
                &|i| zeros[i],
                &|i| grades[i],
                &|i| round(free[(i, 0)], 0.1),
            ],
        );
        let clean = found(full.as_ref());
        let kinds: Vec<&str> = clean.iter().map(Defect::kind).collect();
        assert_eq!(kinds, ["atom", "few_values", "rounded", "copy", "linear_combination"]);
        for hit in (0..full.ncols()).map(|j| vec![j]).chain([(0..full.ncols()).collect()]) {
            let mut dirty = full.clone();
            for &j in &hit {
                dirty[(7, j)] = 1e12 * (1.0 + j as f64).sqrt();
            }
            let found = found(dirty.as_ref());
            assert!(found.iter().map(Defect::kind).eq(kinds.iter().copied()), "{hit:?}: {found:?}");
            for (a, b) in found.iter().zip(&clean).filter(|(a, _)| a.columns().len() > 1) {
                assert_eq!(a.columns(), b.columns());
                let number = |defect: &Defect| match defect {
                    Defect::Copy { scale, shift, .. } => [*scale, *shift],
                    Defect::LinearCombination { terms, intercept, .. } => [terms[1].1, *intercept],
                    _ => unreachable!(),
                };
                let (a, b) = (number(a), number(b));
                assert!((0..2).all(|k| close(a[k], b[k])), "{hit:?}: {a:?}, {b:?}");
            }
        }
        // Nor does a row of outliers in columns that have nothing to do with each other.
        let mut dirty = x.clone();
        (0..6).for_each(|j| dirty[(11, j)] = 1e12 * (1.0 + j as f64));
        assert_eq!(found(dirty.as_ref()), []);
    }
}

/// A relation that one row in fifty breaks still holds most rows on a plane.
#[test]
fn a_relation_broken_in_a_few_rows_is_found() {
    for seed in 0..10 {
        let (x, e) = (table(1000, 4, 2, seed), table(1000, 1, 0, seed + 50));
        let sum = |i: usize| {
            let whole = x[(i, 1)] + x[(i, 2)];
            if i % 50 == 7 { whole + 3.0 * e[(i, 0)] } else { whole }
        };
        let found = found(beside(&x, &[&sum]).as_ref());
        let [Defect::LinearCombination { column: 4, terms, residual: 0.0, .. }] = &found[..] else {
            panic!("seed {seed}: {found:?}")
        };
        assert_eq!(terms, &[(1, 1.0), (2, 1.0)]);
    }
}

/// Columns that have nothing to do with a relation, of whatever tails, do not hide it.
#[test]
fn a_noisy_relation_beside_heavy_tails_is_found() {
    for (rows, seed) in [(60, 1), (60, 2), (2000, 3), (2000, 4)] {
        let (x, e) = (table(rows, 9, 0, seed), table(rows, 1, 0, seed + 50));
        let sum = |i: usize| x[(i, 0)] - x[(i, 3)] + 5e-3 * e[(i, 0)];
        let found = found(beside(&x, &[&sum]).as_ref());
        let [Defect::LinearCombination { column: 9, terms, residual, .. }] = &found[..] else {
            panic!("{rows} rows, seed {seed}: {found:?}")
        };
        assert!(terms.iter().map(|term| term.0).eq([0, 3]), "{terms:?}");
        assert!((residual / 5e-3 - 1.0).abs() < 0.4, "{residual}");
    }
}

#[test]
fn small_and_flat_tables() {
    assert_eq!(found(Mat::full(1, 1, 2.0).as_ref()), []);
    assert_eq!(found(Mat::full(100, 3, 2.0).as_ref()), []);
    assert_eq!(found(table(2, 1, 0, 21).as_ref()), []);
    let wide = found(table(20, 30, 0, 22).as_ref());
    assert_eq!(wide, [Defect::FewRows { rows: 20, columns: (0..30).collect() }]);
    // A copy is still told from that.
    let x = table(20, 30, 0, 23);
    let wide = found(beside(&x, &[&|i| 2.0 * x[(i, 4)]]).as_ref());
    assert!(wide.iter().map(Defect::kind).eq(["few_rows", "copy"]), "{wide:?}");
    assert_eq!(examine(Mat::zeros(0, 2).as_ref()), Err(Error::Rows { needed: 1, got: 0 }));
    assert!(matches!(
        examine(Mat::full(3, 2, f64::NAN).as_ref()),
        Err(Error::NonFinite { row: 0, column: 0, .. })
    ));
}

#[test]
fn the_noise_floor_removes_what_it_is_proposed_for() {
    let x = table(2000, 3, 2, 24);
    let free = table(2000, 2, 3, 29);
    let mut rng = ChaCha8Rng::seed_from_u64(25);
    let grades: Vec<f64> = (0..2000).map(|_| f64::from(rng.random_range(1..=5))).collect();
    let mut full = beside(
        &x,
        &[
            &|i| x[(i, 0)] * 4.0,
            &|i| x[(i, 0)] * 1e-3 - x[(i, 1)],
            &|i| grades[i],
            &|i| round(free[(i, 0)], 0.1),
            &|i| free[(i, 1)].max(0.5),
        ],
    );
    let before = found(full.as_ref());
    assert_eq!(before.len(), 5, "{before:?}");
    for defect in &before {
        let width = match defect {
            Defect::Rounded { step, .. } => *step,
            Defect::Copy { width, .. }
            | Defect::LinearCombination { width, .. }
            | Defect::FewValues { width, .. }
            | Defect::Atom { width, .. } => *width,
            other => panic!("{other:?}"),
        };
        add_noise(&mut full, defect.columns()[0], width, 26).unwrap();
    }
    assert_eq!(found(full.as_ref()), []);
}

#[test]
fn noise_follows_from_seed_and_column() {
    let noisy = |column: usize, seed: u64| {
        let mut x = Mat::<f64>::zeros(1000, 2);
        add_noise(&mut x, column, 0.5, seed).unwrap();
        x.col(column).iter().copied().collect::<Vec<f64>>()
    };
    let noise = noisy(0, 1);
    assert_eq!(noise, noisy(0, 1));
    assert!(noise != noisy(0, 2) && noise != noisy(1, 1));
    assert!(noise.iter().all(|v| v.abs() <= 0.25));
    // Mean of n uniforms: standard error w/√(12 n).
    let mean = noise.iter().sum::<f64>() / 1000.0;
    assert!(mean.abs() < 4.0 * 0.5 / 12_000f64.sqrt());
    let mut x = Mat::<f64>::zeros(3, 1);
    for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(add_noise(&mut x, 0, width, 0), Err(Error::Option { .. })));
    }
}

#[test]
fn the_resolution_is_the_step_off_the_atoms() {
    let x = table(5000, 1, 0, 27);
    let gauge = Mat::from_fn(5000, 1, |i, _| round(x[(i, 0)].max(0.0), 0.25));
    assert_eq!(resolution(gauge.col(0)), 0.25);
    assert_eq!(resolution(Mat::full(4, 1, 1.0).col(0)), 0.0);
}

#[test]
fn a_sentence_names_columns_and_relation() {
    let names = ["height", "weight", "body mass"].map(str::to_owned);
    let copy = |scale, shift, residual| Defect::Copy {
        column: 1,
        of: 0,
        scale,
        shift,
        residual,
        width: 0.25,
    };
    for (defect, sentence) in [
        (copy(1.0, 0.0, 0.0), r#"column "weight" is a copy of "height", to rounding"#),
        (
            copy(-2.0, 0.5, 0.0123),
            r#"column "weight" is 0.5 - 2 * "height", but for 0.012 (standard deviation)"#,
        ),
        (
            Defect::LinearCombination {
                column: 2,
                terms: vec![(0, 0.1), (1, -1.0)],
                intercept: -3.0,
                residual: 0.0,
                width: 1.0,
            },
            r#"column "body mass" is 0.1 * "height" - "weight" - 3, to rounding"#,
        ),
        (
            Defect::Atom { column: 0, value: -999.25, share: 0.2512, width: 0.1 },
            r#"column "height" is exactly -999.25 in 25.1 % of the rows"#,
        ),
    ] {
        assert_eq!(defect.sentence(&names), sentence);
    }
    assert_eq!(
        copy(1.0, 0.0, 0.0).remedies(),
        [Remedy::Exclude { column: 1 }, Remedy::Noise { column: 1, width: 0.25 }]
    );
    let rounded = Defect::Rounded { column: 2, step: 0.1, ties: 0.9 };
    assert_eq!(rounded.remedies()[1], Remedy::Noise { column: 2, width: 0.1 });
    let few = Defect::FewRows { rows: 3, columns: vec![0, 1, 2] };
    assert_eq!(few.remedies(), [Remedy::MoreRows { least: 4 }, Remedy::FewerColumns { most: 2 }]);
}

#[test]
fn many_rows_are_quick_and_the_same_at_any_number_of_threads() {
    let x = table(100_000, 8, 0, 28);
    let free = table(100_000, 1, 0, 29);
    let full = beside(&x, &[&|i| x[(i, 3)] + x[(i, 5)], &|i| round(free[(i, 0)], 0.1)]);
    let threads = |count: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        pool.install(|| found(full.as_ref()))
    };
    let one = threads(1);
    assert!(one.iter().map(Defect::kind).eq(["rounded", "linear_combination"]), "{one:?}");
    assert_eq!(one, threads(3));
}

/// Values that all differ are no atom, however near they lie on the column's range: equality is
/// that of values, not a distance.
#[test]
fn values_over_many_decades_are_not_equal() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for (least, most) in [(-290.0, 0.0), (-60.0, 3.0), (-18.0, 0.0), (0.0, 140.0)] {
        let x = Mat::from_fn(2000, 1, |_, _| 10_f64.powf(rng.random_range(least..most)));
        assert_eq!(found(x.as_ref()), [], "10^{least} to 10^{most}");
        let signed = Mat::from_fn(2000, 1, |i, _| if i % 2 == 0 { x[(i, 0)] } else { -x[(i, 0)] });
        assert_eq!(found(signed.as_ref()), [], "±10^{least} to 10^{most}");
        // The same with a value that does stand in a third of the rows.
        let atom = Mat::from_fn(2000, 1, |i, _| if i % 3 == 0 { 0.0 } else { x[(i, 0)] });
        let [Defect::Atom { value, share, .. }] = found(atom.as_ref())[..] else {
            panic!("10^{least} to 10^{most}: {:?}", found(atom.as_ref()));
        };
        assert!(value == 0.0 && (share - 1.0 / 3.0).abs() < 1e-3, "{value} {share}");
    }
}

/// Far from 0 neighbouring values are a few units in the last place apart, and are counted one by
/// one.
#[test]
fn values_at_a_large_offset_are_counted_one_by_one() {
    for (offset, step) in [(1e15, 0.125), (-1e15, 0.25), (1e9, 1.2e-7), (4e18, 512.0)] {
        for values in [3_usize, 7, 12, 18] {
            let x = Mat::from_fn(2000, 1, |i, _| offset + step * ((i * 11) % values) as f64);
            let few = found(x.as_ref()).into_iter().find_map(|defect| match defect {
                Defect::FewValues { distinct, .. } => Some(distinct),
                _ => None,
            });
            assert_eq!(few, Some(values), "{values} values of step {step} at {offset}");
        }
        let x = Mat::from_fn(2000, 1, |i, _| offset + step * ((i * 11) % 26) as f64);
        let few = |defect: &Defect| matches!(defect, Defect::FewValues { .. });
        assert!(!found(x.as_ref()).iter().any(few), "{:?}", found(x.as_ref()));
    }
}
