//! The function under the attribute: read far enough to wrap it, its body left untouched.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, Lit, Meta, Result, ReturnType, Safety, Signature,
    Token, Type, Visibility, braced, token,
};

use crate::types::{impl_trait, peel};

/// A function with a body that `#[guard]` can wrap.
pub(crate) struct Function {
    /// Attributes, also those that stood inside the body.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) brace: token::Brace,
    pub(crate) body: TokenStream,
    pub(crate) returns: Type,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attrs = Attribute::parse_outer(input)?;
        let visibility: Visibility = input.parse()?;
        check_is_function(input)?;
        let signature: Signature = input.parse()?;
        let returns = check_signature(&signature)?;
        if input.peek(Token![;]) {
            let message = "`#[guard]` needs a function with a body; put it on the implementation";
            return Err(Error::new(signature.ident.span(), message));
        }
        let content;
        let brace = braced!(content in input);
        attrs.extend(inner_as_outer(&content)?);
        let body = content.parse()?;
        Ok(Self {
            attrs,
            visibility,
            signature,
            brace,
            body,
            returns,
        })
    }
}

impl Function {
    /// The attributes that hold for the specification too: whether there is such a function, and whether it is shown.
    pub(crate) fn carried(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| {
            attr.path().is_ident("cfg")
                || matches!(&attr.meta, Meta::List(list) if list.path.is_ident("doc") && list.tokens.to_string() == "hidden")
        })
    }

    /// The doc comment as a string expression.
    pub(crate) fn description(&self) -> TokenStream {
        let pieces: Vec<&Expr> = self.attrs.iter().filter_map(doc_expression).collect();
        let literals: Option<Vec<String>> = pieces.iter().map(|piece| literal(piece)).collect();
        match literals {
            Some(lines) => unindent(&lines.join("\n")).to_token_stream(),
            // Such as `#[doc = include_str!("x.md")]`.
            None => quote::quote!(::core::concat!(#(#pieces, "\n"),*)),
        }
    }
}

fn check_is_function(input: ParseStream<'_>) -> Result<()> {
    let starts_function = input.peek(Token![fn])
        || input.peek(Token![async])
        || input.peek(Token![unsafe])
        || input.peek(Token![extern])
        || (input.peek(Token![const]) && !input.peek2(syn::Ident));
    if starts_function {
        return Ok(());
    }
    let message = "`#[guard]` goes on a function or a method with a body";
    Err(input.error(message))
}

/// Refuses what cannot be wrapped; gives the return type.
fn check_signature(signature: &Signature) -> Result<Type> {
    let mut errors = Errors::default();
    if let Some(token) = signature.constness {
        errors.push(
            token.span(),
            "a guarded function cannot be `const`: it asks a session first",
        );
    }
    if let Safety::Unsafe(token) = signature.safety {
        let message =
            "a guarded function cannot be `unsafe`: a tool must be safe to call with any arguments";
        errors.push(token.span(), message);
    }
    if let Some(abi) = &signature.abi {
        errors.push(abi.span(), "a guarded function cannot have a foreign ABI");
    }
    if let Some(variadic) = &signature.variadic {
        errors.push(
            variadic.dots.span(),
            "a guarded function cannot be variadic",
        );
    }
    errors.finish()?;
    check_return_type(signature)
}

fn check_return_type(signature: &Signature) -> Result<Type> {
    const MUST: &str =
        "a guarded function must return a `Result` whose error type implements `From<Refusal>`";
    let ReturnType::Type(_, returns) = &signature.output else {
        return Err(Error::new(signature.ident.span(), MUST));
    };
    if let Some(opaque) = impl_trait(returns) {
        let message = "a guarded function cannot return `impl Trait`: the refused path has to name the type too; \
                       box it or name it";
        return Err(Error::new(opaque.span(), message));
    }
    if is_plainly_no_result(returns) {
        Err(Error::new(returns.span(), MUST))
    } else {
        Ok(Type::clone(returns))
    }
}

/// Common types that cannot be an alias of `Result`; the others are left to the type checker.
fn is_plainly_no_result(ty: &Type) -> bool {
    const NO: [&str; 20] = [
        "Option", "String", "Vec", "Box", "Arc", "Rc", "bool", "char", "f32", "f64", "i8", "i16",
        "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize",
    ];
    match peel(ty) {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| NO.iter().any(|name| last.ident == name)),
        Type::Macro(_) | Type::Verbatim(_) => false,
        _ => true,
    }
}

