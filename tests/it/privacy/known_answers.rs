//! The accounting against values from several libraries and 50-digit arithmetic. What is charged may exceed them in the
//! last digits and what may be spent may fall short of them; never the other way.

use std::env;
use std::path::Path;

use portcullis::privacy::{Delta, Epsilon, Mu, Rho};
use serde_json::Value;

/// Calls `check` with each row of a table, and says so where there are none to be had.
fn each_row(table: &str, rows: usize, check: impl Fn(&Value)) {
    let Some(data) = env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("SKIPPED: known answers, {table}, since PORTCULLIS_TEST_DATA is not set");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&data).join("dp_known_answers.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let found = document[table].as_array().unwrap();
    assert!(found.len() >= rows, "{table} has {} rows", found.len());
    found.iter().for_each(check);
}

fn number(row: &Value, name: &str) -> f64 {
    row[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} in {row}"))
}

fn epsilon(row: &Value) -> Epsilon {
    Epsilon::new(number(row, "epsilon")).unwrap()
}

fn delta(row: &Value) -> Delta {
    Delta::new(number(row, "delta")).unwrap()
}

#[track_caller]
fn assert_just_above(found: f64, truth: f64, excess: f64) {
    assert!(
        truth <= found && found <= truth * (1.0 + excess),
        "{found:e} for {truth:e}"
    );
}

#[track_caller]
fn assert_just_below(found: f64, truth: f64, shortfall: f64) {
    assert!(
        truth * (1.0 - shortfall) <= found && found <= truth,
        "{found:e} for {truth:e}"
    );
}

#[test]
fn sigma_of_a_gaussian() {
    each_row("analytic_gaussian_sigma", 10, |row| {
        let mu = Mu::within(epsilon(row), delta(row)).unwrap();
        let sigma = number(row, "l2_sensitivity") / mu.value();
        assert_just_above(sigma, number(row, "sigma"), 1e-10);
    });
}

#[test]
fn delta_of_a_gaussian() {
    each_row("gaussian_delta_at_epsilon", 4, |row| {
        let mu = Mu::new(number(row, "l2_sensitivity") / number(row, "sigma")).unwrap();
        let found = mu.delta(epsilon(row)).unwrap();
        assert_just_above(found.value(), number(row, "delta"), 1e-10);
    });
}

#[test]
fn epsilon_of_many_gaussians() {
    for (table, rows) in [
        ("gaussian_composition_pld", 8),
        ("gaussian_composition_heterogeneous", 2),
    ] {
        each_row(table, rows, |row| {
            let mu = Mu::new(number(row, "mu_total")).unwrap();
            let found = mu.epsilon(delta(row)).unwrap().value();
            assert_just_above(found, number(row, "epsilon_exact"), 1e-9);
        });
    }
}

#[test]
fn epsilon_of_zcdp() {
    each_row("zcdp_to_approx_dp", 6, |row| {
        let rho = Rho::new(number(row, "rho")).unwrap();
        let found = rho.epsilon(delta(row)).unwrap().value();
        assert_just_above(found, number(row, "epsilon_tight_renyi"), 1e-10);
    });
}

#[test]
fn delta_of_zcdp() {
    each_row("zcdp_to_delta", 4, |row| {
        let rho = Rho::new(number(row, "rho")).unwrap();
        let found = rho.delta(epsilon(row)).unwrap().value();
        assert_just_above(found, number(row, "delta_tight_renyi"), 1e-9);
    });
}

#[test]
fn budgets_within_a_promise() {
    each_row("budget_from_epsilon_delta", 3, |row| {
        let rho = Rho::within(epsilon(row), delta(row)).unwrap().value();
        // The table has 12 digits of it.
        let truth = number(row, "rho_budget_zcdp") * (1.0 + 1e-9);
        assert_just_below(rho, truth, 2e-9);
        let mu = Mu::within(epsilon(row), delta(row)).unwrap().value();
        assert_just_below(mu, number(row, "mu_budget_gdp"), 1e-10);
    });
}

#[test]
fn pure_epsilon_in_other_currencies() {
    each_row("pure_dp_conversions", 3, |row| {
        let epsilon = epsilon(row);
        let any = number(row, "rho_tight_eps_tanh_half");
        assert_just_above(epsilon.rho().unwrap().value(), any, 1e-12);
        let ranged = number(row, "rho_bounded_range_eighth").min(any);
        assert_just_above(epsilon.bounded_range_rho().unwrap().value(), ranged, 1e-12);
        assert_just_above(epsilon.mu().unwrap().value(), number(row, "mu_gdp"), 1e-12);
    });
}

#[test]
fn what_the_naive_design_really_gives() {
    each_row("naive_design_actual_epsilon", 3, |row| {
        let sigma = number(row, "sigma_over_clip");
        for (sensitivity, name) in [
            (2.0, "true_epsilon_replace_one"),
            (1.0, "true_epsilon_if_sensitivity_were_C"),
        ] {
            let mu = Mu::new(sensitivity / sigma).unwrap();
            let found = mu.epsilon(delta(row)).unwrap().value();
            assert_just_above(found, number(row, name), 1e-9);
        }
    });
}
