use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::json::{Elements, Number, Value, View};
use crate::tool::ParamType;

/// A Rust type that the guard looks at without building JSON from it.
///
/// Whatever else a parameter may be is serialised; see [`Hold`](super::Hold).
pub trait Argument {
    /// The value as JSON; `None` is an absent argument.
    fn view(&self) -> Option<View<'_>>;

    /// What the specification of a tool says about such a parameter.
    fn param_type() -> ParamType;

    /// Whether a call may leave such a parameter out.
    fn is_optional() -> bool {
        false
    }

    /// What the specification says about an array of these.
    fn element_type() -> ParamType {
        // An element cannot be absent: a `None` among them is a `null`.
        if Self::is_optional() {
            ParamType::Any
        } else {
            Self::param_type()
        }
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl Argument for $integer {
            fn view(&self) -> Option<View<'_>> {
                Some(View::Number(Number::from(*self)))
            }

            // Exact: of every type that has at most 64 bits, `MIN` fits `i64` and `MAX` fits `u64`.
            fn param_type() -> ParamType {
                ParamType::Integer { min: <$integer>::MIN as i64, max: <$integer>::MAX as u64 }
            }
        }
    )*};
}

integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl Argument for f64 {
    fn view(&self) -> Option<View<'_>> {
        Some(Number::try_from(*self).map_or(View::NotRepresentable, View::Number))
    }

    fn param_type() -> ParamType {
        ParamType::Number
    }
}

impl Argument for f32 {
    fn view(&self) -> Option<View<'_>> {
        Some(Number::try_from(f64::from(*self)).map_or(View::NotRepresentable, View::Number))
    }

    fn param_type() -> ParamType {
        ParamType::Number
    }
}

impl Argument for bool {
    fn view(&self) -> Option<View<'_>> {
        Some(View::Bool(*self))
    }

    fn param_type() -> ParamType {
        ParamType::Boolean
    }
}

impl Argument for str {
    fn view(&self) -> Option<View<'_>> {
        Some(View::String(self))
    }

    fn param_type() -> ParamType {
        ParamType::String
    }
}

impl Argument for String {
    fn view(&self) -> Option<View<'_>> {
        Some(View::String(self))
    }

    fn param_type() -> ParamType {
        ParamType::String
    }
}

impl Argument for Value {
    fn view(&self) -> Option<View<'_>> {
        Some(Value::view(self))
    }

    fn param_type() -> ParamType {
        ParamType::Any
    }
}

impl<T: Argument> Argument for Option<T> {
    fn view(&self) -> Option<View<'_>> {
        self.as_ref()?.view()
    }

    fn param_type() -> ParamType {
        T::param_type()
    }

    fn is_optional() -> bool {
        true
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {$(
        impl<T: ?Sized + Argument> Argument for $pointer {
            fn view(&self) -> Option<View<'_>> {
                T::view(self)
            }

            fn param_type() -> ParamType {
                T::param_type()
            }

            fn is_optional() -> bool {
                T::is_optional()
            }
        }
    )*};
}

pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: ?Sized + Argument + ToOwned> Argument for Cow<'_, T> {
    fn view(&self) -> Option<View<'_>> {
        T::view(self)
    }

    fn param_type() -> ParamType {
        T::param_type()
    }

    fn is_optional() -> bool {
        T::is_optional()
    }
}

macro_rules! arrays {
    ($([$($generics:tt)*] $array:ty, $element:ty;)*) => {$(
        impl<$($generics)*> Argument for $array
        where
            $element: Argument,
            $array: Elements,
        {
            fn view(&self) -> Option<View<'_>> {
                Some(View::Array(self))
            }

            fn param_type() -> ParamType {
                ParamType::array_of(<$element>::element_type())
            }
        }
    )*};
}

arrays! {
    [T] Vec<T>, T;
    [T, const N: usize] [T; N], T;
    ['a, T] &'a [T], T;
    ['a, T] &'a mut [T], T;
    [T] Box<[T]>, T;
}
