//! The parameters of the function, sorted into session, arguments, secrets and what is left out.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Error, FnArg, Pat, PatType, Result, Signature, Type};

use crate::function::{Errors, is_receiver};
use crate::options::Options;
use crate::similar::did_you_mean;
use crate::types::peel;

/// The session's parameter and the arguments that a policy sees.
pub(crate) struct Parameters {
    pub(crate) session: Ident,
    /// How the session's type is written, where the type checker shall point.
    pub(crate) session_type: Type,
    /// Sorted by name.
    pub(crate) arguments: Vec<Argument>,
}

/// One argument of the call.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    /// The identifier without `r#`.
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) secret: bool,
    pub(crate) conditions: Vec<Attribute>,
    /// The place in the signature; a specification lists parameters as they were written.
    pub(crate) position: usize,
}

impl Parameters {
    pub(crate) fn read(signature: &Signature, options: &Options) -> Result<Self> {
        let mut typed = signature
            .inputs
            .iter()
            .filter(|input| !is_receiver(input))
            .filter_map(typed);
        let (session, session_type) = session(signature, typed.next())?;
        let mut errors = Errors::default();
        let mut arguments = Vec::new();
        for (position, parameter) in typed.enumerate() {
            match argument(parameter, position) {
                Ok(argument) => arguments.push(argument),
                Err(error) => errors.add(error),
            }
        }
        errors.finish()?;
        check_names(options, &session, &arguments)?;
        mark(&mut arguments, options);
        arguments.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            session,
            session_type,
            arguments,
        })
    }
}

fn typed(input: &FnArg) -> Option<&PatType> {
    match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    }
}

fn session(signature: &Signature, first: Option<&PatType>) -> Result<(Ident, Type)> {
    const MUST: &str =
        "the first parameter of a guarded function must be `&Session`: nothing is ambient";
    let Some(first) = first else {
        return Err(Error::new(signature.ident.span(), MUST));
    };
    let Type::Reference(reference) = peel(&first.ty) else {
        return Err(Error::new(first.ty.span(), MUST));
    };
    if reference.mutability.is_some() || is_plainly_no_session(&reference.elem) {
        return Err(Error::new(first.ty.span(), MUST));
    }
    if let Some(attr) = conditions(&first.attrs)?.first() {
        return Err(Error::new(attr.span(), "the session cannot be conditional"));
    }
    Ok((plain_ident(first)?, Type::clone(&first.ty)))
}

/// What a forgotten session leaves in its place; aliases of `Session` are left to the type checker.
fn is_plainly_no_session(ty: &Type) -> bool {
    match peel(ty) {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            [
                "str", "String", "Vec", "Option", "bool", "u32", "u64", "i32", "i64", "usize",
                "f64",
            ]
            .iter()
            .any(|name| last.ident == name)
        }),
        Type::Macro(_) | Type::Verbatim(_) => false,
        _ => true,
    }
}

fn argument(parameter: &PatType, position: usize) -> Result<Argument> {
    let ident = plain_ident(parameter)?;
    Ok(Argument {
        name: ident.unraw().to_string(),
        ident,
        ty: Type::clone(&parameter.ty),
        secret: false,
        conditions: conditions(&parameter.attrs)?,
        position,
    })
}

fn plain_ident(parameter: &PatType) -> Result<Ident> {
    match &*parameter.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Ok(pat.ident.clone()),
        Pat::Wild(wild) => {
            let message = "give the parameter a name: policies know arguments by their names";
            Err(Error::new(wild.span(), message))
        }
        other => {
            let message = "give the parameter a plain name and take it apart in the body: policies know arguments by \
                           their names";
            Err(Error::new(other.span(), message))
        }
    }
}

/// The `cfg` attributes of a parameter; others stay on the signature and mean nothing here.
fn conditions(attrs: &[Attribute]) -> Result<Vec<Attribute>> {
    if let Some(attr) = attrs.iter().find(|attr| attr.path().is_ident("cfg_attr")) {
        let message = "`cfg_attr` on a parameter could hide it from the policy; use `cfg`";
        return Err(Error::new(attr.span(), message));
    }
    Ok(attrs
        .iter()
        .filter(|attr| attr.path().is_ident("cfg"))
        .cloned()
        .collect())
}

