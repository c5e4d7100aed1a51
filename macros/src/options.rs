//! What stands between the parentheses of `#[guard(...)]`.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, LitStr, Path, Result, Token, parenthesized};

use crate::similar::did_you_mean;

const KNOWN: [&str; 4] = ["tool", "secret", "skip", "crate"];

/// The options of one attribute; whether they fit the function is checked by `parameters`.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) tool: Option<LitStr>,
    pub(crate) secret: Vec<Ident>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) root: Option<Path>,
}

enum Choice {
    Tool(LitStr),
    Secret(Vec<Ident>),
    Skip(Vec<Ident>),
    Crate(Path),
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let choices = Punctuated::<Named, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut options = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for Named { name, choice } in choices {
            let key = name.unraw().to_string();
            if seen.contains(&key) {
                return Err(Error::new(
                    name.span(),
                    format!("the option `{key}` is given twice"),
                ));
            }
            seen.push(key);
            match choice {
                Choice::Tool(tool) => options.tool = Some(tool),
                Choice::Secret(names) => options.secret = names,
                Choice::Skip(names) => options.skip = names,
                Choice::Crate(path) => options.root = Some(path),
            }
        }
        Ok(options)
    }
}

struct Named {
    name: Ident,
    choice: Choice,
}

impl Parse for Named {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        // `crate` is a keyword, hence any identifier.
        let name = Ident::parse_any(input)?;
        let choice = match name.to_string().as_str() {
            "tool" => Choice::Tool(tool_name(input)?),
            "secret" => Choice::Secret(names(&name, input)?),
            "skip" => Choice::Skip(names(&name, input)?),
            "crate" => Choice::Crate(value(input, "write `crate = path`")?),
            unknown => {
                let hint = did_you_mean(unknown, KNOWN);
                let message = format!(
                    "unknown option `{unknown}`{hint} (known: `tool`, `secret`, `skip`, `crate`)"
                );
                return Err(Error::new(name.span(), message));
            }
        };
        Ok(Self { name, choice })
    }
}

fn tool_name(input: ParseStream<'_>) -> Result<LitStr> {
    let name: LitStr = value(input, "write `tool = \"name\"`")?;
    if is_tool_name(&name.value()) {
        Ok(name)
    } else {
        Err(Error::new(
            name.span(),
            "a tool name has 1 to 128 characters out of `A-Z a-z 0-9 _ . : / -`",
        ))
    }
}

/// The same rule as `ToolName` of the main crate, which this crate cannot depend on.
pub(crate) fn is_tool_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b':' | b'/' | b'-'))
}

fn value<T: Parse>(input: ParseStream<'_>, usage: &str) -> Result<T> {
    let explain = |error: Error| Error::new(error.span(), usage);
    input.parse::<Token![=]>().map_err(explain)?;
    input.parse().map_err(explain)
}

fn names(option: &Ident, input: ParseStream<'_>) -> Result<Vec<Ident>> {
    let usage = || Error::new(option.span(), format!("write `{option}(parameter, ...)`"));
    if !input.peek(syn::token::Paren) {
        return Err(usage());
    }
    let content;
    parenthesized!(content in input);
    let names = Punctuated::<Ident, Token![,]>::parse_terminated_with(&content, Ident::parse_any)?;
    if names.is_empty() {
        Err(usage())
    } else {
        Ok(names.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn refusal(tokens: TokenStream) -> String {
        Options::parse(tokens).err().unwrap().to_string()
    }

    #[test]
    fn all_options_are_read() {
        let tokens = quote!(
            tool = "a/b",
            secret(key, r#type),
            skip(broker,),
            crate = ::my::gate
        );
        let options = Options::parse(tokens).unwrap();
        assert_eq!(options.tool.unwrap().value(), "a/b");
        assert_eq!(options.secret, ["key", "r#type"]);
        assert_eq!(options.skip, ["broker"]);
        assert!(options.root.is_some());
        assert!(Options::parse(quote!()).unwrap().tool.is_none());
    }

    #[test]
    fn wrong_options_are_named() {
        let unknown =
            "unknown option `skp`; did you mean `skip`? (known: `tool`, `secret`, `skip`, `crate`)";
        assert_eq!(refusal(quote!(skp(a))), unknown);
        assert_eq!(
            refusal(quote!(skip(a), skip(b))),
            "the option `skip` is given twice"
        );
        assert_eq!(refusal(quote!(secret)), "write `secret(parameter, ...)`");
        assert_eq!(refusal(quote!(secret())), "write `secret(parameter, ...)`");
        assert_eq!(refusal(quote!(tool("x"))), "write `tool = \"name\"`");
        assert_eq!(refusal(quote!(tool = x)), "write `tool = \"name\"`");
    }

    #[test]
    fn tool_names_are_checked_here() {
        assert!(is_tool_name("files/read_text.v2:x-y"));
        for bad in ["", "a b", "a*", "é", &"a".repeat(129)] {
            assert!(!is_tool_name(bad), "{bad}");
        }
        assert!(refusal(quote!(tool = "read file")).starts_with("a tool name has"));
    }
}
