//! Model files whose checksums are right and whose numbers are hostile: every length, every double,
//! every choice of the format in its turn, alone and with others.
//!
//! Such a file is refused; or it is a model, whose draws are finite and whose densities are no NaN.
//! Neither holds more memory than the file's length pays for.

use std::path::Path;
use std::sync::OnceLock;

use faer::Mat;
use gauss_flow::LayerSpec;
use gauss_model::provenance::Provenance;
use gauss_model::{Column, Fit, Kind, Model, Support};
use gauss_rbig::recipe::{Budget, DensityKind, Recipe};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::mutate::mutated;
use crate::run::{Numbers, Run, held};
use crate::walk::{Walk, What};

/// Bytes before the payload, and the version they tell.
const HEADER: usize = 28;
const VERSION: u16 = 3;
/// What reading a model may hold at a time, in bytes: this, and so many times the file's length. Of
/// that the most is a rotation's matrix, 256 numbers for a parameter, in a few copies
/// (`gauss_model::file`).
const ANYWAY: u64 = 1 << 24;
const TIMES: u64 = 1 << 11;

/// The payload, as `gauss_model::file` describes it.
#[derive(Serialize)]
struct Payload<'a> {
    dim: u64,
    layers: &'a [LayerSpec],
    params: &'a [f64],
    columns: &'a [Column],
    provenance: &'a Provenance,
}

/// The way through a model's payload.
fn walk(model: &Model) -> Walk {
    let flow = model.flow();
    Walk::through(&Payload {
        dim: flow.dim() as u64,
        layers: flow.layers(),
        params: flow.params(),
        columns: model.columns(),
        provenance: model.provenance(),
    })
}

/// A file of this payload whose checksums are right.
fn sealed(version: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"GAUSSFLO".to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend((payload.len() as u64).to_le_bytes());
    bytes.extend(crc32fast::hash(payload).to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend(payload);
    bytes
}

/// Small models of every kind of density and of column.
pub fn models() -> &'static [Model] {
    static MODELS: OnceLock<Vec<Model>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let levels = ["Oslo", "Rome", "Bern"].map(str::to_owned).to_vec();
        let columns = [
            Column::real("real"),
            Column::of("positive", Kind::Real(Support::Above(0.0))),
            Column::of("share", Kind::Real(Support::Within(0.0, 1.0))),
            Column::of("count", Kind::Integer(Support::Above(0.0))),
            Column::of("city", Kind::Category(levels)),
        ];
        let data = Mat::from_fn(160, columns.len(), |i, j| {
            let t = (i as f64 * 0.618_033_988_7).fract();
            let u = (i as f64 * 0.414_213_562_4).fract();
            match j {
                0 => (6.0 * t).sin() + 0.2 * u,
                1 => (2.0 * t).exp() * (0.1 + u),
                2 => 0.02 + 0.96 * (0.7 * t + 0.3 * u),
                3 => (5.0 * u * u).floor(),
                _ => (3.0 * t).floor(),
            }
        });
        let kinds = [DensityKind::Blocks, DensityKind::Mixture, DensityKind::Conditioned];
        let widths = [5, 2, 3];
        let fit = |(kind, width): (DensityKind, usize)| {
            let recipe = Recipe {
                kind: Some(kind),
                blocks: (kind == DensityKind::Blocks).then_some(1),
                components: Some(2),
                budget: Budget::Epochs(2),
                ..Recipe::default()
            };
            let fitted = Fit::new(columns[..width].to_vec())
                .recipe(recipe)
                .run(&{ data.subcols(0, width).to_owned() });
            fitted.expect("it fits").model
        };
        kinds.into_iter().zip(widths).map(fit).collect()
    })
}

