//! Arrays seen element by element.
//!
//! A view points at the array itself, so every array type needs [`Elements`]. For `Vec` that is written out by the
//! head of its element type, since `Vec<Value>` has an implementation beside the other JSON types.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use super::argument::Argument;
use crate::json::{Elements, View};

/// An element as an array shows it: there are no gaps, so `None` is `null`.
fn shown<T: Argument>(element: &T) -> View<'_> {
    element.view().unwrap_or(View::Null)
}

macro_rules! elements {
    ($([$($generics:tt)*] $array:ty, $element:ty;)*) => {$(
        impl<$($generics)*> Elements for $array
        where
            $element: Argument,
        {
            fn len(&self) -> usize {
                <[$element]>::len(self)
            }

            fn element(&self, index: usize) -> Option<View<'_>> {
                self.get(index).map(shown)
            }
        }
    )*};
}

elements! {
    [T, const N: usize] [T; N], T;
    [T] &[T], T;
    [T] &mut [T], T;
    [T] Box<[T]>, T;
    [T] Vec<Option<T>>, Option<T>;
    [T] Vec<Vec<T>>, Vec<T>;
    [T, const N: usize] Vec<[T; N]>, [T; N];
    ['a, T: ?Sized] Vec<&'a T>, &'a T;
    ['a, T: ?Sized] Vec<&'a mut T>, &'a mut T;
    [T: ?Sized] Vec<Box<T>>, Box<T>;
    [T: ?Sized] Vec<Rc<T>>, Rc<T>;
    [T: ?Sized] Vec<Arc<T>>, Arc<T>;
    ['a, T: ?Sized + ToOwned] Vec<Cow<'a, T>>, Cow<'a, T>;
    [] Vec<String>, String;
    [] Vec<bool>, bool;
    [] Vec<f32>, f32;
    [] Vec<f64>, f64;
    [] Vec<i8>, i8;
    [] Vec<i16>, i16;
    [] Vec<i32>, i32;
    [] Vec<i64>, i64;
    [] Vec<isize>, isize;
    [] Vec<u8>, u8;
    [] Vec<u16>, u16;
    [] Vec<u32>, u32;
    [] Vec<u64>, u64;
    [] Vec<usize>, usize;
}
