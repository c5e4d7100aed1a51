//! A tool call: the tool's name and its arguments, parsed once and strictly.

use std::convert::Infallible;

use crate::digest::{Digest, DigestKey, Encoder};
use crate::ids::ToolName;
use crate::json::{self, Kind, Limits, Object, Value, View};

/// The arguments of a call: a JSON object, read once by the crate's strict reader.
///
/// What a policy checks, what is digested and what the tool runs on is this one value; nothing is parsed twice.
/// `Debug` shows names, kinds and sizes, never values.
///
/// ```
/// use portcullis::Args;
///
/// let args = Args::parse(r#"{"symbol": "QZA", "depth": 5}"#)?;
/// assert_eq!(args.get("symbol").and_then(|value| value.as_str()), Some("QZA"));
/// assert!(Args::parse(r#"{"path": "/workspace/a", "path": "/etc/shadow"}"#).is_err());
/// # Ok::<(), portcullis::ArgsError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args(Object);

/// Why something cannot be the arguments of a call. Never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgsError {
    /// The text is not strict JSON, or a value breaks its rules.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// Arguments are an object: names and values.
    #[error("arguments must be an object, not of kind `{0}`")]
    NotAnObject(Kind),
}

impl From<Infallible> for ArgsError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Args {
    /// No arguments.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads JSON text with the default [`Limits`]: 1 MiB, 32 levels.
    ///
    /// # Errors
    /// [`ArgsError`] with line and column.
    pub fn parse(text: &str) -> Result<Self, ArgsError> {
        Self::parse_within(text, &Limits::default())
    }

    /// Reads JSON text with limits of your own.
    ///
    /// # Errors
    /// [`ArgsError`] with line and column.
    pub fn parse_within(text: &str, limits: &Limits) -> Result<Self, ArgsError> {
        Self::from_value(json::parse(text, limits)?)
    }

    /// Serialises a Rust value, under the same rules as text.
    ///
    /// # Errors
    /// [`ArgsError`] if it is no object, repeats a key, or holds a number that JSON cannot.
    pub fn from_serialize<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, ArgsError> {
        Self::from_value(json::from_serialize(value, &Limits::default())?)
    }

    fn from_value(value: Value) -> Result<Self, ArgsError> {
        match value {
            Value::Object(object) => Ok(Self(object)),
            other => Err(ArgsError::NotAnObject(other.kind())),
        }
    }

    /// The value of one argument.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> + Clone {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Turns the arguments into a type of yours, as `serde_json::from_value` would.
    ///
    /// # Errors
    /// `serde_json::Error` if they do not have that shape.
    pub fn deserialize<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.to_json())
    }

    /// The same arguments as a `serde_json::Value`, for hosts that pass those on.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::Value::from(&Value::Object(self.0.clone()))
    }

    pub(crate) fn view(&self) -> Arguments<'_> {
        Arguments::Parsed(&self.0)
    }
}

/// Checked for depth like any other arguments, since a host can build what no reader would.
impl TryFrom<Object> for Args {
    type Error = ArgsError;

    fn try_from(object: Object) -> Result<Self, ArgsError> {
        Self::from_serialize(&Value::Object(object))
    }
}

impl TryFrom<&str> for Args {
    type Error = ArgsError;

    fn try_from(text: &str) -> Result<Self, ArgsError> {
        Self::parse(text)
    }
}

impl TryFrom<&String> for Args {
    type Error = ArgsError;

    fn try_from(text: &String) -> Result<Self, ArgsError> {
        Self::parse(text)
    }
}

/// As the object that they are. Hosts that write arguments down elsewhere see to it that none is secret.
impl serde::Serialize for Args {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl TryFrom<&serde_json::Value> for Args {
    type Error = ArgsError;

    fn try_from(value: &serde_json::Value) -> Result<Self, ArgsError> {
        Self::from_value(Value::try_from(value)?)
    }
}

impl TryFrom<serde_json::Value> for Args {
    type Error = ArgsError;

