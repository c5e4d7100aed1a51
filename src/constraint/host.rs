//! Host names and IP literals in a list.

use std::net::IpAddr;

use super::answer::Answer;
use super::cidr::canonical_ip;

/// Longest host name without its trailing dot, in bytes (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;
/// Longest label, in bytes (RFC 1035, section 2.3.4).
const MAX_LABEL: usize = 63;

/// Hosts in a list of names, `*.` names and IP addresses.
///
/// `*.example.org` is any subdomain at any depth, not `example.org` itself, and never an IP address. Names compare
/// without regard to ASCII case. A list speaks of the kinds of its entries: where it holds no IPv4 address, an
/// IPv4 literal is refused; the same goes for IPv6 and for names.
#[derive(Clone, Debug)]
pub(crate) struct Hosts {
    source: Vec<String>,
    /// Lower-case, sorted.
    names: Vec<String>,
    /// What follows `*.`, lower-case, sorted.
    parents: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Hosts {
    /// Takes the list of hosts as written.
    ///
    /// # Errors
    /// When the list is empty, or an entry is not a host name, `*.` and a host name, or an IP address.
    pub(crate) fn new(source: Vec<String>) -> Result<Self, HostError> {
        if source.is_empty() {
            return Err(HostError::new(None, Problem::NoHosts));
        }
        let (mut names, mut parents, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for (entry, text) in source.iter().enumerate() {
            match Entry::parse(text) {
                Ok(Entry::Name(name)) => names.push(name.to_ascii_lowercase()),
                Ok(Entry::Below(parent)) => parents.push(parent.to_ascii_lowercase()),
                Ok(Entry::Address(address)) => addresses.push(address),
                Err(problem) => return Err(HostError::new(Some(entry), problem)),
            }
        }
        names.sort_unstable();
        parents.sort_unstable();
        Ok(Self {
            source,
            names,
            parents,
            addresses,
        })
    }

    /// The hosts as they were written.
    pub(crate) fn source(&self) -> &[String] {
        &self.source
    }

    /// Whether `value` is one of the hosts; [`Answer::Refuse`] when it is not a host in the one form that all
    /// parsers agree on, or of a kind the list does not speak of.
    pub(crate) fn check(&self, value: &str) -> Answer {
        match Host::parse(value) {
            Some(Host::Name(name)) if self.speaks_of_names() => {
                Answer::of(self.lists_name(name) == Some(true))
            }
            Some(Host::Address(address)) if self.speaks_of(address) => {
                Answer::of(self.addresses.contains(&address))
            }
            _ => Answer::Refuse,
        }
    }

    fn speaks_of_names(&self) -> bool {
        !(self.names.is_empty() && self.parents.is_empty())
    }

    fn speaks_of(&self, address: IpAddr) -> bool {
        self.addresses
            .iter()
            .any(|listed| listed.is_ipv4() == address.is_ipv4())
    }

    fn lists_name(&self, name: &str) -> Option<bool> {
        let mut buffer = [0; MAX_NAME];
        let lower = buffer.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        let name = std::str::from_utf8(lower).ok()?;
        if listed(&self.names, name) {
            return Some(true);
        }
        let mut rest = name;
        while let Some((_, parent)) = rest.split_once('.') {
            if listed(&self.parents, parent) {
                return Some(true);
            }
            rest = parent;
        }
        Some(false)
    }
}

impl PartialEq for Hosts {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Hosts {}

fn listed(sorted: &[String], name: &str) -> bool {
    sorted
        .binary_search_by(|entry| entry.as_str().cmp(name))
        .is_ok()
}

/// A host in the form that all parsers agree on.
pub(super) enum Host<'a> {
    /// A name that no parser takes for an address; ASCII, in any case.
    Name(&'a str),
    /// An address in canonical text, IPv6 with or without brackets.
    Address(IpAddr),
}

impl<'a> Host<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (address, bracketed) = match text.strip_prefix('[') {
            Some(rest) => (rest.strip_suffix(']')?, true),
            None => (text, false),
        };
        if bracketed || address.contains(':') {
            let address = canonical_ip(address)?;
            return address.is_ipv6().then_some(Self::Address(address));
        }
        if text.len() > MAX_NAME || !text.split('.').all(is_label) {
            return None;
        }
        if reads_as_number(text) {
            return canonical_ip(text).map(Self::Address);
        }
        Some(Self::Name(text))
    }
}

/// Letters, digits and hyphens (RFC 1123, section 2.1), and the underscore that service names bring (RFC 8552).
///
/// A hyphen may not stand at either end: a host that starts with one is an option to many a command.
fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether some parser takes a host for an IPv4 address: its last label is a number, also in hexadecimal
/// (WHATWG URL, "ends in a number checker").
fn reads_as_number(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    last.bytes().all(|byte| byte.is_ascii_digit())
        || last.starts_with("0x")
        || last.starts_with("0X")
}

/// Why a list of hosts cannot be used, and which entry is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct HostError {
    entry: Option<usize>,
    problem: Problem,
}

