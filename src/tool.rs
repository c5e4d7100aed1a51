//! What a tool is called with: its name, its parameters and their types.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use crate::ids::ToolName;
use crate::json::Kind;

/// The specification of a tool, which a policy is checked against and which the model is told.
///
/// `#[guard]` writes one for every function under it (`name_tool()`); for other tools it is built by hand. Parameters
/// keep the order in which they were named, and names are unique.
///
/// ```
/// use portcullis::{ParamType, ToolSpec};
///
/// let tool = ToolSpec::new("query_market_data")?
///     .describe("Latest quote of a symbol.")
///     .param("symbol", ParamType::String)?
///     .optional("depth", ParamType::Integer { min: 1, max: 50 })?;
/// assert_eq!(tool.name(), "query_market_data");
/// assert_eq!(tool.json_schema()["required"], serde_json::json!(["symbol"]));
/// # Ok::<(), portcullis::ToolSpecError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    name: Cow<'static, str>,
    description: Cow<'static, str>,
    params: Vec<ParamSpec>,
}

impl ToolSpec {
    /// A tool without parameters.
    ///
    /// # Errors
    /// [`ToolSpecError::Name`] if the name is not one that [`ToolName`] takes.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, ToolSpecError> {
        let name = name.into();
        ToolName::check(&name).map_err(|_| ToolSpecError::Name)?;
        Ok(Self {
            name,
            description: Cow::Borrowed(""),
            params: Vec::new(),
        })
    }

    /// What `#[guard]` found in a function; the macro and the compiler have checked the names.
    pub(crate) fn of_function(
        name: &'static str,
        description: &'static str,
        params: Vec<ParamSpec>,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.trim().into(),
            params,
        }
    }

    /// Says what the tool does, in words for the model. Blank space at both ends is dropped.
    #[must_use]
    pub fn describe(self, description: &str) -> Self {
        Self {
            description: description.trim().to_owned().into(),
            ..self
        }
    }

    /// Adds a parameter that every call must have.
    ///
    /// # Errors
    /// [`ToolSpecError::DuplicateParam`] if the name is taken.
    pub fn param(
        self,
        name: impl Into<Cow<'static, str>>,
        ty: ParamType,
    ) -> Result<Self, ToolSpecError> {
        self.with(ParamSpec {
            name: name.into(),
            ty,
            required: true,
            secret: false,
        })
    }

    /// Adds a parameter that a call may leave out.
    ///
    /// # Errors
    /// [`ToolSpecError::DuplicateParam`] if the name is taken.
    pub fn optional(
        self,
        name: impl Into<Cow<'static, str>>,
        ty: ParamType,
    ) -> Result<Self, ToolSpecError> {
        self.with(ParamSpec {
            name: name.into(),
            ty,
            required: false,
            secret: false,
        })
    }

    /// Marks a parameter that was added before as secret: it is checked, and never recorded.
    ///
    /// # Errors
    /// [`ToolSpecError::UnknownParam`] if there is none of this name.
    pub fn secret(mut self, name: &str) -> Result<Self, ToolSpecError> {
        let found = self.params.iter_mut().find(|param| param.name == name);
        let param = found.ok_or_else(|| ToolSpecError::UnknownParam {
            name: name.to_owned(),
        })?;
        param.secret = true;
        Ok(self)
    }

    fn with(mut self, param: ParamSpec) -> Result<Self, ToolSpecError> {
        if self.parameter(&param.name).is_some() {
            return Err(ToolSpecError::DuplicateParam {
                name: param.name.into_owned(),
            });
        }
        self.params.push(param);
        Ok(self)
    }

    /// The name that policies know.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the tool does; empty if nobody said.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// All parameters.
    #[must_use]
    pub fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    /// One parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&ParamSpec> {
        self.params.iter().find(|param| param.name == name)
    }

    /// The arguments as a JSON Schema (draft 2020-12): an object with these properties and no others.
    ///
    /// A secret parameter is marked `writeOnly`. A bound that all integers of 64 bits keep is not written.
    #[must_use]
    pub fn json_schema(&self) -> Json {
        let properties: Map<String, Json> = self
            .params
            .iter()
            .map(|param| (param.name.to_string(), param.json_schema()))
            .collect();
        let required: Vec<&str> = self
            .params
            .iter()
            .filter(|param| param.required)
            .map(ParamSpec::name)
            .collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    }

    /// The tool as the Model Context Protocol lists it (`tools/list`, revision 2025-06-18): name, description and
    /// `inputSchema`.
    #[must_use]
    pub fn definition(&self) -> Json {
        json!({"name": self.name, "description": self.description, "inputSchema": self.json_schema()})
    }
}

/// One parameter of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamSpec {
    name: Cow<'static, str>,
    ty: ParamType,
    required: bool,
    secret: bool,
}

impl ParamSpec {
    pub(crate) fn of_function(
        name: &'static str,
        ty: ParamType,
        optional: bool,
        secret: bool,
    ) -> Self {
        Self {
            name: name.into(),
            ty,
            required: !optional,
            secret,
        }
    }

    /// The name that policies know.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What values it takes.
    #[must_use]
    pub fn param_type(&self) -> &ParamType {
        &self.ty
    }

    /// Whether every call must have it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Whether its value must never be recorded.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    fn json_schema(&self) -> Json {
        let mut schema = self.ty.json_schema();
        if self.secret {
            schema.insert("writeOnly".to_owned(), Json::Bool(true));
        }
        Json::Object(schema)
    }
}

