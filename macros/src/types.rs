//! Questions about types as they are written, and how to write one inside a function body.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{BoundLifetimes, GenericParam, Generics, Lifetime, Type, TypeImplTrait};

/// Strips the parentheses and invisible groups that macros leave around a type.
pub(crate) fn peel(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            other => return other,
        };
    }
}

/// The `impl Trait` written inside a type, if there is one.
pub(crate) fn impl_trait(ty: &Type) -> Option<Type> {
    struct Search(Option<Type>);
    impl VisitMut for Search {
        fn visit_type_impl_trait_mut(&mut self, found: &mut TypeImplTrait) {
            self.0.get_or_insert_with(|| Type::ImplTrait(found.clone()));
        }
    }
    let mut search = Search(None);
    search.visit_type_mut(&mut ty.clone());
    search.0
}

/// Whether a type is spelled as an option.
pub(crate) fn is_option(ty: &Type) -> bool {
    match peel(ty) {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Option"),
        Type::Reference(reference) => is_option(&reference.elem),
        _ => false,
    }
}

/// Whether a type mentions a type or constant that the function itself is generic over.
pub(crate) fn mentions_generics(ty: &Type, generics: &Generics) -> bool {
    let names: Vec<&Ident> = generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Type(param) => Some(&param.ident),
            GenericParam::Const(param) => Some(&param.ident),
            GenericParam::Lifetime(_) => None,
        })
        .collect();
    !names.is_empty() && mentions(ty.to_token_stream(), &names)
}

fn mentions(tokens: TokenStream, names: &[&Ident]) -> bool {
    let mut after_quote = false;
    tokens.into_iter().any(|token| {
        let is_lifetime = std::mem::replace(&mut after_quote, is_quote(&token));
        match token {
            TokenTree::Ident(ident) => !is_lifetime && names.contains(&&ident),
            TokenTree::Group(group) => mentions(group.stream(), names),
            _ => false,
        }
    })
}

fn is_quote(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '\'')
}

/// The type with every lifetime left to inference, as it can be written in a body that declares none of them.
///
/// `'static` would be wrong: inside `impl<T> Desk<T>` a `&'static T` asks for `T: 'static`.
pub(crate) fn without_lifetimes(ty: &Type) -> Type {
    struct Erase {
        bound: Vec<Ident>,
    }
    impl Erase {
        fn under(&mut self, binder: Option<&BoundLifetimes>, visit: impl FnOnce(&mut Self)) {
            let outer = self.bound.len();
            for param in binder.into_iter().flat_map(|binder| &binder.lifetimes) {
                if let GenericParam::Lifetime(param) = param {
                    self.bound.push(param.lifetime.ident.clone());
                }
            }
            visit(self);
            self.bound.truncate(outer);
        }
    }
    impl VisitMut for Erase {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if !self.bound.contains(&lifetime.ident) {
                lifetime.ident = Ident::new("_", Span::call_site());
            }
        }

        // What `for<'a>` binds keeps its name.
        fn visit_type_fn_ptr_mut(&mut self, ty: &mut syn::TypeFnPtr) {
            let binder = ty.lifetimes.clone();
            self.under(binder.as_ref(), |this| {
                visit_mut::visit_type_fn_ptr_mut(this, ty)
            });
        }

        fn visit_trait_bound_mut(&mut self, bound: &mut syn::TraitBound) {
            let binder = bound.lifetimes.clone();
            self.under(binder.as_ref(), |this| {
                visit_mut::visit_trait_bound_mut(this, bound)
            });
        }
    }
    let mut erased = ty.clone();
    Erase { bound: Vec::new() }.visit_type_mut(&mut erased);
    erased
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn erased(ty: &Type) -> String {
        without_lifetimes(ty).to_token_stream().to_string()
    }

    #[test]
    fn lifetimes_are_left_to_inference() {
        assert_eq!(erased(&parse_quote!(Cow<'a, str>)), "Cow < '_ , str >");
        assert_eq!(erased(&parse_quote!(&'static [&'a T])), "& '_ [& '_ T]");
        let bound: Type = parse_quote!(Box<dyn for<'x> Fn(&'x str, &'a str) + 'a>);
        assert_eq!(
            erased(&bound),
            "Box < dyn for < 'x > Fn (& 'x str , & '_ str) + '_ >"
        );
    }

    #[test]
    fn generics_are_found_wherever_they_stand() {
        let generics: Generics = parse_quote!(<'a, T: Clone, const N: usize>);
        let all: [(Type, bool); 6] = [
            (parse_quote!(T), true),
            (parse_quote!(&'a [Option<T>]), true),
            (parse_quote!([u8; N]), true),
            (parse_quote!(&'T str), false),
            (parse_quote!(&'a str), false),
            (parse_quote!(Vec<u8>), false),
        ];
        for (ty, expected) in all {
            assert_eq!(
                mentions_generics(&ty, &generics),
                expected,
                "{}",
                ty.to_token_stream()
            );
        }
    }

    #[test]
    fn impl_trait_is_found_inside() {
        assert!(impl_trait(&parse_quote!(Result<impl Iterator<Item = u8>, E>)).is_some());
        assert!(impl_trait(&parse_quote!(Result<Box<dyn Iterator<Item = u8>>, E>)).is_none());
    }
}
