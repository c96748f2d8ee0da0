//! The PC's clock jumps while the agent runs, the clocks change to winter time, a till is three hours off.
//!
//! Goal: nothing freezes, nothing is reordered, business dates are what the store's cut-off says. Method: libfaketime moves
//! the wall clock of the running agent by what stands in a file, and leaves the monotonic clock alone, as a jump does.
//! After each jump documents must be taken and delivered; in the files they must stand in the order in which they were
//! rung up. Expected business dates are written down here by hand.

use serde_json::{Value, json};
use tillpost_tests::clock::Clock;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::{folder, wait};

#[test]
fn jumps_of_an_hour_and_of_thirty_days_freeze_and_reorder_nothing() {
    let mut home = Home::new(&Setup::folder());
    let clock = Clock::of(&mut home);
    let token = home.add_till("1");
    let agent = home.start();
    let mut next = 1;
    for jump in ["+0", "+1h", "-1h", "+30d", "-30d", "+0"] {
        clock.jump(jump);
        // What is received before, at and after the jump bears times that lie in any order.
        agent.hand_in_all(&token, &sales("1", next, 5), "accepted");
        clock.jump("+0");
        agent.hand_in_all(&token, &sales("1", next + 5, 5), "accepted");
        clock.jump(jump);
        agent.wait_drained(wait::HANG);
        next += 10;
        let result = agent.hand_in(&token, &sale("1", next - 1));
        assert_eq!(
            (&result["status"], &result["state"]),
            (&json!("duplicate"), &json!("delivered"))
        );
        println!("{jump}: 10 taken and delivered");
    }
    assert!(
        received(&home)
            .iter()
            .any(|year| year.abs_diff(at_home()) > 20 * 86_400),
        "no jump was seen"
    );
    let numbers: Vec<u64> = lines_by_storing(&home);
    let expected: Vec<u64> = (1..next).collect();
    assert_eq!(numbers, expected, "in the order in which they were rung up");
    assert_eq!(agent.count("held") + agent.count("parked"), 0);
    let said = home.run(&["audit", "verify"]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

/// When the agent thinks it received each document, in seconds.
fn received(home: &Home) -> Vec<u64> {
    let outbox = rusqlite::Connection::open(home.data().join("outbox.db")).unwrap();
    let mut question = outbox
        .prepare("SELECT received_at / 1000000 FROM documents")
        .unwrap();
    let rows = question.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    rows.map(|at| u64::try_from(at.unwrap()).unwrap()).collect()
}

/// The real time, in seconds.
fn at_home() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the test's own clock")]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// The running numbers in the receiver's files, in the order of the numbers in the files' names: as they were sent.
fn lines_by_storing(home: &Home) -> Vec<u64> {
    let mut lines = folder::read(&home.out());
    let first = |line: &folder::Line| -> u64 {
        let name = line.file.file_name().unwrap().to_str().unwrap();
        name.split('-').nth(1).unwrap().parse().unwrap()
    };
    lines.sort_by_key(first);
    lines
        .iter()
        .map(|line| line.document["sequence"].as_u64().unwrap())
        .collect()
}

fn at(sequence: u64, occurred_at: &str) -> Value {
    let mut sale = sale("1", sequence);
    let document = sale.as_object_mut().unwrap();
    document.shift_remove("business_date");
    document.insert("occurred_at".to_owned(), occurred_at.into());
    sale
}

#[test]
fn business_dates_follow_the_cut_off_when_the_clocks_change() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    // Zurich; the trading day ends at 04:00 by the wall. Winter time began on 2025-10-26 at 03:00, summer time on 2026-03-29 at 02:00.
    let days = [
        ("2025-10-26T02:30:00+02:00", "2025-10-25"),
        ("2025-10-26T02:30:00+01:00", "2025-10-25"),
        ("2025-10-26T03:59:59+01:00", "2025-10-25"),
        ("2025-10-26T04:00:00+01:00", "2025-10-26"),
        ("2025-10-26T03:30:00Z", "2025-10-26"),
        ("2026-03-29T01:59:59+01:00", "2026-03-28"),
        ("2026-03-29T03:00:00+02:00", "2026-03-28"),
        ("2026-03-29T03:59:59+02:00", "2026-03-28"),
        ("2026-03-29T04:00:00+02:00", "2026-03-29"),
        ("2026-03-29T02:00:00Z", "2026-03-29"),
    ];
    for (n, (occurred_at, expected)) in (1..).zip(days) {
        let result = agent.hand_in(&token, &at(n, occurred_at));
        assert_eq!(result["status"], "accepted", "{result}");
        let listed = agent.get(&token, "/v1/documents?limit=1").ok();
        assert_eq!(
            listed["documents"][0]["business_date"], expected,
            "{occurred_at}"
        );
    }
    agent.wait_drained(wait::HANG);
    assert_eq!(lines_by_storing(&home).len(), days.len());
}

#[test]
fn a_till_three_hours_ahead_is_flagged_and_its_sales_arrive() {
    let mut home = Home::new(&Setup::folder());
    let clock = Clock::of(&mut home);
    let token = home.add_till("1");
    let agent = home.start();
    // To the agent it is three hours earlier than to the till, or later.
    for (n, jump, flagged) in [(1, "-3h", true), (2, "+3h", false)] {
        clock.jump(jump);
        let now = jiff_now();
        let result = agent.hand_in(&token, &at(n, &now));
        assert_eq!(result["status"], "accepted", "{result}");
        let codes = result["problems"].to_string();
        assert_eq!(codes.contains("clock_ahead"), flagged, "{jump}: {result}");
        assert!(!codes.contains("held"), "{result}");
    }
    clock.jump("+0");
    agent.wait_drained(wait::HANG);
    assert_eq!(lines_by_storing(&home).len(), 2);
}

/// The real time, as a till writes it.
fn jiff_now() -> String {
    let seconds = i64::try_from(at_home()).unwrap();
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

#[test]
fn after_its_time_the_text_goes_and_the_key_stays_and_a_copy_is_made() {
    let mut home = Home::new(&Setup::folder());
    let clock = Clock::of(&mut home);
    let token = home.add_till("1");
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 1, 600), "accepted");
    agent.wait_drained(wait::HANG);
    agent.stop();
    std::fs::rename(home.out(), home.path().join("away")).unwrap();
    std::fs::write(home.out(), "in the way").unwrap();
    let agent = home.start();
    agent.hand_in_all(&token, &sales("1", 601, 50), "accepted");
    agent.stop();
    let before = std::fs::metadata(home.data().join("outbox.db"))
        .unwrap()
        .len();
    clock.jump("+91d");
    let agent = home.start();
    let outbox = rusqlite::Connection::open(home.data().join("outbox.db")).unwrap();
    let count = |sql: &str| -> i64 { outbox.query_row(sql, [], |row| row.get(0)).unwrap() };
    wait::until("the texts of what was delivered to go", || {
        let texts = count("SELECT COUNT(*) FROM documents WHERE body IS NOT NULL");
        (texts == 50).then_some(())
    });
    wait::until("their room to be given back", || {
        (count("PRAGMA freelist_count") == 0).then_some(())
    });
    assert_eq!(
        count("SELECT COUNT(*) FROM documents WHERE body IS NULL AND state <> 'delivered'"),
        0
    );
    agent.hand_in_all(&token, &sales("1", 1, 600), "duplicate");
    let copies = std::fs::read_dir(home.data().join("backup"))
        .unwrap()
        .count();
    assert_eq!(copies, 1);
    std::fs::remove_file(home.out()).unwrap();
    std::fs::rename(home.path().join("away"), home.out()).unwrap();
    agent.wait_drained(wait::HANG);
    assert_eq!(folder::keys(&home.out()).len(), 650);
    drop(outbox);
    agent.stop();
    let after = std::fs::metadata(home.data().join("outbox.db"))
        .unwrap()
        .len();
    assert!(
        after < before,
        "the file is as long as before: {before} → {after}"
    );
}

