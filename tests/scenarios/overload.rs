//! Overload: more than a store can produce. The agent stays small, answers whoever behaves, and every yes is true.
//!
//! Goal: bounded memory and polite refusals under tills that post as fast as they can, thousands of connections, answers
//! that nobody reads, requests that drip. Method: bare sockets; a debug build takes shorter time limits from the
//! environment, and no test asserts a time: a connection ends in the end, and others are served meanwhile.

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::http::Answer;
use tillpost_tests::process::{resident_mb, set_files_max, sockets};
use tillpost_tests::shop::sample::{sale, sales};
use tillpost_tests::socket::Socket;
use tillpost_tests::wait;

/// Memory of the agent under any load here.
const RESIDENT_MB_MAX: u64 = 192;
/// Connections that the agent keeps, and some that it is about to close.
const SOCKETS_MAX: usize = 600;
/// The time limits of a connection in tests that wait for them.
const PATIENCE: (&str, &str) = ("TILLPOST_PATIENCE_MS", "3000");

/// One token for so many tills, by the codes `1`, `2`, …
fn tills(home: &Home, count: usize) -> String {
    let codes: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
    let codes = codes.join(",");
    let said = home.run(&["till", "add", "server", "--for", &codes, "--json"]);
    said.json()["token"].as_str().unwrap().to_owned()
}

fn check_small(agent: &Agent, when: &str) {
    let resident = resident_mb(agent.process());
    println!(
        "{when}: {resident} MB resident, {} sockets",
        sockets(agent.process())
    );
    assert!(resident < RESIDENT_MB_MAX, "{when}: {resident} MB resident");
}

/// Hands in a sale and asks for the agent's health, each over a connection of its own; again where the connection was
/// closed because the room was full, as a till does.
fn served(agent: &Agent, token: &str, number: u64) {
    let body = sale("1", number).to_string();
    let answer = wait::until("a sale to be taken", || {
        let mut socket = Socket::try_connect(&agent.url).ok()?;
        socket.hand_in(token, &body).ok()
    });
    let result = &answer.ok()["results"][0];
    let status = result["status"].as_str().unwrap();
    assert!(["accepted", "duplicate"].contains(&status), "{result}");
    for path in ["/healthz", "/v1/status", "/v1/documents?limit=5"] {
        let answer = wait::until(path, || {
            let mut socket = Socket::try_connect(&agent.url).ok()?;
            socket.get(token, path).ok()
        });
        answer.ok();
    }
}

fn stored_keys(home: &Home) -> BTreeSet<String> {
    let outbox = Connection::open(home.data().join("outbox.db")).unwrap();
    let mut question = outbox.prepare("SELECT key FROM documents").unwrap();
    let keys = question.query_map([], |row| row.get(0)).unwrap();
    keys.map(Result::unwrap).collect()
}

fn assert_polite(answer: &Answer) {
    assert!([429, 503].contains(&answer.status), "{answer:?}");
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
}

