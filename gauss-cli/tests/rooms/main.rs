//! The order of the house: arrows point down only, between the rooms of this crate (`imports`) and
//! between the crates (`dependencies`). What is refused is named with file, line and both ends.

mod dependencies;
mod imports;
mod tokens;
