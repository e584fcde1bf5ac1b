//! Everything that reads bytes of others, given bytes that nobody meant well.
//!
//! | file | what |
//! |---|---|
//! | `run` | how many rounds, from which seed; what is kept of a case that fails |
//! | `mutate` | bytes damaged in the ways in which bytes are |
//! | `tables` | damaged tables of every format: an error or a table, in bounded memory |
//! | `models` | model files with right checksums and one hostile field after the other |
//! | `walk` | where those fields are: the format's structure, followed by serde |
//! | `finite` | every finite double is scored by a number or -inf |
//! | `names` | what the program samples it scores, whatever its columns are called |
//!
//! As a part of the tests this takes seconds and is the same every time. `cargo xtask break` runs
//! it in full, with one seed after the other; `GAUSS_BREAK=SEED` repeats one of those runs.

mod finite;
mod models;
mod mutate;
mod names;
mod run;
mod tables;
mod walk;