    fn try_from(value: serde_json::Value) -> Result<Self, ArgsError> {
        Self::try_from(&value)
    }
}

impl TryFrom<serde_json::Map<String, serde_json::Value>> for Args {
    type Error = ArgsError;

    fn try_from(map: serde_json::Map<String, serde_json::Value>) -> Result<Self, ArgsError> {
        Self::try_from(&serde_json::Value::Object(map))
    }
}

/// A tool and the arguments it is called with.
///
/// ```
/// use portcullis::{Args, Call, ToolName};
///
/// let call = |text| Ok::<_, Box<dyn std::error::Error>>(Call::new(ToolName::parse("pay")?, Args::parse(text)?));
/// let digest = |text| call(text).map(|call| call.digest());
/// assert_eq!(digest(r#"{"a": 1, "b": 2}"#)?, digest(r#"{"b": 2, "a": 1}"#)?);
/// assert_ne!(digest(r#"{"a": 1}"#)?, digest(r#"{"a": 1.0}"#)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    tool: ToolName,
    args: Args,
}

impl Call {
    /// Puts the two together.
    #[must_use]
    pub fn new(tool: ToolName, args: Args) -> Self {
        Self { tool, args }
    }

    /// The tool's name.
    #[must_use]
    pub fn tool(&self) -> &ToolName {
        &self.tool
    }

    /// The arguments.
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// The fingerprint of this call; equal exactly when two calls are equal. See [`Digest`].
    #[must_use]
    pub fn digest(&self) -> Digest {
        digest(self.tool.as_str(), self.args.view(), Encoder::call())
    }

    /// The fingerprint under a key, as records carry it: without the key, short arguments cannot be guessed from it.
    #[must_use]
    pub fn keyed_digest(&self, key: &DigestKey) -> Digest {
        digest(
            self.tool.as_str(),
            self.args.view(),
            Encoder::keyed_call(key),
        )
    }
}

/// Arguments that are Rust values instead of JSON; what `#[guard]` hands to a session.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct TypedArguments<'a> {
    /// Parameters sorted by name; `None` is absent.
    pub fields: &'a [(&'a str, Option<View<'a>>)],
    /// Names of parameters that must never be recorded.
    pub secret: &'a [&'a str],
}

/// Arguments as the deciders see them, whatever holds them. Sorted by name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arguments<'a> {
    Parsed(&'a Object),
    Typed(&'a [(&'a str, Option<View<'a>>)]),
}

impl<'a> Arguments<'a> {
    pub(crate) fn get(self, name: &str) -> Option<View<'a>> {
        match self {
            Self::Parsed(object) => object.get(name).map(Value::view),
            Self::Typed(fields) => fields.iter().find(|(field, _)| *field == name)?.1,
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, View<'a>)> {
        let (parsed, typed) = match self {
            Self::Parsed(object) => (Some(object), None),
            Self::Typed(fields) => (None, Some(fields)),
        };
        let parsed = parsed
            .into_iter()
            .flat_map(|object| object.iter().map(|(name, value)| (name, value.view())));
        let typed = typed.into_iter().flat_map(|fields| {
            fields
                .iter()
                .filter_map(|(name, view)| Some((*name, (*view)?)))
        });
        parsed.chain(typed)
    }

    pub(crate) fn len(self) -> usize {
        match self {
            Self::Parsed(object) => object.len(),
            Self::Typed(fields) => fields.iter().filter(|(_, view)| view.is_some()).count(),
        }
    }
}

/// Completes a digest that began with a domain of its own.
pub(crate) fn digest(tool: &str, arguments: Arguments<'_>, mut encoder: Encoder) -> Digest {
    encoder.string(tool);
    encoder.object(arguments.len());
    for (name, view) in arguments.iter() {
        encoder.string(name);
        encoder.value(view);
    }
    encoder.finish()
}
