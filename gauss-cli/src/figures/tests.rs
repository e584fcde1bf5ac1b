//! What the figures must be for every kind of column and any number of rows.

use std::sync::OnceLock;

use faer::Mat;
use gauss_flow::Flow;
use gauss_model::{Column, Kind, Model, Provenance, Support, columns};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::dependence::dependences;
use super::{Chart, Drawn, Settings, Subject, smooth};
use crate::plot::{Axis, parse};

/// The limit on a figure's SVG, bytes.
const MAX_SVG: usize = 600_000;

/// About normal.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

/// A model of one block, whose quality is no matter here.
fn model(columns: Vec<Column>, x: &Mat<f64>) -> Model {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let u = columns::dequantize(&columns, x.as_ref(), &mut rng);
    let y = columns::encode(&columns::supports(&columns, &[]), u).y;
    let flow = Flow::builder(x.ncols())
        .standardize()
        .rotation(1)
        .marginal(3)
        .build(y.as_ref(), &mut rng)
        .expect("a flow");
    Model::new(flow, columns, Provenance::default()).expect("a model")
}

fn reals(x: &Mat<f64>) -> Model {
    model((0..x.ncols()).map(|j| Column::real(format!("x{j}"))).collect(), x)
}

fn normals(n: usize, d: usize) -> Mat<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    Mat::from_fn(n, d, |_, _| normal(&mut rng))
}

/// Columns of every kind.
fn mixed() -> &'static (Model, Mat<f64>) {
    static MIXED: OnceLock<(Model, Mat<f64>)> = OnceLock::new();
    MIXED.get_or_init(|| {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let x = Mat::from_fn(600, 7, |_, j| {
            let e = normal(&mut rng);
            match j {
                0 => (2.0 * e).exp(),
                1 => 1.0 / (1.0 + (-e).exp()),
                2 => (3.0 * e.abs()).round(),
                3 => (500.0 * e.abs()).round(),
                4 => e.abs().floor().min(2.0),
                5 => (6.0 * e.abs()).floor().min(19.0),
                _ => e,
            }
        });
        let levels = |n: usize| (0..n).map(|k| format!("level <{k}> of {n}")).collect();
        let kinds = [
            ("income & more", Kind::Real(Support::Above(0.0))),
            ("share", Kind::Real(Support::Within(0.0, 1.0))),
            ("few", Kind::Integer(Support::Above(0.0))),
            ("many", Kind::Integer(Support::Line)),
            ("colour", Kind::Category(levels(3))),
            ("type", Kind::Category(levels(20))),
            ("plain", Kind::default()),
        ];
        let column = |(name, kind): (&str, Kind)| Column { name: name.into(), kind, fill: None };
        (model(kinds.into_iter().map(column).collect(), &x), x)
    })
}

/// Fewer draws than the default: they are most of the work.
fn few() -> Settings {
    Settings { draws: 4000, ..Settings::default() }
}

#[track_caller]
fn subject<'a>(model: &'a Model, x: &Mat<f64>, settings: Settings) -> Subject<'a> {
    Subject::new(model, x.as_ref(), settings).expect("as many columns as the model")
}