fn inner_as_outer(body: ParseStream<'_>) -> Result<Vec<Attribute>> {
    let mut attrs = Attribute::parse_inner(body)?;
    for attr in &mut attrs {
        attr.style = syn::AttrStyle::Outer;
    }
    Ok(attrs)
}

fn doc_expression(attr: &Attribute) -> Option<&Expr> {
    match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => Some(&pair.value),
        _ => None,
    }
}

fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// Removes the indentation that all lines share, as rustdoc does, and blank space at both ends.
fn unindent(text: &str) -> String {
    let indent_of = |line: &str| line.chars().take_while(|c| *c == ' ').count();
    let shared = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indent_of)
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.get(shared..).unwrap_or("").trim_end())
        .collect();
    lines.join("\n").trim().to_owned()
}

/// Several errors reported at once, each at its own place.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, span: Span, message: impl std::fmt::Display) {
        self.add(Error::new(span, message));
    }

    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// The receiver, if the function is a method.
pub(crate) fn is_receiver(argument: &FnArg) -> bool {
    matches!(argument, FnArg::Receiver(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn refusal(tokens: TokenStream) -> String {
        syn::parse2::<Function>(tokens).err().unwrap().to_string()
    }

    #[test]
    fn what_cannot_be_wrapped_is_refused() {
        assert!(
            refusal(quote!(
                const fn f() -> Result<(), E> {}
            ))
            .contains("cannot be `const`")
        );
        assert!(
            refusal(quote!(
                unsafe fn f() -> Result<(), E> {}
            ))
            .contains("cannot be `unsafe`")
        );
        assert!(
            refusal(quote!(
                extern "C" fn f() -> Result<(), E> {}
            ))
            .contains("foreign ABI")
        );
        assert!(
            refusal(quote!(
                extern "C" fn f(s: &S, ...) -> Result<(), E> {}
            ))
            .contains("foreign ABI")
        );
        assert!(
            refusal(quote!(
                fn f(&self) -> Result<(), E>;
            ))
            .contains("with a body")
        );
        for item in [
            quote!(
                struct S;
            ),
            quote!(
                pub mod m {}
            ),
            quote!(
                const X: u8 = 1;
            ),
            quote!(impl S {}),
        ] {
            assert!(refusal(item).contains("goes on a function"));
        }
    }

    #[test]
    fn the_return_type_is_a_result() {
        for ty in [
            quote!(-> Option<u8>),
            quote!(-> ()),
            quote!(-> &str),
            quote!(),
            quote!(-> (Result<A, B>,)),
        ] {
            assert!(refusal(quote!(fn f() #ty {})).contains("must return a `Result`"));
        }
        assert!(
            refusal(quote!(
                fn f() -> Result<impl Copy, E> {}
            ))
            .contains("`impl Trait`")
        );
        assert!(
            syn::parse2::<Function>(quote!(
                fn f() -> io::Result<()> {}
            ))
            .is_ok()
        );
        assert!(
            syn::parse2::<Function>(quote!(
                fn f() -> Fallible<u8> {}
            ))
            .is_ok()
        );
    }

    #[test]
    fn the_doc_comment_is_the_description() {
        let function: Function = syn::parse_quote! {
            ///  Latest quote.
            ///
            ///    More, indented.
            fn f() -> Result<(), E> { #![allow(unused)] 1 }
        };
        assert_eq!(
            function.description().to_string(),
            r#""Latest quote.\n\n  More, indented.""#
        );
        assert_eq!(function.attrs.len(), 4);
        let none: Function = syn::parse_quote!(
            fn f() -> Result<(), E> {}
        );
        assert_eq!(none.description().to_string(), r#""""#);
    }
}
