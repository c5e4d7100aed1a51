//! The accountant against real numbers: what a budget and costs say as floats, added up exactly.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::exact::Exact;
use super::*;

fn release(rho: f64) -> Charge {
    Charge::new(Scope::Partition(name(0)), Cost::gaussian(2.0 * rho))
}

fn spend(accounts: &mut Accounts, charge: &Charge) -> bool {
    let approved = accounts.check(charge);
    approved.is_ok_and(|approved| accounts.add(&approved))
}

/// Round amounts, which meet a budget exactly; any; and ones too small to see.
fn amounts() -> impl Strategy<Value = f64> {
    prop_oneof![
        (1..8_u8).prop_map(|parts| f64::from(parts) / 20.0),
        0.0..0.4_f64,
        (0..1_000_000_000_u64).prop_map(f64::from_bits),
    ]
}

proptest! {
    /// What is accepted is within the budget, not by a float's digits but really; and what is refused is not, but for one unit
    /// for each charge and one for the budget.
    #[test]
    fn never_more_than_the_budget_and_hardly_less(
        budget in prop_oneof![Just(1.0), 0.0..2.0_f64],
        costs in prop::collection::vec(amounts(), 0..40),
    ) {
        let mut accounts = with_budget(budget);
        let (mut sum, mut charges) = (Exact::default(), 0);
        for rho in costs {
            let charge = release(rho);
            let with = sum.plus(Exact::of(charge.cost().rho().unwrap().value()));
            charges += 1;
            if spend(&mut accounts, &charge) {
                prop_assert!(with <= Exact::of(budget));
                sum = with;
            } else {
                prop_assert!(with.plus(Exact::units(charges + 1)) > Exact::of(budget));
            }
        }
    }
}

/// Decisions over given spends, from exact arithmetic elsewhere.
#[test]
fn decisions_are_the_known_ones() {
    let Some(data) = std::env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("SKIPPED: known decisions, since PORTCULLIS_TEST_DATA is not set");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&data).join("dp_known_answers.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let scenarios = document["privacy_filter_scenarios"].as_array().unwrap();
    let of_zcdp = scenarios.iter().filter(|row| row["kind"] == "zcdp");
    let mut checked = 0;
    for row in of_zcdp {
        let mut accounts = with_budget(row["budget"].as_f64().unwrap());
        let accepted = row["spends"].as_array().unwrap().iter().map(|rho| {
            // Without the last digit that rounding adds, since some meet their budget exactly.
            let rho = rho.as_f64().unwrap().next_down();
            spend(&mut accounts, &release(rho))
        });
        let accepted: Vec<bool> = accepted.collect();
        assert_eq!(Value::from(accepted), row["accept"], "{}", row["name"]);
        checked += 1;
    }
    assert!(checked >= 2, "{checked} scenarios");
}
