//! Model files with a right checksum and numbers that nothing was fitted to, in every kind of layer:
//! what loads draws numbers and scores without a NaN, and no file allocates what it does not pay for.

mod support;

use faer::Mat;
use gauss_flow::layers::tails::{self, Tail};
use gauss_flow::{Flow, LayerSpec};
use gauss_model::columns::unnamed;
use gauss_model::{Column, Kind, Model, Provenance, Support};

/// Bytes before the payload.
const HEADER: usize = 28;
/// The most that a file of n bytes may allocate, beyond [`ANYWAY`], per byte: 256 numbers of 8 bytes
/// for each parameter (`file/mod.rs`), which is 8 bytes itself, and its copies.
const PER_BYTE: u64 = 300;
/// Numbers that rotations may derive anyway, the buffers of a block of rows, and what a decoder makes
/// room for before it believes a length.
const ANYWAY: u64 = 8 << 20;

const HOSTILE: [f64; 18] = [
    0.0,
    -0.0,
    5e-324,
    -1e-300,
    1e-8,
    1.0,
    -1.0,
    7.0,
    -300.0,
    300.0,
    700.0,
    -700.0,
    1e19,
    -1e19,
    1e154,
    1e300,
    f64::MAX,
    f64::MIN,
];

fn sealed(payload: &[u8]) -> Vec<u8> {
    let mut bytes = b"GAUSSFLO".to_vec();
    bytes.extend(3_u16.to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend((payload.len() as u64).to_le_bytes());
    bytes.extend(crc32fast::hash(payload).to_le_bytes());
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend(payload);
    bytes
}

/// Ordinary numbers for a layer in two dimensions.
fn numbers(layer: LayerSpec) -> Vec<f64> {
    match layer {
        LayerSpec::Tails => {
            let tail = |index| Tail { threshold: 1.5, probability: 0.1, scale: 0.75, index };
            tails::params(&[[Some(tail(0.5)), None], [Some(tail(0.25)), Some(tail(1.5))]])
        }
        LayerSpec::Standardize => vec![1.5, -0.25, 0.1, 0.2],
        other => (0..other.n_params(2)).map(|i| 0.3 * (i as f64 * 1.7).sin()).collect(),
    }
}

/// A model in two dimensions of these layers: real columns, or one above 0 and a whole number.
fn model(layers: &[LayerSpec], plain: bool) -> Model {
    let params = layers.iter().flat_map(|layer| numbers(*layer)).collect();
    let flow = Flow::from_parts(2, layers.to_vec(), params).expect("ordinary numbers");
    let columns = if plain {
        unnamed(2)
    } else {
        vec![
            Column::of("above", Kind::Real(Support::Above(0.0))),
            Column::of("whole", Kind::Integer(Support::Within(0.0, 9.0))),
        ]
    };
    Model::new(flow, columns, Provenance::default()).expect("a model")
}

/// Every kind of layer that a fit makes, alone behind a standardisation and before another.
fn models() -> Vec<Model> {
    let layers = [
        LayerSpec::Conditioned { components: 2, hidden: 3, context: 0, reversed: false },
        LayerSpec::Conditioned { components: 2, hidden: 3, context: 0, reversed: true },
        LayerSpec::Rosenblatt { components: 1 },
        LayerSpec::Rosenblatt { components: 2 },
        LayerSpec::Tails,
        LayerSpec::Marginal { components: 2 },
    ];
    let behind = |layer: LayerSpec| match layer {
        LayerSpec::Tails => vec![LayerSpec::Tails, LayerSpec::Marginal { components: 2 }],
        LayerSpec::Rosenblatt { .. } => vec![LayerSpec::Standardize, layer],
        layer => {
            vec![LayerSpec::Standardize, layer, LayerSpec::Rotation { reflections: 2, base: false }]
        }
    };
    layers
        .iter()
        .flat_map(|layer| [true, false].map(|plain| model(&behind(*layer), plain)))
        .collect()
}

/// Refused, or a model that draws numbers and scores them, near and far.
fn is_harmless(payload: &[u8]) -> bool {
    let Ok(model) = Model::from_bytes(&sealed(payload)) else { return false };
    let bound = model.bind();
    let told = || format!("{:?} {:?}", model.flow().layers(), model.flow().params());
    let drawn = bound.sample(30, &mut support::rng(1));
    let finite = |x: &Mat<f64>| x.col_iter().all(|c| c.iter().all(|v| v.is_finite()));
    assert!(finite(&drawn), "{}", told());
    let far = Mat::from_fn(12, 2, |i, j| {
        [0.5, 3.0, 1e3, 1e19, 1e150, 1e300][(i + j) % 6] * if i < 6 { 1.0 } else { -1.0 }
    });
    for x in [drawn, far] {
        let log_prob = bound.log_prob(x.as_ref()).expect("two columns");
        assert!(log_prob.iter().all(|p| !p.is_nan()), "{log_prob:?} {}", told());
    }
    true
}

#[test]
fn hostile_numbers_in_every_layer_are_refused_or_harmless() {
    let (mut refused, mut harmless) = (0, 0);
    let mut count = |is: bool| if is { harmless += 1 } else { refused += 1 };
    for model in models() {
        let payload = model.to_bytes().expect("a small model")[HEADER..].to_vec();
        assert!(is_harmless(&payload));
        let params = model.flow().params();
        let first: Vec<u8> = params.iter().flat_map(|p| p.to_le_bytes()).collect();
        let at = payload.windows(first.len()).position(|w| w == first).expect("the parameters");
        // Discrete columns cost a sum over a cell for every row.
        let some = if model.is_discrete() { 6 } else { 2 };
        // One number, two that follow each other, and two that are alike in the two columns.
        for (k, value) in HOSTILE.iter().enumerate().step_by(some) {
            for i in 0..params.len() {
                for (distance, other) in
                    [(0, *value), (1, HOSTILE[(k + i) % HOSTILE.len()]), (2, -*value)]
                {
                    let mut changed = payload.clone();
                    for (index, value) in [(i + distance, other), (i, *value)] {
                        if index < params.len() {
                            changed[at + 8 * index..][..8].copy_from_slice(&value.to_le_bytes());
                        }
                    }
                    count(is_harmless(&changed));
                }
            }
        }
        // And everything after them: bounds, fillings, what a fit remembers.
        for at in (at + first.len()..payload.len().saturating_sub(7)).step_by(4) {
            for value in HOSTILE.into_iter().step_by(some) {
                let mut changed = payload.clone();
                changed[at..at + 8].copy_from_slice(&value.to_le_bytes());
                count(is_harmless(&changed));
            }
        }
    }
    assert!(refused > 500 && harmless > 500, "{refused} refused, {harmless} harmless");
}

/// Bytes that are alive at once, at most, while a file is read on this thread.
fn allocated(bytes: &[u8]) -> u64 {
    let read = || {
        let _ = Model::from_bytes(bytes);
    };
    allocation_counter::measure(read).bytes_max
}

/// The counter knows its own thread alone.
fn on_one_thread(test: impl FnOnce() + Send) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    pool.install(test);
}