#[test]
fn a_jump_while_head_office_is_out_freezes_no_lane_and_reorders_no_till() {
    let mut home = Home::new(&Setup::folder());
    let clock = Clock::of(&mut home);
    let tokens = ["1", "2"].map(|till| (till, home.add_till(till)));
    std::fs::write(home.out(), "in the way").unwrap();
    let agent = home.start();
    let mut next = 1;
    for jump in ["+30d", "-30d", "+1h", "-1h"] {
        // The lane has failed at least once since the last jump, and waits to try again.
        for (till, token) in &tokens {
            agent.hand_in_all(token, &sales(till, next, 5), "accepted");
        }
        next += 5;
        wait::until("the lane to be out", || {
            (agent.status()["destinations"][0]["state"] != "ok").then_some(())
        });
        clock.jump(jump);
    }
    std::fs::remove_file(home.out()).unwrap();
    agent.wait_drained(wait::HANG);
    let there = folder::keys(&home.out());
    assert_eq!(there.len() as u64, 2 * (next - 1));
    assert!(there.values().all(|times| *times == 1), "{there:?}");
    let mut lines = folder::read(&home.out());
    lines.sort_by_key(|line| {
        let name = line.file.file_name().unwrap().to_str().unwrap().to_owned();
        name.split('-').nth(1).unwrap().parse::<u64>().unwrap()
    });
    for (till, _) in &tokens {
        let of_till = lines.iter().filter(|line| line.document["till"] == *till);
        let numbers: Vec<u64> = of_till
            .map(|line| line.document["sequence"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (1..next).collect::<Vec<u64>>(), "till {till}");
    }
}

#[test]
fn a_till_three_hours_off_gets_the_business_date_of_its_own_clock() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    // The trading day ends at 04:00 in Zurich. It is 02:30 there, and the till says 05:30; or 05:30, and the till 02:30.
    let days = [
        ("2026-06-14T05:30:00+02:00", "2026-06-14"),
        ("2026-06-14T02:30:00+02:00", "2026-06-13"),
        // Written with an offset of its own, three hours from the store's: an instant is an instant.
        ("2026-06-14T05:30:00+05:00", "2026-06-13"),
        ("2026-06-14T01:00:00-01:00", "2026-06-14"),
    ];
    for (n, (occurred_at, expected)) in (1..).zip(days) {
        let result = agent.hand_in(&token, &at(n, occurred_at));
        assert_eq!(result["status"], "accepted", "{result}");
        let listed = agent.get(&token, "/v1/documents?limit=1").ok();
        assert_eq!(
            listed["documents"][0]["business_date"], expected,
            "{occurred_at}"
        );
    }
}
