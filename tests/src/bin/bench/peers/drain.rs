//! A full queue emptied: ours by its lane to a receiver that never waits, against a table of PostgreSQL from which one
//! worker claims rows by `FOR UPDATE SKIP LOCKED`, hands them over to the same receiver and marks them done. Both note what
//! they took before they send it and what became of it after, each in a synced commit of its own. A second figure leaves
//! the worker's handing over out: what the table alone can do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde::Deserialize;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sales;
use tillpost_tests::wait;
use tillpost_tests::wire;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::postgres;
use crate::{Row, median};

const DOCUMENTS: u64 = 20_000;
/// Documents of one hand-over.
const AT_ONCE: u64 = 1_000;
const ROUNDS: usize = 3;
/// What PostgreSQL's worker claims at a time, and whether it hands over what it claimed: a hundred, and as many as our
/// largest batch holds.
const WORKERS: [(u64, bool); 3] = [(100, true), (200, true), (100, false)];

/// When the first request came, when the last was answered, and how many documents there were.
#[derive(Default)]
struct Seen {
    first: Option<Instant>,
    last: Option<Instant>,
    documents: u64,
}

/// A receiver that says yes to everything at once, when it is open.
pub struct Receiver {
    port: u16,
    open: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    _runtime: tokio::runtime::Runtime,
}

impl Receiver {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, seen) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Seen>>::default());
        let shared = (open.clone(), seen.clone());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, shared.0.clone(), shared.1.clone()));
            }
        });
        Self {
            port,
            open,
            seen,
            _runtime: runtime,
        }
    }

    /// From now on it takes what comes.
    pub fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// A store that delivers to it.
    pub fn setup(&self) -> Setup {
        Setup::bare().with(&format!(
            "[[destination]]\nname = \"there\"\ntype = \"http\"\nurl = \"http://127.0.0.1:{}/\"\nsecret = \"bench-key-0123456789\"",
            self.port
        ))
    }
}

async fn talk(stream: TcpStream, open: Arc<AtomicBool>, seen: Arc<Mutex<Seen>>) {
    #[derive(Deserialize)]
    struct Event<'a> {
        id: &'a str,
    }
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = wire::request(&mut stream).await {
        let came = Instant::now();
        let (status, body) = if open.load(Ordering::Relaxed) && !request.body.is_empty() {
            let events: Vec<Event<'_>> = serde_json::from_slice(&request.body).unwrap();
            let yes = |event: &Event<'_>| format!(r#"{{"id":"{}","status":"accepted"}}"#, event.id);
            let results: Vec<String> = events.iter().map(yes).collect();
            let mut seen = seen.lock().unwrap();
            seen.first.get_or_insert(came);
            seen.documents += events.len() as u64;
            (
                "200 OK",
                format!(r#"{{"results":[{}]}}"#, results.join(",")),
            )
        } else {
            ("503 Service Unavailable", String::new())
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        seen.lock().unwrap().last = Some(Instant::now());
    }
}

/// Documents a second, from the first request's arrival to the last one's answer.
fn ours() -> f64 {
    let receiver = Receiver::start();
    let home = Home::new(&receiver.setup());
    let token = home.add_till("1");
    let agent = home.start();
    for first in (1..=DOCUMENTS).step_by(AT_ONCE as usize) {
        agent.hand_in_all(&token, &sales("1", first, AT_ONCE), "accepted");
    }
    agent.kill();
    receiver.open();
    let agent: Agent = home.start();
    wait::until("everything to arrive", || {
        (receiver.seen.lock().unwrap().documents >= DOCUMENTS).then_some(())
    });
    agent.stop();
    let seen = receiver.seen.lock().unwrap();
    let took = seen.last.unwrap().duration_since(seen.first.unwrap());
    seen.documents as f64 / took.as_secs_f64()
}

/// PostgreSQL's worker on its way to the receiver.
struct Way(BufReader<TcpStream>);

impl Way {
    async fn to(receiver: &Receiver) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", receiver.port))
            .await
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Hands rows over, and reads the answer.
    async fn hand_over(&mut self, rows: &[Vec<String>]) {
        let event = |row: &Vec<String>| format!(r#"{{"id":"{}","data":{}}}"#, row[0], row[1]);
        let events: Vec<String> = rows.iter().map(event).collect();
        let body = format!("[{}]", events.join(","));
        let head = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let stream = self.0.get_mut();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let answer = wire::answer(&mut self.0).await.unwrap();
        assert!(answer.first_line().contains("200"), "{answer:?}");
    }
}

/// Rows a second.
async fn theirs(port: u16, sale: &str, claimed: u64, hands_over: bool, receiver: &Receiver) -> f64 {
    let mut way = Way::to(receiver).await;
    let mut line = postgres::Line::connect(port).await;
    line.run("DROP TABLE IF EXISTS queue").await;
    line.run("CREATE TABLE queue (id bigint PRIMARY KEY, state int NOT NULL, body text NOT NULL)")
        .await;
    line.run("CREATE INDEX ON queue (id) WHERE state = 0").await;
    line.run(&format!(
        "INSERT INTO queue SELECT n, 0, '{}' FROM generate_series(1, {DOCUMENTS}) n",
        sale.replace('\'', "''")
    ))
    .await;
    line.run("VACUUM ANALYZE queue").await;
    let begin = Instant::now();
    for first in (1..=DOCUMENTS).step_by(claimed as usize) {
        let rows = line
            .run(&format!(
                "UPDATE queue SET state = 1 WHERE id IN (SELECT id FROM queue WHERE state = 0 \
                 ORDER BY id LIMIT {claimed} FOR UPDATE SKIP LOCKED) RETURNING id, body"
            ))
            .await;
        if hands_over {
            way.hand_over(&rows).await;
        }
        let last = first + claimed - 1;
        line.run(&format!(
            "UPDATE queue SET state = 2 WHERE id BETWEEN {first} AND {last}"
        ))
        .await;
    }
    DOCUMENTS as f64 / begin.elapsed().as_secs_f64()
}

pub fn rows() -> Vec<Row> {
    let Some(server) = postgres::start() else {
        return Vec::new();
    };
    let runtime = crate::runtime();
    let sale = tillpost_tests::shop::sample::sale("1", 1).to_string();
    let mut lanes = Vec::new();
    let mut tables = [const { Vec::new() }; WORKERS.len()];
    for _ in 0..ROUNDS {
        lanes.push(ours());
        for ((claimed, hands_over), rates) in WORKERS.into_iter().zip(&mut tables) {
            let receiver = Receiver::start();
            receiver.open();
            let drained = theirs(server.port, &sale, claimed, hands_over, &receiver);
            rates.push(runtime.block_on(drained));
        }
    }
    let row = |((claimed, hands_over), rates): ((u64, bool), &Vec<f64>)| Row {
        what: format!(
            "queue drained by http / SKIP LOCKED by {claimed}{}",
            match hands_over {
                true => ", handed over by http too",
                false => ", handed over to nobody",
            }
        ),
        sides: format!(
            "{:.0}/s in batches up to 200 against {:.0}/s",
            median(lanes.clone()),
            median(rates.clone())
        ),
        value: median(
            lanes
                .iter()
                .zip(rates)
                .map(|(ours, theirs)| ours / theirs)
                .collect(),
        ),
        unit: "",
        aim: 2.0,
        at_least: true,
    };
    WORKERS.into_iter().zip(&tables).map(row).collect()
}
