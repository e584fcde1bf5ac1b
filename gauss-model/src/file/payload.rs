//! The payload of a model file, and the one place that knows bincode.

use crate::columns::{self, Column};
use crate::error::Error;
use crate::model::Model;
use crate::provenance::{Epoch, How, Provenance, Training};
use gauss_flow::{Flow, LayerSpec, StopReason};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{FormatError, MAX_PAYLOAD};

/// What rotations may derive, in numbers per parameter of the model: 16 reflections, as the search
/// has them, pay for 4,096 dimensions.
const UNPAID_PER_PARAM: usize = 256;
/// What they may derive anyway: half a mebibyte.
const UNPAID_ANYWAY: usize = 1 << 16;

/// Version 3.
#[derive(Serialize, Deserialize)]
struct Payload {
    dim: u64,
    layers: Vec<LayerSpec>,
    params: Vec<f64>,
    columns: Vec<Column>,
    provenance: Provenance,
}

/// What version 2 stored.
#[derive(Deserialize)]
struct SecondPayload {
    dim: u64,
    layers: Vec<LayerSpec>,
    params: Vec<f64>,
    columns: Vec<Column>,
    metadata: Metadata,
}

/// What version 1 stored: no columns but their names.
#[derive(Deserialize)]
struct FirstPayload {
    dim: u64,
    layers: Vec<LayerSpec>,
    params: Vec<f64>,
    names: Vec<String>,
    metadata: Metadata,
}

/// Versions 1 and 2 remembered a fit in words.
#[derive(Deserialize)]
struct Metadata {
    rows: u64,
    seed: u64,
    recipe: String,
    created_by: String,
    history: Option<History>,
    notes: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct History {
    epochs: Vec<TimedEpoch>,
    best_epoch: u64,
    stopped: StopReason,
}

#[derive(Deserialize)]
struct TimedEpoch {
    epoch: u64,
    train_nll: f64,
    validation_nll: Option<f64>,
    learning_rate: f64,
    /// Of no concern: the same fit is the same model, however long it took.
    _seconds: f64,
}

impl From<Metadata> for Provenance {
    fn from(metadata: Metadata) -> Self {
        let Metadata { rows, seed, recipe, created_by, history, notes } = metadata;
        Provenance {
            rows,
            effective_rows: rows as f64,
            seed,
            how: How::Words(recipe),
            created_by,
            training: history.map(Training::from),
            notes,
            ..Provenance::default()
        }
    }
}

impl From<History> for Training {
    fn from(History { epochs, best_epoch, stopped }: History) -> Self {
        let epochs = epochs.into_iter().map(|record| Epoch {
            epoch: record.epoch as usize,
            train_nll: record.train_nll,
            validation_nll: record.validation_nll,
            learning_rate: record.learning_rate,
        });
        Training { epochs: epochs.collect(), best_epoch: best_epoch as usize, stopped }
    }
}

impl From<SecondPayload> for Payload {
    fn from(second: SecondPayload) -> Self {
        let SecondPayload { dim, layers, params, columns, metadata } = second;
        Payload { dim, layers, params, columns, provenance: metadata.into() }
    }
}

impl From<FirstPayload> for Payload {
    fn from(FirstPayload { dim, layers, params, names, metadata }: FirstPayload) -> Self {
        // Names were optional. A dimension that has none is paid for by a number at least, so that
        // a few bytes do not claim columns without end.
        let columns = if names.is_empty() && dim <= params.len() as u64 {
            columns::unnamed(dim as usize)
        } else {
            names.into_iter().map(Column::real).collect()
        };
        Payload { dim, layers, params, columns, provenance: metadata.into() }
    }
}

/// Fixed-width little-endian integers; no more is written than the limit.
fn encoding() -> impl bincode::config::Config {
    bincode::config::legacy().with_limit::<MAX_PAYLOAD>()
}

fn refused(error: &impl std::fmt::Display) -> FormatError {
    FormatError::Payload { reason: error.to_string() }
}

/// The payload of the present version.
pub(super) fn encode(model: &Model) -> Result<Vec<u8>, FormatError> {
    let payload = Payload {
        dim: model.flow().dim() as u64,
        layers: model.flow().layers().to_vec(),
        params: model.flow().params().to_vec(),
        columns: model.columns().to_vec(),
        provenance: model.provenance().clone(),
    };
    let bytes = bincode::serde::encode_to_vec(payload, encoding()).map_err(|e| refused(&e))?;
    if bytes.len() > MAX_PAYLOAD {
        return Err(FormatError::TooLarge { got: bytes.len() as u64 });
    }
    Ok(bytes)
}

/// The model in a payload of `version`, 1 to 3, all of it.
pub(super) fn decode(version: u16, bytes: &[u8]) -> Result<Model, FormatError> {
    let Payload { dim, layers, params, columns, provenance } = match version {
        1 => decode_as::<FirstPayload>(bytes)?.into(),
        2 => decode_as::<SecondPayload>(bytes)?.into(),
        _ => decode_as::<Payload>(bytes)?,
    };
    let dim = usize::try_from(dim).unwrap_or(usize::MAX);
    let claimed = layers.iter().map(|layer| unpaid(layer, dim)).fold(0, usize::saturating_add);
    let most = params.len().saturating_mul(UNPAID_PER_PARAM).max(UNPAID_ANYWAY);
    let params_len = params.len();
    let flow = Flow::from_parts(dim, layers, params).map_err(Error::from)?;
    if claimed > most {
        return Err(FormatError::Unpaid { claimed, params: params_len, most });
    }
    Ok(Model::new(flow, columns, provenance)?)
}

/// Numbers that a layer derives, beyond a fixed multiple of its parameters; saturating.
fn unpaid(layer: &LayerSpec, dim: usize) -> usize {
    match *layer {
        LayerSpec::Rotation { reflections, base } => {
            let product = if base { 0 } else { dim.saturating_mul(dim) };
            product.saturating_add(reflections.saturating_mul(reflections))
        }
        _ => 0,
    }
}

fn decode_as<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FormatError> {
    // The decoder makes room for as long a string as is claimed before it looks for its bytes, up to
    // a limit that is a constant: the least that holds the payload.
    let decode = match bytes.len() {
        0..=0xFFF => decode_within::<T, { 1 << 12 }>,
        0x1000..=0xFFFF => decode_within::<T, { 1 << 16 }>,
        0x1_0000..=0xF_FFFF => decode_within::<T, { 1 << 20 }>,
        0x10_0000..=0xFF_FFFF => decode_within::<T, { 1 << 24 }>,
        _ => decode_within::<T, MAX_PAYLOAD>,
    };
    let (payload, read) = decode(bytes)?;
    match bytes.len() - read {
        0 => Ok(payload),
        extra => Err(FormatError::Trailing { extra: extra as u64 }),
    }
}

/// What the bytes begin with, and how many it takes.
fn decode_within<T: DeserializeOwned, const LIMIT: usize>(
    bytes: &[u8],
) -> Result<(T, usize), FormatError> {
    let encoding = bincode::config::legacy().with_limit::<LIMIT>();
    bincode::serde::decode_from_slice(bytes, encoding).map_err(|e| refused(&e))
}
