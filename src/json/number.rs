use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::kind::Kind;

/// A JSON number, kept exactly: an `i64`, a `u64` above `i64::MAX`, or a finite `f64`.
///
/// Equality and hash go by kind and value: `1` differs from `1.0`, and `-0.0` from `0.0`. To ask which of two numbers is
/// the greater, whatever their kinds, use [`compare`](Self::compare). `Debug` shows the kind alone, `Display` the number.
///
/// # Examples
/// ```
/// use portcullis::json::Number;
/// use std::cmp::Ordering;
///
/// let integer = Number::from(9_007_199_254_740_993_u64); // 2^53 + 1, which no `f64` holds
/// let float = Number::try_from(9_007_199_254_740_992.0)?;
/// assert_eq!(integer.compare(float), Ordering::Greater);
/// assert_eq!(Number::try_from(2.0)?.to_string(), "2.0");
/// # Ok::<(), portcullis::json::NotFinite>(())
/// ```
#[derive(Clone, Copy)]
pub struct Number(Repr);

#[derive(Clone, Copy)]
enum Repr {
    Signed(i64),
    /// Above `i64::MAX`, so that every integer has one form.
    Large(u64),
    /// Finite.
    Float(f64),
}

impl Number {
    /// [`Kind::Integer`] or [`Kind::Float`].
    pub fn kind(self) -> Kind {
        match self.0 {
            Repr::Signed(_) | Repr::Large(_) => Kind::Integer,
            Repr::Float(_) => Kind::Float,
        }
    }

    /// The value of an integer that fits.
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Signed(integer) => Some(integer),
            Repr::Large(_) | Repr::Float(_) => None,
        }
    }

    /// The value of an integer that fits.
    pub fn as_u64(self) -> Option<u64> {
        match self.0 {
            Repr::Signed(integer) => u64::try_from(integer).ok(),
            Repr::Large(integer) => Some(integer),
            Repr::Float(_) => None,
        }
    }

    /// The value of a float; `None` for an integer.
    pub fn as_f64(self) -> Option<f64> {
        match self.0 {
            Repr::Signed(_) | Repr::Large(_) => None,
            Repr::Float(float) => Some(float),
        }
    }

    /// The nearest `f64`. An integer beyond 2^53 may be rounded, so do not decide by it.
    pub fn to_f64_lossy(self) -> f64 {
        match self.0 {
            Repr::Signed(integer) => integer as f64,
            Repr::Large(integer) => integer as f64,
            Repr::Float(float) => float,
        }
    }

    /// The order of the numbers themselves, never through a rounded float. Here `1` equals `1.0`, and `-0.0` equals `0`.
    pub fn compare(self, other: Number) -> Ordering {
        match (self.exact(), other.exact()) {
            (Exact::Integer(a), Exact::Integer(b)) => a.cmp(&b),
            (Exact::Integer(a), Exact::Float(b)) => compare_mixed(a, b),
            (Exact::Float(a), Exact::Integer(b)) => compare_mixed(b, a).reverse(),
            // Both are finite; `-0.0 + 0.0` is `0.0`, and adding it changes no other float.
            (Exact::Float(a), Exact::Float(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        }
    }

    /// Whether it is below zero; `-0.0` is not.
    pub fn is_negative(self) -> bool {
        match self.0 {
            Repr::Signed(integer) => integer < 0,
            Repr::Large(_) => false,
            Repr::Float(float) => float < 0.0,
        }
    }

    pub(super) const NEGATIVE_ZERO: Self = Self(Repr::Float(-0.0));

    /// What a literal without fraction and exponent means, if 64 bits hold it; `-0` is the float -0.0.
    pub(super) fn from_integer_literal(literal: &str) -> Option<Self> {
        if literal == "-0" {
            return Some(Self::NEGATIVE_ZERO);
        }
        let signed = literal.parse::<i64>().map(Self::from);
        signed
            .or_else(|_| literal.parse::<u64>().map(Self::from))
            .ok()
    }

    fn exact(self) -> Exact {
        match self.0 {
            Repr::Signed(integer) => Exact::Integer(integer.into()),
            Repr::Large(integer) => Exact::Integer(integer.into()),
            Repr::Float(float) => Exact::Float(float),
        }
    }
}

enum Exact {
    Integer(i128),
    Float(f64),
}

fn compare_mixed(integer: i128, float: f64) -> Ordering {
    // The cast drops the fraction and saturates at ±2^127, which is still beyond any integer of 64 bits.
    let whole = float as i128;
    integer.cmp(&whole).then_with(|| {
        let fraction = float.fract();
        if fraction > 0.0 {
            Ordering::Less
        } else if fraction < 0.0 {
            Ordering::Greater
        } else {
            Ordering::Equal
        }
    })
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Repr::Signed(a), Repr::Signed(b)) => a == b,
            (Repr::Large(a), Repr::Large(b)) => a == b,
            (Repr::Float(a), Repr::Float(b)) => a.to_bits() == b.to_bits(),
            _ => false,
        }
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        match self.0 {
            Repr::Signed(integer) => integer.hash(state),
            Repr::Large(integer) => integer.hash(state),
            Repr::Float(float) => float.to_bits().hash(state),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.kind(), f)
    }
}

/// JSON text that reads back as the same number: a float always has a fraction or an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Signed(integer) => write!(f, "{integer}"),
            Repr::Large(integer) => write!(f, "{integer}"),
            // `Debug` of a float is the shortest decimal that reads back, and keeps the `.0` that `Display` drops.
            Repr::Float(float) => write!(f, "{float:?}"),
        }
    }
}

macro_rules! from_integer {
    ($repr:ident as $wide:ty: $($narrow:ty),*) => {$(
        impl From<$narrow> for Number {
            fn from(integer: $narrow) -> Self {
                let wide = integer as $wide;
                i64::try_from(wide).map_or(Self(Repr::$repr(wide)), |signed| Self(Repr::Signed(signed)))
            }
        }
    )*};
}

from_integer!(Signed as i64: i8, i16, i32, i64, isize);
from_integer!(Large as u64: u8, u16, u32, u64, usize);

impl TryFrom<f64> for Number {
    type Error = NotFinite;

    fn try_from(float: f64) -> Result<Self, NotFinite> {
        if float.is_finite() {
            Ok(Self(Repr::Float(float)))
        } else {
            Err(NotFinite)
        }
    }
}

/// A float is NaN or infinite, which JSON cannot write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("float is not finite")]
#[non_exhaustive]
pub struct NotFinite;

#[cfg(test)]
mod tests;
