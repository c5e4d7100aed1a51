//! Standard output: whole lines, colour only on a terminal, a closed pipe is no error.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};
use std::io::{self, ErrorKind, IsTerminal as _, StdoutLock, Write as _};

use portcullis::Verdict;
use serde::Serialize;

/// Collects lines and writes them in large pieces, so that nothing ever ends in the middle of one.
#[derive(Debug)]
pub(crate) struct Output {
    out: StdoutLock<'static>,
    pending: Vec<u8>,
    coloured: bool,
    /// The reader has gone. What it wanted it has.
    closed: bool,
}

/// Bytes that are gathered before they are written.
const PIECE: usize = 64 << 10;

impl Output {
    pub(crate) fn stdout() -> Self {
        let out = io::stdout().lock();
        let coloured = out.is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self {
            out,
            pending: Vec::new(),
            coloured,
            closed: false,
        }
    }

    /// Whether the reader has gone, so that there is no use in going on.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// A line for people.
    pub(crate) fn line(&mut self, line: impl Display) -> io::Result<()> {
        self.text(&format!("{line}\n"))
    }

    /// Text for people that ends its own lines.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        self.pending.extend_from_slice(text.as_bytes());
        self.spill()
    }

    /// A line for machines: one JSON value in ASCII, so that no text in it can do anything to a terminal.
    pub(crate) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut serializer = serde_json::Serializer::with_formatter(&mut self.pending, Ascii);
        value.serialize(&mut serializer)?;
        self.pending.push(b'\n');
        self.spill()
    }

    /// As [`json`](Self::json), for a value that is one line of JSON already.
    pub(crate) fn json_line(&mut self, line: &str) -> io::Result<()> {
        // Outside of strings JSON is ASCII, so that whatever is not stands in one.
        let line = ascii(line).into_owned();
        self.line(line)
    }

    /// A verdict, in its colour.
    pub(crate) fn verdict(&self, verdict: Verdict) -> impl Display + use<> {
        let colour = match verdict {
            Verdict::Allow => "32",
            Verdict::Ask => "33",
            Verdict::Deny => "31",
        };
        Painted {
            text: verdict.as_str(),
            colour: self.coloured.then_some(colour),
        }
    }

    /// Writes what was gathered; called too when the input has to be waited for, so that a pipe is always up to date.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let written = if self.closed {
            Ok(())
        } else {
            self.out
                .write_all(&self.pending)
                .and_then(|()| self.out.flush())
        };
        self.pending.clear();
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            written => written,
        }
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.flush()
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.pending.len() < PIECE {
            return Ok(());
        }
        self.flush()
    }
}

/// A message on standard error. If even that is gone, the exit code must do.
pub(crate) fn complain(message: &dyn Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

struct Painted {
    text: &'static str,
    colour: Option<&'static str>,
}

impl Display for Painted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.colour {
            Some(colour) => {
                write!(f, "\u{1b}[{colour}m")?;
                f.pad(self.text)?;
                f.write_str("\u{1b}[0m")
            }
            None => f.pad(self.text),
        }
    }
}

/// JSON in which everything beyond ASCII is escaped: control characters of the upper half and bidi overrides too.
struct Ascii;

impl serde_json::ser::Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(ascii(fragment).as_bytes())
    }
}

/// The inside of a JSON string with everything beyond printable ASCII escaped.
fn ascii(text: &str) -> Cow<'_, str> {
    let is_plain = |character: char| character.is_ascii() && character != '\u{7f}';
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if is_plain(character) {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_ascii_and_reads_back() {
        let text = "a\u{1b}[2J\u{7f}\u{9b}\u{202e}é😀\"\\\n";
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, Ascii);
        text.serialize(&mut serializer).unwrap();
        assert!(
            out.iter().all(|byte| (0x20..0x7f).contains(byte)),
            "{out:?}"
        );
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }
}
