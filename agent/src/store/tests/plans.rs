//! Ten years in the outbox, and no question of every second reads more than it needs: every statement of the store's
//! sources is looked up in SQLite's own plan.

use std::collections::BTreeSet;

use rstest::rstest;

use super::shop::*;
use crate::store::read::{Filter, list_sql};

/// The sources whose statements run while tills and lanes work.
const SOURCES: [&str; 18] = [
    include_str!("../accept.rs"),
    include_str!("../arrival.rs"),
    include_str!("../depends.rs"),
    include_str!("../figures.rs"),
    include_str!("../history.rs"),
    include_str!("../lane.rs"),
    include_str!("../load.rs"),
    include_str!("../look.rs"),
    include_str!("../till_days.rs"),
    include_str!("../pace.rs"),
    include_str!("../person.rs"),
    include_str!("../read.rs"),
    include_str!("../tills.rs"),
    include_str!("../connection.rs"),
    include_str!("../unsent.rs"),
    include_str!("../reread.rs"),
    include_str!("../senders.rs"),
    include_str!("../windows.rs"),
];
/// Statements that read a table from one end to the other, and may.
const WHOLE_TABLE: [&str; 8] = [
    // An index of what has not arrived, no table; and whoever asks is told again what was counted when it took long.
    "SELECT state, COUNT(*) FROM documents WHERE state <> 'delivered' GROUP BY state",
    // The same index, for a chart.
    "SELECT business_date, COUNT(*) FROM documents INDEXED BY documents_state
         WHERE state <> 'delivered' AND business_date >= ?1 GROUP BY business_date",
    // The check of the whole chain.
    "SELECT n, seq, at, who, what, hash FROM history ORDER BY n",
    // A store has a few tills.
    "SELECT code, series, added_at FROM tills ORDER BY code",
    "DELETE FROM tills WHERE code = ?1",
    "SELECT code FROM owners WHERE hash = ?1",
    "SELECT code, hash FROM owners ORDER BY code",
    "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'owners')",
];

/// Every string of a source that is a statement.
fn statements() -> BTreeSet<&'static str> {
    let words = ["SELECT ", "UPDATE ", "INSERT ", "DELETE "];
    let strings = SOURCES.into_iter().flat_map(|source| source.split('"'));
    strings
        .filter(|text| words.iter().any(|word| text.starts_with(word)) && !text.contains('{'))
        .collect()
}

fn plan(shop: &Shop, sql: &str) -> Vec<String> {
    let mut explained = shop
        .outbox
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let mut rows = explained.raw_query();
    let mut plan = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        plan.push(row.get(3).unwrap());
    }
    plan
}

/// Whether a step of a plan reads a whole table: an index used in order only is one too.
fn reads_all(step: &str) -> bool {
    step.starts_with("SCAN") && !step.contains("CONSTANT ROW") && !step.contains("sqlite_sequence")
}

#[test]
fn no_statement_reads_a_whole_table() {
    let shop = Shop::new();
    let statements = statements();
    assert!(statements.len() > 40, "{} found", statements.len());
    for sql in statements {
        let plan = plan(&shop, sql);
        // The newest row of an index is found at once; yesterday's newest after today's.
        let newest =
            sql.contains("ORDER BY n DESC LIMIT 1") || sql.contains("ORDER BY seq DESC LIMIT 1");
        let whole = plan.iter().any(|step| reads_all(step)) && !newest;
        assert_eq!(whole, WHOLE_TABLE.contains(&sql), "{sql}\n{plan:#?}");
    }
}

/// The plan of the one statement that contains `words`.
fn plan_of(words: &str) -> String {
    let found: Vec<_> = statements()
        .into_iter()
        .filter(|sql| sql.contains(words))
        .collect();
    assert_eq!(found.len(), 1, "{words}: {found:?}");
    plan(&Shop::new(), found[0]).join("\n")
}