/// A file is refused, or a model that keeps what models keep.
fn check(bytes: &[u8]) -> Option<Model> {
    let (model, most) = held(|| Model::from_bytes(bytes));
    let allowed = ANYWAY + TIMES * bytes.len() as u64;
    assert!(most <= allowed, "{most} bytes held, {allowed} allowed");
    let model = match model {
        Ok(model) => model,
        Err(fault) => {
            assert!(fault.to_string().len() < 1 << 16, "a message without end");
            return None;
        }
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let x = model.sample(100, &mut rng);
    for (column, values) in model.columns().iter().zip(x.col_iter()) {
        for value in values.iter() {
            assert!(value.is_finite(), "column {:?} draws {value}", column.name);
        }
    }
    let log_prob = model.log_prob(x.as_ref()).expect("its own columns");
    for (i, value) in log_prob.iter().enumerate() {
        assert!(*value < f64::INFINITY, "its own draw {:?} scores {value}", x.row(i));
    }
    for column in model.columns() {
        assert!(
            column.fill.is_none_or(f64::is_finite),
            "{:?} is filled by {:?}",
            column.name,
            column.fill
        );
    }
    Some(model)
}

/// A hostile number for such a field.
fn hostile(numbers: &mut Numbers, what: What, length: usize) -> Vec<u8> {
    let float = |numbers: &mut Numbers| {
        const FLOATS: [f64; 18] = [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.0,
            -0.0,
            5e-324,
            1e-300,
            -1e-8,
            7.0,
            -300.0,
            300.0,
            -700.0,
            700.0,
            745.0,
            1e19,
            1e154,
            1e308,
            f64::MIN,
        ];
        if numbers.once_in(4) { numbers.finite() } else { FLOATS[numbers.below(FLOATS.len())] }
    };
    match what {
        What::Float => float(numbers).to_le_bytes().to_vec(),
        What::Flag => vec![[0, 1, 2, 0xff][numbers.below(4)]],
        What::Variant => {
            [0, 1, 2, 3, 4, 5, 6, 7, 255, u32::MAX][numbers.below(10)].to_le_bytes().to_vec()
        }
        What::Length | What::Whole(_) => {
            let near = [length as u64, length as u64 / 8, 65_536, 4_096];
            let wholes = [0, 1, 2, 3, 255, 1 << 20, 1 << 24, 1 << 32, 1 << 62, 1 << 63, u64::MAX];
            let all = [&near[..], &wholes].concat();
            let value = all[numbers.below(all.len())];
            value.to_le_bytes()[..what.size().min(8)].to_vec()
        }
    }
}

#[test]
fn the_way_through_a_model_is_the_format_s() {
    for model in models() {
        let bytes = model.to_bytes().expect("bytes");
        let walk = walk(model);
        assert!(walk.bytes == bytes[HEADER..], "the walk writes another payload");
        assert!(sealed(VERSION, &walk.bytes) == bytes, "and the header is another");
        let count = |what: What| walk.fields.iter().filter(|(_, other)| *other == what).count();
        assert!(count(What::Length) > 10 && count(What::Float) > 40 && count(What::Variant) > 5);
    }
}

/// Every length and every choice, each with every number that might do harm.
#[test]
fn every_length_that_lies_is_refused_or_harmless() {
    let run = Run::of("lengths");
    let mut numbers = run.numbers();
    let mut round = 0;
    for model in models() {
        let Walk { bytes, fields } = walk(model);
        let fields: Vec<_> = fields.into_iter().filter(|(_, what)| *what != What::Float).collect();
        // In a short run each field once.
        for _ in run.rounds(1) {
            for &(at, what) in &fields {
                let mut payload = bytes.clone();
                let lie = hostile(&mut numbers, what, payload.len());
                payload[at..at + lie.len()].copy_from_slice(&lie);
                let file = sealed(VERSION, &payload);
                run.case(round, &file, || check(&file));
                round += 1;
            }
        }
    }
}

/// Every double, and some of them together: worse than each alone.
#[test]
fn every_double_is_refused_or_draws_numbers() {
    let run = Run::of("doubles");
    let mut numbers = run.numbers();
    let walks: Vec<Walk> = models().iter().map(walk).collect();
    let (mut refused, mut drawn) = (0, 0);
    for round in run.rounds(400) {
        let Walk { bytes, fields } = &walks[numbers.below(walks.len())];
        let floats: Vec<usize> =
            fields.iter().filter(|(_, what)| *what == What::Float).map(|&(at, _)| at).collect();
        let mut payload = bytes.clone();
        for _ in 0..=numbers.below(4) {
            let at = floats[numbers.below(floats.len())];
            let value = hostile(&mut numbers, What::Float, 0);
            payload[at..at + 8].copy_from_slice(&value);
        }
        let file = sealed(VERSION, &payload);
        match run.case(round, &file, || check(&file)) {
            None => refused += 1,
            Some(_) => drawn += 1,
        }
    }
    assert!(refused > 40 && drawn > 40, "{refused} refused, {drawn} drawn");
}

/// Damage of every sort behind a right checksum, in files of every version.
#[test]
fn damaged_payloads_are_refused_or_harmless() {
    let run = Run::of("payloads");
    let mut numbers = run.numbers();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gauss-model/tests/golden");
    let mut files: Vec<(u16, Vec<u8>)> = ["1", "2", "3", "3_b"]
        .map(|name| std::fs::read(golden.join(format!("model_v{name}.gauss"))).expect("a model"))
        .map(|bytes| (u16::from_le_bytes([bytes[8], bytes[9]]), bytes[HEADER..].to_vec()))
        .to_vec();
    files.extend(models().iter().map(|model| (VERSION, walk(model).bytes)));
    for round in run.rounds(400) {
        let (version, whole) = &files[numbers.below(files.len())];
        let (_, other) = &files[numbers.below(files.len())];
        let payload = mutated(&mut numbers, whole, other, &[]);
        let version = if numbers.once_in(8) { 1 + numbers.below(3) as u16 } else { *version };
        let file = sealed(version, &payload);
        run.case(round, &file, || check(&file));
    }
}

/// Without a seal, too: whatever begins as a model, and whatever does not.
#[test]
fn damaged_files_are_refused() {
    let run = Run::of("models");
    let mut numbers = run.numbers();
    let files: Vec<Vec<u8>> =
        models().iter().map(|model| model.to_bytes().expect("bytes")).collect();
    for round in run.rounds(250) {
        let whole = &files[numbers.below(files.len())];
        let file = mutated(&mut numbers, whole, whole, &[b"GAUSSFLO"]);
        let model = run.case(round, &file, || check(&file));
        assert!(model.is_none() || file == *whole, "a damaged file is a model");
    }
}
