//! The model file: what is written comes back to the bit, and whatever else is refused by name.

mod support;

use gauss_flow::{Error as FlowError, Flow, InvalidLayer, LayerSpec, StopReason};
use gauss_model::columns::unnamed;
use gauss_model::file::{FileError, FormatError};
use gauss_model::gauss_rbig::baseline::Baseline;
use gauss_model::gauss_rbig::defects::Defect;
use gauss_model::gauss_rbig::recipe::{Budget, Candidate, Method, Recipe, Refit};
use gauss_model::provenance::{
    Epoch, HeldOut, How, Noise, Rival, Training, Trial, Weights, Winner,
};
use gauss_model::{Column, Error, InvalidKind, Kind, Model, Provenance, Support};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::{bits, cases, flow, flows, normals};

/// Bytes before the payload.
const HEADER: usize = 28;

/// A small flow with every kind of layer, in literal numbers.
fn small_flow() -> Flow {
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
fn old_provenance() -> Provenance {
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

fn small_model_of(columns: Vec<Column>) -> Result<Model, Error> {
    Model::new(small_flow(), columns, old_provenance())
}

fn small_model() -> Model {
    let columns = vec![Column::real("länge"), Column::real("width")];
    small_model_of(columns).expect("a small model")
}

fn bytes() -> Vec<u8> {
    small_model().to_bytes().expect("a small model")
}

/// A file with this version and payload and checksums to match.
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

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn what_is_saved_comes_back_to_the_bit(flow in flows(6), seed in any::<u64>()) {
        let x = normals(20, flow.dim(), seed);
        let log_prob = flow.log_prob(x.as_ref()).expect("columns");
        let columns = unnamed(flow.dim());
        let model = Model::new(flow, columns, Provenance::default()).expect("d columns");
        let bytes = model.to_bytes().expect("bytes");
        let again = Model::from_bytes(&bytes).expect("a model");
        prop_assert_eq!(bits(again.flow().params()), bits(model.flow().params()));
        prop_assert_eq!(&again, &model);
        prop_assert_eq!(again.to_bytes().expect("bytes"), bytes);
        prop_assert_eq!(bits(&again.flow().log_prob(x.as_ref()).expect("columns")), bits(&log_prob));
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let bytes = bytes();
    assert!((300..2000).contains(&bytes.len()), "{}", bytes.len());
    let mut refused = 0;
    for at in 0..bytes.len() {
        // Each single bit, and all of them.
        for mask in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let mut damaged = bytes.clone();
            damaged[at] ^= mask;
            let error = Model::from_bytes(&damaged).expect_err("a damaged model");
            let want = match at {
                0..8 => FormatError::Magic,
                8..28 => FormatError::Checksum { part: "header" },
                _ => FormatError::Checksum { part: "payload" },
            };
            assert_eq!(error, want, "byte {at}, mask {mask}");
            refused += 1;
        }
    }
    assert_eq!(refused, 9 * bytes.len());
}

#[test]
fn every_truncation_is_found() {
    let bytes = bytes();
    for len in 0..bytes.len() {
        let error = Model::from_bytes(&bytes[..len]).expect_err("half a model");
        let expected = if len < HEADER { HEADER } else { bytes.len() } as u64;
        let want = FormatError::Truncated { expected, got: len as u64 };
        assert_eq!(error, want, "{len} bytes");
    }
    let mut longer = bytes;
    longer.extend([0; 3]);
    assert_eq!(Model::from_bytes(&longer), Err(FormatError::Trailing { extra: 3 }));
}

#[test]
fn another_version_is_refused_by_its_number() {
    let payload = &bytes()[HEADER..];
    assert!(Model::from_bytes(&sealed(3, payload)).is_ok(), "`sealed` makes valid files");
    for got in [0, 4, 7, u16::MAX] {
        assert_eq!(Model::from_bytes(&sealed(got, payload)), Err(FormatError::Version { got }));
    }
}

/// A checksum does not make a flow: what decodes goes through the same checks as what is built.
#[test]
fn a_well_sealed_absurdity_is_refused() {
    let payload = &bytes()[HEADER..];
    // dim, the number of layers, and the three layers: u32 variant, then their numbers.
    let with = |at: usize, value: u64| {
        let mut changed = payload.to_vec();
        changed[at..at + 8].copy_from_slice(&value.to_le_bytes());
        Model::from_bytes(&sealed(3, &changed)).expect_err("no flow")
    };
    assert_eq!(with(0, 0), FormatError::Invalid(Error::Flow(FlowError::NoDimensions)));
    for dim in [1, 3, 1 << 32, 1 << 62, u64::MAX] {
        let error = with(0, dim);
        assert!(
            matches!(
                error,
                FormatError::Invalid(Error::Flow(FlowError::Parameters { got: 22, .. }))
            ),
            "{error}"
        );
    }
    // More layers than there are bytes.
    for n in [4, 1 << 40, u64::MAX] {
        let error = with(8, n);
        assert!(matches!(error, FormatError::Payload { .. }), "{n}: {error}");
    }
    // A layer of a kind that does not exist.
    let mut unknown = payload.to_vec();
    unknown[16..20].copy_from_slice(&9_u32.to_le_bytes());
    let error = Model::from_bytes(&sealed(3, &unknown)).expect_err("no layer");
    assert!(matches!(error, FormatError::Payload { .. }), "{error}");
    // So many reflections that counting their numbers overflows.
    let reflections = 8 + 8 + 4 + 4;
    // The second wraps around to the right count.
    for count in [u64::MAX, (1 << 63) + 1] {
        let error = with(reflections, count);
        assert!(
            matches!(error, FormatError::Invalid(Error::Flow(FlowError::Parameters { .. }))),
            "{error}"
        );
    }
    // A NaN among the parameters: the first is 1.5.
    let first = payload.windows(8).position(|w| w == 1.5_f64.to_le_bytes()).expect("1.5");
    let error = with(first, f64::NAN.to_bits());
    assert!(
        matches!(
            error,
            FormatError::Invalid(Error::Flow(FlowError::InvalidLayer {
                layer: 0,
                reason: InvalidLayer::NonFinite { index: 0, value },
            })) if value.is_nan()
        ),
        "{error}"
    );
    // A payload that goes on after its end, and an empty one.
    let mut longer = payload.to_vec();
    longer.push(0);
    assert_eq!(Model::from_bytes(&sealed(3, &longer)), Err(FormatError::Trailing { extra: 1 }));
    let error = Model::from_bytes(&sealed(3, &[])).expect_err("nothing");
    assert!(matches!(error, FormatError::Payload { .. }), "{error}");
    // A length that no model has.
    let mut huge = sealed(3, payload)[..12].to_vec();
    huge.extend((1_u64 << 40).to_le_bytes());
    huge.extend([0; 4]);
    huge.extend(crc32fast::hash(&huge).to_le_bytes());
    assert_eq!(Model::from_bytes(&huge), Err(FormatError::TooLarge { got: 1 << 40 }));
}

proptest! {
    #![proptest_config(cases(2000))]

    /// No bytes whatever make the reader panic, nor allocate what they claim.
    #[test]
    fn sealed_noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..400) {
        let own = bytes();
        let mut payload = own[HEADER..].to_vec();
        let at = at % payload.len();
        payload.splice(at..(at + noise.len()).min(payload.len()), noise.iter().copied());
        if let Ok(model) = Model::from_bytes(&sealed(3, &payload)) {
            // Noise in a number or a name may be a model all the same.
            prop_assert_eq!(model.flow().dim(), 2);
        }
        prop_assert!(Model::from_bytes(&noise).is_err());
        let _ = Model::from_bytes(&sealed(3, &noise)).expect_err("noise is no model");
    }
}

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
    let candidate = Candidate {
        smooth: true,
        first: 8,
        blocks: 16,
        components: 4,
        reflections: 2,
        prior: 3.0,
        noise: 0.125,
    };
    let recipe = Recipe {
        method: Method::Joint,
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
    let provenance = Provenance {
        effective_rows: 1000.5,
        weights: Some(Weights { column: Some("gewicht".to_owned()) }),
        seed: 7,
        how: How::Recipe(recipe),
        defects,
        noise: vec![Noise { column: 1, width: 0.5 }],
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

/// The bytes of the present version. `GAUSS_WRITE_GOLDEN=1 cargo test -p gauss-model --test file`
/// wrote the files; once released they are never written again, only for a new version.
#[test]
fn the_golden_files_of_version_3_are_read_and_written_alike() {
    for (name, model) in [("model_v3.gauss", full_model()), ("model_v3_b.gauss", other_model())] {
        if std::env::var_os("GAUSS_WRITE_GOLDEN").is_some() {
            model.save(golden(name)).expect("the golden file");
        }
        let bytes = std::fs::read(golden(name)).expect("the golden file");
        assert_eq!(Model::from_bytes(&bytes).expect("the golden file"), model, "{name}");
        assert_eq!(model.to_bytes().expect("a small model"), bytes, "{name}");
    }
}

/// A few bytes do not claim columns without end.
#[test]
fn what_a_file_claims_is_paid_for_in_bytes() {
    // dim, no layers, no parameters, no names or columns, and no provenance to speak of.
    for version in [1, 2, 3] {
        for dim in [1_u64, 1 << 24, 1 << 40, u64::MAX] {
            let mut payload = dim.to_le_bytes().to_vec();
            payload.extend([0; 256]);
            for len in [85, payload.len()] {
                let error = Model::from_bytes(&sealed(version, &payload[..len]));
                assert!(error.is_err(), "version {version}, dimension {dim}");
            }
        }
    }
    // Version 1 by the byte: rows, seed, two words, no history, no notes.
    let mut payload = (1_u64 << 24).to_le_bytes().to_vec();
    payload.extend([0; 24]); // layers, params, names
    payload.extend([0; 16 + 16 + 1 + 8]);
    let error = Model::from_bytes(&sealed(1, &payload)).expect_err("no columns");
    let want = FlowError::Columns { expected: 1 << 24, got: 0 };
    assert_eq!(error, FormatError::Invalid(Error::Flow(want)));
}

#[test]
fn columns_that_cannot_be_are_no_model() {
    let with = |kind: Kind| {
        let columns = vec![Column::real("länge"), Column::of("width", kind)];
        small_model_of(columns).map(|_| ())
    };
    let invalid = |reason| Err(Error::InvalidKind { column: 1, reason });
    for support in [
        Support::Above(f64::NAN),
        Support::Below(f64::INFINITY),
        Support::Within(1.0, 1.0),
        Support::Within(2.0, 1.0),
        Support::Within(-1e308, 1e308),
    ] {
        // Not by equality, which a NaN has none of.
        let error = with(Kind::Real(support)).expect_err("bounds");
        let want = Error::InvalidKind { column: 1, reason: InvalidKind::Bounds(support) };
        assert_eq!(error.to_string(), want.to_string());
    }
    let half = Support::Above(0.5);
    assert_eq!(with(Kind::Integer(half)), invalid(InvalidKind::Bounds(half)));
    assert_eq!(with(Kind::Category(Vec::new())), invalid(InvalidKind::NoLevels));
    let twice = ["a", "b", "a"].map(str::to_owned).to_vec();
    assert_eq!(with(Kind::Category(twice)), invalid(InvalidKind::LevelTwice("a".to_owned())));

    let name = "länge".to_owned();
    let twice = vec![Column::real("länge"), Column::real("länge")];
    assert_eq!(small_model_of(twice), Err(Error::ColumnTwice { name }));
    let three = vec![Column::real("a"), Column::real("b"), Column::real("c")];
    let want = FlowError::Columns { expected: 2, got: 3 };
    assert_eq!(small_model_of(three), Err(Error::Flow(want)));
    let fill = Column { fill: Some(-1.0), ..Column::of("b", Kind::Real(Support::Above(0.0))) };
    let error = small_model_of(vec![Column::real("a"), fill]).expect_err("a negative filling");
    assert!(matches!(error, Error::Fill { column: 1, value: -1.0, .. }), "{error}");
}

#[test]
fn a_file_is_replaced_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.gauss");
    small_model().save(&path).expect("saved");
    let flow = flow(3, &[LayerSpec::Marginal { components: 4 }], 1);
    let other = Model::new(flow, unnamed(3), Provenance::default()).expect("a model");
    other.save(&path).expect("saved over");
    assert_eq!(Model::load(&path).expect("loaded"), other);
    let left: Vec<PathBuf> =
        std::fs::read_dir(folder.path()).expect("read").map(|e| e.expect("entry").path()).collect();
    assert_eq!(left, [path], "no temporary file is left");
}

#[test]
fn the_file_s_name_is_in_every_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing.gauss");
    let error = Model::load(&missing).expect_err("no file");
    assert!(matches!(&error, FileError::Io { path, .. } if *path == missing), "{error}");
    assert!(error.to_string().contains("missing.gauss"));
    let no_folder = folder.path().join("none").join("model.gauss");
    let error = small_model().save(&no_folder).expect_err("no folder");
    assert!(matches!(&error, FileError::Io { path, .. } if *path == no_folder), "{error}");
    let wrong = folder.path().join("wrong.gauss");
    std::fs::write(&wrong, "x,y\n1,2\n").expect("written");
    let error = Model::load(&wrong).expect_err("a table");
    let magic = |source: &FormatError| *source == FormatError::Magic;
    assert!(
        matches!(&error, FileError::Format { path, source } if *path == wrong && magic(source))
    );
    assert!(error.to_string().contains("wrong.gauss"));
}