/// The values that a parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParamType {
    /// A string.
    String,
    /// An integer in this range, both ends included. [`ParamType::INTEGER`] is the widest.
    Integer {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: u64,
    },
    /// A number, whole or not.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An array whose elements all have this type.
    Array(Box<ParamType>),
    /// An object with any fields.
    Object,
    /// Anything: a type of the host's own, a generic parameter.
    Any,
}

impl ParamType {
    /// Every integer that a call can hold.
    pub const INTEGER: Self = Self::Integer {
        min: i64::MIN,
        max: u64::MAX,
    };

    /// An array of these.
    #[must_use]
    pub fn array_of(element: Self) -> Self {
        Self::Array(Box::new(element))
    }

    /// The kinds of JSON values that it takes.
    ///
    /// A number may be written `1` or `1.0`, so [`ParamType::Number`] takes two kinds. That a parameter may be left out
    /// does not make it take `null`.
    #[must_use]
    pub fn kinds(&self) -> &'static [Kind] {
        match self {
            Self::String => &[Kind::String],
            Self::Integer { .. } => &[Kind::Integer],
            Self::Number => &[Kind::Integer, Kind::Float],
            Self::Boolean => &[Kind::Boolean],
            Self::Array(_) => &[Kind::Array],
            Self::Object => &[Kind::Object],
            Self::Any => &[
                Kind::Null,
                Kind::Boolean,
                Kind::Integer,
                Kind::Float,
                Kind::String,
                Kind::Array,
                Kind::Object,
            ],
        }
    }

    /// The type of the elements of an array.
    #[must_use]
    pub fn element(&self) -> Option<&Self> {
        match self {
            Self::Array(element) => Some(element),
            _ => None,
        }
    }

    fn json_schema(&self) -> Map<String, Json> {
        let name = match self {
            Self::String => "string",
            Self::Integer { .. } => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array(_) => "array",
            Self::Object => "object",
            Self::Any => return Map::new(),
        };
        let mut schema = Map::new();
        schema.insert("type".to_owned(), name.into());
        match self {
            Self::Integer { min, max } => insert_range(&mut schema, *min, *max),
            Self::Array(element) => {
                schema.insert("items".to_owned(), Json::Object(element.json_schema()));
            }
            _ => {}
        }
        schema
    }
}

fn insert_range(schema: &mut Map<String, Json>, min: i64, max: u64) {
    if min != i64::MIN {
        schema.insert("minimum".to_owned(), min.into());
    }
    if max != u64::MAX {
        schema.insert("maximum".to_owned(), max.into());
    }
}

/// Why a specification cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolSpecError {
    /// The name is not one that [`ToolName`] takes.
    #[error("a tool name has 1 to 128 characters out of `A-Z a-z 0-9 _ . : / -`")]
    Name,
    /// Two parameters have one name.
    #[error("the parameter `{name}` is named twice")]
    DuplicateParam {
        /// The name.
        name: String,
    },
    /// A parameter is called secret that was not added before.
    #[error("there is no parameter `{name}` to keep secret")]
    UnknownParam {
        /// The name.
        name: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade() -> ToolSpec {
        let build = || {
            ToolSpec::new("execute_trade")?
                .describe("\n Places an order. ")
                .param("symbol", ParamType::String)?
                .param("amount", ParamType::Number)?
                .optional("depth", ParamType::Integer { min: 0, max: 255 })?
                .optional("legs", ParamType::array_of(ParamType::INTEGER))?
                .param("api_key", ParamType::String)?
                .optional("note", ParamType::Any)?
                .secret("api_key")
        };
        build().unwrap()
    }

    #[test]
    fn the_schema_is_a_closed_object() {
        let expected = json!({
            "type": "object",
            "properties": {
                "symbol": {"type": "string"},
                "amount": {"type": "number"},
                "depth": {"type": "integer", "minimum": 0, "maximum": 255},
                "legs": {"type": "array", "items": {"type": "integer"}},
                "api_key": {"type": "string", "writeOnly": true},
                "note": {},
            },
            "required": ["symbol", "amount", "api_key"],
            "additionalProperties": false,
        });
        assert_eq!(trade().json_schema(), expected);
        let definition = trade().definition();
        assert_eq!(definition["name"], "execute_trade");
        assert_eq!(definition["description"], "Places an order.");
        assert_eq!(definition["inputSchema"], expected);
    }

    #[test]
    fn parameters_are_told_apart_by_name() {
        assert!(trade().parameter("api_key").unwrap().is_secret());
        assert!(!trade().parameter("depth").unwrap().is_required());
        assert!(trade().parameter("Depth").is_none());
        let again = trade().optional("symbol", ParamType::Any).unwrap_err();
        assert_eq!(again.to_string(), "the parameter `symbol` is named twice");
        let unknown = trade().secret("key").unwrap_err();
        assert_eq!(
            unknown,
            ToolSpecError::UnknownParam {
                name: "key".to_owned()
            }
        );
        assert_eq!(ToolSpec::new("two words"), Err(ToolSpecError::Name));
    }

    #[test]
    fn every_type_takes_some_kind() {
        let all = [
            ParamType::String,
            ParamType::INTEGER,
            ParamType::Number,
            ParamType::Boolean,
            ParamType::array_of(ParamType::Any),
            ParamType::Object,
            ParamType::Any,
        ];
        for ty in all {
            assert!(!ty.kinds().is_empty(), "{ty:?}");
            assert_eq!(
                ty.element().is_some(),
                ty.kinds() == [Kind::Array],
                "{ty:?}"
            );
        }
        assert_eq!(ParamType::Any.kinds().len(), 7);
    }
}
