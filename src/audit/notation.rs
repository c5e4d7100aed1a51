//! The two notations that all formats here share: base64 and decimal numbers, each with one way to write a value.

use base64ct::{Base64, Encoding as _};

/// Standard base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// The bytes, if `text` is the one way to write them: padded, no spare bits, nothing around it.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// As [`from_base64`], for a length that is known.
pub(crate) fn array_from_base64<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = Base64::decode(text, &mut bytes).ok()?.len();
    (length == N).then_some(bytes)
}

/// A number in ASCII digits without sign or leading zeros.
pub(crate) fn from_decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = text == "0" || !text.starts_with('0');
    (digits && shortest).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every value has one text, and no other text gives it.
        #[test]
        fn base64_is_one_to_one(bytes: Vec<u8>, text in "[A-D/+=wxyz \n]{0,12}") {
            prop_assert_eq!(from_base64(&base64(&bytes)), Some(bytes));
            if let Some(bytes) = from_base64(&text) {
                prop_assert_eq!(base64(&bytes), text.clone());
                prop_assert_eq!(array_from_base64::<9>(&text).map(Vec::from), (bytes.len() == 9).then_some(bytes));
            }
        }

        #[test]
        fn decimals_are_one_to_one(number: u64, text in "[0-9+]{0,21}") {
            prop_assert_eq!(from_decimal(&number.to_string()), Some(number));
            if let Some(number) = from_decimal(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }

    #[test]
    fn what_lenient_readers_take_is_refused() {
        for bad in [
            "QQ", "QR==", "QQ==\n", " QQ==", "QUI=QUI=", "QQ=Q", "====", "Q-_=",
        ] {
            assert_eq!(from_base64(bad), None, "{bad:?}");
        }
        for bad in [
            "",
            "00",
            "01",
            "+1",
            "-1",
            "1 ",
            "١",
            "18446744073709551616",
        ] {
            assert_eq!(from_decimal(bad), None, "{bad:?}");
        }
    }
}
