use std::fmt;

/// The seven kinds of JSON value. An integer and a float are different kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number written without a fraction and without an exponent, but for `-0`.
    Integer,
    /// A number written with a fraction or an exponent, and `-0`.
    Float,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// The kind's name in lower case, as policies write it.
    ///
    /// # Examples
    /// ```
    /// use portcullis::json::Kind;
    /// assert_eq!(Kind::Boolean.name(), "boolean");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
