//! Files that were written once are read for ever, and those of the present version are written
//! alike.

#[path = "support/models.rs"]
mod models;

use gauss_flow::layers::conditioned::{marginal_near_identity, params_for_marginal};
use gauss_flow::layers::tables::{Parts, Values};
use gauss_flow::layers::tails::Tail;
use gauss_flow::{Flow, LayerSpec, StopReason};
use gauss_model::gauss_rbig::baseline::Baseline;
use gauss_model::gauss_rbig::defects::Defect;
use gauss_model::gauss_rbig::recipe::{
    Blocks, Budget, Candidate, Conditioned, Method, Recipe, Refit,
};
use gauss_model::provenance::{
    ColumnTails, HeldOut, How, Noise, Rival, Training, Trial, Weights, Winner,
};
use gauss_model::{Column, Kind, Model, Provenance, Support};
use models::{old_provenance, small_flow, small_model, small_model_of};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A model that was written once can be read for ever: the bytes of format version 1, which had no
/// kinds of columns.
#[test]
fn the_golden_file_of_version_1_is_read() {
    assert_eq!(Model::load(golden("model_v1.gauss")).expect("the golden file"), small_model());
}

/// Those of version 2, which remembered a fit in words.
#[test]
fn the_golden_file_of_version_2_is_read() {
    let first = Column::of("länge", Kind::Real(Support::Above(0.5)));
    let second = Column::of("width", Kind::Integer(Support::Within(-1.0, 7.0)));
    let columns = vec![first, Column { fill: Some(1.0), ..second }];
    let want = small_model_of(columns).expect("a small model");
    assert_eq!(Model::load(golden("model_v2.gauss")).expect("the golden file"), want);
}

/// A model that remembers one of everything.
fn full_model() -> Model {
    let candidate = Candidate::Blocks(Blocks {
        smooth: true,
        first: 8,
        blocks: 16,
        components: 4,
        reflections: 2,
        prior: 3.0,
        noise: 0.125,
    });
    let recipe = Recipe {
        method: Method::Joint,
        kind: Some(gauss_model::gauss_rbig::recipe::DensityKind::Blocks),
        first: Some(8),
        blocks: Some(16),
        components: Some(4),
        reflections: Some(2),
        prior: Some(3.0),
        noise: Some(0.125),
        budget: Budget::Time(Duration::from_millis(1500)),
        batch_size: Some(64),
        learning_rate: 0.01,
        refit: Refit::Always,
        validation_fraction: 0.25,
        seed: 7,
        tails: true,
    };
    let defects = vec![
        Defect::Copy { column: 1, of: 0, scale: 2.0, shift: -1.0, residual: 0.0, width: 0.5 },
        Defect::LinearCombination {
            column: 1,
            terms: vec![(0, 2.0)],
            intercept: 0.5,
            residual: 0.25,
            width: 0.5,
        },
        Defect::FewValues { column: 0, distinct: 5, width: 1.0 },
        Defect::Atom { column: 1, value: 0.0, share: 0.25, width: 0.5 },
        Defect::Rounded { column: 1, step: 0.5, ties: 0.75 },
        Defect::FewRows { rows: 2, columns: vec![0, 1] },
    ];
    let tail = Tail { threshold: 2.0, probability: 0.125, scale: 0.5, index: 0.25 };
    let provenance = Provenance {
        effective_rows: 1000.5,
        weights: Some(Weights { column: Some("gewicht".to_owned()) }),
        seed: 7,
        how: How::Recipe(recipe),
        defects,
        noise: vec![Noise { column: 1, width: 0.5 }],
        tails: vec![ColumnTails::new(1, None, Some(tail))],
        held_out: HeldOut::Split { rows: 308 },
        held_out_log_prob: Some(-2.375),
        winner: Some(Winner::Trained(candidate)),
        refitted: true,
        cancelled: true,
        trials: vec![Trial { round: 1, candidate, steps: 300, before: -3.0, after: -2.5 }],
        baselines: vec![
            Rival { baseline: Baseline::Gaussian, score: -3.0 },
            Rival { baseline: Baseline::Independent, score: -2.75 },
        ],
        ..old_provenance()
    };
    let names = vec!["ja".to_owned(), "nein".to_owned()];
    let first = Column { fill: Some(1.0), ..Column::of("länge", Kind::Category(names)) };
    let second = Column::of("width", Kind::Integer(Support::Within(-1.0, 7.0)));
    Model::new(small_flow(), vec![first, second], provenance).expect("a small model")
}