impl HostError {
    fn new(entry: Option<usize>, problem: Problem) -> Self {
        Self { entry, problem }
    }

    /// Which entry of the list is at fault, counted from 0; `None` when it is the list.
    pub(crate) fn entry(&self) -> Option<usize> {
        self.entry
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("list of hosts is empty; name at least one, such as `example.org`")]
    NoHosts,
    #[error("`*` alone would be any host; name a domain, such as `*.example.org`")]
    WildcardAlone,
    #[error("`*` stands only in front, as in `*.example.org`, for any subdomain")]
    WildcardPlace,
    #[error("`*.` never stands for an IP address; list the address, or use `cidr`")]
    WildcardAddress,
    #[error("holds a scheme or path; write the host alone, or use `url`")]
    Url,
    #[error("holds user information; write the host alone")]
    UserInfo,
    #[error("holds a port; write the host alone, or use `url`")]
    Port,
    #[error("ends in a dot; write `{0}`")]
    TrailingDot(String),
    #[error("holds a character outside ASCII; write the name in its `xn--` form")]
    NotAscii,
    #[error("address is not in canonical form; write `{0}`")]
    NotCanonical(IpAddr),
    #[error("IPv4-mapped addresses never match; write the IPv4 address itself")]
    Mapped,
    #[error("reads as an IPv4 address; write it as four decimal numbers, such as `192.0.2.1`")]
    Number,
    #[error(
        "not a host name; labels are 1 to {MAX_LABEL} letters, digits, `_` or inner `-`, \
         {MAX_NAME} characters in all"
    )]
    NotAHost,
}

enum Entry<'a> {
    Name(&'a str),
    Below(&'a str),
    Address(IpAddr),
}

impl<'a> Entry<'a> {
    fn parse(text: &'a str) -> Result<Self, Problem> {
        if matches!(text, "*" | "*.") {
            return Err(Problem::WildcardAlone);
        }
        if let Some(parent) = text.strip_prefix("*.") {
            return match Host::parse(parent) {
                Some(Host::Name(name)) => Ok(Self::Below(name)),
                Some(Host::Address(_)) => Err(Problem::WildcardAddress),
                None => Err(problem_of(parent)),
            };
        }
        match Host::parse(text) {
            Some(Host::Name(name)) => Ok(Self::Name(name)),
            Some(Host::Address(address)) => Ok(Self::Address(address)),
            None => Err(problem_of(text)),
        }
    }
}

fn problem_of(text: &str) -> Problem {
    let unbracketed = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(address) = unbracketed.parse::<IpAddr>() {
        return match address {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => Problem::Mapped,
            _ => Problem::NotCanonical(address),
        };
    }
    if text.contains('*') {
        return Problem::WildcardPlace;
    }
    if text.contains(['/', '?', '#', '\\']) {
        return Problem::Url;
    }
    if text.contains('@') {
        return Problem::UserInfo;
    }
    if let Some((host, _)) = text.rsplit_once(':')
        && Host::parse(host).is_some()
    {
        return Problem::Port;
    }
    if let Some(name) = text.strip_suffix('.')
        && Host::parse(name).is_some()
    {
        return Problem::TrailingDot(name.to_owned());
    }
    if !text.is_ascii() {
        return Problem::NotAscii;
    }
    if text.split('.').all(is_label) && reads_as_number(text) {
        return Problem::Number;
    }
    Problem::NotAHost
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
