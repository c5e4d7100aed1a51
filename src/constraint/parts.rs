//! What a check is made of, for those who reason about policies rather than about calls.

use super::Check;
use super::pattern::Automaton;

impl Check {
    /// What every string that is admitted must be in the language of.
    pub(crate) fn automaton(&self) -> Option<&Automaton> {
        match self {
            Self::Pattern(pattern) => Some(pattern.automaton()),
            Self::Glob(glob) => Some(glob.automaton()),
            _ => None,
        }
    }

    /// Whether only strings without empty, `.` and `..` segments are admitted.
    pub(crate) fn admits_only_plain_paths(&self) -> bool {
        match self {
            Self::Glob(glob) => glob.speaks_of_paths(),
            Self::Path(_) => true,
            _ => false,
        }
    }

    /// The lists of texts that are written in it, each under its key, or as the check itself.
    pub(crate) fn lists(&self) -> Vec<(Option<&'static str>, &[String])> {
        match self {
            Self::Path(roots) => vec![(None, roots.source())],
            #[cfg(feature = "net")]
            Self::Host(hosts) => vec![(None, hosts.source())],
            #[cfg(feature = "net")]
            Self::Cidr(networks) => vec![(None, networks.source())],
            #[cfg(feature = "net")]
            Self::Url(rule) => {
                let source = rule.source();
                let optional = [("scheme", &source.scheme), ("path", &source.path)];
                let optional = optional
                    .into_iter()
                    .filter_map(|(key, texts)| Some((Some(key), texts.as_deref()?)));
                std::iter::once((Some("host"), source.host.as_slice()))
                    .chain(optional)
                    .collect()
            }
            _ => Vec::new(),
        }
    }
}