fn check_names(options: &Options, session: &Ident, arguments: &[Argument]) -> Result<()> {
    let mut errors = Errors::default();
    let mut seen: Vec<(String, &str)> = Vec::new();
    let chosen = options.secret.iter().map(|ident| (ident, "secret"));
    for (ident, option) in chosen.chain(options.skip.iter().map(|ident| (ident, "skip"))) {
        let name = ident.unraw().to_string();
        let earlier = seen.iter().find(|(known, _)| *known == name);
        if let Some((_, earlier)) = earlier {
            errors.push(ident.span(), twice(&name, earlier, option));
        } else if *session == name || name == "self" {
            let message = format!(
                "`{name}` is not an argument of the call; it is neither secret nor skipped"
            );
            errors.push(ident.span(), message);
        } else if !arguments.iter().any(|argument| argument.name == name) {
            errors.add(unknown(ident.span(), &name, arguments));
        }
        seen.push((name, option));
    }
    errors.finish()
}

fn twice(name: &str, earlier: &str, option: &str) -> String {
    if earlier == option {
        format!("`{name}` is named twice in `{option}`")
    } else {
        format!(
            "`{name}` cannot be both `secret` and `skip`: what is skipped is never recorded anyway"
        )
    }
}

fn unknown(span: Span, name: &str, arguments: &[Argument]) -> Error {
    let hint = did_you_mean(
        name,
        arguments.iter().map(|argument| argument.name.as_str()),
    );
    Error::new(
        span,
        format!("the function has no parameter `{name}`{hint}"),
    )
}

fn mark(arguments: &mut Vec<Argument>, options: &Options) {
    let named = |names: &[Ident], name: &str| names.iter().any(|ident| ident.unraw() == name);
    arguments.retain(|argument| !named(&options.skip, &argument.name));
    for argument in arguments {
        argument.secret = named(&options.secret, &argument.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::TokenStream;
    use quote::quote;

    fn read(options: TokenStream, signature: TokenStream) -> Result<Parameters> {
        Parameters::read(
            &syn::parse2(signature).unwrap(),
            &Options::parse(options).unwrap(),
        )
    }

    fn refusal(options: TokenStream, signature: TokenStream) -> String {
        read(options, signature).err().unwrap().to_string()
    }

    #[test]
    fn arguments_are_sorted_and_marked() {
        let signature =
            quote!(fn f(&self, s: &Session, mut z: u8, r#type: &str, key: &str, db: &Db));
        let parameters = read(quote!(secret(key), skip(db)), signature).unwrap();
        assert_eq!(parameters.session, "s");
        let found: Vec<_> = parameters
            .arguments
            .iter()
            .map(|a| (a.name.as_str(), a.secret, a.position))
            .collect();
        assert_eq!(
            found,
            [("key", true, 2), ("type", false, 1), ("z", false, 0)]
        );
    }

    #[test]
    fn the_session_comes_first() {
        for inputs in [
            quote!(),
            quote!(&self),
            quote!(a: &str, s: &Session),
            quote!(s: Session),
            quote!(s: &mut Session),
        ] {
            assert!(
                refusal(quote!(), quote!(fn f(#inputs))).contains("must be `&Session`"),
                "{inputs}"
            );
        }
        assert!(read(quote!(), quote!(fn f(s: &(Alias)))).is_ok());
    }

    #[test]
    fn parameters_have_plain_names() {
        for pattern in [
            quote!(_),
            quote!((a, b)),
            quote!(ref x),
            quote!(x @ 1),
            quote!(P { x }),
        ] {
            let message = refusal(quote!(), quote!(fn f(s: &Session, #pattern: T)));
            assert!(message.contains("give the parameter a"), "{message}");
        }
        assert!(refusal(quote!(), quote!(fn f(_: &Session))).contains("a name"));
    }

    #[test]
    fn options_name_arguments() {
        let refuse = |options| refusal(options, quote!(fn f(session: &Session, api_key: &str)));
        assert_eq!(
            refuse(quote!(secret(apikey))),
            "the function has no parameter `apikey`; did you mean `api_key`?"
        );
        assert_eq!(
            refuse(quote!(skip(broker))),
            "the function has no parameter `broker`"
        );
        assert!(refuse(quote!(skip(session))).contains("not an argument"));
        assert!(refuse(quote!(skip(self))).contains("not an argument"));
        assert!(refuse(quote!(skip(api_key), secret(api_key))).contains("both"));
        assert_eq!(
            refuse(quote!(skip(api_key, api_key))),
            "`api_key` is named twice in `skip`"
        );
    }

    #[test]
    fn conditional_parameters_are_carried_or_refused() {
        let found = read(quote!(), quote!(fn f(s: &Session, #[cfg(unix)] a: u8))).unwrap();
        assert_eq!(found.arguments[0].conditions.len(), 1);
        let refused = refusal(
            quote!(),
            quote!(fn f(s: &Session, #[cfg_attr(unix, cfg(x))] a: u8)),
        );
        assert!(refused.contains("`cfg_attr`"));
    }
}
