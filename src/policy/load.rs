//! Policies out of text and files.

use std::path::Path;

use super::AgentPolicy;
use super::document::read_policy;
use crate::error::LoadError;
use crate::json::Node;
use crate::reading::{self, Format, Reading};

impl AgentPolicy {
    /// What a policy document looks like, as the text of a JSON Schema (2020-12), for editors and other tools.
    ///
    /// It is the same in every build: the keys that need the feature `net` are in it whether or not that is on. What
    /// it refuses does not load. What it accepts still has to be read, since a schema cannot say everything: that
    /// patterns compile, say, or that examples are decided as they should be. With the feature `schema`,
    /// [`AgentPolicy`], [`ToolPermission`](crate::ToolPermission) and [`Constraint`](crate::Constraint) implement
    /// `schemars::JsonSchema` for use inside another schema.
    pub const JSON_SCHEMA: &str = include_str!("../../docs/policy.schema.json");

    /// Reads a JSON document.
    ///
    /// # Errors
    /// [`LoadError`] with line, column and what was expected.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        read(reading::read_text(text, Format::Json)?)
    }

    /// Reads a TOML document. Needs the feature `toml`, which is on by default.
    ///
    /// # Errors
    /// [`LoadError`] with line, column and what was expected.
    #[cfg(feature = "toml")]
    pub fn from_toml(text: &str) -> Result<Self, LoadError> {
        read(reading::read_text(text, Format::Toml)?)
    }

    /// Reads a file; its extension, `.json` or `.toml`, says what it is.
    ///
    /// # Errors
    /// [`LoadError`] if it cannot be read, has another extension, or is not a policy.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        read(reading::read_file(path.as_ref())?)
    }
}

fn read((reading, node): (Reading, Node)) -> Result<AgentPolicy, LoadError> {
    read_policy(&reading, &node)
}
