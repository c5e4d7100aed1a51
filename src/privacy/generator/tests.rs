//! What a fixed seed gives, so that no change goes unseen.

use super::*;
use crate::privacy::sampler::{Laplace, Rounded, Scale};

fn golden() -> Generator {
    Generator::from_seed(&std::array::from_fn(|index| index as u8))
}

fn draws<T>(count: usize, mut draw: impl FnMut() -> Result<T, Exhausted>) -> Vec<T> {
    (0..count).map(|_| draw().unwrap()).collect()
}

/// The first block of ChaCha with 12 rounds, key 0 to 31 and an empty nonce, as another implementation of it gives it.
#[test]
fn the_stream_is_chacha_with_twelve_rounds() {
    let mut coins = golden();
    let words = draws(4, || coins.digit());
    let known = [
        0x5ec6_7ad1_fff9_31f2,
        0xaa40_e9d7_25f3_0544,
        0xbc46_bec2_1f60_1349,
        0x361a_1ad9_c3ca_c3e9,
    ];
    assert_eq!(words, known);
}

#[test]
fn bits_are_those_of_a_word_from_the_low_end() {
    let (mut coins, mut words) = (golden(), golden());
    let word = words.digit().unwrap();
    let found = [7, 1, 9, 3, 40].map(|count| coins.bits(count).unwrap());
    let mut rest = word;
    for (bits, count) in found.into_iter().zip([7, 1, 9, 3, 40]) {
        assert_eq!(bits, rest & ((1 << count) - 1));
        rest >>= count;
    }
    // Four are left, which are too few, and are not used in part.
    assert_eq!(coins.bits(5).unwrap(), words.digit().unwrap() & 31);
}

#[test]
fn golden_normals() {
    let (mut coins, sampler) = (
        golden(),
        Rounded::new(Scale {
            numerator: 1 << 43,
            shift: 20,
        }),
    );
    assert_eq!(
        draws(8, || sampler.draw(&mut coins)),
        [
            4891663, 2750408, 7431639, 6162212, -3442242, -875387, 10901197, -7293541
        ]
    );
}

#[test]
fn golden_laplaces() {
    let (mut coins, sampler) = (
        golden(),
        Laplace::new(Scale {
            numerator: 1 << 43,
            shift: 20,
        }),
    );
    assert_eq!(
        draws(8, || sampler.draw(&mut coins)),
        [
            -3843086, 1701832, 7431639, 6162211, -2972538, 11949772, -7189033, -227033
        ]
    );
}

#[test]
fn the_past_is_forgotten() {
    let (mut coins, mut before) = (golden(), golden());
    coins.bits(3).unwrap();
    coins.forget_past();
    let mut seed = [0; 32];
    before.digit().unwrap();
    before.stream.fill_bytes(&mut seed);
    assert_eq!(coins.digit(), Generator::from_seed(&seed).digit());
}

#[test]
fn each_generator_is_seeded_anew() {
    let (mut one, mut other) = (
        Generator::from_system().unwrap(),
        Generator::from_system().unwrap(),
    );
    assert_ne!(draws(4, || one.digit()), draws(4, || other.digit()));
}

#[test]
fn another_process_is_refused() {
    let mut coins = golden();
    assert_eq!(coins.check_process(), Ok(()));
    coins.fork_for_test();
    assert_eq!(coins.check_process(), Err(MechanismError::Forked));
}

#[test]
fn nothing_of_the_state_is_shown() {
    assert_eq!(format!("{:?}", golden()), "Generator { .. }");
}
