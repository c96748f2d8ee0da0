//! Fields whose value is one word of a closed list, declared once by [`choice!`].

use serde_json::Value;

use crate::problem::Code as ProblemCode;
use crate::shape::{Place, type_name};

/// Declares a closed list of words: the enum, its reader, its writer and its schema.
#[macro_export]
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
        pub enum $name { $($(#[$vmeta])* #[schemars(rename = $word)] $variant,)* }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
            /// The value a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::shape::Shape for $name {
            fn read(value: serde_json::Value, place: &mut $crate::shape::Place) -> Option<Self> {
                $crate::choice::read_choice(value, place, Self::from_word, &[$($word,)*])
            }
            fn write(&self, _: $crate::shape::Form, out: &mut String) {
                $crate::write::write_text(self.as_str(), out);
            }
        }
    };
}

/// Reads one word of a closed list. Used by [`choice!`].
pub fn read_choice<T>(
    value: Value,
    place: &mut Place,
    from_word: impl Fn(&str) -> Option<T>,
    words: &[&str],
) -> Option<T> {
    let Value::String(word) = value else {
        return place.refuse(
            ProblemCode::WrongType,
            format!("expected a text, found {}", type_name(&value)),
        );
    };
    from_word(&word).or_else(|| {
        place.refuse(
            ProblemCode::UnknownValue,
            format!("expected one of {}", words.join(", ")),
        )
    })
}
