//! Fingerprints over our own typed encoding.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::json::{Number, View};

/// A SHA-256 fingerprint of a call or a policy.
///
/// It covers our own typed, length-prefixed, versioned and domain-separated encoding with sorted keys. Two calls
/// have one digest exactly when tool and arguments are equal: `1`, `1.0`, `true`, `"1"`, null and absent all
/// differ, and so do 9007199254740992 and 9007199254740993. Canonical JSON (RFC 8785) maps those last two to the
/// same bytes, since it writes every number as a double; an approval bound to such a hash could be used for
/// another call, which is why it is not used here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The raw hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(DigestError);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            let digits = text.get(at..at + 2).ok_or(DigestError)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| DigestError)?;
        }
        Ok(Self(bytes))
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The secret of one log, under which its digests are made.
///
/// SHA-256 with the key in a block of its own before the message is a sound keyed hash here, because the encoding
/// is prefix-free: no message can be extended to another one (Bellare, Canetti, Krawczyk, "Pseudorandom functions
/// revisited: the cascade construction", 1996). Texts, which are not, are hashed twice.
#[derive(Clone)]
pub struct DigestKey {
    call: Sha256,
    text: Sha256,
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct EntropyError;

impl DigestKey {
    /// A key of your own, for instance one kept beside a log.
    #[must_use]
    pub fn from_bytes(key: &[u8; 32]) -> Self {
        Self {
            call: keyed(b"portcullis/call/keyed/v1", key),
            text: keyed(b"portcullis/text/keyed/v1", key),
        }
    }

    /// Begins the digest of a text that comes in pieces. Texts of different uses have different digests.
    pub(crate) fn text(&self, usage: u8) -> TextDigest {
        TextDigest {
            inner: self.text.clone().chain_update([0, usage]),
            outer: self.text.clone().chain_update([1]),
        }
    }

    /// A fresh key from the operating system.
    ///
    /// # Errors
    /// [`EntropyError`] if there is none to be had.
    pub fn random() -> Result<Self, EntropyError> {
        random_bytes().map(|key| Self::from_bytes(&key))
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(..)")
    }
}

/// A hash whose first block is a domain and a key: a whole one, so that the state after it can be kept and copied.
fn keyed(domain: &[u8; 24], key: &[u8; 32]) -> Sha256 {
    let mut block = [0_u8; 64];
    for (to, from) in block.iter_mut().zip(domain.iter().chain(key)) {
        *to = *from;
    }
    Sha256::new_with_prefix(block)
}

/// The digest of a text under a key. No text could be extended to another one without the key: what is told is the hash
/// of the hash, both of them keyed.
///
/// Source: Bellare, Canetti, Krawczyk, "Keying hash functions for message authentication", 1996, section 3 (NMAC).
pub(crate) struct TextDigest {
    inner: Sha256,
    outer: Sha256,
}

impl TextDigest {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.inner.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(
            self.outer
                .chain_update(self.inner.finalize())
                .finalize()
                .into(),
        )
    }
}

pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], EntropyError> {
    use rand::TryRng as _;
    let mut bytes = [0; N];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| EntropyError)?;
    Ok(bytes)
}

/// Small pieces are gathered here, since the hash is fastest on whole blocks.
const BUFFER: usize = 256;

/// Writes the typed encoding into a hash. Lengths and counts are LEB128 in their shortest form.
pub(crate) struct Encoder {
    hash: Sha256,
    buffer: [u8; BUFFER],
    used: usize,
}

impl Encoder {
    fn new(hash: Sha256) -> Self {
        Self {
            hash,
            buffer: [0; BUFFER],
            used: 0,
        }
    }

    pub(crate) fn call() -> Self {
        Self::domain("portcullis/call/v1")
    }

    pub(crate) fn keyed_call(key: &DigestKey) -> Self {
        Self::new(key.call.clone())
    }

