//! The model file: what is written comes back to the bit, and whatever else is refused by name.

#[path = "support/models.rs"]
mod models;
mod support;

use gauss_flow::{Error as FlowError, InvalidLayer, LayerSpec};
use gauss_model::columns::unnamed;
use gauss_model::file::{FileError, FormatError};
use gauss_model::{Column, Error, InvalidKind, Kind, Model, Provenance, Support};
use models::{small_model, small_model_of};
use proptest::prelude::*;
use std::path::PathBuf;
use support::{bits, cases, flow, flows, normals};

/// Bytes before the payload.
const HEADER: usize = 28;

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
        // No double lies beyond, or between.
        Support::Above(f64::MAX),
        Support::Below(f64::MIN),
        Support::Within(1.0, 1.0_f64.next_up()),
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

/// A rotation without base derives d × d numbers of d parameters or of none.
#[test]
fn matrices_that_the_file_does_not_pay_for_are_refused() {
    let rotation = |reflections: u64| {
        let mut bytes = 1_u32.to_le_bytes().to_vec();
        bytes.extend(reflections.to_le_bytes());
        bytes.push(0);
        bytes
    };
    // d, so many rotations, their reflectors, d named columns, a provenance as of version 1.
    let file = |dim: u64, layers: u64, reflections: u64| {
        let mut payload = dim.to_le_bytes().to_vec();
        payload.extend(layers.to_le_bytes());
        (0..layers).for_each(|_| payload.extend(rotation(reflections)));
        let params = dim * layers * reflections;
        payload.extend(params.to_le_bytes());
        (0..params).for_each(|_| payload.extend(1.0_f64.to_le_bytes()));
        payload.extend(dim.to_le_bytes());
        for j in 0..dim {
            let name = format!("c{j}");
            payload.extend((name.len() as u64).to_le_bytes());
            payload.extend(name.as_bytes());
        }
        payload.extend([0; 16 + 16 + 1 + 8]);
        sealed(1, &payload)
    };
    for (dim, layers, reflections) in [(1_000, 2_000, 0), (30_000, 1, 1), (2, 1, 100_000)] {
        let error = Model::from_bytes(&file(dim, layers, reflections)).expect_err("unpaid");
        assert!(matches!(error, FormatError::Unpaid { .. }), "{dim} {layers}: {error}");
    }
    for (dim, layers, reflections) in [(200, 1, 0), (200, 8, 16), (3, 500, 0)] {
        assert!(Model::from_bytes(&file(dim, layers, reflections)).is_ok(), "{dim} {layers}");
    }
}

/// Numbers that are well formed each: what loads draws numbers, and does so in bounded time.
#[test]
fn hostile_numbers_are_refused_or_draw_numbers() {
    const HOSTILE: [f64; 16] = [
        0.0,
        -0.0,
        5e-324,
        -1e-300,
        1e-8,
        1.0,
        7.0,
        -300.0,
        300.0,
        700.0,
        -700.0,
        1e19,
        1e154,
        1e300,
        f64::MAX,
        f64::MIN,
    ];
    let (mut refused, mut drawn) = (0, 0);
    let payload = bytes()[HEADER..].to_vec();
    let params = payload.windows(8).position(|w| w == 1.5_f64.to_le_bytes()).expect("the first");
    let mut check = |payload: &[u8]| match Model::from_bytes(&sealed(3, payload)) {
        Err(_) => refused += 1,
        Ok(model) => {
            let x = model.sample(200, &mut support::rng(1));
            for column in x.col_iter() {
                assert!(column.iter().all(|v| v.is_finite()), "{:?}", model.flow().params());
            }
            drawn += 1;
        }
    };
    for value in HOSTILE {
        for at in (params..payload.len() - 7).step_by(8) {
            let mut changed = payload.clone();
            changed[at..at + 8].copy_from_slice(&value.to_le_bytes());
            check(&changed);
        }
        // Two of the marginal's ln σ of a column, a scale and a mean: together they are worse.
        for other in HOSTILE {
            for (one, two) in [(18, 19), (2, 3), (0, 2), (14, 18), (14, 15)] {
                let mut changed = payload.clone();
                for (index, value) in [(one, value), (two, other)] {
                    let at = params + 8 * index;
                    changed[at..at + 8].copy_from_slice(&f64::to_le_bytes(value));
                }
                check(&changed);
            }
        }
    }
    assert!(refused > 100 && drawn > 100, "{refused} refused, {drawn} drawn");
}

/// A device without end is looked at as far as a header reaches.
#[test]
fn an_endless_file_is_no_model() {
    struct Endless(usize);
    impl std::io::Read for Endless {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            to.fill(0);
            self.0 += to.len();
            Ok(to.len())
        }
    }
    let mut endless = Endless(0);
    let read = gauss_model::file::read_bytes(&mut endless).expect("zeros");
    assert_eq!((read.len(), endless.0), (HEADER, HEADER));
    assert_eq!(Model::from_bytes(&read), Err(FormatError::Magic));
}
