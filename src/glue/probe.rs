//! How a parameter is looked at, chosen by its type.
//!
//! Method lookup on `&&&&Probe<T>` tries `&&&Probe<T>`, then `&&Probe<T>`, and so on, and takes the first that
//! implements the trait. That gives an order of preference among overlapping ways without specialisation, by the type
//! and not by its spelling ("autoref specialisation"). The last way fits every type and asks for [`Representable`],
//! which no type is: it is there for its error message.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;

use super::argument::Argument;
use crate::json::{self, Limits, Value, View};
use crate::record::ResultReading;
use crate::tool::{ParamSpec, ParamType, ToolSpec};

/// Never implemented; the compiler shows its message for a parameter that no policy could see.
#[diagnostic::on_unimplemented(
    message = "the guard cannot show a parameter of type `{Self}` to a policy",
    label = "neither a plain type nor `serde::Serialize`",
    note = "implement `serde::Serialize` for `{Self}`, or leave the parameter out with `#[guard(skip(...))]`"
)]
pub trait Representable {}

/// An argument, borrowed or serialised.
#[derive(Debug)]
pub enum Held<'a> {
    /// Seen where it is.
    Borrowed(Option<View<'a>>),
    /// Built for the guard; dropped after the decision.
    Serialized(Value),
}

impl Held<'_> {
    pub(super) fn view(&self) -> Option<View<'_>> {
        match self {
            Self::Borrowed(view) => *view,
            Self::Serialized(value) => Some(value.view()),
        }
    }

    fn serialized<T: Serialize + ?Sized>(value: &T) -> Self {
        match json::from_serialize(value, &Limits::default()) {
            Ok(value) => Self::Serialized(value),
            Err(_) => Self::Borrowed(Some(View::NotRepresentable)),
        }
    }
}

/// A value in search of a way to be looked at.
pub struct Probe<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> Probe<'a, T> {
    /// Borrows the value.
    pub fn of(value: &'a T) -> Self {
        Self(value)
    }
}

impl<T: ?Sized> fmt::Debug for Probe<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").finish_non_exhaustive()
    }
}

/// Looks at a value.
pub trait Hold<'a> {
    /// The argument that the value is.
    fn hold(&self) -> Held<'a>;
}

impl<'a, T: ?Sized + Argument> Hold<'a> for &&&Probe<'a, T> {
    fn hold(&self) -> Held<'a> {
        Held::Borrowed(self.0.view())
    }
}

impl<'a, T: Serialize> Hold<'a> for &&Probe<'a, Option<T>> {
    fn hold(&self) -> Held<'a> {
        self.0
            .as_ref()
            .map_or(Held::Borrowed(None), Held::serialized)
    }
}

impl<'a, T: Serialize> Hold<'a> for &&Probe<'a, &Option<T>> {
    fn hold(&self) -> Held<'a> {
        self.0
            .as_ref()
            .map_or(Held::Borrowed(None), Held::serialized)
    }
}

impl<'a, T: ?Sized + Serialize> Hold<'a> for &Probe<'a, T> {
    fn hold(&self) -> Held<'a> {
        Held::serialized(self.0)
    }
}

impl<'a, T: ?Sized> Probe<'a, T> {
    /// Fits every type, and no type is [`Representable`].
    pub fn hold(&self) -> Held<'a>
    where
        T: Representable,
    {
        Held::Borrowed(Some(View::NotRepresentable))
    }
}

/// Shows a result to the record, if it serialises.
pub trait Show {
    /// Reads the value, where that can be.
    fn show(&self, reading: &mut ResultReading);
}

impl<T: ?Sized + Serialize> Show for &Probe<'_, T> {
    fn show(&self, reading: &mut ResultReading) {
        reading.read(self.0);
    }
}

impl<T: ?Sized> Probe<'_, T> {
    /// Fits every type: a result that does not serialise is left unread.
    pub fn show(&self, _: &mut ResultReading) {}
}

/// A type in search of its description.
#[derive(Debug)]
pub struct TypeProbe<T: ?Sized>(PhantomData<fn(&T)>);

impl<T: ?Sized> TypeProbe<T> {
    /// Asks about `T`.
    pub fn of() -> Self {
        Self(PhantomData)
    }
}

/// Describes a parameter.
pub trait Describe {
    /// What the specification says about a parameter of this type.
    fn describe(&self, name: &'static str, secret: bool) -> ParamSpec;
}

impl<T: ?Sized + Argument> Describe for &&&TypeProbe<T> {
    fn describe(&self, name: &'static str, secret: bool) -> ParamSpec {
        ParamSpec::of_function(name, T::param_type(), T::is_optional(), secret)
    }
}

impl<T: Serialize> Describe for &&TypeProbe<Option<T>> {
    fn describe(&self, name: &'static str, secret: bool) -> ParamSpec {
        generic_parameter(name, true, secret)
    }
}

impl<T: Serialize> Describe for &&TypeProbe<&Option<T>> {
    fn describe(&self, name: &'static str, secret: bool) -> ParamSpec {
        generic_parameter(name, true, secret)
    }
}

impl<T: ?Sized> TypeProbe<T> {
    /// Fits every type: one that no policy could see is an error where its value is looked at.
    pub fn describe(&self, name: &'static str, secret: bool) -> ParamSpec {
        generic_parameter(name, false, secret)
    }
}

/// A parameter of which nothing is known but its name.
#[must_use]
pub fn generic_parameter(name: &'static str, optional: bool, secret: bool) -> ParamSpec {
    ParamSpec::of_function(name, ParamType::Any, optional, secret)
}

/// The specification of a guarded function.
#[must_use]
pub fn specification<const N: usize>(
    name: &'static str,
    description: &'static str,
    params: [ParamSpec; N],
) -> ToolSpec {
    ToolSpec::of_function(name, description, params.into())
}
