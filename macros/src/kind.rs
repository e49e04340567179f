//! How often a callback comes. Both attributes use the same three words.

use std::fmt;

use syn::Ident;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Once,
    Multi,
    Visitor,
}

impl Kind {
    /// The kind that `word` names, if it names one.
    pub(crate) fn from_word(word: &Ident) -> Option<Self> {
        [Self::Once, Self::Multi, Self::Visitor].into_iter().find(|kind| word == &kind.to_string())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Once => "once",
            Self::Multi => "multi",
            Self::Visitor => "visitor",
        })
    }
}
