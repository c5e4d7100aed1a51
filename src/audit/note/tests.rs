use proptest::prelude::*;

use super::*;

const SIGNED: &str = "This is an example message.\n\n\
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

fn signature(key: &str, id: u32, bytes: usize) -> NoteSignature {
    NoteSignature::new(name(key), KeyId::new(id), vec![7; bytes]).unwrap()
}

/// A note with a text of this many letters and this many signatures.
fn note(letters: usize, signatures: usize) -> String {
    let line = signature("a", 1, 64);
    let lines = format!("{line}\n").repeat(signatures);
    format!("{}\n\n{lines}", "x".repeat(letters))
}

#[test]
fn the_last_blank_line_divides() {
    for text in [
        "a\n",
        "a\n\n",
        "\n",
        "\n\n\n",
        "a\n\nb\n",
        "a\n\n— a AAAAAQc=\n",
        "é\u{7f}\n",
    ] {
        let note = SignedNote::parse(format!("{text}\n— a AAAAAQc=\n").as_bytes()).unwrap();
        assert_eq!(note.unverified_text(), text);
        assert_eq!(note.signatures(), [signature("a", 1, 1)]);
    }
}

#[test]
fn malformed_notes_are_refused() {
    let line = |line| NoteError::SignatureLine { line };
    for (text, error) in [
        ("", NoteError::NoBlankLine),
        ("a\n— a AAAAAQc=\n", NoteError::NoBlankLine),
        ("\n— a AAAAAQc=\n", NoteError::NoBlankLine),
        ("a\n\n", NoteError::NoSignature),
        ("a\n\n— a AAAAAQc=", NoteError::NoSignature),
        ("a\n\n— a AAAAAQc=\n\n", NoteError::NoSignature),
        ("a\r\n\n— a AAAAAQc=\n", NoteError::ControlCharacter),
        ("a\t\n\n— a AAAAAQc=\n", NoteError::ControlCharacter),
        ("\0\n\n— a AAAAAQc=\n", NoteError::ControlCharacter),
        ("a\n\n— a AAAAAQc=\r\n", line(1)),
        ("a\n\n- a AAAAAQc=\n", line(1)),
        ("a\n\n—  AAAAAQc=\n", line(1)),
        ("a\n\n—a AAAAAQc=\n", line(1)),
        ("a\n\n— a  AAAAAQc=\n", line(1)),
        ("a\n\n— a b AAAAAQc=\n", line(1)),
        ("a\n\n— a\u{1} AAAAAQc=\n", line(1)),
        ("a\n\n— a+b AAAAAQc=\n", line(1)),
        ("a\n\n— a AAAAAQc= \n", line(1)),
        ("a\n\n— a AAAAAQc\n", line(1)),
        ("a\n\n— a AAAAAQd=\n", line(1)),
        ("a\n\n— a AAAAAQ==\n", line(1)),
        ("a\n\n— a \n", line(1)),
        ("a\n\n— a AAAAAQc=\nb\n", line(2)),
    ] {
        assert_eq!(SignedNote::parse(text.as_bytes()), Err(error), "{text:?}");
    }
    assert_eq!(SignedNote::parse(b"\xff\n\n"), Err(NoteError::NotUtf8));
}

#[test]
fn notes_are_bounded() {
    let most = note(1, SignedNote::MAX_SIGNATURES);
    let mut parsed: SignedNote = most.parse().unwrap();
    assert_eq!(
        parsed.add(signature("b", 2, 64)),
        Err(NoteError::TooManySignatures)
    );
    assert_eq!(parsed.to_string(), most);
    let more = note(1, SignedNote::MAX_SIGNATURES + 1);
    assert_eq!(
        more.parse::<SignedNote>(),
        Err(NoteError::TooManySignatures)
    );

    let letters = SignedNote::MAX_LEN - note(0, 1).len();
    let longest = note(letters, 1);
    let mut parsed: SignedNote = longest.parse().unwrap();
    assert_eq!(parsed.add(signature("b", 2, 1)), Err(NoteError::TooLong));
    assert_eq!(parsed.to_string(), longest);
    assert_eq!(
        note(letters + 1, 1).parse::<SignedNote>(),
        Err(NoteError::TooLong)
    );
}

#[test]
fn names_follow_the_rules() {
    for good in ["a", "example.com/foo", "é", "—", "a\u{200b}"] {
        assert_eq!(name(good).as_str(), good);
    }
    for bad in [
        "",
        " ",
        "a b",
        "a+b",
        "a\n",
        "a\u{1}",
        "a\u{a0}b",
        "a\u{2003}",
        "\u{3000}",
        "a\u{85}",
    ] {
        assert_eq!(KeyName::parse(bad), Err(KeyError::Name), "{bad:?}");
    }
}

