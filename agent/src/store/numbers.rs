//! How each till has numbered, kept over restarts: keys are made of it, and keys are for ever.
//!
//! The configuration says only how a till numbers now. Taken at its word it would give old receipts new keys, and a sale
//! that is sent again would be stored and delivered twice. So every change is kept with the business date from which it
//! holds: the one that `numbers_from` names, else the next. A till of which nothing is stored has no keys yet: what is
//! configured holds from ever.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use tillpost_shared::config::{Numbers as Configured, Till};
use tillpost_shared::key::{Numbering, Numbers};
use tillpost_shared::scalar::Day;

use crate::store::{StoreError, tills};

/// The setting that holds it.
const NAME: &str = "numbering";

/// The changes of every till that ever was anything but the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept(BTreeMap<String, Vec<Change>>);

/// From a business date on (from ever without), a till's numbers start again or do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Change {
    from: Option<Date>,
    restart: bool,
}

impl Kept {
    /// What the configuration says to a store without documents.
    pub fn first(tills: &[Till]) -> Self {
        Self(
            tills
                .iter()
                .map(|till| (till.code.clone(), first(till)))
                .collect(),
        )
    }

    /// What is kept once the configuration says `tills`, on business date `today`. Of a till that changes it is asked
    /// whether anything is stored.
    pub fn after<E>(
        mut self,
        tills: &[Till],
        today: Date,
        mut stored: impl FnMut(&str) -> Result<bool, E>,
    ) -> Result<Self, E> {
        let left_out = |code: &String| tills.iter().all(|till| till.code != *code);
        let unnamed = self.0.keys().filter(|code| left_out(code)).cloned();
        let unnamed: Vec<Till> = unnamed.map(never).collect();
        for till in tills.iter().chain(&unnamed) {
            let changes = self.0.entry(till.code.clone()).or_default();
            // What does not hold yet has made no key: it may still be taken back or moved.
            changes.retain(|change| change.from.is_none_or(|from| from <= today));
            let last = changes.last().copied();
            if last.is_some_and(|last| last.restart) == restarts(till) {
                continue;
            }
            if !stored(&till.code)? {
                *changes = first(till);
                continue;
            }
            let after_last = |from: &Date| last.is_none_or(|last| last.from < Some(*from));
            let named = till.numbers_since().filter(after_last);
            // At the end of the calendar there is no next day.
            let next = today.tomorrow().unwrap_or(today);
            changes.push(Change {
                from: Some(named.unwrap_or(next)),
                restart: restarts(till),
            });
        }
        Ok(self)
    }

    /// As keys are made of it.
    pub fn numbering(&self) -> Numbering {
        let mut numbering = Numbering::default();
        for (code, changes) in &self.0 {
            for Change { from, restart } in changes {
                let numbers = match restart {
                    true => Numbers::Restart,
                    false => Numbers::Never,
                };
                numbering.set(code, from.map(Day), numbers);
            }
        }
        numbering
    }
}

fn restarts(till: &Till) -> bool {
    match till.numbers {
        Configured::Never => false,
        Configured::Daily | Configured::Wrapping => true,
    }
}

/// Before the date that `numbers_from` names it was the other way, else it would say nothing.
fn first(till: &Till) -> Vec<Change> {
    let (since, restart) = (till.numbers_since(), restarts(till));
    let before = since.map(|_| Change {
        from: None,
        restart: !restart,
    });
    let now = Change {
        from: since,
        restart,
    };
    before.into_iter().chain([now]).collect()
}

/// A till that the configuration does not name.
fn never(code: String) -> Till {
    Till {
        code,
        numbers: Configured::Never,
        numbers_from: None,
    }
}

