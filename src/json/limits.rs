use super::error::{Error, ErrorKind};

/// Levels of nesting beyond which nothing is read, whatever a host configures: the reader recurses once a level.
pub(super) const MAX_DEPTH: usize = 128;

/// Spans are 32 bits wide.
const MAX_BYTES: usize = u32::MAX as usize;

/// How deep and how large a JSON value may be.
///
/// # Examples
/// ```
/// use portcullis::json::{self, Limits};
///
/// let limits = Limits { max_depth: 1, ..Limits::default() };
/// assert!(json::parse("[1]", &limits).is_ok());
/// assert!(json::parse("[[1]]", &limits).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Levels of arrays and objects, one inside the other; a bare string has none. 32 by default, never more than 128.
    pub max_depth: usize,
    /// Bytes of JSON text. A value that comes from no text counts as many as its shortest text has. 1 MiB by default.
    pub max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_depth: 32,
            max_bytes: 1 << 20,
        }
    }
}

impl Limits {
    pub(super) fn check_text(&self, bytes: usize) -> Result<(), Error> {
        Meter::new(self).charge(bytes).map_err(Error::from)
    }

    /// The depth inside one more array or object.
    pub(super) fn descend(&self, depth: usize) -> Result<usize, ErrorKind> {
        let limit = self.max_depth.min(MAX_DEPTH);
        if depth < limit {
            Ok(depth + 1)
        } else {
            Err(ErrorKind::TooDeep { limit })
        }
    }
}

/// Counts the bytes of JSON text that a value would take while it is built from something that is not text.
#[derive(Debug)]
pub(super) struct Meter {
    limit: usize,
    left: usize,
}

impl Meter {
    pub(super) fn new(limits: &Limits) -> Self {
        let limit = limits.max_bytes.min(MAX_BYTES);
        Self { limit, left: limit }
    }

    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), ErrorKind> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(ErrorKind::TooLarge { limit: self.limit }),
        }
    }

    /// Charges the brackets of an array or object and the commas between its elements.
    pub(super) fn charge_brackets(&mut self, elements: usize) -> Result<(), ErrorKind> {
        self.charge(elements.saturating_sub(1).saturating_add("[]".len()))
    }
}
