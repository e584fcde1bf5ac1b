//! The program as a user meets it: files in, files out, exit codes and one-line messages.

mod bad_input;
mod cautions;
mod compare;
mod defects;
mod docs;
mod formats;
mod interrupt;
mod kinds;
mod plot;
mod report;
mod reproducible;
mod schema;
mod setup;
mod snapshots;
mod support;
mod usage;
mod weights;
mod workflow;
