//! What the person at the terminal sees, and the key with which they stop it.
//!
//! | file | what |
//! |---|---|
//! | `console` | results on standard output, remarks on standard error |
//! | `remark` | a remark and its level |
//! | `stdout` | the one way to standard output |
//! | `progress` | bars and lines of work that takes more than a second |
//! | `fit`, `stages` | the same for a fit, and for steps of unknown length |
//! | `interrupt` | Ctrl-C, and the files that it must not leave behind |

mod console;
mod fit;
pub mod interrupt;
mod progress;
mod remark;
mod stages;
mod stdout;

pub use console::{Console, complain, say};
pub use fit::FitProgress;
pub use progress::{LINE_PREFIX, Reading, RowProgress};
pub use remark::{Level, Remark};
pub use stages::Stages;
pub use stdout::{StdoutError, to_stdout};