#[test]
fn a_file_allocates_no_more_than_it_pays_for() {
    const CLAIMS: [u64; 8] = [0, 255, 4096, 1 << 16, 1 << 24, 1 << 32, 1 << 63, u64::MAX];
    on_one_thread(|| {
        for model in models() {
            let payload = model.to_bytes().expect("a small model")[HEADER..].to_vec();
            assert!(allocated(&sealed(&payload)) > 0, "the counter does not count");
            // Every length is somewhere among these.
            for at in 0..payload.len() - 7 {
                for claim in CLAIMS {
                    let mut changed = payload.clone();
                    changed[at..at + 8].copy_from_slice(&claim.to_le_bytes());
                    let bytes = sealed(&changed);
                    let bound = ANYWAY + PER_BYTE * bytes.len() as u64;
                    let found = allocated(&bytes);
                    assert!(found <= bound, "{claim} at {at}: {found} bytes of {bound}");
                }
            }
        }
    });
}

/// Layers without parameters cost bytes of their own, and what they derive is bounded.
#[test]
fn many_layers_and_columns_are_paid_for() {
    let rotations = |layers: usize, dim: usize| {
        let layers = vec![LayerSpec::Rotation { reflections: 0, base: false }; layers];
        let flow = Flow::from_parts(dim, layers, Vec::new()).expect("no numbers");
        let model = Model::new(flow, unnamed(dim), Provenance::default());
        model.expect("a model").to_bytes().expect("a small model")
    };
    on_one_thread(|| {
        for (layers, dim) in [(1, 250), (60, 30), (2_000, 20), (50, 300)] {
            let bytes = rotations(layers, dim);
            let (found, bound) = (allocated(&bytes), ANYWAY + PER_BYTE * bytes.len() as u64);
            assert!(found <= bound, "{layers} layers of {dim}: {found} bytes of {bound}");
        }
    });
}