    pub(crate) fn domain(name: &str) -> Self {
        let mut encoder = Self::new(Sha256::new());
        encoder.string(name);
        encoder
    }

    /// By reference, since a move would copy the buffer. To be called once: the next digest would have no domain.
    pub(crate) fn finish(&mut self) -> Digest {
        self.flush();
        Digest(self.hash.finalize_reset().into())
    }

    pub(crate) fn string(&mut self, text: &str) {
        let room = self
            .buffer
            .get_mut(self.used..)
            .and_then(|room| room.get_mut(..=text.len()));
        match room.and_then(<[u8]>::split_first_mut) {
            // In one piece, as most are.
            Some((length, room)) if text.len() < 0x80 => {
                *length = text.len() as u8;
                copy(room, text.as_bytes());
                self.used += 1 + text.len();
            }
            _ => {
                self.length(text.len());
                self.bytes(text.as_bytes());
            }
        }
    }

    pub(crate) fn object(&mut self, members: usize) {
        self.sized(Tag::Object, members);
    }

    fn sized(&mut self, tag: Tag, length: usize) {
        if length < 0x80 {
            self.array([tag as u8, length as u8]);
        } else {
            self.array([tag as u8]);
            self.length(length);
        }
    }

    pub(crate) fn value(&mut self, view: View<'_>) {
        match view {
            View::Null => self.array([Tag::Null as u8]),
            View::Bool(value) => self.array([if value { Tag::True } else { Tag::False } as u8]),
            View::Number(number) => self.number(number),
            View::String(text) => {
                self.array([Tag::String as u8]);
                self.string(text);
            }
            View::Array(elements) => {
                self.sized(Tag::Array, elements.len());
                for element in (0..elements.len()).filter_map(|index| elements.element(index)) {
                    self.value(element);
                }
            }
            View::Object(object) => {
                self.object(object.len());
                for (key, value) in object.iter() {
                    self.string(key);
                    self.value(value.view());
                }
            }
            View::NotRepresentable => self.array([Tag::NotRepresentable as u8]),
        }
    }

    fn number(&mut self, number: Number) {
        let (tag, value) = if let Some(value) = number.as_u64() {
            (Tag::NonNegative, value.to_be_bytes())
        } else if let Some(value) = number.as_i64() {
            (Tag::Negative, value.to_be_bytes())
        } else if let Some(value) = number.as_f64() {
            (Tag::Float, value.to_bits().to_be_bytes())
        } else {
            return;
        };
        self.array([tag as u8]);
        self.array(value);
    }

    pub(crate) fn length(&mut self, length: usize) {
        let mut rest = length as u64;
        while rest >= 0x80 {
            self.array([(rest as u8) | 0x80]);
            rest >>= 7;
        }
        self.array([rest as u8]);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        match self
            .buffer
            .get_mut(self.used..)
            .and_then(|room| room.get_mut(..bytes.len()))
        {
            Some(room) => {
                copy(room, bytes);
                self.used += bytes.len();
            }
            None => self.spill(bytes),
        }
    }

    /// As [`bytes`](Self::bytes), for a length that is known beforehand.
    fn array<const N: usize>(&mut self, bytes: [u8; N]) {
        match self
            .buffer
            .get_mut(self.used..)
            .and_then(<[u8]>::first_chunk_mut)
        {
            Some(room) => {
                *room = bytes;
                self.used += N;
            }
            None => self.spill(&bytes),
        }
    }

    /// Hashes full buffers only, so that the hash never has to gather blocks of its own.
    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        if let Some((filling, more)) = rest.split_at_checked(BUFFER - self.used) {
            if let Some(room) = self.buffer.get_mut(self.used..) {
                room.copy_from_slice(filling);
            }
            self.hash.update(self.buffer);
            self.used = 0;
            let (full, remainder) = more.as_chunks::<BUFFER>();
            self.hash.update(full.as_flattened());
            rest = remainder;
        }
        if let Some(room) = self.buffer.get_mut(self.used..self.used + rest.len()) {
            room.copy_from_slice(rest);
            self.used += rest.len();
        }
    }

    fn flush(&mut self) {
        if let Some(filled) = self.buffer.get(..self.used) {
            self.hash.update(filled);
        }
        self.used = 0;
    }
}

