//! Tickets that nobody wrote, and a stand-in for a model that makes vectors of texts.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

pub const DIMENSION: usize = 128;

pub const TOPICS: [(&str, &str); 5] = [
    ("billing", "invoice refund charged twice card payment"),
    ("login", "password reset locked account code email"),
    ("delivery", "parcel late courier address tracking lost"),
    (
        "warranty",
        "broken repair replacement screen battery guarantee",
    ),
    ("privacy", "delete my data consent export gdpr"),
];

/// The sum of its words, each of which points somewhere, made to length 1.
pub fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIMENSION];
    for word in text.split_whitespace() {
        for (place, value) in vector.iter_mut().enumerate() {
            let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((word, place));
            *value += if hash % 2 == 0 { 1.0 } else { -1.0 };
        }
    }
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter().map(|value| value / norm).collect()
}

/// The ticket of a number: its topic, and a text out of the words of that and some of its own.
pub fn ticket(number: usize) -> (&'static str, String) {
    // The first topics are the more frequent ones.
    let topic = TOPICS[(number * number) % 11 % TOPICS.len()];
    let words: Vec<&str> = topic.1.split(' ').collect();
    let pick = |round: usize| words[(number / 7 + round * (1 + number % 5)) % words.len()];
    let text = format!("{} {} {} ticket{number}", pick(0), pick(1), pick(2));
    (topic.0, text)
}