/// The names of all figures there are, each of them sound.
#[track_caller]
fn drawn(subject: &Subject<'_>) -> Vec<&'static str> {
    let all = subject.all();
    for Drawn { name, title, caption, figure } in &all {
        assert!(!title.is_empty() && caption.ends_with('.'), "{name}");
        assert!(figure.svg.len() < MAX_SVG, "{name}: {} bytes", figure.svg.len());
        assert!(!figure.svg.contains(" id="), "{name}");
        for attribute in figure.svg.split('"').filter(|a| !a.starts_with("data:")) {
            assert!(!attribute.contains("NaN"), "{name}: {attribute}");
        }
        parse(&figure.svg).unwrap_or_else(|e| panic!("{name}: {e:#}"));
    }
    all.iter().map(|drawn| drawn.name).collect()
}

const WITHOUT_HISTORY: [&str; 7] =
    ["pairs", "marginals", "density", "pushforward", "qq", "latent", "layers"];

#[test]
fn columns_of_every_kind() {
    let (model, x) = mixed();
    let all = subject(model, x, few());
    assert_eq!(drawn(&all), WITHOUT_HISTORY);
    let pairs = all.pairs().expect("pairs").figure.svg;
    assert!(pairs.contains("6 of 7 columns") && pairs.contains("income &amp; more"));
    let marginals = all.marginals().expect("marginals").figure.svg;
    assert!(marginals.contains("12 others") && marginals.contains("per decade"));

    let some = Settings { columns: vec![5, 2], pair: Some([4, 0]), ..few() };
    let some = subject(model, x, some);
    let marginals = some.marginals().expect("marginals").figure.svg;
    assert!(marginals.contains(">few<") && !marginals.contains(">share<"));
    let density = some.density().expect("density").figure.svg;
    assert!(density.contains(">colour<") && density.contains("per value of colour and decade"));
}

#[test]
fn few_rows_and_holes() {
    let (model, x) = mixed();
    for n in [1, 2, 10] {
        let rows = x.subrows(0, n).to_owned();
        assert_eq!(drawn(&subject(model, &rows, few())), WITHOUT_HISTORY, "{n}");
    }
    let none = Mat::from_fn(3, 7, |_, _| f64::NAN);
    assert!(drawn(&subject(model, &none, few())).is_empty());
    let mut holes = x.clone();
    holes[(5, 1)] = f64::NAN; // missing
    holes[(6, 1)] = 2.0; // outside the support
    let holes = subject(model, &holes, few());
    assert_eq!((holes.x.nrows(), holes.z.nrows()), (599, 598));
    let qq = holes.qq().expect("a figure").figure.svg;
    assert!(qq.contains("599 rows; 1 row outside"));
    assert!(Subject::new(model, normals(3, 2).as_ref(), few()).is_err());
}

#[test]
fn one_column_has_no_pairs() {
    let x = normals(300, 1);
    let model = reals(&x);
    let one = subject(&model, &x, few());
    assert_eq!(drawn(&one), ["marginals", "pushforward", "qq"]);
    assert!(one.draw(Chart::History).is_none());
}

#[test]
fn two_columns_have_an_exact_density() {
    let x = normals(400, 2);
    let model = reals(&x);
    let two = subject(&model, &x, few());
    assert_eq!(drawn(&two), WITHOUT_HISTORY);
    assert!(two.density().expect("density").figure.svg.contains("exact density"));
}

#[test]
fn an_exact_density_has_mass_one_in_the_units_of_its_axes() {
    let (_, all) = mixed();
    // Decades of a positive quantity, and whole numbers with a cell each.
    let x = Mat::from_fn(all.nrows(), 2, |i, j| all[(i, 2 * j)]);
    let kinds = [Kind::Real(Support::Above(0.0)), Kind::Integer(Support::Above(0.0))];
    let column = |kind| Column { name: format!("{kind:?}"), kind, fill: None };
    let model = model(kinds.map(column).to_vec(), &x);
    let two = subject(&model, &x, few());
    assert!(two.views[0].is_log() && two.views[1].scale.whole);
    for pair in [[0, 1], [1, 0]] {
        let (ln_p, [across, up]) = two.ln_density(pair).expect("two columns");
        let mass: f64 = ln_p.iter().map(|v| v.exp() * across.width * up.width).sum();
        // The axes hold all but the tails.
        assert!((0.97..1.001).contains(&mass), "{mass}");
    }
    assert!(drawn(&two).contains(&"density"));
}

#[test]
fn strays_and_constants() {
    let clean = normals(500, 3);
    let model = reals(&clean);
    let mut x = clean.clone();
    x[(7, 0)] = 1e12;
    x[(8, 0)] = -1e12;
    for i in 0..500 {
        x[(i, 2)] = 0.25;
    }
    let strays = subject(&model, &x, few());
    assert_eq!(drawn(&strays), WITHOUT_HISTORY);
    let (lo, hi) = strays.views[0].scale.axis.range();
    assert!(hi - lo < 20.0, "strays do not stretch the axis: {lo} {hi}");
    assert!(strays.marginals().expect("marginals").figure.svg.contains("2 outside"));
}

#[test]
fn a_hundred_columns_and_many_rows_stay_light() {
    let x = normals(6000, 100);
    let model = reals(&x);
    let wide = subject(&model, &x, Settings { rows: 1000, ..few() });
    assert_eq!(drawn(&wide), WITHOUT_HISTORY);
    let svg = wide.marginals().expect("marginals").figure.svg;
    assert!(svg.contains("1,000 of 6,000 rows") && svg.contains("24 of 100 columns"));
}

#[test]
fn the_seed_decides_everything() {
    let (model, x) = mixed();
    let svgs = |seed: u64| -> Vec<String> {
        let settings = Settings { seed, rows: 200, ..few() };
        let all = subject(model, x, settings).all();
        all.into_iter().map(|drawn| drawn.figure.svg).collect()
    };
    assert_eq!(svgs(1), svgs(1));
    assert!(svgs(1).iter().zip(svgs(2)).all(|(a, b)| *a != b));
}

#[test]
fn rows_are_chosen_evenly() {
    let x = Mat::from_fn(1000, 1, |i, _| i as f64);
    let model = reals(&x);
    let some = subject(&model, &x, Settings { rows: 100, ..few() });
    let chosen: Vec<f64> = some.x.col(0).iter().copied().collect();
    assert_eq!(chosen.len(), 100);
    for (k, v) in chosen.iter().enumerate() {
        assert_eq!((v / 10.0).floor(), k as f64, "one of every ten");
    }
}

#[test]
fn a_ring_is_found_among_noise() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let noise = normals(2000, 5);
    let angles: Vec<f64> = (0..2000).map(|_| 6.3 * rng.random::<f64>()).collect();
    let x = Mat::from_fn(2000, 5, |i, j| match j {
        1 => angles[i].cos(),
        4 => angles[i].sin(),
        _ => noise[(i, j)],
    });
    let found = dependences(&x, &[0, 1, 2, 3, 4]);
    assert_eq!(found.strongest(), Some([1, 4]));
    let leading = found.leading(3);
    assert!(leading.len() == 3 && leading.contains(&1) && leading.contains(&4), "{leading:?}");
    assert_eq!(dependences(&x, &[2]).strongest(), None);
}

#[test]
fn a_smoothed_density_has_mass_one_and_no_dip_at_its_bounds() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let draws: Vec<f64> = (0..100_000).map(|_| rng.random::<f64>()).collect();
    let axis = Axis::linear(-0.2, 1.2);
    let curve = smooth::curve(&draws, &axis, (0.0, 1.0));
    let step = curve[1].0 - curve[0].0;
    let mass: f64 = curve.iter().map(|c| c.1 * step).sum();
    // A border within a bin moves at most that bin's mass.
    assert!((mass - 1.0).abs() < step, "{mass}");
    let inside = curve.iter().filter(|c| c.0 > step && c.0 < 1.0 - step);
    // 100,000 draws over a kernel of 1/139 of the axis: 1.6 % noise, of which 0.1 is six.
    assert!(inside.clone().count() > 200 && inside.clone().all(|c| (c.1 - 1.0).abs() < 0.1));
    assert!(curve.iter().all(|c| (0.0..=1.0).contains(&c.0) || c.1 == 0.0));
}
