//! Policies out of text and files.

use std::path::Path;
use std::sync::Arc;

use super::AgentPolicy;
use super::document::read_policy;
use crate::constraint::syntax;
use crate::error::{LoadError, LoadErrorKind, Source};
use crate::json::{self, Limits, Node};
use crate::reading::Reading;
use crate::text::Plain;

/// A policy of ten thousand permissions has about 2 MiB; nothing sensible is near this.
const MAX_BYTES: usize = 64 << 20;

#[derive(Clone, Copy)]
enum Format {
    Json,
    Toml,
}

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
        load(None, text.to_owned(), Format::Json)
    }

    /// Reads a TOML document. Needs the feature `toml`, which is on by default.
    ///
    /// # Errors
    /// [`LoadError`] with line, column and what was expected.
    #[cfg(feature = "toml")]
    pub fn from_toml(text: &str) -> Result<Self, LoadError> {
        load(None, text.to_owned(), Format::Toml)
    }

    /// Reads a file; its extension, `.json` or `.toml`, says what it is.
    ///
    /// # Errors
    /// [`LoadError`] if it cannot be read, has another extension, or is not a policy.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let format = match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Format::Json,
            Some("toml") => Format::Toml,
            _ => {
                let name = Plain(&name);
                let message = format!("{name:#}: a policy file ends in `.json` or `.toml`");
                return Err(LoadError::new(LoadErrorKind::Io, message));
            }
        };
        let text = read(path).map_err(|error| {
            LoadError::new(LoadErrorKind::Io, format!("{:#}: {error}", Plain(&name)))
        })?;
        load(Some(name), text, format)
    }
}

/// Reads no more than a policy can have, whatever the file turns out to be.
fn read(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(MAX_BYTES as u64 + 1)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn load(name: Option<String>, text: String, format: Format) -> Result<AgentPolicy, LoadError> {
    if text.len() > MAX_BYTES {
        let message = format!("the policy has more than {} MiB", MAX_BYTES >> 20);
        return Err(LoadError::new(LoadErrorKind::Syntax, message));
    }
    let source = Arc::new(Source { name, text });
    let reading = Reading {
        source: Some(Arc::clone(&source)),
    };
    read_policy(&reading, &parse(&reading, &source.text, format)?)
}

fn parse(reading: &Reading, text: &str, format: Format) -> Result<Node, LoadError> {
    match format {
        Format::Json => {
            let limits = Limits {
                max_bytes: MAX_BYTES,
                ..Limits::default()
            };
            json::parse_node(text, &limits).map_err(|error| syntax(reading, &error))
        }
        #[cfg(feature = "toml")]
        Format::Toml => super::toml::parse(reading, text),
        #[cfg(not(feature = "toml"))]
        Format::Toml => {
            let message = "TOML policies need the crate feature `toml`, which is not compiled in";
            Err(LoadError::new(LoadErrorKind::Syntax, message))
        }
    }
}

/// The document of a policy that has been loaded from this text, for its places. No text is both JSON and TOML: a
/// policy in JSON begins with a brace, and no line of TOML does.
pub(super) fn read_again(source: &Arc<Source>) -> Option<Node> {
    let reading = Reading {
        source: Some(Arc::clone(source)),
    };
    [Format::Json, Format::Toml]
        .into_iter()
        .find_map(|format| parse(&reading, &source.text, format).ok())
}
