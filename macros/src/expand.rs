//! From the function that was written to the guarded function and its specification.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, LitStr, Path, Result, Type, Visibility};

use crate::function::Function;
use crate::options::{Options, is_tool_name};
use crate::parameters::{Argument, Parameters};
use crate::types::{impl_trait, is_option, mentions_generics, without_lifetimes};

/// The whole attribute. An error keeps the item in place, so that it is not reported as a missing name too.
pub(crate) fn guard(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(options, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#[allow(unused)] #item #error)
    })
}

fn expand(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: Function = syn::parse2(item)?;
    let options = Options::parse(options)?;
    let parameters = Parameters::read(&function.signature, &options)?;
    let guarded = Guarded {
        glue: glue(options.root.as_ref()),
        tool: tool_name(&function.signature.ident, options.tool.as_ref())?,
        function: &function,
        parameters: &parameters,
    };
    let (wrapped, specification) = (guarded.wrapped(), guarded.specification());
    Ok(quote!(#wrapped #specification))
}

fn glue(root: Option<&Path>) -> TokenStream {
    root.map_or_else(|| quote!(::portcullis), ToTokens::to_token_stream)
}

fn tool_name(function: &Ident, chosen: Option<&LitStr>) -> Result<String> {
    let name = chosen.map_or_else(|| function.unraw().to_string(), LitStr::value);
    if is_tool_name(&name) {
        return Ok(name);
    }
    let message = format!(
        "`{name}` cannot be the name of a tool; choose one with `#[guard(tool = \"...\")]`"
    );
    Err(Error::new(function.span(), message))
}

struct Guarded<'f> {
    /// The path of the `portcullis` crate.
    glue: TokenStream,
    tool: String,
    function: &'f Function,
    parameters: &'f Parameters,
}

impl Guarded<'_> {
    /// The function as it was, its body within reach of a clearance only.
    fn wrapped(&self) -> TokenStream {
        let Function {
            attrs,
            visibility,
            signature,
            returns,
            ..
        } = self.function;
        let clearance = Ident::new("clearance", Span::mixed_site());
        let authorized = self.authorized();
        let allow = self.allow_underscores();
        let body = self.body();
        let show = self.show();
        let run = if signature.asyncness.is_some() {
            // An async block cannot name its output; the branch that is never taken does it.
            let typed = quote_spanned! {Span::mixed_site()=>
                if let ::core::option::Option::Some(typed) = ::core::option::Option::None::<#returns> {
                    return typed;
                }
            };
            quote_spanned!(Span::mixed_site()=> #clearance.run_async(async move { #typed #body }, #show).await)
        } else {
            quote_spanned!(Span::mixed_site()=> #clearance.run(move || -> #returns #body, #show))
        };
        quote! {
            #(#attrs)*
            #visibility #signature {
                #allow
                let #clearance = #authorized;
                #run
            }
        }
    }

    /// Shows the record what was returned, if that type serialises.
    fn show(&self) -> TokenStream {
        let glue = &self.glue;
        let returns = &self.function.returns;
        let import = self.import("Show");
        quote_spanned! {Span::mixed_site()=>
            |value: &<#returns as #glue::__private::Outcome>::Value, reading: &mut #glue::__private::ResultReading| {
                #import
                (&&#glue::__private::Probe::of(value)).show(reading)
            }
        }
    }

    /// Asks the session. The parameters are borrowed in here and nowhere else.
    fn authorized(&self) -> TokenStream {
        let Self { glue, tool, .. } = self;
        let Parameters {
            session,
            session_type,
            arguments,
        } = self.parameters;
        let returns = &self.function.returns;
        let import = self.import_for_arguments("Hold");
        let held = arguments.iter().map(|argument| self.held(argument));
        let secret = arguments
            .iter()
            .filter(|argument| argument.secret)
            .map(|argument| {
                let Argument {
                    conditions, name, ..
                } = argument;
                quote!(#(#conditions)* #name)
            });
        let authorize = quote_spanned!(at(session_type)=> #glue::__private::authorize);
        let refused =
            quote_spanned!(at(returns)=> <#returns as #glue::__private::Outcome>::refused);
        quote_spanned! {Span::mixed_site()=> {
            #import
            match #authorize(#session, #tool, [#(#held),*], &[#(#secret),*]) {
                ::core::result::Result::Ok(clearance) => clearance,
                ::core::result::Result::Err(refusal) => return #refused(refusal),
            }
        }}
    }

    /// A parameter that the body ignores is used after all, by the guard.
    fn allow_underscores(&self) -> Option<TokenStream> {
        let Parameters {
            session, arguments, ..
        } = self.parameters;
        let mut used =
            std::iter::once(session).chain(arguments.iter().map(|argument| &argument.ident));
        used.any(|ident| ident.to_string().starts_with('_')).then(|| {
            quote!(#[allow(clippy::used_underscore_binding, reason = "used by the guard, not by the body")])
        })
    }

    fn held(&self, argument: &Argument) -> TokenStream {
        let Self { glue, .. } = self;
        let Argument {
            conditions,
            name,
            ident,
            ty,
            ..
        } = argument;
        // One more reference than there are ways to look at a value; method lookup takes the first that fits.
        quote_spanned! {at(ty)=>
            #(#conditions)* (#name, (&&&&#glue::__private::Probe::of(&#ident)).hold())
        }
    }

    /// The body in braces that stand where they stood; as written ones they would be called superfluous.
    fn body(&self) -> Group {
        let Function { brace, body, .. } = self.function;
        let mut group = Group::new(Delimiter::Brace, body.clone());
        group.set_span(Span::mixed_site().located_at(brace.span.join()));
        group
    }

    /// The sibling that describes the tool.
    fn specification(&self) -> TokenStream {
        let Self {
            glue,
            tool,
            function,
            ..
        } = self;
        let visibility = &function.visibility;
        let conditions = function.carried();
        let description = function.description();
        // A span of the macro, so that nobody is told of a specification that is not used.
        let written = &function.signature.ident;
        let span = Span::mixed_site().located_at(written.span());
        let name = format_ident!("{}_tool", written.unraw(), span = span);
        let sized = self.sized();
        let doc =
            format!("The specification of the tool `{tool}`, for policies and for the model.");
        let import = self.import_for_arguments("Describe");
        let mut arguments: Vec<&Argument> = self.parameters.arguments.iter().collect();
        arguments.sort_by_key(|argument| argument.position);
        let described = arguments
            .into_iter()
            .map(|argument| self.described(argument));
        quote_spanned! {Span::mixed_site()=>
            #(#conditions)*
            #[doc = #doc]
            #[must_use]
            #visibility fn #name() -> #glue::ToolSpec #sized {
                #import
                #glue::__private::specification(#tool, #description, [#(#described),*])
            }
        }
    }

    /// What may be a trait's method, since it has no visibility of its own, must leave the trait usable as `dyn`.
    fn sized(&self) -> Option<TokenStream> {
        let Function {
            visibility,
            signature,
            ..
        } = self.function;
        let in_trait =
            signature.receiver().is_some() && matches!(visibility, Visibility::Inherited);
        in_trait.then(|| quote!(where Self: Sized))
    }

    fn described(&self, argument: &Argument) -> TokenStream {
        let Self { glue, .. } = self;
        let Argument {
            conditions,
            name,
            ty,
            secret,
            ..
        } = argument;
        let generic =
            impl_trait(ty).is_some() || mentions_generics(ty, &self.function.signature.generics);
        if generic {
            // Out of the function's generics there is no type to ask.
            let optional = is_option(ty);
            return quote_spanned! {at(ty)=>
                #(#conditions)* #glue::__private::generic_parameter(#name, #optional, #secret)
            };
        }
        let ty = without_lifetimes(ty);
        quote_spanned! {at(&ty)=>
            #(#conditions)* (&&&&#glue::__private::TypeProbe::<#ty>::of()).describe(#name, #secret)
        }
    }

    /// Brings the methods of a probe into scope, if there is something to probe.
    fn import(&self, name: &str) -> TokenStream {
        let glue = &self.glue;
        let name = Ident::new(name, Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> use #glue::__private::#name as _;)
    }

    /// As [`import`](Self::import), for what is done with each argument.
    fn import_for_arguments(&self, name: &str) -> Option<TokenStream> {
        (!self.parameters.arguments.is_empty()).then(|| self.import(name))
    }
}

/// Where the type checker shall point, with the hygiene of the macro.
fn at(ty: &Type) -> Span {
    Span::mixed_site().located_at(ty.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expansion without spaces, so that its text can be searched.
    fn expanded(options: TokenStream, item: TokenStream) -> String {
        let text = guard(options, item).to_string();
        text.split_whitespace().collect()
    }

    #[test]
    fn the_body_stands_once_and_behind_the_clearance() {
        let text = expanded(
            quote!(),
            quote!(
                fn f(session: &Session) -> R {
                    the_body()
                }
            ),
        );
        assert_eq!(text.matches("the_body()").count(), 1);
        assert!(
            text.contains("clearance.run(move||->R{the_body()},"),
            "{text}"
        );
        let text = expanded(
            quote!(),
            quote!(
                async fn f(session: &Session) -> R {
                    the_body().await
                }
            ),
        );
        assert_eq!(text.matches("the_body()").count(), 1);
        assert!(text.contains("returntyped;}{the_body().await}},"), "{text}");
    }

    #[test]
    fn arguments_are_handed_over_by_name_in_order() {
        let item = quote!(
            fn f(s: &Session, zone: &str, #[cfg(unix)] r#as: u8, key: &str, skipped: T) -> R {}
        );
        let text = expanded(quote!(tool = "x/y", secret(key), skip(skipped)), item);
        let authorize = text.split_once("authorize(s,\"x/y\",[").unwrap().1;
        let names = [
            r##"#[cfg(unix)]("as","##,
            r#"("key","#,
            r#"("zone","#,
            r#"&["key"])"#,
        ];
        let places: Vec<_> = names.map(|name| authorize.find(name).unwrap()).into();
        assert!(places.is_sorted(), "{text}");
        let described = text.split_once("fnf_tool()").unwrap().1;
        let names = [
            r#"describe("zone",false)"#,
            r#"describe("as",false)"#,
            r#"describe("key",true)"#,
        ];
        let places: Vec<_> = names.map(|name| described.find(name).unwrap()).into();
        assert!(places.is_sorted(), "{text}");
        assert!(!text.contains("\"skipped\""));
    }

    #[test]
    fn the_specification_goes_where_the_function_goes() {
        let item = quote!(
            #[cfg(unix)]
            #[doc(hidden)]
            #[inline]
            pub(super) fn f(s: &Session) -> R {}
        );
        let text = expanded(quote!(crate = crate::gate), item);
        let before = text
            .split_once("pub(super)fnf_tool()->crate::gate::ToolSpec")
            .unwrap()
            .0;
        let attributes = before.rsplit_once('}').unwrap().1;
        assert!(
            attributes.starts_with("#[cfg(unix)]#[doc(hidden)]#[doc=\"Thespecification"),
            "{attributes}"
        );
        assert!(!attributes.contains("inline"));
    }

    #[test]
    fn a_wrong_item_is_kept_and_reported() {
        let text = expanded(
            quote!(),
            quote!(
                fn f() -> R {
                    the_body()
                }
            ),
        );
        assert!(text.contains("fnf()->R{the_body()}"), "{text}");
        assert!(text.contains("compile_error!"), "{text}");
        assert!(!text.contains("f_tool"));
        assert!(
            expanded(
                quote!(),
                quote!(
                    fn größe(s: &Session) -> R {}
                )
            )
            .contains("compile_error!")
        );
    }
}