/// What is kept in an outbox.
pub fn kept(connection: &Connection) -> Result<Option<Kept>, StoreError> {
    let text = tills::setting(connection, NAME)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Keeps what the configuration says, with the date of each change. An outbox of before this was kept has keys as the
/// configuration said until now.
pub fn keep(connection: &Connection, tills: &[Till], today: Date) -> Result<Kept, StoreError> {
    let before = kept(connection)?;
    let after = match before.clone() {
        None => Kept::first(tills),
        Some(before) => before.after(tills, today, |code| stored(connection, code))?,
    };
    if before.as_ref() != Some(&after) {
        let text = serde_json::to_string(&after)
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        tills::set_setting(connection, NAME, &text)?;
    }
    Ok(after)
}

/// Only a till without documents makes this read the whole table, at the start that changes how it numbers.
fn stored(connection: &Connection, code: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE till = ?1)")?
        .query_row([code], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use rstest::rstest;

    use super::*;

    fn till(numbers: Configured, from: Option<&str>) -> Vec<Till> {
        vec![Till {
            numbers,
            numbers_from: from.map(str::to_owned),
            ..never("3".to_owned())
        }]
    }
    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }
    /// The starts of a store: what was configured, and on which day.
    fn after(starts: &[(Configured, Option<&str>, &str)]) -> Kept {
        let mut kept: Option<Kept> = None;
        for (numbers, from, today) in starts {
            let tills = till(*numbers, *from);
            let stored = |_: &str| Ok::<_, Infallible>(true);
            kept = Some(match kept {
                None => Kept::first(&tills),
                Some(kept) => kept.after(&tills, day(today), stored).unwrap(),
            });
        }
        kept.unwrap()
    }

    use Configured::{Daily, Never, Wrapping};

    /// Whether the numbers restart on the 25th, 26th, 27th and 30th.
    #[rstest]
    #[case::from_ever(&[(Daily, None, "2026-11-26")], "++++")]
    #[case::a_change_holds_from_the_next_day_on(&[(Never, None, "2026-11-20"), (Daily, None, "2026-11-26")], "--++")]
    #[case::it_stays_where_it_was(
        &[(Never, None, "2026-11-20"), (Daily, None, "2026-11-25"), (Daily, None, "2026-11-29")],
        "-+++"
    )]
    #[case::from_a_day_that_is_named(
        &[(Never, None, "2026-11-20"), (Daily, Some("2026-11-29"), "2026-11-25")],
        "---+"
    )]
    #[case::and_back(
        &[(Never, None, "2026-11-20"), (Daily, None, "2026-11-24"), (Never, None, "2026-11-26")],
        "++--"
    )]
    #[case::no_longer_named(
        &[(Daily, None, "2026-11-20"), (Never, None, "2026-11-26")],
        "++--"
    )]
    #[case::taken_back_the_same_day(
        &[(Never, None, "2026-11-20"), (Daily, None, "2026-11-26"), (Never, None, "2026-11-26")],
        "----"
    )]
    #[case::the_same_to_keys(&[(Daily, None, "2026-11-20"), (Wrapping, None, "2026-11-26")], "++++")]
    #[case::a_new_pc_is_told_since_when(&[(Never, Some("2026-11-27"), "2026-12-01")], "++--")]
    #[case::a_day_before_the_last_change_cannot_be(
        &[(Never, None, "2026-11-20"), (Daily, None, "2026-11-25"), (Never, Some("2026-11-22"), "2026-11-26")],
        "-+--"
    )]
    fn a_change_holds_from_a_business_date_on(
        #[case] starts: &[(Configured, Option<&str>, &str)],
        #[case] expected: &str,
    ) {
        let numbering = after(starts).numbering();
        let days = ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-30"];
        let marks = days.map(|text| match numbering.of("3", Day(day(text))) {
            Numbers::Restart => '+',
            Numbers::Never => '-',
        });
        assert_eq!(marks.into_iter().collect::<String>(), expected);
    }

    #[test]
    fn a_till_without_documents_numbers_from_ever_as_it_is_told() {
        let kept = Kept::first(&[]);
        let nothing = |_: &str| Ok::<_, Infallible>(false);
        let kept = kept.after(&till(Daily, None), day("2026-11-26"), nothing);
        let numbering = kept.unwrap().numbering();
        assert_eq!(numbering.of("3", Day(day("2020-01-01"))), Numbers::Restart);
    }

    #[test]
    fn a_till_that_is_no_longer_named_goes_back_to_the_default() {
        let kept = Kept::first(&till(Daily, None));
        let kept = kept.after(&[], day("2026-11-26"), |_| Ok::<_, Infallible>(true));
        let numbering = kept.unwrap().numbering();
        assert_eq!(numbering.of("3", Day(day("2026-11-26"))), Numbers::Restart);
        assert_eq!(numbering.of("3", Day(day("2026-11-27"))), Numbers::Never);
    }
}
