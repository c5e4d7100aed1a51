//! The probabilities that samplers are held against. That these are right is held against values of 50-digit arithmetic.

use std::path::Path;

use crate::privacy::numeric::log_tail;

/// `P(round(sigma Z) = n)`.
pub(super) fn rounded_normal(n: i64, sigma: f64) -> f64 {
    let size = n.unsigned_abs() as f64;
    let tail = |edge: f64| log_tail(edge / sigma).exp();
    if n == 0 {
        1.0 - 2.0 * tail(0.5)
    } else {
        tail(size - 0.5) - tail(size + 0.5)
    }
}

/// `P(n) = (1 - a)/(1 + a) a^|n|` with `a = exp(-1/scale)`.
pub(super) fn laplace(n: i64, scale: f64) -> f64 {
    (0.5 / scale).tanh() * (-(n.unsigned_abs() as f64) / scale).exp()
}

/// `P(n) = (1 - a) a^n`.
pub(super) fn geometric(n: i64, scale: f64) -> f64 {
    -(-1.0 / scale).exp_m1() * (-(n as f64) / scale).exp()
}

/// `P(place)` in proportion to `exp(score / scale)`.
pub(super) fn choice(place: usize, scores: &[i64], scale: f64) -> f64 {
    let weight = |score: i64| (score as f64 / scale).exp();
    weight(scores[place]) / scores.iter().copied().map(weight).sum::<f64>()
}

#[test]
fn references_agree_with_known_answers() {
    let Some(data) = std::env::var_os("PORTCULLIS_TEST_DATA") else {
        eprintln!("SKIPPED: known probabilities, since PORTCULLIS_TEST_DATA is not set");
        return;
    };
    let text = std::fs::read_to_string(Path::new(&data).join("dp_known_answers.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let near = |found: f64, truth: &serde_json::Value| {
        let truth = truth.as_f64().unwrap();
        assert!((found / truth - 1.0).abs() < 1e-10, "{found}, not {truth}");
    };
    for row in document["rounded_gaussian_pmf"].as_array().unwrap() {
        let (k, sigma) = (row["k"].as_i64().unwrap(), row["sigma"].as_f64().unwrap());
        near(rounded_normal(k, sigma), &row["pmf"]);
    }
    for row in document["discrete_laplace"].as_array().unwrap() {
        let scale = row["scale"].as_f64().unwrap();
        near(laplace(0, scale), &row["pmf0"]);
        near(laplace(-1, scale), &row["pmf1"]);
    }
    let row = &document["exponential_mechanism"][0];
    assert_eq!(row["scores"], serde_json::json!([0.9, 0.8, 0.1]));
    // In tenths, as the scores are: sensitivity 1, so a range of 2, over epsilon 10.
    near(choice(0, &[9, 8, 1], 2.0), &row["prob_first"]);
    near(choice(2, &[9, 8, 1], 2.0), &row["prob_last"]);
}