#[rstest]
#[case::due("d.due_at <= ?2 ORDER BY d.seq", &["deliveries_due (destination=?)", "o USING INTEGER PRIMARY KEY (rowid=?)"])]
#[case::batch("batch IS NOT NULL AND state = 'waiting' ORDER BY seq", &["deliveries_batch (destination=? AND batch>?)"])]
#[case::originals("CROSS JOIN documents o ON o.uid = g.uid", &["g USING PRIMARY KEY (seq=?)", "documents_uid (uid=? AND freed=?)", "d USING PRIMARY KEY (seq=? AND destination=?)"])]
#[case::count("COALESCE(c.cutoff_at, c.occurred_at)", &["documents_state (state=?)"])]
#[case::waiting("MIN(received_at)", &["COVERING INDEX documents_state (state=?)"])]
#[case::close("o.seq < c.seq AND o.till = c.till", &["documents_state (state=? AND seq<?)"])]
#[case::in_window("d.due_at >= 0 AND d.batch IS NULL", &["documents_state (state=?)", "d USING PRIMARY KEY (seq=? AND destination=?)"])]
#[case::first_in_window("ORDER BY o.seq LIMIT 1", &["documents_state (state=?)", "d USING PRIMARY KEY (seq=? AND destination=?)"])]
#[case::parked("AND d.destination = ?1 AND d.state = 'parked'", &["documents_state (state=?)", "d USING PRIMARY KEY (seq=? AND destination=?)"])]
#[case::reasons("d.destination FROM documents o INDEXED BY", &["documents_state (state=?)", "d USING PRIMARY KEY (seq=?)"])]
#[case::next_day("kind = 'day_open'", &["documents_day (business_date>?)", "PRIMARY KEY (rowid>?)"])]
#[case::family("UNION ALL SELECT id, key, content_hash", &["documents_uid (uid=?)", "documents_conflict_of (conflict_of=?)"])]
#[case::receipts("receipt_number = ?1 OR sequence = ?4", &["documents_receipt (receipt_number=?)", "documents_number (sequence=?)"])]
#[case::arrived_later("d.delivered_at >= ?2 AND d.seq > ?3", &["deliveries_done (destination=? AND delivered_at>?)"])]
#[case::recall("AND destination = ?1 AND sent = 1", &["deliveries_later (due_at>?)"])]
#[case::wake("answer ->> 'code' = ?1", &["deliveries_later (due_at>?)"])]
fn a_question_uses_its_index(#[case] words: &str, #[case] indexes: &[&str]) {
    let plan = plan_of(words);
    for index in indexes {
        assert!(plan.contains(index), "{index} is not in\n{plan}");
    }
}

#[rstest]
#[case::newest(Filter::default(), "SCAN documents")]
#[case::held(Filter { state: Some("held".into()), ..Filter::default() }, "documents_state (state=?)")]
#[case::older_parked(Filter { state: Some("parked".into()), after: Some(9), ..Filter::default() }, "documents_state (state=? AND seq<?)")]
#[case::a_day(Filter { date: Some("2026-05-05".into()), ..Filter::default() }, "documents_day (business_date=?)")]
#[case::a_tills_day(
    Filter { date: Some("2026-05-05".into()), tills: Some(vec!["5".into()]), ..Filter::default() },
    "documents_day (business_date=? AND till=?)"
)]
#[case::a_tokens_own(
    Filter { tills: Some(vec!["5".into()]), sender: Some("5".into()), ..Filter::default() },
    "s USING INTEGER PRIMARY KEY (rowid=?)"
)]
#[case::further_back(Filter { after: Some(500), ..Filter::default() }, "PRIMARY KEY (rowid<?)")]
fn a_list_is_read_from_its_page_on(#[case] filter: Filter, #[case] index: &str) {
    let shop = Shop::new();
    let (sql, _) = list_sql(&Filter {
        limit: 100,
        ..filter
    });
    let plan = plan(&shop, &sql).join("\n");
    assert!(plan.contains(index), "{plan}");
}
