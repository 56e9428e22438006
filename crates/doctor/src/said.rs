//! What a line of evidence says, in both languages.

use crate::cause::Language;

/// Names, numbers and quotations of a line are the same in both languages; the words between them are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) english: String,
    /// Nothing if it is the same.
    pub(crate) german: Option<String>,
}

impl Said {
    /// In both languages by the same function.
    pub(crate) fn by(says: impl Fn(Language) -> String) -> Said {
        Said::both(says(Language::English), says(Language::German))
    }

    pub(crate) fn both(english: String, german: String) -> Said {
        let german = (german != english).then_some(german);
        Said { english, german }
    }
}

impl From<String> for Said {
    fn from(data: String) -> Said {
        Said { english: data, german: None }
    }
}

impl From<&str> for Said {
    fn from(data: &str) -> Said {
        Said::from(data.to_owned())
    }
}

/// A text in English and in German, with what stands in both.
macro_rules! told {
    ($english:literal, $german:literal $(, $argument:expr)* $(,)?) => {
        $crate::said::Said::both(format!($english $(, $argument)*), format!($german $(, $argument)*))
    };
}
pub(crate) use told;
