use std::fmt;

use super::error::{Error, ErrorKind};
use super::value::Value;

/// Keys that start so are refused: `serde_json` reads such an object as a number or as raw text once some crate in the
/// build switches `arbitrary_precision` or `raw_value` on, so that a checker and a tool would see different values.
const RESERVED_PREFIX: &str = "$serde_json::private::";

/// Up to this many entries a walk finds a key sooner than a binary search.
const SHORT: usize = 8;

/// A JSON object: entries with unique keys, sorted by the bytes of the key.
///
/// # Examples
/// ```
/// use portcullis::json::{Object, Value};
///
/// let object = Object::from_entries(vec![("to".to_owned(), Value::from("desk")), ("count".to_owned(), Value::from(2))])?;
/// assert_eq!(object.get("count"), Some(&Value::from(2)));
/// assert_eq!(object.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["count", "to"]);
/// # Ok::<(), portcullis::json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Object(Vec<Entry>);

pub(super) type Entry = (Box<str>, Value);

impl Object {
    /// An object of these entries, in any order.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKey`]; [`ErrorKind::ReservedKey`] for a key that starts with `$serde_json::private::`.
    pub fn from_entries(entries: Vec<(String, Value)>) -> Result<Self, Error> {
        let entries = entries
            .into_iter()
            .map(|(key, value)| check_key(&key).map(|()| (key.into_boxed_str(), value)))
            .collect::<Result<_, _>>()?;
        Ok(Self::from_checked(entries)?)
    }

    /// The value at a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let entry = if self.0.len() <= SHORT {
            self.0.iter().find(|(name, _)| **name == *key)
        } else {
            let found = self.0.binary_search_by(|(name, _)| (**name).cmp(key));
            found.ok().and_then(|index| self.0.get(index))
        };
        entry.map(|(_, value)| value)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, sorted by the bytes of the key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> + Clone {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// An object of entries whose keys have passed [`check_key`], unless two keys are the same.
    pub(super) fn from_checked(mut entries: Vec<Entry>) -> Result<Self, ErrorKind> {
        let sorted = |entries: &[Entry]| entries.is_sorted_by(|(a, _), (b, _)| a < b);
        if !sorted(&entries) {
            entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            if !sorted(&entries) {
                return Err(ErrorKind::DuplicateKey);
            }
        }
        Ok(Self(entries))
    }
}

/// Refuses a key that `serde_json` may not take at its word.
pub(crate) fn check_key(key: &str) -> Result<(), ErrorKind> {
    if key.starts_with(RESERVED_PREFIX) {
        Err(ErrorKind::ReservedKey)
    } else {
        Ok(())
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object({})", self.len())
    }
}
