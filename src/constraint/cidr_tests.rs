use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::{Answer, CidrError, Cidrs};

fn cidrs(list: &[&str]) -> Result<Cidrs, CidrError> {
    Cidrs::new(list.iter().map(ToString::to_string).collect())
}

fn check(list: &[&str], value: &str) -> Answer {
    cidrs(list).unwrap().check(value)
}

#[test]
fn networks_hold_their_addresses() {
    for (network, value, fits) in [
        ("10.0.0.0/8", "10.255.255.255", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("0.0.0.0/0", "255.255.255.255", true),
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1/32", "192.0.2.2", false),
        (
            "2001:db8::/32",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            true,
        ),
        ("2001:db8::/32", "2001:db9::", false),
        ("::/0", "fe80::1", true),
        ("::1", "::1", true),
        ("::/127", "::2", false),
    ] {
        assert_eq!(
            check(&[network], value),
            Answer::of(fits),
            "{network} on {value}"
        );
    }
    assert_eq!(
        check(&["10.0.0.0/8", "::1", "192.168.0.0/16"], "192.168.7.7"),
        Answer::Match
    );
}

#[test]
fn values_in_another_form_are_refused() {
    for value in [
        "",
        "10.1",
        "0xa.0.0.1",
        "012.0.0.1",
        "10.0.0.01",
        "167772161",
        "10.0.0.1/32",
        " 10.0.0.1",
        "10.0.0.1\n",
        "10.0.0.1.",
        "10.0.0.1:80",
        "::FFFF:10.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:a00:1",
        "[::1]",
        "::1%eth0",
        "0:0:0:0:0:0:0:1",
        "2001:DB8::1",
        "2001:0db8::1",
        "::1.2.3.4",
        "1::0:1",
        "localhost",
        "１０.0.0.1",
    ] {
        assert_eq!(
            check(&["0.0.0.0/0", "::/0"], value),
            Answer::Refuse,
            "{value:?}"
        );
    }
}

#[test]
fn a_list_speaks_of_the_families_it_holds() {
    assert_eq!(check(&["10.0.0.0/8"], "::1"), Answer::Refuse);
    assert_eq!(check(&["10.0.0.0/8"], "11.0.0.1"), Answer::NoMatch);
    assert_eq!(check(&["::1"], "10.0.0.1"), Answer::Refuse);
    assert_eq!(check(&["::1"], "::2"), Answer::NoMatch);
}

#[test]
fn what_cannot_be_meant_is_an_error() {
    for (network, message) in [
        (
            "10.1.2.3/8",
            "has host bits set; write `10.0.0.0/8`, or `10.1.2.3` for that address alone",
        ),
        ("2001:db8::1/32", "write `2001:db8::/32`, or `2001:db8::1`"),
        ("10.0.0.0/33", "0 to 32"),
        ("10.0.0.0/", "0 to 32"),
        ("10.0.0.0/08", "0 to 32"),
        ("10.0.0.0/+8", "0 to 32"),
        ("10.0.0.0/8/8", "0 to 32"),
        ("10.0.0.0/255.0.0.0", "0 to 32"),
        ("::/129", "0 to 128"),
        ("2001:DB8::/32", "write `2001:db8::`"),
        ("::ffff:10.0.0.0/104", "IPv4-mapped"),
        ("10.0.0", "not an IP network"),
        ("", "not an IP network"),
        ("example.org", "not an IP network"),
        ("[::1]", "not an IP network"),
    ] {
        let error = cidrs(&["10.0.0.0/8", network]).expect_err(network);
        assert_eq!(error.entry(), Some(1));
        assert!(error.to_string().contains(message), "{network}: {error}");
    }
    assert_eq!(cidrs(&[]).unwrap_err().entry(), None);
    assert_eq!(cidrs(&["::1"]).unwrap().source(), ["::1"]);
}

#[test]
fn published_ranges_end_where_they_say() {
    let special = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::",
        "::1",
        "64:ff9b::/96",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    ];
    let Some(folder) = std::env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("SKIPPED: published_ranges_end_where_they_say (PORTCULLIS_TEST_DATA is unset)");
        return;
    };
    let file = std::path::Path::new(&folder).join("urls/ssrf.json");
    let data: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let special = cidrs(&special).unwrap();
    let mut checked = 0;
    for case in data["cases"].as_array().unwrap() {
        let (Some(address), None) = (case["address"].as_str(), case["either_ok"].as_bool()) else {
            continue;
        };
        let canonical = address.parse::<IpAddr>().unwrap().to_string() == address;
        let expected = match canonical {
            true => Answer::of(case["must_block"].as_bool().unwrap()),
            false => Answer::Refuse,
        };
        assert_eq!(special.check(address), expected, "{case}");
        checked += 1;
    }
    assert!(checked > 40, "{checked}");
}

proptest! {
    /// Law: an IPv4 network holds exactly the addresses that share its leading bits.
    #[test]
    fn ipv4_networks_share_leading_bits(bits: u32, prefix in 0..=32u32, flip in 0..32u32) {
        let network = Ipv4Addr::from_bits(if prefix == 0 { 0 } else { bits >> (32 - prefix) << (32 - prefix) });
        let list = cidrs(&[&format!("{network}/{prefix}")]).unwrap();
        prop_assert_eq!(list.check(&Ipv4Addr::from_bits(bits).to_string()), Answer::Match);
        // Bit `flip`, counted from the left, is outside the network exactly when it is in the prefix.
        let other = Ipv4Addr::from_bits(bits ^ (1 << 31 >> flip));
        prop_assert_eq!(list.check(&other.to_string()), Answer::of(flip >= prefix));
    }

    #[test]
    fn ipv6_networks_share_leading_bits(bits: u128, prefix in 0..=128u32, flip in 0..128u32) {
        let bits = bits | 1 << 127;
        let first = if prefix == 0 { 0 } else { bits >> (128 - prefix) << (128 - prefix) };
        let list = cidrs(&[&format!("{}/{prefix}", Ipv6Addr::from_bits(first))]).unwrap();
        prop_assert_eq!(list.check(&Ipv6Addr::from_bits(bits).to_string()), Answer::Match);
        let other = Ipv6Addr::from_bits(bits ^ (1 << 127 >> flip));
        prop_assume!(other.to_ipv4_mapped().is_none());
        prop_assert_eq!(list.check(&other.to_string()), Answer::of(flip >= prefix));
    }

    /// Law: only the text that std prints is read, and IPv4-mapped text never is.
    #[test]
    fn only_canonical_text_is_read(value in "[0-9a-fA-F:.]{0,20}|([0-9]{1,3}\\.){3}[0-9]{1,3}|(::|[0-9a-f]{1,4}:){1,8}[0-9.]{0,9}") {
        let read = check(&["0.0.0.0/0", "::/0"], &value) != Answer::Refuse;
        let canonical = value.parse::<IpAddr>().is_ok_and(|address| {
            let mapped = matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
            address.to_string() == value && !mapped
        });
        prop_assert_eq!(read, canonical);
        let _ = cidrs(&[&value]);
    }
}
