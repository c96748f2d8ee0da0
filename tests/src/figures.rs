//! Figures of a shop's day, and the comparison of what was rung up with what arrived.
//!
//! A figure is a name and a text, as in `till 1: total` = `1204.50`; both sides are computed apart and meet only here.

use std::collections::{BTreeMap, BTreeSet};

/// Figures by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures(pub BTreeMap<String, String>);

impl Figures {
    /// Sets a figure.
    pub fn set(&mut self, name: impl Into<String>, value: impl ToString) {
        self.0.insert(name.into(), value.to_string());
    }

    /// Every figure that differs, one sentence each; empty when all are equal.
    pub fn differences(&self, found: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(found.0.keys()).collect();
        let say = |value: Option<&String>| value.map_or("nothing".to_owned(), Clone::clone);
        let differ = |name: &&&String| self.0.get(**name) != found.0.get(**name);
        let sentence = |name: &String| {
            let (expected, found) = (say(self.0.get(name)), say(found.0.get(name)));
            format!("{name}: rung up {expected}, found {found}")
        };
        names
            .iter()
            .filter(differ)
            .map(|name| sentence(name))
            .collect()
    }

    /// Panics with everything that differs.
    #[track_caller]
    pub fn assert_found(&self, found: &Self) {
        let differences = self.differences(found);
        assert!(
            differences.is_empty(),
            "{} of {} figures differ:\n{}",
            differences.len(),
            self.0.len(),
            differences[..differences.len().min(60)].join("\n")
        );
    }
}

/// Cents as money, as in `-12.05`.
pub fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// Thousandths as a quantity without needless zeros, as in `-2` or `0.345`.
pub fn quantity(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let (whole, rest) = (thousandths.abs() / 1000, thousandths.abs() % 1000);
    let rest = format!("{rest:03}");
    match rest.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        digits => format!("{sign}{whole}.{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_is_wrong_missing_or_too_much_is_named() {
        let figures = |pairs: &[(&str, &str)]| {
            let mut figures = Figures::default();
            for (name, value) in pairs {
                figures.set(*name, value);
            }
            figures
        };
        let rung_up = figures(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert!(rung_up.differences(&rung_up).is_empty());
        let found = figures(&[("a", "1"), ("b", "2.01"), ("d", "4")]);
        let expected = [
            "b: rung up 2, found 2.01",
            "c: rung up 3, found nothing",
            "d: rung up nothing, found 4",
        ];
        assert_eq!(rung_up.differences(&found), expected);
    }

    #[test]
    fn money_and_quantities_are_written_exactly() {
        assert_eq!(
            [money(-1205), money(7), money(100)],
            ["-12.05", "0.07", "1.00"]
        );
        assert_eq!(
            [quantity(-2000), quantity(345), quantity(1500), quantity(0)],
            ["-2", "0.345", "1.5", "0"]
        );
    }
}
