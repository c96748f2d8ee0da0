//! The kept proofs of the last days in short: what is missing in them, and which day is still not complete. Asked often,
//! so a file that has not changed is not read again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use super::kept;

/// So many days back.
const DAYS: i64 = 7;
/// A day may be incomplete for so long: what is on its way in the evening arrives in the night.
const DAYS_TO_ARRIVE: i64 = 2;

/// The last days in short.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Days {
    /// Receipt numbers that are missing in them.
    pub missing_numbers: i64,
    /// Days that should be complete by now and are not, newest first.
    pub unproven: Vec<Date>,
}

/// One day in short.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Short {
    missing_numbers: i64,
    complete: bool,
}

/// Looks at the last days.
#[derive(Debug, Default)]
pub struct Recent(Mutex<BTreeMap<Date, (SystemTime, Short)>>);

impl Recent {
    /// The days before `today`, as far as proofs of them are kept. A file that cannot be read says nothing.
    pub fn look(&self, data_dir: &Path, today: Date) -> Days {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut days = Days::default();
        let before = std::mem::take(&mut *known);
        for back in 1..=DAYS {
            let date = today.saturating_sub(back.days());
            let Some(changed_at) = kept::changed_at(data_dir, date) else {
                continue;
            };
            let same = before.get(&date).filter(|(at, _)| *at == changed_at);
            let short = match same {
                Some((_, short)) => *short,
                None => match kept::last(data_dir, date) {
                    Ok(Some(kept)) => Short::of(&kept.statement["proof"]),
                    Ok(None) | Err(_) => continue,
                },
            };
            known.insert(date, (changed_at, short));
            days.missing_numbers += short.missing_numbers;
            if back >= DAYS_TO_ARRIVE && !short.complete {
                days.unproven.push(date);
            }
        }
        days
    }
}

impl Short {
    fn of(proof: &Value) -> Self {
        let gaps = proof["gaps"].as_array().into_iter().flatten();
        let numbers = gaps.map(|gap| {
            let number = |name: &str| gap[name].as_i64().unwrap_or(0);
            number("to")
                .saturating_sub(number("from"))
                .saturating_add(1)
        });
        Self {
            missing_numbers: numbers.fold(0, i64::saturating_add),
            complete: proof["complete"] == true,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn keep(dir: &Path, date: Date, complete: bool, gaps: &Value) {
        let statement = json!({"proof": {"complete": complete, "gaps": gaps}});
        let seal = json!({"public_key": "", "signature": ""});
        std::fs::create_dir_all(dir.join("proofs")).unwrap();
        let file = dir.join("proofs").join(format!("{date}.ndjson"));
        std::fs::write(file, format!("{statement}\n{seal}\n")).unwrap();
    }

    #[test]
    fn the_last_days_in_short_and_again_when_they_changed() {
        let dir = tempfile::tempdir().unwrap();
        let (recent, today) = (Recent::default(), date(2026, 11, 26));
        assert_eq!(recent.look(dir.path(), today), Days::default());
        let gaps =
            json!([{"till": "3", "series": "0", "from": 11, "to": 13}, {"from": 20, "to": 20}]);
        keep(dir.path(), date(2026, 11, 25), false, &json!([]));
        keep(dir.path(), date(2026, 11, 24), false, &gaps);
        keep(dir.path(), date(2026, 11, 20), true, &json!([]));
        keep(dir.path(), date(2026, 11, 18), false, &gaps);
        let days = Days {
            missing_numbers: 4,
            unproven: vec![date(2026, 11, 24)],
        };
        assert_eq!(recent.look(dir.path(), today), days);
        keep(dir.path(), date(2026, 11, 24), true, &json!([]));
        let path = dir.path().join("proofs/2026-11-24.ndjson");
        let file = std::fs::File::options().append(true).open(path).unwrap();
        // Of two writes within the file system's tick only this makes sure that the times differ.
        let written = file.metadata().unwrap().modified().unwrap();
        let later = written + std::time::Duration::from_secs(5);
        file.set_modified(later).unwrap();
        assert_eq!(recent.look(dir.path(), today), Days::default());
    }
}
