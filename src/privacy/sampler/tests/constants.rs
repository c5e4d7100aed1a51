//! The constants of the tables, against values that were computed apart from this code, with mpmath 1.3 at 200 digits, and
//! rounded down to 320 bits.

use crate::privacy::sampler::table::{
    EXPONENTIAL, NORMAL, Table, exponential_bounds, normal_bounds,
};
use crate::privacy::sampler::wide::Wide;

/// `exp(-1/n)`.
#[test]
fn exponentials() {
    for (n, limbs) in [
        (
            1,
            [
                0x5e2d_58d8_b3bc_df1a,
                0xbade_c782_9054_f90d,
                0xda98_05aa_b56c_7733,
                0x3024_b9d0_a507_daed,
                0xb164_00bf_472b_4215,
            ],
        ),
        (
            2,
            [
                0x9b45_97e3_7cb0_4ff3,
                0xd675_a355_30cd_d767,
                0xe347_bf8a_d0e8_0abb,
                0xce4a_e958_6101_4318,
                0x7944_cf10_32e9_a4b0,
            ],
        ),
        (
            3,
            [
                0xb76e_9891_7975_2689,
                0xc598_4c9c_50eb_e4c9,
                0xa86a_1feb_960e_6212,
                0x1fe1_2615_380c_e967,
                0x9568_f674_208c_3ec9,
            ],
        ),
        (
            128,
            [
                0xfe01_feab_5511_27cb,
                0xfe5f_8999_4c44_216f,
                0x70d4_017a_ec23_4b1f,
                0xe1d7_9aef_8201_f19e,
                0xecf7_0dd2_fac6_54de,
            ],
        ),
        (
            1000003,
            [
                0xffff_ef39_0c38_72c6,
                0x4591_d95a_a0a8_ac63,
                0x2be8_00cb_e5e7_42fe,
                0xd6de_182a_6f8b_c493,
                0xa3dd_7fe4_86b5_2fb2,
            ],
        ),
    ] {
        assert_eq!(Wide::exp_minus_reciprocal(n).limbs()[..5], limbs, "{n}");
    }
}

/// `sum of exp(-i²/128) for i up to j, over 11`.
#[test]
fn normal_steps() {
    for (step, limbs) in [
        (
            0,
            [
                0x1745_d174_5d17_45d1,
                0x745d_1745_d174_5d17,
                0x45d1_745d_1745_d174,
                0x5d17_45d1_745d_1745,
                0xd174_5d17_45d1_745d,
            ],
        ),
        (
            1,
            [
                0x2e5d_45b2_7c18_d512,
                0x8b7d_0c82_4cc0_6021,
                0x6759_1768_4403_355f,
                0xfd42_255b_9774_8a54,
                0x4416_759e_d0fa_c1e5,
            ],
        ),
        (
            7,
            [
                0xa3bb_af40_8243_2b51,
                0x1fbf_08ea_954b_e911,
                0x3724_f5a9_b090_1f8c,
                0x1305_c59d_6cda_400d,
                0xe381_0773_d028_eda1,
            ],
        ),
        (
            30,
            [
                0xf4f2_ea5b_271d_7c51,
                0x59ec_61a1_845b_8c85,
                0x88ba_0e10_0fd4_b8c6,
                0x6588_87a4_5893_91d5,
                0xa5a5_969c_ae1d_687b,
            ],
        ),
        (
            63,
            [
                0xf4fb_0d16_d339_ed8e,
                0x7a67_7a8e_132a_ba58,
                0x3d8f_4f4c_50e5_5fb1,
                0x5398_66aa_247a_6c24,
                0xdcc7_52d2_f5dc_23d2,
            ],
        ),
        (
            64,
            [
                0xf4fb_0d16_d33a_4083,
                0xfd37_2183_9f25_61e9,
                0xb53e_adc2_306c_05d8,
                0x6759_7a32_138b_87fb,
                0x7c2c_56bd_dbf4_f301,
            ],
        ),
        (
            100,
            [
                0xf4fb_0d16_d33a_6f8f,
                0xa077_5cdb_f5f2_1ddf,
                0xbf0a_090a_cfd7_dfaf,
                0x9331_cc28_2a7f_9206,
                0x194a_334f_c066_283e,
            ],
        ),
        (
            150,
            [
                0xf4fb_0d16_d33a_6f8f,
                0xa077_5cdb_f5f2_2196,
                0xf22a_26b0_0800_041d,
                0x6757_006d_c56c_f032,
                0x9bf5_be83_6797_ea90,
            ],
        ),
        (
            191,
            [
                0xf4fb_0d16_d33a_6f8f,
                0xa077_5cdb_f5f2_2196,
                0xf22a_26b0_0800_041d,
                0x6757_006d_c56c_f032,
                0xa8e0_12b8_81f7_d40e,
            ],
        ),
    ] {
        assert_eq!(bound(&NORMAL, step), limbs, "{step}");
    }
}

