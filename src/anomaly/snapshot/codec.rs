//! How what is remembered is written down: field by field, little-endian, of fixed sizes.

use std::collections::VecDeque;
use std::sync::Arc;

/// Something that can be written down and read again.
pub(in crate::anomaly) trait Stored: Sized {
    fn store(&self, out: &mut Vec<u8>);

    /// `None` for anything that `store` does not write.
    fn load(input: &mut Input<'_>) -> Option<Self>;
}

/// What is still to be read.
#[derive(Debug)]
pub(in crate::anomaly) struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    pub(in crate::anomaly) fn new(bytes: &'i [u8]) -> Self {
        Self(bytes)
    }

    pub(in crate::anomaly) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::anomaly) fn take(&mut self, length: usize) -> Option<&'i [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// Implements [`Stored`] for a struct from its fields, in this order. What is read must be sound, or it is nothing.
macro_rules! stored {
    ($type:ident $(<$(const $N:ident: usize),+>)? { $($field:ident),+ $(,)? }, $is_sound:expr) => {
        impl $(<$(const $N: usize),+>)? $crate::anomaly::snapshot::Stored for $type $(<$($N),+>)? {
            fn store(&self, out: &mut Vec<u8>) {
                $($crate::anomaly::snapshot::Stored::store(&self.$field, out);)+
            }

            fn load(input: &mut $crate::anomaly::snapshot::Input<'_>) -> Option<Self> {
                $(let $field = $crate::anomaly::snapshot::Stored::load(input)?;)+
                let loaded = Self { $($field),+ };
                let is_sound: fn(&Self) -> bool = $is_sound;
                is_sound(&loaded).then_some(loaded)
            }
        }
    };
}
pub(in crate::anomaly) use stored;

macro_rules! stored_number {
    ($($type:ty),+) => {$(
        impl Stored for $type {
            fn store(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn load(input: &mut Input<'_>) -> Option<Self> {
                let bytes = input.take(size_of::<Self>())?;
                Some(Self::from_le_bytes(bytes.try_into().ok()?))
            }
        }
    )+};
}
stored_number!(u8, u16, u32, u64, u128);

/// Everything that is learned is finite and not negative.
macro_rules! stored_float {
    ($($type:ty as $bits:ty),+) => {$(
        impl Stored for $type {
            fn store(&self, out: &mut Vec<u8>) {
                self.to_bits().store(out);
            }

            fn load(input: &mut Input<'_>) -> Option<Self> {
                let value = Self::from_bits(<$bits>::load(input)?);
                (value.is_finite() && value >= 0.0).then_some(value)
            }
        }
    )+};
}
stored_float!(f32 as u32, f64 as u64);

impl Stored for bool {
    fn store(&self, out: &mut Vec<u8>) {
        u8::from(*self).store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        match u8::load(input)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

/// As 32 bits: nothing that is remembered is longer.
impl Stored for usize {
    fn store(&self, out: &mut Vec<u8>) {
        u32::try_from(*self).unwrap_or(u32::MAX).store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        u32::load(input)?.try_into().ok()
    }
}

impl<T: Stored, const N: usize> Stored for [T; N] {
    fn store(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|item| item.store(out));
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        let items: Option<Vec<T>> = (0..N).map(|_| T::load(input)).collect();
        items?.try_into().ok()
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn store(&self, out: &mut Vec<u8>) {
        self.0.store(out);
        self.1.store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        Some((A::load(input)?, B::load(input)?))
    }
}

impl<T: Stored> Stored for Option<T> {
    fn store(&self, out: &mut Vec<u8>) {
        self.is_some().store(out);
        self.iter().for_each(|item| item.store(out));
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        if bool::load(input)? {
            T::load(input).map(Some)
        } else {
            Some(None)
        }
    }
}

impl<T: Stored> Stored for Box<T> {
    fn store(&self, out: &mut Vec<u8>) {
        (**self).store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        T::load(input).map(Box::new)
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn store(&self, out: &mut Vec<u8>) {
        self.len().store(out);
        self.iter().for_each(|item| item.store(out));
    }

    /// Takes memory for what is there, whatever the length says.
    fn load(input: &mut Input<'_>) -> Option<Self> {
        let length = usize::load(input)?;
        let mut items = Self::new();
        for _ in 0..length {
            items.push(T::load(input)?);
        }
        Some(items)
    }
}

impl<T: Stored> Stored for VecDeque<T> {
    fn store(&self, out: &mut Vec<u8>) {
        self.len().store(out);
        self.iter().for_each(|item| item.store(out));
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        Vec::load(input).map(Self::from)
    }
}

impl Stored for Arc<str> {
    fn store(&self, out: &mut Vec<u8>) {
        self.len().store(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        let length = usize::load(input)?;
        Some(std::str::from_utf8(input.take(length)?).ok()?.into())
    }
}

impl Stored for crate::ids::AgentId {
    fn store(&self, out: &mut Vec<u8>) {
        Arc::<str>::from(self.as_str()).store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        Self::parse(&Arc::<str>::load(input)?).ok()
    }
}
