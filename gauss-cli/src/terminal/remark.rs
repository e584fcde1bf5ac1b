//! A remark: what it says, and how much it asks of its reader.

/// How much a remark asks of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What to beware of.
    Warning,
    /// What could be done.
    Hint,
    /// What is good to know.
    Note,
}

/// A remark on what a command does; it changes no exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How much it asks of its reader.
    pub level: Level,
    /// What it says, without a word for its level.
    pub text: String,
}

impl Remark {
    /// What to beware of.
    pub fn warning(text: impl Into<String>) -> Remark {
        Remark { level: Level::Warning, text: text.into() }
    }

    /// What could be done.
    pub fn hint(text: impl Into<String>) -> Remark {
        Remark { level: Level::Hint, text: text.into() }
    }

    /// What is good to know.
    pub fn note(text: impl Into<String>) -> Remark {
        Remark { level: Level::Note, text: text.into() }
    }
}
