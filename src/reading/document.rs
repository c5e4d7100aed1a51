//! Documents out of text and files, in either format.

use std::path::Path;
use std::sync::Arc;

use super::Reading;
use crate::constraint::syntax;
use crate::error::{LoadError, LoadErrorKind, Source};
use crate::json::{self, Limits, Node};
use crate::text::Plain;

/// A policy of ten thousand permissions has about 2 MiB; nothing sensible is near this.
const MAX_BYTES: usize = 64 << 20;

#[derive(Clone, Copy)]
pub(crate) enum Format {
    Json,
    Toml,
}

/// Reads a file, whose extension says what it is.
pub(crate) fn read_file(path: &Path) -> Result<(Reading, Node), LoadError> {
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
    read_document(Some(name), text, format)
}

pub(crate) fn read_text(text: &str, format: Format) -> Result<(Reading, Node), LoadError> {
    read_document(None, text.to_owned(), format)
}

fn read_document(
    name: Option<String>,
    text: String,
    format: Format,
) -> Result<(Reading, Node), LoadError> {
    if text.len() > MAX_BYTES {
        let message = format!("the policy has more than {} MiB", MAX_BYTES >> 20);
        return Err(LoadError::new(LoadErrorKind::Syntax, message));
    }
    let source = Arc::new(Source { name, text });
    let reading = Reading {
        source: Some(Arc::clone(&source)),
    };
    let node = parse(&reading, &source.text, format)?;
    Ok((reading, node))
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
pub(crate) fn read_again(source: &Arc<Source>) -> Option<Node> {
    let reading = Reading {
        source: Some(Arc::clone(source)),
    };
    [Format::Json, Format::Toml]
        .into_iter()
        .find_map(|format| parse(&reading, &source.text, format).ok())
}
