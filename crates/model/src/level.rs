//! How soon something wants to be read.

/// The level of a finding or an incident. Sigma's words, with `info` for `informational`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Worth a line, no more.
    #[default]
    Info,
    /// Seldom more than a profile that lacks a rule.
    Low,
    /// Wants a look by a person.
    Medium,
    /// Wants a look now.
    High,
    /// An incident, as far as one can tell.
    Critical,
}

impl Level {
    /// Every level, the gravest first.
    pub const ALL: [Level; 5] = [Level::Critical, Level::High, Level::Medium, Level::Low, Level::Info];

    /// The word used in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Low => "low",
            Level::Medium => "medium",
            Level::High => "high",
            Level::Critical => "critical",
        }
    }

    /// The level with this word; Sigma's `informational` is understood.
    pub fn from_word(word: &str) -> Option<Level> {
        match word {
            "informational" => Some(Level::Info),
            _ => Level::ALL.into_iter().find(|level| level.as_str() == word),
        }
    }

    /// The next graver one.
    pub fn raised(self) -> Level {
        match self {
            Level::Info => Level::Low,
            Level::Low => Level::Medium,
            Level::Medium => Level::High,
            Level::High | Level::Critical => Level::Critical,
        }
    }
}