/// Copies between slices of one length. Most texts are shorter than a call of `memcpy` is worth.
fn copy(to: &mut [u8], from: &[u8]) {
    let copied = match from.len() {
        16..=32 => copy_ends::<16>(to, from),
        8..=15 => copy_ends::<8>(to, from),
        4..=7 => copy_ends::<4>(to, from),
        2..=3 => copy_ends::<2>(to, from),
        _ => None,
    };
    if copied.is_none() {
        to.copy_from_slice(from);
    }
}

/// The two ends, which overlap where there are fewer than `2 * N` bytes.
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) -> Option<()> {
    *to.first_chunk_mut::<N>()? = *from.first_chunk()?;
    *to.last_chunk_mut::<N>()? = *from.last_chunk()?;
    Some(())
}

/// The first byte of each encoded value. The numbers are part of the format.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Tag {
    Null = 0,
    False = 1,
    True = 2,
    NonNegative = 3,
    Negative = 4,
    Float = 5,
    String = 6,
    Array = 7,
    Object = 8,
    /// Never leaves the crate: such calls are refused as malformed. It only keeps the encoding total.
    NotRepresentable = 255,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Args, Call};
    use crate::ids::ToolName;

    fn call() -> Call {
        let args = format!(
            r#"{{"b": [1, -1, 1.5, null, true, false], "a": {{"é": "{}", "": ""}},
                "big": 18446744073709551615, "z": -0}}"#,
            "x".repeat(200)
        );
        Call::new(
            ToolName::parse("tool/x").unwrap(),
            Args::parse(&args).unwrap(),
        )
    }

    /// Whatever the pieces, and wherever they meet the ends of the buffer.
    #[test]
    fn pieces_are_hashed_as_one_text() {
        let text: Vec<u8> = (0..3 * BUFFER).map(|index| index as u8).collect();
        for first in 0..=2 * BUFFER {
            for second in [0, 1, 2, 3, 5, 8, 15, 16, 31, 32, 33, BUFFER - 1, BUFFER] {
                let mut encoder = Encoder::new(Sha256::new());
                let (a, rest) = text.split_at(first);
                let (b, c) = rest.split_at(second.min(rest.len()));
                [a, b, c].into_iter().for_each(|piece| encoder.bytes(piece));
                encoder.string("ab");
                let expected = Sha256::new()
                    .chain_update(&text)
                    .chain_update(b"\x02ab")
                    .finalize();
                assert_eq!(encoder.finish().as_bytes()[..], expected[..]);
            }
        }
    }

    /// Computed by an independent script from the description of the format. A change here breaks every log.
    #[test]
    fn the_format_is_fixed() {
        assert_eq!(
            call().digest().to_string(),
            "5d242d30252a2784aed351384df5a8f1ad2e0a4c502644848e1b0da9a777b54b"
        );
        let key = DigestKey::from_bytes(&std::array::from_fn(|index| index as u8));
        assert_eq!(
            call().keyed_digest(&key).to_string(),
            "27053397b3302ef7696011aa8979b0dc1835c1e52657a528b12dcb614c4c218e"
        );
    }

    #[test]
    fn digests_read_back() {
        let digest = call().digest();
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for bad in ["", "0", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert_eq!(bad.parse::<Digest>(), Err(DigestError), "{bad}");
        }
    }

    #[test]
    fn random_keys_differ() {
        let [one, other] = [DigestKey::random().unwrap(), DigestKey::random().unwrap()];
        assert_ne!(call().keyed_digest(&one), call().keyed_digest(&other));
    }
}