#[test]
fn malformed_keys_are_refused() {
    for (text, error) in [
        ("", KeyError::Form),
        ("example.com/foo", KeyError::Form),
        ("example.com/foo+530d903a", KeyError::Form),
        (
            "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyError::Name,
        ),
        (
            "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyError::Form,
        ),
        (
            "example.com/foo+0530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyError::Form,
        ),
        (
            "example.com/foo++30d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyError::Form,
        ),
        (
            "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyError::Id,
        ),
        (
            "example.com/fob+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyError::Id,
        ),
        (
            "example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyError::Algorithm(4),
        ),
        (
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U0=",
            KeyError::Form,
        ),
    ] {
        assert_eq!(text.parse::<VerifyingKey>(), Err(error), "{text}");
    }
}

/// A signer as a key management service is one, whose answers may be anything.
#[derive(Debug)]
struct Remote(VerifyingKey, Result<Vec<u8>, SignError>);

impl CheckpointSigner for Remote {
    fn key(&self) -> &VerifyingKey {
        &self.0
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        self.1.clone()
    }
}

#[test]
fn signers_elsewhere_are_not_taken_at_their_word() {
    let key: VerifyingKey = VKEY.parse().unwrap();
    let example: SignedNote = SIGNED.parse().unwrap();
    let bytes = example.signatures()[0].as_bytes().to_vec();
    let text = example.unverified_text();
    let good = Remote(key.clone(), Ok(bytes));
    assert_eq!(SignedNote::sign(text, &good), Ok(example.clone()));

    for answer in [
        Err(SignError("timed out".into())),
        Ok(vec![0; 63]),
        Ok(Vec::new()),
    ] {
        let signer = Remote(key.clone(), answer);
        assert!(matches!(
            SignedNote::sign(text, &signer),
            Err(NoteError::Sign(_))
        ));
    }
    assert_eq!(
        SignedNote::sign("no newline", &good),
        Err(NoteError::NoNewline)
    );
    assert_eq!(
        SignedNote::sign("\t\n", &good),
        Err(NoteError::ControlCharacter)
    );
    assert_eq!(SignedNote::sign("", &good), Err(NoteError::NoNewline));
}

