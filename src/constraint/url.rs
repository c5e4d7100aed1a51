//! URLs by host, scheme, port and path.

use url::Url;

use super::answer::Answer;
use super::host::{Host, HostError, Hosts};
use super::path::{PathError, PathRoots};

/// Schemes whose URLs all parsers take apart alike.
const SCHEMES: [&str; 5] = ["https", "http", "wss", "ws", "ftp"];

/// The parts of a [`UrlRule`] as written; an absent part is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UrlSource {
    /// Hosts, as for [`Hosts`].
    pub(crate) host: Vec<String>,
    /// Schemes; absent, only `https`.
    pub(crate) scheme: Option<Vec<String>>,
    /// Ports; absent, only the scheme's own. Present, it names that one too where it is allowed.
    pub(crate) port: Option<Vec<u16>>,
    /// Roots that the path is at or under; absent, any path.
    pub(crate) path: Option<Vec<String>>,
}

/// URLs with a listed host, scheme, port and path.
///
/// A value is read only in normal form: the one that the WHATWG parser of HTTP clients prints, without user
/// information, and whose host two parsers find alike. So no other parser can read another host in it. Unlike the
/// other matchers this one takes memory while it checks, for that second parse.
#[derive(Clone, Debug)]
pub(crate) struct UrlRule {
    source: UrlSource,
    hosts: Hosts,
    roots: Option<PathRoots>,
}

impl UrlRule {
    /// Takes the parts of the rule as written.
    ///
    /// # Errors
    /// When a list is empty, or an entry can never match.
    pub(crate) fn new(source: UrlSource) -> Result<Self, UrlError> {
        let hosts = Hosts::new(source.host.clone())?;
        if let Some(schemes) = &source.scheme {
            check_schemes(schemes)?;
        }
        if let Some(ports) = &source.port {
            check_ports(ports)?;
        }
        let roots = source.path.clone().map(url_roots).transpose()?;
        Ok(Self {
            source,
            hosts,
            roots,
        })
    }

    /// The parts of the rule as they were written.
    pub(crate) fn source(&self) -> &UrlSource {
        &self.source
    }

    /// Whether `value` is a URL that fits all parts; [`Answer::Refuse`] when it is not a URL in normal form, when
    /// its host is of a kind the list of hosts does not speak of, or when its path can be read in two ways.
    pub(crate) fn check(&self, value: &str) -> Answer {
        let Some(url) = normal_url(value) else {
            return Answer::Refuse;
        };
        let host = self.hosts.check(url.host_str().unwrap_or(""));
        let path = match &self.roots {
            Some(_) if !is_plain_path(url.path()) => Answer::Refuse,
            Some(roots) => Answer::of(roots.covers(url.path())),
            None => Answer::Match,
        };
        if host == Answer::Refuse || path == Answer::Refuse {
            return Answer::Refuse;
        }
        let fits = host == Answer::Match
            && path == Answer::Match
            && self.lists_scheme(url.scheme())
            && self.lists_port(&url);
        Answer::of(fits)
    }

    fn lists_scheme(&self, scheme: &str) -> bool {
        match &self.source.scheme {
            Some(schemes) => schemes.iter().any(|listed| listed == scheme),
            None => scheme == "https",
        }
    }

    fn lists_port(&self, url: &Url) -> bool {
        match (&self.source.port, url.port_or_known_default()) {
            (Some(ports), Some(port)) => ports.contains(&port),
            (Some(_), None) => false,
            // In normal form the default port is never written.
            (None, _) => url.port().is_none(),
        }
    }
}

impl PartialEq for UrlRule {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for UrlRule {}

/// The URL that `value` is the normal form of, if two independent readings agree on its host and port.
fn normal_url(value: &str) -> Option<Url> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    if !value.bytes().all(plain) {
        return None;
    }
    // The host is checked before the second parser sees it, so that it only ever decodes short ones.
    let (scheme, authority) = split(value)?;
    if !SCHEMES.contains(&scheme) {
        return None;
    }
    let (host, port) = split_port(authority)?;
    Host::parse(host)?;
    let url = Url::parse(value).ok()?;
    let printed = url.as_str();
    // Only a value that is nothing but scheme and authority may lack the slash.
    let is_normal = printed == value || printed.strip_suffix('/') == Some(value);
    let agrees = url.scheme() == scheme
        && url.host_str() == Some(host)
        && url.port() == port
        && url.username().is_empty()
        && url.password().is_none();
    (is_normal && agrees).then_some(url)
}

fn split(value: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Some((scheme, authority))
}

/// Splits host and port. User information ends up in one of the two, and neither reads it.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address stand before its closing bracket.
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((host, Some(port.parse().ok()?))),
        _ => Some((authority, None)),
    }
}

/// Whether a path can be read in one way only: no empty segment but the last, and nothing that some server
/// decodes or strips to a slash, a backslash, a NUL or a dot segment.
fn is_plain_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else {
        return false;
    };
    let body = rest.strip_suffix('/').unwrap_or(rest);
    let Some(body) = decoded(body) else {
        return false;
    };
    let segments_are_plain = body.split('/').all(|segment| {
        // Some servers cut `;` and what follows it off each segment, or blanks, before they resolve the dots.
        let name = segment.split(';').next().unwrap_or(segment).trim();
        !matches!(name, "" | "." | "..")
    });
    let escapes_are_plain = path.split('%').skip(1).all(is_plain_escape) && !path.contains("%25%");
    (rest.is_empty() || segments_are_plain) && escapes_are_plain
}

