use std::borrow::Cow;
use std::iter;

use super::decimal::exact_float;
use super::error::{Error, ErrorKind};
use super::limits::Limits;
use super::node::{Node, Span};
use super::number::Number;
use super::object::check_key;
use super::tree::{Duplicate, Leaf, Tree};

/// Reads one JSON text into a [`Value`](super::Value) or a [`Node`].
pub(super) fn read<T: Tree>(text: &str, limits: &Limits) -> Result<T, Error> {
    limits.check_text(text.len())?;
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        position: 0,
        depth: 0,
        limits: *limits,
    };
    reader
        .document()
        .map_err(|fault| Error::at(fault.kind, text.as_bytes(), fault.offset))
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    position: usize,
    depth: usize,
    limits: Limits,
}

struct Fault {
    kind: ErrorKind,
    offset: usize,
}

impl<'a> Reader<'a> {
    fn document<T: Tree>(&mut self) -> Result<T, Fault> {
        let value = self.value()?;
        self.skip_whitespace();
        match self.peek() {
            None => Ok(value),
            Some(_) => self.fail(ErrorKind::TrailingData),
        }
    }

    /// A value and the white space before it.
    fn value<T: Tree>(&mut self) -> Result<T, Fault> {
        self.skip_whitespace();
        let start = self.position;
        let leaf = match self.peek() {
            Some(b'"') => Leaf::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Leaf::Number(self.number()?),
            Some(b'{') => return self.object(),
            Some(b'[') => return self.array(),
            Some(b't') => self.word("true", Leaf::Bool(true))?,
            Some(b'f') => self.word("false", Leaf::Bool(false))?,
            Some(b'n') => self.word("null", Leaf::Null)?,
            _ => return self.unexpected(),
        };
        Ok(T::leaf(leaf, self.span_from(start)))
    }