/// And one of the other variants.
fn other_model() -> Model {
    let provenance = Provenance {
        weights: Some(Weights { column: None }),
        how: How::Recipe(Recipe { budget: Budget::Epochs(300), ..Recipe::default() }),
        held_out: HeldOut::Given { rows: 100 },
        winner: Some(Winner::Baseline(Baseline::Independent)),
        training: Some(Training {
            epochs: Vec::new(),
            best_epoch: 0,
            stopped: StopReason::NoImprovement,
        }),
        ..Provenance::default()
    };
    let first = Column { fill: Some(0.25), ..Column::of("a", Kind::Real(Support::Below(0.5))) };
    let second = Column::of("b", Kind::Real(Support::Above(-1.0)));
    Model::new(small_flow(), vec![first, second], provenance).expect("a small model")
}

/// A model whose flow has every layer that full and other models lack: discrete columns with tables, and
/// another given them.
fn tabled_model() -> Model {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let conditioned =
        LayerSpec::Conditioned { components: 2, hidden: 4, context: 1, reversed: false };
    let start = marginal_near_identity(1, 2);
    let network = params_for_marginal(conditioned, 1, &start, &[0.5, -0.5], &mut rng);
    let shifted = LayerSpec::Shifted { context: 1 };
    let parts = Parts {
        columns: vec![
            Values { column: 0, own: vec![0.0, 1.0], below: 0.0, above: 0.0 },
            Values { column: 2, own: vec![3.0, 4.0, 7.0], below: 0.0, above: 0.5 },
        ],
        log_weights: vec![-0.5, -1.0],
        log_probs: (0..14).map(|k| -0.25 * f64::from(k)).collect(),
        features: vec![0.0, 1.0, 0.0, 0.5, -0.5, 0.25, 2.0],
    };
    let (tables, own) = parts.layer(3);
    let params = [vec![0.5, 1.0, -0.25, 0.125], network.expect("numbers"), own].concat();
    let flow = Flow::from_parts(3, vec![shifted, conditioned, tables], params).expect("a flow");
    let columns = vec![
        Column::of("city", Kind::Category(vec!["Oslo".into(), "Rome".into()])),
        Column::real("height"),
        Column::of("children", Kind::Integer(Support::Above(3.0))),
    ];
    let given = Conditioned {
        layers: 1,
        components: 2,
        later: 4,
        hidden: 4,
        decay: 0.5,
        prior: 0.0,
        noise: 0.0,
    };
    let winner = Winner::Trained(Candidate::Given { conditioned: given, features: 1 });
    let trial = Trial {
        round: 1,
        candidate: Candidate::Classes { classes: 2 },
        steps: 7,
        before: -2.0,
        after: -1.5,
    };
    let provenance =
        Provenance { winner: Some(winner), trials: vec![trial], ..Provenance::default() };
    Model::new(flow, columns, provenance).expect("a model")
}

/// The bytes of the present version. `GAUSS_WRITE_GOLDEN=1 cargo test -p gauss-model --test golden`
/// wrote the files; once released they are never written again, only for a new version.
#[test]
fn the_golden_files_of_version_3_are_read_and_written_alike() {
    let models = [
        ("model_v3.gauss", full_model()),
        ("model_v3_b.gauss", other_model()),
        ("model_v3_c.gauss", tabled_model()),
    ];
    for (name, model) in models {
        if std::env::var_os("GAUSS_WRITE_GOLDEN").is_some() && !golden(name).exists() {
            model.save(golden(name)).expect("the golden file");
        }
        let bytes = std::fs::read(golden(name)).expect("the golden file");
        assert_eq!(Model::from_bytes(&bytes).expect("the golden file"), model, "{name}");
        assert_eq!(model.to_bytes().expect("a small model"), bytes, "{name}");
    }
}
