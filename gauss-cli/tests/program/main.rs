//! The program as a user meets it: files in, files out, exit codes and one-line messages.

mod bad_input;
mod defects;
mod plot;
mod report;
mod reproducible;
mod support;
mod usage;
mod workflow;