proptest! {
    /// What is read is written as it was, and any bytes give an answer.
    #[test]
    fn a_note_has_one_text(
        bytes: Vec<u8>,
        text in "([ab\n—]{0,4}\n){0,2}\n(— [a+é]{1,2} (AAAA){1,2}[AQ]A==\n){0,3}",
    ) {
        let _ = SignedNote::parse(&bytes);
        if let Ok(note) = SignedNote::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn notes_read_back(
        text in "[a—é \n]{0,30}\n",
        signatures in prop::collection::vec(("[a-zé/.]{1,9}", any::<u32>(), 1_usize..99), 1..20),
    ) {
        let mut note = SignedNote { text, signatures: Vec::new() };
        for (key, id, bytes) in signatures {
            note.add(signature(&key, id, bytes)).unwrap();
        }
        prop_assert_eq!(note.to_string().parse(), Ok(note));
    }

    #[test]
    fn keys_read_back(key: [u8; 32], text in "[a-z]{1,3}\\+[0-9a-f]{8}\\+AQ[A-B]{42}") {
        let key = VerifyingKey::ed25519(name("example.org/a"), key);
        prop_assert_eq!(key.to_string().parse(), Ok(key));
        let read: Result<VerifyingKey, KeyError> = text.parse();
        prop_assert!(read.is_err() || read.unwrap().to_string() == text);
    }
}

#[cfg(feature = "sign")]
mod signing {
    use super::*;
    use crate::audit::Ed25519Signer;

    fn signer(key: &str, seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(name(key), &[seed; 32])
    }

    #[test]
    fn unknown_signatures_are_passed_over() {
        let (known, other) = (signer("a", 1), signer("a", 2));
        let mut note = SignedNote::sign("text\n", &other).unwrap();
        let keys = [known.key().clone()];
        assert_eq!(note.verify(&keys), Err(VerifyError::NotSigned));
        assert_eq!(note.verify(&[]), Err(VerifyError::NotSigned));
        // The same id under another name, and the same name with another id, are unknown keys.
        note.add(signature("b", known.key().id().as_u32(), 64))
            .unwrap();
        note.add(signature("a", known.key().id().as_u32() ^ 1, 64))
            .unwrap();
        assert_eq!(note.verify(&keys), Err(VerifyError::NotSigned));
        note.sign_also(&known).unwrap();
        let verified = note.verify(&keys).unwrap();
        assert_eq!(
            (verified.text(), verified.signed_by()),
            ("text\n", &[known.key()][..])
        );
    }

    #[test]
    fn one_bad_signature_by_a_known_key_spoils_the_note() {
        let (a, b) = (signer("a", 1), signer("b", 2));
        let keys = [a.key().clone(), b.key().clone()];
        for bytes in [1, 63, 64, 65] {
            let mut note = SignedNote::sign("text\n", &a).unwrap();
            note.add(signature("b", b.key().id().as_u32(), bytes))
                .unwrap();
            let bad = VerifyError::BadSignature {
                name: name("b"),
                id: b.key().id(),
            };
            assert_eq!(note.verify(&keys), Err(bad));
            assert!(note.verify(&keys[..1]).is_ok());
        }
    }

    #[test]
    fn a_key_counts_once_and_each_of_its_signatures_must_be_good() {
        let a = signer("a", 1);
        let keys = [a.key().clone(), a.key().clone()];
        let mut note = SignedNote::sign("text\n", &a).unwrap();
        note.sign_also(&a).unwrap();
        assert_eq!(note.signatures().len(), 2);
        assert_eq!(note.verify(&keys).unwrap().signed_by(), [a.key()]);
        note.add(signature("a", a.key().id().as_u32(), 64)).unwrap();
        assert!(matches!(
            note.verify(&keys),
            Err(VerifyError::BadSignature { .. })
        ));
    }

    /// Two keys of one name and id. Anybody finds such a pair among 2^16 or so; these were counted up to.
    fn twins() -> [VerifyingKey; 2] {
        let keys = [20_777_u64, 121_280].map(|number| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_le_bytes());
            VerifyingKey::ed25519(name("a"), key)
        });
        assert_eq!(keys[0].id(), keys[1].id());
        keys
    }

    #[test]
    fn keys_that_cannot_be_told_apart_are_refused() {
        let [one, other] = twins();
        let (name, id) = (name("a"), one.id());
        let note = SignedNote::sign("text\n", &Remote(one.clone(), Ok(vec![7; 64]))).unwrap();
        for keys in [[one.clone(), other.clone()], [other, one]] {
            let (name, ambiguous) = (name.clone(), note.verify(&keys));
            assert_eq!(ambiguous, Err(VerifyError::AmbiguousKey { name, id }));
        }
    }

    /// The neutral element is a key under which one signature is good for any text, but not strictly.
    #[test]
    fn keys_of_small_order_are_refused() {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let key = VerifyingKey::ed25519(name("a"), neutral);
        let mut any_text = vec![0; 64];
        any_text[0] = 1;
        let loose = ed25519_dalek::VerifyingKey::from_bytes(&neutral).unwrap();
        let forged = ed25519_dalek::Signature::from_slice(&any_text).unwrap();
        assert!(ed25519_dalek::Verifier::verify(&loose, b"text\n", &forged).is_ok());
        let note = SignedNote::sign("text\n", &Remote(key.clone(), Ok(any_text))).unwrap();
        assert!(matches!(
            note.verify(&[key]),
            Err(VerifyError::BadSignature { .. })
        ));
    }

    #[test]
    fn keys_that_are_no_points_verify_nothing() {
        let off_curve = (0..=255_u8)
            .map(|byte| [byte; 32])
            .find(|bytes| ed25519_dalek::VerifyingKey::from_bytes(bytes).is_err())
            .unwrap();
        let key = VerifyingKey::ed25519(name("a"), off_curve);
        let note = SignedNote::sign("text\n", &Remote(key.clone(), Ok(vec![0; 64]))).unwrap();
        assert!(matches!(
            note.verify(&[key]),
            Err(VerifyError::BadSignature { .. })
        ));
    }

    #[test]
    fn secret_keys_read_back_and_are_not_shown() {
        let signer = signer("example.org/a", 7);
        let text = signer.to_secret_text();
        assert!(text.starts_with(&format!(
            "PRIVATE+KEY+example.org/a+{}+AQcHBwcH",
            signer.key().id()
        )));
        let read: Ed25519Signer = text.parse().unwrap();
        assert_eq!(read.key(), signer.key());
        assert_eq!(read.to_secret_text(), text);
        assert_eq!(read.sign(b"text"), signer.sign(b"text"));

        let shown = format!("{signer:?}");
        assert!(shown.contains("example.org/a"));
        assert!(
            !shown.contains("BwcHBw") && !shown.contains("7, 7") && !shown.contains("070707"),
            "{shown}"
        );

        let vkey = signer.key().to_string();
        for (text, error) in [
            (vkey.clone(), KeyError::Form),
            (format!("PRIVATE+KEY+{vkey}"), KeyError::Id),
            (text.replace("example.org/a", "example.org/b"), KeyError::Id),
            (text.replace("+AQcH", "+AgcH"), KeyError::Algorithm(2)),
            (format!("{text}\n"), KeyError::Form),
        ] {
            assert_eq!(text.parse::<Ed25519Signer>().unwrap_err(), error);
        }
    }

    #[test]
    fn fresh_keys_differ() {
        let [one, other] = [(); 2].map(|()| Ed25519Signer::generate(name("a")).unwrap());
        assert_ne!(one.key(), other.key());
    }
}
