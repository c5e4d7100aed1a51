//! SHA-256 of a tag and what follows it.
//!
//! Verifying a log is little else than this, of entries of some hundred bytes and of pairs of hashes. So it is done in as few
//! calls of the compression function as there can be, and what is hashed is not copied but at its ends.

use sha2::block_api::compress256;

const BLOCK: usize = 64;

/// The first 32 bits of the fractional parts of the square roots of the first 8 primes. FIPS 180-4, section 5.3.3.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// What is behind a message: a one bit and its length. FIPS 180-4, section 5.1.1.
const PADDING: usize = 9;

/// SHA-256 of `tag || bytes`.
#[inline]
pub(super) fn sha256(tag: u8, bytes: &[u8]) -> [u8; 32] {
    let mut state = INITIAL;
    let mut end = [0; 2 * BLOCK];
    let length = 1 + bytes.len() as u64;
    match bytes.split_first_chunk() {
        Some((head, rest)) if bytes.len() + 1 + PADDING > end.len() => {
            compress256(&mut state, &[first_block(tag, head)]);
            let (blocks, rest) = rest.as_chunks();
            compress256(&mut state, blocks);
            finish(&mut state, &mut end, rest.len(), rest, 0, length);
        }
        _ => {
            end = with_tag(tag);
            finish(&mut state, &mut end, 1 + bytes.len(), bytes, 1, length);
        }
    }
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

fn first_block(tag: u8, head: &[u8; BLOCK - 1]) -> [u8; BLOCK] {
    let mut block = with_tag(tag);
    if let Some(room) = block.get_mut(1..) {
        room.copy_from_slice(head);
    }
    block
}

fn with_tag<const N: usize>(tag: u8) -> [u8; N] {
    let mut bytes = [0; N];
    if let Some(first) = bytes.first_mut() {
        *first = tag;
    }
    bytes
}

/// Puts the rest of the message and its padding into the last one or two blocks.
#[inline]
fn finish(
    state: &mut [u32; 8],
    end: &mut [u8; 2 * BLOCK],
    used: usize,
    rest: &[u8],
    at: usize,
    length: u64,
) {
    if let Some(room) = end.get_mut(at..used) {
        room.copy_from_slice(rest);
    }
    if let Some(mark) = end.get_mut(used) {
        *mark = 0x80;
    }
    let (blocks, _) = end.as_chunks_mut();
    let count = if used + PADDING > BLOCK { 2 } else { 1 };
    if let Some(blocks) = blocks.get_mut(..count) {
        if let Some(bits) = blocks.last_mut().and_then(|last| last.last_chunk_mut()) {
            *bits = (length * 8).to_be_bytes();
        }
        compress256(state, blocks);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn reference(tag: u8, bytes: &[u8]) -> [u8; 32] {
        Sha256::new_with_prefix([tag])
            .chain_update(bytes)
            .finalize()
            .into()
    }

    #[test]
    fn every_length_is_hashed_as_the_library_does() {
        let bytes: Vec<u8> = (0..600).map(|n| (n * 7 % 251) as u8).collect();
        for length in 0..=bytes.len() {
            assert_eq!(
                sha256(1, &bytes[..length]),
                reference(1, &bytes[..length]),
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are(tag in any::<u8>(), bytes in prop::collection::vec(any::<u8>(), 0..5000)) {
            prop_assert_eq!(sha256(tag, &bytes), reference(tag, &bytes));
        }
    }
}
