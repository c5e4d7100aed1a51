use std::fmt;

/// Why a text or a value was refused, and where. It never repeats any of the input.
///
/// # Examples
/// ```
/// use portcullis::json::{self, ErrorKind, Limits};
///
/// let error = json::parse("[1,\n 01]", &Limits::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidNumber);
/// assert_eq!((error.line(), error.column()), (Some(2), Some(2)));
/// assert_eq!(error.to_string(), "number is not in JSON form at line 2 column 2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    kind: ErrorKind,
    place: Option<Place>,
}

impl Error {
    /// What is wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Bytes before the place; `None` if the input was not a text, or the whole text is at fault.
    pub fn offset(&self) -> Option<usize> {
        self.place.map(|place| place.offset)
    }

    /// The line, counted from 1; `None` as for [`offset`](Self::offset).
    pub fn line(&self) -> Option<usize> {
        self.place.map(|place| place.line)
    }

    /// The column in characters, counted from 1; `None` as for [`offset`](Self::offset).
    pub fn column(&self) -> Option<usize> {
        self.place.map(|place| place.column)
    }

    pub(super) fn at(kind: ErrorKind, text: &[u8], offset: usize) -> Self {
        let place = Some(Place::of(text, offset));
        Self { kind, place }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, place: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, place } = self;
        match place {
            Some(Place { line, column, .. }) => {
                write!(f, "{kind} at line {line} column {column}")
            }
            None => write!(f, "{kind}"),
        }
    }
}

impl serde::ser::Error for Error {
    // The message is dropped: it is free to quote the value.
    fn custom<T: fmt::Display>(_: T) -> Self {
        ErrorKind::Unserializable.into()
    }
}

/// What is wrong with a text or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text ends inside a value.
    #[error("unexpected end of text")]
    UnexpectedEnd,
    /// A character that JSON does not allow here.
    #[error("unexpected character")]
    UnexpectedCharacter,
    /// Something other than white space follows the value.
    #[error("unexpected data after the value")]
    TrailingData,
    /// A leading zero, a missing digit.
    #[error("number is not in JSON form")]
    InvalidNumber,
    /// A backslash that starts none of JSON's escapes.
    #[error("invalid escape in string")]
    InvalidEscape,
    /// A `\u` escape names half of a surrogate pair.
    #[error("lone surrogate in string")]
    LoneSurrogate,
    /// A character below U+0020 stands unescaped in a string.
    #[error("unescaped control character in string")]
    ControlCharacter,
    /// The bytes are not UTF-8.
    #[error("text is not UTF-8")]
    InvalidUtf8,
    /// Arrays and objects lie too deep inside each other.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// Levels allowed.
        limit: usize,
    },
    /// The text, or the text that the value would have, is too long.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// An object has the same key twice. The place is that of the second.
    #[error("duplicate key")]
    DuplicateKey,
    /// A key to which `serde_json` gives a meaning of its own.
    #[error("key starts with the reserved prefix `$serde_json::private::`")]
    ReservedKey,
    /// An integer fits neither `i64` nor `u64`.
    #[error("integer does not fit in 64 bits")]
    IntegerRange,
    /// The nearest `f64` no longer means the decimal that was written.
    #[error("number cannot be kept exactly as a 64-bit float")]
    InexactFloat,
    /// A float is NaN or infinite.
    #[error("float is not finite")]
    NotFinite,
    /// A map has a key that is not a string.
    #[error("map key is not a string")]
    KeyNotString,
    /// The value's own `Serialize` failed.
    #[error("value cannot be serialized")]
    Unserializable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    offset: usize,
    line: usize,
    column: usize,
}

impl Place {
    fn of(text: &[u8], offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let mut place = Self {
            offset,
            line: 1,
            column: 1,
        };
        for &byte in before {
            if byte == b'\n' {
                place.line += 1;
                place.column = 1;
            } else if !is_continuation(byte) {
                place.column += 1;
            }
        }
        place
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}
