//! Which columns of a table are wanted, by name wherever there are names.

use gauss_flow::Column;

use super::Fault;

/// The columns that a command wants of a table.
#[derive(Debug, Clone, Copy)]
pub enum Select<'a> {
    /// Every column, in file order.
    All,
    /// These names, in this order; the user asked for them.
    Named(&'a [String]),
    /// Every column but these, in file order.
    Except(&'a [String]),
    /// The columns a model was fitted to: by name, in the model's order, whatever else the table
    /// holds. Never by position, except where the table has no header at all.
    Model(&'a [Column]),
    /// The latent table of a model with so many columns: `z0, z1, ...` by name where they are all
    /// there, otherwise a table of exactly that width by position.
    Latent(usize),
}

/// The names of latent columns: `z0, z1, ...`.
pub fn latent_names(dim: usize) -> Vec<String> {
    numbered('z', dim)
}

/// The names of data columns that have no others: `x0, x1, ...`.
pub fn data_names(dim: usize) -> Vec<String> {
    numbered('x', dim)
}

fn numbered(prefix: char, count: usize) -> Vec<String> {
    (0..count).map(|k| format!("{prefix}{k}")).collect()
}

impl Select<'_> {
    /// The positions of the wanted columns among `names`; `named` says whether the file itself
    /// gave the names.
    pub(super) fn positions(self, names: &[String], named: bool) -> Result<Vec<usize>, Fault> {
        let found = || names.to_vec();
        match self {
            Select::All => Ok((0..names.len()).collect()),
            Select::Named(wanted) => {
                find(names, wanted).map_err(|column| Fault::NoSuchColumn { column, found: found() })
            }
            Select::Except(excluded) => {
                let out = find(names, excluded)
                    .map_err(|column| Fault::NoSuchColumn { column, found: found() })?;
                let left: Vec<usize> = (0..names.len()).filter(|k| !out.contains(k)).collect();
                if left.is_empty() { Err(Fault::NothingLeft) } else { Ok(left) }
            }
            Select::Model(wanted) if !named => by_position(names, wanted.len()),
            Select::Model(columns) => {
                let wanted: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
                find(names, &wanted).map_err(|column| {
                    if wanted.iter().any(|name| names.contains(name)) {
                        Fault::ModelColumn { column, found: found() }
                    } else {
                        Fault::ModelColumns { expected: wanted, found: found() }
                    }
                })
            }
            Select::Latent(dim) => {
                find(names, &latent_names(dim)).or_else(|_| by_position(names, dim))
            }
        }
    }
}

/// The position of each wanted name, or the first name that is not there.
fn find(names: &[String], wanted: &[String]) -> Result<Vec<usize>, String> {
    wanted
        .iter()
        .map(|name| names.iter().position(|n| n == name).ok_or_else(|| name.clone()))
        .collect()
}

/// All columns of a table that must have `dim` of them.
fn by_position(names: &[String], dim: usize) -> Result<Vec<usize>, Fault> {
    if names.len() == dim {
        return Ok((0..dim).collect());
    }
    Err(Fault::Width { expected: dim, got: names.len(), found: names.to_vec() })
}
