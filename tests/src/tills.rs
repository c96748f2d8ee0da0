//! Tills that ring up as fast as they are answered, and remember every yes they were given.
//!
//! As a real till does, each sends again what it got no answer to, and goes on only after a yes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::home::Home;
use crate::http::Http;
use crate::shop::sample::sales;

/// Documents in one request, at most, unless a scenario wants more.
const BATCH_MAX: u64 = 3;

/// One till and what it was promised.
pub struct Till {
    code: String,
    token: String,
    http: Http,
    next: u64,
    batch_max: u64,
    /// Key and id of every document it got a yes for.
    pub yes: BTreeMap<String, String>,
    /// The keys of its last yes.
    pub last: Vec<String>,
}

impl Till {
    /// Adds so many tills to a store.
    pub fn add(home: &Home, count: usize) -> Vec<Self> {
        Self::add_with_batches(home, count, BATCH_MAX)
    }

    /// Adds so many tills, each of which hands in up to so many documents in one request.
    pub fn add_with_batches(home: &Home, count: usize, batch_max: u64) -> Vec<Self> {
        let till = |n: usize| {
            let code = (n + 1).to_string();
            Self {
                token: home.add_till(&code),
                code,
                // Made beforehand: it takes longer than many a trial.
                http: Http::new(),
                next: 1,
                batch_max,
                yes: BTreeMap::new(),
                last: Vec::new(),
            }
        };
        (0..count).map(till).collect()
    }

    /// Hands in one batch; whether it got its yes.
    pub fn ring_up(&mut self, url: &str) -> bool {
        let count = 1 + self.next % self.batch_max;
        let batch = json!(sales(&self.code, self.next, count)).to_string();
        let sent = self.http.try_send(|client| {
            client
                .post(format!("{url}/v1/documents"))
                .header("Authorization", format!("Bearer {}", self.token))
                .header("Content-Type", "application/json")
                .body(batch)
        });
        let Ok(answer) = sent else { return false };
        if answer.status != 200 {
            return false;
        }
        self.last.clear();
        for result in answer.json()["results"].as_array().unwrap() {
            let text = |name: &str| result[name].as_str().unwrap().to_owned();
            assert!(
                ["accepted", "duplicate"].contains(&text("status").as_str()),
                "{result}"
            );
            self.last.push(text("key"));
            self.yes.insert(text("key"), text("id"));
        }
        self.next += count;
        true
    }

    /// The token, for other requests.
    pub fn token(&self) -> &str {
        &self.token
    }
}

/// Every till rings up, each on a thread of its own, until it gets no yes any more; `meanwhile` runs beside them.
pub fn all_ring_up(tills: &mut [Till], url: &str, meanwhile: impl FnOnce()) {
    all_ring_up_counted(tills, url, |_| meanwhile());
}

/// As [`all_ring_up`]; `meanwhile` sees how many requests have got their yes so far.
pub fn all_ring_up_counted(tills: &mut [Till], url: &str, meanwhile: impl FnOnce(&AtomicUsize)) {
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for till in tills {
            let answered = &answered;
            scope.spawn(move || {
                while till.ring_up(url) {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        meanwhile(&answered);
    });
}

/// Every key and id that the tills were given a yes for.
pub fn promised(tills: &[Till]) -> BTreeMap<&String, &String> {
    tills.iter().flat_map(|till| &till.yes).collect()
}

/// The keys that were promised and are not in the outbox under their id. Panics when the outbox is not whole.
pub fn lost(tills: &[Till], outbox: &Path) -> Vec<String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let outbox = Connection::open_with_flags(outbox, flags).unwrap();
    outbox
        .busy_timeout(std::time::Duration::from_secs(60))
        .unwrap();
    let check: String = outbox
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok", "the outbox is not whole");
    let mut question = outbox.prepare("SELECT key, id FROM documents").unwrap();
    let rows = question.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let stored: BTreeMap<String, String> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    let missing = promised(tills)
        .into_iter()
        .filter(|(key, id)| stored.get(*key) != Some(*id));
    missing.map(|(key, _)| key.clone()).collect()
}