/// The text that escapes stand for; `None` if it is not UTF-8 or holds control characters, which servers treat each in
/// their own way.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut pieces = path.split('%');
    bytes.extend(pieces.next()?.bytes());
    for piece in pieces {
        let (pair, after) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(pair, 16).ok()?);
        bytes.extend(after.bytes());
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

/// Whether what follows a `%` decodes, once or more often, to something harmless.
fn is_plain_escape(rest: &str) -> bool {
    let Some((pair, after)) = rest.split_at_checked(2) else {
        return false;
    };
    let is_hex = |byte: u8| byte.is_ascii_hexdigit();
    let is = |byte: &str| pair.eq_ignore_ascii_case(byte);
    // `%25` is `%` itself: `%252e` is a dot to whoever decodes twice, and so is `%25%32%65`.
    let starts_another = is("25") && after.bytes().next().is_some_and(is_hex);
    pair.bytes().all(is_hex) && !starts_another && !["2f", "5c", "2e", "00"].into_iter().any(is)
}

/// Why a rule for URLs cannot be used, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct UrlError {
    entry: Option<usize>,
    problem: Problem,
}

impl UrlError {
    fn new(entry: Option<usize>, problem: Problem) -> Self {
        Self { entry, problem }
    }

    /// The key of the part that is at fault: `host`, `scheme`, `port` or `path`.
    pub(crate) fn key(&self) -> &'static str {
        match &self.problem {
            Problem::Host(_) => "host",
            Problem::NoSchemes | Problem::SchemeForm(_) | Problem::Scheme => "scheme",
            Problem::NoPorts | Problem::PortZero => "port",
            Problem::Path(_) | Problem::PathForm(_) | Problem::PathEscape => "path",
        }
    }

    /// Which entry of that part is at fault, counted from 0; `None` when it is the part.
    pub(crate) fn entry(&self) -> Option<usize> {
        self.entry
    }
}

impl From<HostError> for UrlError {
    fn from(error: HostError) -> Self {
        Self::new(error.entry(), Problem::Host(error))
    }
}

impl From<PathError> for UrlError {
    fn from(error: PathError) -> Self {
        Self::new(error.entry(), Problem::Path(error))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Host(HostError),
    #[error("list of schemes is empty; leave `scheme` out to allow `https` alone")]
    NoSchemes,
    #[error("not a scheme in normal form; write `{0}`")]
    SchemeForm(&'static str),
    #[error("not a scheme whose URLs are read here; write `https`, `http`, `wss`, `ws` or `ftp`")]
    Scheme,
    #[error("list of ports is empty; leave `port` out to allow the scheme's own alone")]
    NoPorts,
    #[error("0 is not a port; write one from 1 to 65535")]
    PortZero,
    #[error(transparent)]
    Path(PathError),
    #[error("not the form that a URL has its path in; write `{0}`")]
    PathForm(String),
    #[error(
        "path can be read in two ways; write it without `;` at a dot and without escaped slashes and dots"
    )]
    PathEscape,
}

fn check_schemes(schemes: &[String]) -> Result<(), UrlError> {
    if schemes.is_empty() {
        return Err(UrlError::new(None, Problem::NoSchemes));
    }
    for (entry, scheme) in schemes.iter().enumerate() {
        if SCHEMES.contains(&scheme.as_str()) {
            continue;
        }
        let bare = scheme.trim_end_matches(['/', ':']);
        let problem = SCHEMES
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(bare))
            .map_or(Problem::Scheme, Problem::SchemeForm);
        return Err(UrlError::new(Some(entry), problem));
    }
    Ok(())
}

fn check_ports(ports: &[u16]) -> Result<(), UrlError> {
    if ports.is_empty() {
        return Err(UrlError::new(None, Problem::NoPorts));
    }
    match ports.iter().position(|port| *port == 0) {
        Some(entry) => Err(UrlError::new(Some(entry), Problem::PortZero)),
        None => Ok(()),
    }
}

fn url_roots(roots: Vec<String>) -> Result<PathRoots, UrlError> {
    let roots = PathRoots::new(roots)?;
    for (entry, root) in roots.source().iter().enumerate() {
        let refuse = |problem| Err(UrlError::new(Some(entry), problem));
        match path_in_url(root) {
            Some(path) if !is_plain_path(&path) => return refuse(Problem::PathEscape),
            Some(path) if path != *root => return refuse(Problem::PathForm(path)),
            Some(_) => {}
            None => return refuse(Problem::PathEscape),
        }
    }
    Ok(roots)
}

/// The form that a path has inside a URL.
fn path_in_url(path: &str) -> Option<String> {
    let mut url = Url::parse("https://localhost/").ok()?;
    url.set_path(path);
    Some(url.path().to_owned())
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
