//! A small model with every kind of layer and its memory, in literal numbers.
#![allow(dead_code)] // each test binary uses its own part of it

use gauss_flow::{Flow, LayerSpec, StopReason};
use gauss_model::provenance::{Epoch, How, Training};
use gauss_model::{Column, Error, Model, Provenance};

/// A small flow with every kind of layer, in literal numbers.
pub fn small_flow() -> Flow {
    let layers = vec![
        LayerSpec::Standardize,
        LayerSpec::Rotation { reflections: 1, base: true },
        LayerSpec::Marginal { components: 2 },
    ];
    let params = vec![
        1.5, -0.25, 0.1, 0.2, // shift, log_scale
        0.6, 0.8, 0.0, -1.0, 1.0, 0.0, // a reflector, a base
        0.1, -0.1, 0.3, 0.0, -1.0, 1.0, -0.5, 2.0, -0.2, 0.0, 0.4,
        -0.7, // logits, means, ln σ
    ];
    Flow::from_parts(2, layers, params).expect("literal numbers")
}

/// What the golden files of versions 1 and 2 remember.
pub fn old_provenance() -> Provenance {
    let epoch = |epoch, train_nll, validation_nll| Epoch {
        epoch,
        train_nll,
        validation_nll,
        learning_rate: 5e-3,
    };
    Provenance {
        rows: 1234,
        effective_rows: 1234.0,
        seed: u64::MAX,
        how: How::Words("by hand".to_owned()),
        created_by: "the tests".to_owned(),
        training: Some(Training {
            epochs: vec![epoch(0, 2.5, None), epoch(1, 2.25, Some(2.375))],
            best_epoch: 1,
            stopped: StopReason::Finished,
        }),
        notes: vec![("entropy".to_owned(), "1.25".to_owned())],
        ..Provenance::default()
    }
}

pub fn small_model_of(columns: Vec<Column>) -> Result<Model, Error> {
    Model::new(small_flow(), columns, old_provenance())
}

pub fn small_model() -> Model {
    let columns = vec![Column::real("länge"), Column::real("width")];
    small_model_of(columns).expect("a small model")
}