/// `1 - exp(-(j + 1)/8)`.
#[test]
fn exponential_steps() {
    for (step, limbs) in [
        (
            0,
            [
                0x1e14_aed8_93ee_f3c3,
                0xc14e_d960_d0a2_b505,
                0x427f_d60e_488c_d726,
                0x2be4_c738_4dd4_6941,
                0xc157_359e_551d_340d,
            ],
        ),
        (
            1,
            [
                0x38a0_830a_9bef_a8bc,
                0xbea3_4362_9c97_0c46,
                0x9f8e_f6a5_4150_bcf2,
                0x43f9_808e_b5c3_e878,
                0xe402_87d4_7cd6_f594,
            ],
        ),
        (
            7,
            [
                0xa1d2_a727_4c43_20e5,
                0x4521_387d_6fab_06f2,
                0x2567_fa55_4a93_88cc,
                0xcfdb_462f_5af8_2512,
                0x4e9b_ff40_b8d4_bdea,
            ],
        ),
        (
            30,
            [
                0xfaaf_d7fd_9513_477f,
                0xbae1_35f4_a6a0_3ca2,
                0x1b2e_f441_2cfe_8c52,
                0xbe74_6942_4f25_6390,
                0x5e7c_b0d1_3138_86d9,
            ],
        ),
        (
            62,
            [
                0xffe7_167e_8ec4_a593,
                0x76dd_7183_bdab_3a00,
                0x8d4a_0a70_e54c_c409,
                0x66f9_33fe_555f_8e89,
                0xbb62_5705_ec60_3c32,
            ],
        ),
        (
            63,
            [
                0xffea_03de_fbef_d853,
                0x4403_2b98_7f01_18e1,
                0x52dc_0434_80b5_7e1a,
                0x7898_107f_e5cd_3d10,
                0xd4ba_83dd_efb6_13b8,
            ],
        ),
    ] {
        assert_eq!(bound(&EXPONENTIAL, step), limbs, "{step}");
    }
}

fn bound(table: &Table, step: usize) -> [u64; 5] {
    let mut limbs = [table.first[step]; 5];
    limbs[1..].copy_from_slice(&table.rest[step]);
    limbs
}

/// No bound is so near a multiple of 2^-320 that its error of 2^-350 could reach over it.
#[test]
fn errors_do_not_reach_the_leading_bits() {
    for bounds in [normal_bounds(), exponential_bounds()] {
        for bound in bounds {
            let below = bound.limbs()[5];
            assert!(below > 1 << 34 && below < u64::MAX - (1 << 34), "{bound:?}");
        }
    }
}

#[test]
fn bounds_increase() {
    for table in [&NORMAL, &EXPONENTIAL] {
        assert!(table.first.is_sorted() && table.first.len() == table.rest.len());
        for (leading, &start) in table.guide.iter().enumerate() {
            let passed = table
                .first
                .iter()
                .filter(|&&bound| (bound >> 56) < leading as u64);
            assert_eq!(usize::from(start), passed.count());
        }
    }
}
