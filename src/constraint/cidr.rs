//! IP addresses in a list of networks.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::answer::Answer;

/// IP addresses in one of a list of networks.
///
/// A value is read only in its canonical text, the one form that every parser agrees on. IPv4-mapped IPv6 addresses
/// are refused, since systems disagree on which of the two they are. A list speaks of the address families of
/// its entries: a value of the other family is refused.
#[derive(Clone, Debug)]
pub(crate) struct Cidrs {
    source: Vec<String>,
    networks: Vec<Network>,
}

impl Cidrs {
    /// Takes the list of networks (`10.0.0.0/8`, `2001:db8::/32`) and addresses as written.
    ///
    /// # Errors
    /// When the list is empty, or an entry is not a network or address in canonical form.
    pub(crate) fn new(source: Vec<String>) -> Result<Self, CidrError> {
        if source.is_empty() {
            return Err(CidrError::new(None, Problem::NoNetworks));
        }
        let networks = source
            .iter()
            .enumerate()
            .map(|(entry, text)| {
                Network::parse(text).map_err(|problem| CidrError::new(Some(entry), problem))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { source, networks })
    }

    /// The networks as they were written.
    pub(crate) fn source(&self) -> &[String] {
        &self.source
    }

    /// Whether `value` is in one of the networks; [`Answer::Refuse`] when it is not an IP address in canonical text,
    /// or of a family the list does not speak of.
    pub(crate) fn check(&self, value: &str) -> Answer {
        let Some(address) = canonical_ip(value) else {
            return Answer::Refuse;
        };
        let mut spoken_of = self
            .networks
            .iter()
            .filter(|network| network.first.is_ipv4() == address.is_ipv4())
            .peekable();
        if spoken_of.peek().is_none() {
            return Answer::Refuse;
        }
        Answer::of(spoken_of.any(|network| network.contains(address)))
    }
}

impl PartialEq for Cidrs {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Cidrs {}

/// Why a list of networks cannot be used, and which entry is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub(crate) struct CidrError {
    entry: Option<usize>,
    problem: Problem,
}

impl CidrError {
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
    #[error("list of networks is empty; name at least one, such as `10.0.0.0/8`")]
    NoNetworks,
    #[error(
        "not an IP network or address; write one, such as `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.1`"
    )]
    NotAnAddress,
    #[error("prefix length is not a number from 0 to {0}")]
    Prefix(u8),
    #[error("address is not in canonical form; write `{0}`")]
    NotCanonical(IpAddr),
    #[error("IPv4-mapped addresses never match; write the IPv4 address or network itself")]
    Mapped,
    #[error(
        "network has host bits set; write `{network}/{prefix}`, or `{address}` for that address alone"
    )]
    HostBits {
        network: IpAddr,
        prefix: u8,
        address: IpAddr,
    },
}

#[derive(Clone, Copy, Debug)]
struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    fn parse(text: &str) -> Result<Self, Problem> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let Some(first) = canonical_ip(address) else {
            return Err(match address.parse() {
                Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => Problem::Mapped,
                Ok(address) => Problem::NotCanonical(address),
                Err(_) => Problem::NotAnAddress,
            });
        };
        let longest = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) => prefix_length(digits)
                .filter(|prefix| *prefix <= longest)
                .ok_or(Problem::Prefix(longest))?,
        };
        let network = masked(first, prefix);
        if network != first {
            return Err(Problem::HostBits {
                network,
                prefix,
                address: first,
            });
        }
        Ok(Self { first, prefix })
    }

    fn contains(&self, address: IpAddr) -> bool {
        masked(address, self.prefix) == self.first
    }
}

/// The address that `text` is the canonical text of; `None` for IPv4-mapped addresses, which have two readings.
pub(super) fn canonical_ip(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    let mapped = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    (!mapped && prints_as(address, text)).then_some(address)
}

/// Whether printing gives `text` back, found out without a buffer.
fn prints_as(address: IpAddr, text: &str) -> bool {
    struct Remaining<'a>(&'a str);

    impl fmt::Write for Remaining<'_> {
        fn write_str(&mut self, printed: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(printed).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut remaining = Remaining(text);
    write!(remaining, "{address}").is_ok() && remaining.0.is_empty()
}

/// Reads a prefix length in the one way of writing it: `8`, not `08` or `+8`.
fn prefix_length(digits: &str) -> Option<u8> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let padded = digits.len() > 1 && digits.starts_with('0');
    (plain && !padded).then(|| digits.parse().ok()).flatten()
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & !host).into()
        }
        IpAddr::V6(v6) => {
            let host = u128::MAX.checked_shr(prefix).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & !host).into()
        }
    }
}

#[cfg(test)]
#[path = "cidr_tests.rs"]
mod tests;