    fn object<T: Tree>(&mut self) -> Result<T, Fault> {
        let start = self.position;
        self.enter()?;
        let mut entries = Vec::new();
        self.skip_whitespace();
        if !self.eat(b'}') {
            loop {
                entries.push(self.entry::<T>()?);
                if self.ends(b'}')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        T::object(entries, self.span_from(start)).map_err(|duplicate| match duplicate {
            Duplicate::At(offset) => Fault {
                kind: ErrorKind::DuplicateKey,
                offset,
            },
            Duplicate::Somewhere => self.locate_duplicate(start),
        })
    }

    fn entry<T: Tree>(&mut self) -> Result<T::Entry, Fault> {
        self.skip_whitespace();
        let start = self.position;
        let key = match self.peek() {
            Some(b'"') => self.string()?,
            _ => return self.unexpected(),
        };
        check_key(&key).map_err(|kind| Fault {
            kind,
            offset: start,
        })?;
        let key_span = self.span_from(start);
        self.skip_whitespace();
        if !self.eat(b':') {
            return self.unexpected();
        }
        Ok(T::entry(key, key_span, self.value()?))
    }

    fn array<T: Tree>(&mut self) -> Result<T, Fault> {
        let start = self.position;
        self.enter()?;
        let mut elements = Vec::new();
        self.skip_whitespace();
        if !self.eat(b']') {
            loop {
                elements.push(self.value()?);
                if self.ends(b']')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(T::array(elements, self.span_from(start)))
    }

    /// Steps over an opening bracket.
    fn enter(&mut self) -> Result<(), Fault> {
        match self.limits.descend(self.depth) {
            Ok(depth) => {
                self.depth = depth;
                self.position += 1;
                Ok(())
            }
            Err(kind) => self.fail(kind),
        }
    }

    /// After an element: whether the closing bracket follows, rather than a comma.
    fn ends(&mut self, close: u8) -> Result<bool, Fault> {
        self.skip_whitespace();
        if self.eat(b',') {
            Ok(false)
        } else if self.eat(close) {
            Ok(true)
        } else {
            self.unexpected()
        }
    }

    /// Reads an object again, which was well formed but for a duplicate key, this time with places.
    fn locate_duplicate(&self, start: usize) -> Fault {
        let mut again = Reader {
            position: start,
            ..*self
        };
        match again.object::<Node>() {
            Err(fault) => fault,
            Ok(_) => Fault {
                kind: ErrorKind::DuplicateKey,
                offset: start,
            },
        }
    }

    /// A string, from its opening quote on; borrowed unless it holds an escape.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.position += 1;
        let plain = self.plain_run();
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut string = plain.to_owned();
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => string.push(self.escape()?),
                Some(_) => return self.fail(ErrorKind::ControlCharacter),
                None => return self.fail(ErrorKind::UnexpectedEnd),
            }
            string.push_str(self.plain_run());
        }
        self.position += 1;
        Ok(Cow::Owned(string))
    }

    /// Characters up to a quote, a backslash, a control character or the end.
    fn plain_run(&mut self) -> &'a str {
        let start = self.position;
        self.skip_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1F));
        // Never absent: both ends lie beside ASCII or at an end of the text.
        self.text.get(start..self.position).unwrap_or_default()
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.position;
        self.position += 1;
        let letter = self.peek();
        self.position += 1;
        Ok(match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0C',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            Some(_) => {
                self.position = start;
                return self.fail(ErrorKind::InvalidEscape);
            }
            None => {
                self.position = self.bytes.len();
                return self.fail(ErrorKind::UnexpectedEnd);
            }
        })
    }

    /// The character of one `\u` escape or of two that make a surrogate pair, from the first hexadecimal digit on.
    fn unicode_escape(&mut self, start: usize) -> Result<char, Fault> {
        let first = self.hexadecimal()?;
        let second = match first {
            0xD800..=0xDBFF if self.eat_all(b"\\u") => Some(self.hexadecimal()?),
            _ => None,
        };
        match char::decode_utf16(iter::once(first).chain(second)).next() {
            Some(Ok(character)) => Ok(character),
            _ => {
                self.position = start;
                self.fail(ErrorKind::LoneSurrogate)
            }
        }
    }

    fn hexadecimal(&mut self) -> Result<u16, Fault> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = match self.peek() {
                Some(byte @ b'0'..=b'9') => byte - b'0',
                Some(byte @ b'a'..=b'f') => byte - b'a' + 10,
                Some(byte @ b'A'..=b'F') => byte - b'A' + 10,
                Some(_) => return self.fail(ErrorKind::InvalidEscape),
                None => return self.fail(ErrorKind::UnexpectedEnd),
            };
            unit = unit << 4 | u16::from(digit);
            self.position += 1;
        }
        Ok(unit)
    }

    fn number(&mut self) -> Result<Number, Fault> {
        let start = self.position;
        let _sign = self.eat(b'-');
        let leading_zero = self.peek() == Some(b'0');
        let whole = self.position;
        self.digits()?;
        if leading_zero && self.position > whole + 1 {
            self.position = whole;
            return self.fail(ErrorKind::InvalidNumber);
        }
        let is_float = self.fraction_and_exponent()?;
        let literal = self.text.get(start..self.position).unwrap_or_default();
        let (number, kind) = if is_float {
            (exact_float(literal), ErrorKind::InexactFloat)
        } else {
            let number = Number::from_integer_literal(literal);
            (number, ErrorKind::IntegerRange)
        };
        number.ok_or(Fault {
            kind,
            offset: start,
        })
    }

    /// Whether there is a fraction or an exponent.
    fn fraction_and_exponent(&mut self) -> Result<bool, Fault> {
        let fraction = self.eat(b'.');
        if fraction {
            self.digits()?;
        }
        let exponent = self.eat(b'e') || self.eat(b'E');
        if exponent {
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(fraction || exponent)
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.position;
        self.skip_while(|byte| byte.is_ascii_digit());
        match self.peek() {
            _ if self.position > start => Ok(()),
            Some(_) => self.fail(ErrorKind::InvalidNumber),
            None => self.fail(ErrorKind::UnexpectedEnd),
        }
    }

    fn word(&mut self, word: &str, leaf: Leaf<'a>) -> Result<Leaf<'a>, Fault> {
        for byte in word.bytes() {
            if !self.eat(byte) {
                return self.unexpected();
            }
        }
        Ok(leaf)
    }

    fn skip_whitespace(&mut self) {
        self.skip_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    }

    fn skip_while(&mut self, belongs: impl Fn(u8) -> bool) {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let end = rest.iter().position(|byte| !belongs(*byte));
        self.position += end.unwrap_or(rest.len());
    }

    fn eat_all(&mut self, expected: &[u8]) -> bool {
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let found = rest.starts_with(expected);
        if found {
            self.position += expected.len();
        }
        found
    }

    fn eat(&mut self, expected: u8) -> bool {
        let found = self.peek() == Some(expected);
        self.position += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.position)
    }

    fn unexpected<T>(&self) -> Result<T, Fault> {
        self.fail(match self.peek() {
            Some(_) => ErrorKind::UnexpectedCharacter,
            None => ErrorKind::UnexpectedEnd,
        })
    }

    fn fail<T>(&self, kind: ErrorKind) -> Result<T, Fault> {
        let offset = self.position;
        Err(Fault { kind, offset })
    }
}