/// Posts until told to stop; the keys that got a yes.
fn post_on(
    url: &str,
    token: &str,
    till: &str,
    stop: &AtomicBool,
    refused: &AtomicU64,
    unanswered: &AtomicU64,
) -> Vec<String> {
    let (mut socket, mut keys, mut number) = (Socket::connect(url), Vec::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        match socket.hand_in(token, &sale(till, number).to_string()) {
            Ok(answer) if answer.status == 200 => {
                let body = answer.json();
                assert_eq!(body["results"][0]["status"], "accepted", "{body}");
                keys.push(body["results"][0]["key"].as_str().unwrap().to_owned());
            }
            Ok(answer) => {
                assert_polite(&answer);
                refused.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => {
                unanswered.fetch_add(1, Ordering::Relaxed);
                socket = Socket::connect(url);
            }
        }
    }
    keys
}

#[test]
fn two_hundred_tills_post_as_fast_as_they_can_and_every_yes_is_true() {
    const TILLS: usize = 200;
    const HOW_LONG: Duration = Duration::from_secs(6);
    let home = Home::new(&Setup::folder());
    let token = tills(&home, TILLS + 1);
    let agent = home.start();
    let (stop, refused) = (AtomicBool::new(false), AtomicU64::new(0));
    let unanswered = AtomicU64::new(0);
    let answered: Vec<String> = thread::scope(|scope| {
        let (url, token, stop) = (&agent.url, &token, &stop);
        let (refused, unanswered) = (&refused, &unanswered);
        let post = |n: usize| {
            let till = (n + 2).to_string();
            move || post_on(url, token, &till, stop, refused, unanswered)
        };
        let posting: Vec<_> = (0..TILLS).map(|n| scope.spawn(post(n))).collect();
        let (begin, mut number) = (Instant::now(), 0);
        while begin.elapsed() < HOW_LONG {
            number += 1;
            served(&agent, token, number);
            check_small(&agent, "while 200 tills post");
        }
        stop.store(true, Ordering::Relaxed);
        posting
            .into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    // Whatever was answered is on disk, not in the memory of a process that ends well.
    agent.kill();
    let stored = stored_keys(&home);
    println!(
        "{} sales answered, {refused:?} refused, {unanswered:?} connections closed without a word, {} stored",
        answered.len(),
        stored.len()
    );
    // There are places for all of them: nobody is sent away without being told.
    assert_eq!(unanswered.into_inner(), 0, "closed without a word");
    assert!(
        answered.len() > TILLS,
        "every till gets its turn: {}",
        answered.len()
    );
    let lost: Vec<_> = answered
        .iter()
        .filter(|key| !stored.contains(*key))
        .collect();
    assert!(
        lost.is_empty(),
        "{} of {} are lost: {lost:?}",
        lost.len(),
        answered.len()
    );
}

#[test]
fn an_answer_that_nobody_reads_costs_little_and_ends() {
    const DEAF: usize = 100;
    const QUESTIONS: usize = 60;
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = Agent::start(&home, &[PATIENCE]);
    agent.hand_in_all(&token, &sales("1", 1, 1_000), "accepted");
    let before = sockets(agent.process());
    let mut deaf: Vec<Socket> = (0..DEAF).map(|_| Socket::connect(&agent.url)).collect();
    for socket in &mut deaf {
        let head = socket.head("GET /v1/documents?limit=1000", &token);
        socket
            .write(format!("{head}\r\n").repeat(QUESTIONS))
            .unwrap();
    }
    for number in 1..20 {
        served(&agent, &token, number);
        check_small(&agent, "while answers are not read");
    }
    wait::until("the connections that read nothing to be closed", || {
        served(&agent, &token, 1);
        (sockets(agent.process()) <= before).then_some(())
    });
    drop(deaf);
}

#[test]
fn ten_thousand_connections_shut_nobody_out() {
    const CONNECTIONS: usize = 10_000;
    const OPENERS: usize = 20;
    set_files_max(std::process::id(), CONNECTIONS + 2_000);
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    let open = || -> Vec<io::Result<Socket>> {
        let one = |n| {
            let mut socket = Socket::try_connect(&agent.url)?;
            // Some say nothing at all, some begin.
            if n % 2 == 0 {
                socket.write("POST /v1/documents HT")?;
            }
            Ok(socket)
        };
        (0..CONNECTIONS / OPENERS).map(one).collect()
    };
    let opened = thread::scope(|scope| {
        let openers: Vec<_> = (0..OPENERS).map(|_| scope.spawn(open)).collect();
        let mut number = 0;
        while openers.iter().any(|opener| !opener.is_finished()) {
            number += 1;
            served(&agent, &token, number);
            check_small(&agent, "while connections are opened");
            assert!(sockets(agent.process()) < SOCKETS_MAX);
        }
        let opened = openers
            .into_iter()
            .flat_map(|opener| opener.join().unwrap());
        opened.collect::<Vec<_>>()
    });
    let refused = opened.iter().filter(|one| one.is_err()).count();
    println!(
        "{} connections opened, {refused} not",
        opened.len() - refused
    );
    assert!(refused < CONNECTIONS / 10, "{refused} refused");
    for number in 1..20 {
        served(&agent, &token, number);
    }
    check_small(&agent, "with all of them open");
}

#[test]
fn where_the_system_allows_fewer_files_than_connections_the_agent_goes_on() {
    const FILES: usize = 120;
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    // The agent inherits the limit.
    set_files_max(std::process::id(), FILES);
    let agent = home.start();
    set_files_max(std::process::id(), 12_000);
    let idle: Vec<Socket> = (0..FILES * 4)
        .map(|_| Socket::connect(&agent.url))
        .collect();
    for number in 1..20 {
        served(&agent, &token, number);
    }
    assert!(sockets(agent.process()) < FILES);
    drop(idle);
    served(&agent, &token, 30);
}

/// Writes a byte to each every while until told to stop.
fn drip(sockets: &mut [Socket], byte: &str, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        for socket in &mut *sockets {
            // Closed already: that is what is waited for.
            let _ = socket.write(byte);
        }
        thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn requests_that_drip_are_ended_and_others_served_meanwhile() {
    const EACH: usize = 150;
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = Agent::start(&home, &[PATIENCE]);
    let connect = |_| Socket::connect(&agent.url);
    let mut heads: Vec<Socket> = (0..EACH).map(connect).collect();
    let mut bodies: Vec<Socket> = (0..EACH).map(connect).collect();
    for socket in &mut heads {
        socket.write("GET /healthz HTTP/1.1\r\nX-Slow: ").unwrap();
    }
    for socket in &mut bodies {
        socket.announce(&token, 100_000).unwrap();
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| drip(&mut heads, "x", &stop));
        scope.spawn(|| drip(&mut bodies, " ", &stop));
        for number in 1..20 {
            served(&agent, &token, number);
        }
        wait::until("dripping requests to be ended", || {
            (sockets(agent.process()) < EACH / 2).then_some(())
        });
        stop.store(true, Ordering::Relaxed);
    });
    for mut socket in heads {
        socket.read_to_end();
    }
    let told = |socket: &mut Socket| socket.read_to_end().starts_with("HTTP/1.1 400");
    let told = bodies
        .iter_mut()
        .filter_map(|socket| told(socket).then_some(()))
        .count();
    println!("{told} of {EACH} senders of a slow body were told why");
    assert!(told > 0, "nobody was told why");
    assert_eq!(
        stored_keys(&home).len(),
        19,
        "nothing of a body that did not arrive"
    );
}

#[test]
fn more_dripping_bodies_than_places_shut_nobody_out() {
    const BODIES: usize = 700;
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    let mut bodies: Vec<Socket> = (0..BODIES).map(|_| Socket::connect(&agent.url)).collect();
    for socket in &mut bodies {
        // Those that had to make place are gone already.
        let _ = socket.announce(&token, 100_000);
        let _ = socket.write("{");
    }
    for number in 1..20 {
        served(&agent, &token, number);
    }
    check_small(&agent, "while bodies drip");
}

#[test]
fn large_bodies_are_asked_to_wait_and_keep_no_sale_out() {
    const LARGE: usize = 15 << 20;
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    let begun = || {
        let mut socket = Socket::connect(&agent.url);
        socket.announce(&token, LARGE).unwrap();
        // Fails where it is refused while it is written.
        let _ = socket.write(" ".repeat(LARGE - 1));
        socket
    };
    let mut large: Vec<Socket> = Vec::new();
    let refused = wait::until("a large body to be refused", || {
        // Whether one finds room depends on what was read of the others; in the end there is none.
        large.push(begun());
        let mut socket = Socket::connect(&agent.url);
        let answer = socket.hand_in(&token, &" ".repeat(4 << 20)).ok()?;
        // Without a document in it, it is 400 where there is room.
        (answer.status != 400).then_some(answer)
    });
    assert_polite(&refused);
    served(&agent, &token, 1);
    check_small(&agent, "with large bodies in hand");
    drop(large);
    wait::until("room again", || {
        let mut socket = Socket::connect(&agent.url);
        let answer = socket.hand_in(&token, &" ".repeat(4 << 20)).ok()?;
        (answer.status == 400).then_some(())
    });
}
