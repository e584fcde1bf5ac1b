//! The program as a user meets it: files in, files out, exit codes and one-line messages.

mod bad_input;
mod cautions;
mod compare;
mod defects;
mod docs;
mod escapes;
mod formats;
mod interrupt;
mod kinds;
mod options;
mod plot;
mod remedies;
mod report;
mod reproducible;
mod schema;
mod setup;
mod snapshots;
mod support;
mod usage;
mod weights;
mod workflow;
