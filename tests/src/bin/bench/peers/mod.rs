//! The same sales handed to what a shop could use instead, each told to sync before it says yes, over the network as
//! ours is: PostgreSQL inserts, a Redis stream with `appendfsync always`, NATS JetStream with `sync_interval: always`.
//!
//! `tests/peers/install` prints where the programs are. Everybody takes turns in the same rounds on the same disk.

pub mod drain;
mod nats;
mod postgres;
mod redis;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tillpost_tests::home::{Home, Setup};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::till::Till;
use crate::{Row, median};

const TILLS: usize = 8;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1_500);
/// How long a server may take to answer for the first time.
const START_MAX: Duration = Duration::from_secs(30);

/// A server that ends with the benchmark.
pub struct Server {
    process: Child,
    pub port: u16,
    _folder: TempDir,
}

impl Server {
    fn start(folder: TempDir, port: u16, command: &mut Command) -> Self {
        let process = command.stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self {
            process: process.spawn().unwrap(),
            port,
            _folder: folder,
        };
        let begin = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < START_MAX, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

/// A program of `tests/peers/install`.
fn program(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable);
    let path = path.unwrap_or_else(|| {
        panic!(
            "{variable} is not set. Run: export $(tests/peers/install), or name the parts you want"
        )
    });
    PathBuf::from(path)
}

/// A folder on the disk on which the agents of this run keep theirs.
fn folder(name: &str) -> TempDir {
    TempDir::with_prefix(format!("tillpost-bench-{name}-")).unwrap()
}

async fn connect(port: u16) -> TcpStream {
    let line = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    line.set_nodelay(true).unwrap();
    line
}

/// One connection to any of them.
pub enum Sender {
    Ours(Box<Till>),
    Postgres(postgres::Line),
    Redis(redis::Line),
    Nats(nats::Line),
}

impl Sender {
    async fn send(&mut self, number: u64, sale: &str) {
        match self {
            Self::Ours(till) => till.ring_up(number).await,
            Self::Postgres(line) => line.insert(number, sale).await,
            Self::Redis(line) => line.add(sale).await,
            Self::Nats(line) => line.publish(sale).await,
        }
    }
}

/// How one side did in one round.
struct Pace {
    /// Acknowledged per second.
    rate: f64,
    /// Milliseconds that 99 of 100 yeses stay below, and 999 of 1,000.
    p99: f64,
    p999: f64,
}

async fn round(senders: Vec<Sender>, first: u64, sale: &str) -> Pace {
    let begin = Instant::now();
    let mut sending = JoinSet::new();
    for (n, mut sender) in senders.into_iter().enumerate() {
        let (sale, mut number) = (sale.to_owned(), first + n as u64);
        sending.spawn(async move {
            let mut times = Vec::new();
            while begin.elapsed() < ROUND {
                let sent = Instant::now();
                sender.send(number, &sale).await;
                times.push(sent.elapsed().as_secs_f64() * 1000.0);
                number += TILLS as u64;
            }
            times
        });
    }
    let mut times: Vec<f64> = sending.join_all().await.into_iter().flatten().collect();
    let rate = times.len() as f64 / begin.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Pace {
        rate,
        p99: times[times.len() * 99 / 100],
        p999: times[times.len() * 999 / 1000],
    }
}

/// Milliseconds of one append with fdatasync, the middle one.
fn append_time(beside: &Path) -> f64 {
    let times = crate::ingest::append_times(beside, ROUND / 3);
    median(times)
}

pub fn rows() -> Vec<Row> {
    let home = Home::new(&Setup::bare());
    let token = home.add_till("1");
    let agent = home.start();
    let servers = [postgres::start(), redis::start(), nats::start()];
    let runtime = crate::runtime();
    runtime.block_on(postgres::prepare(servers[0].port));
    runtime.block_on(nats::prepare(servers[2].port));
    let sale = tillpost_tests::shop::sample::sale("1", 1).to_string();
    let mut rates = [const { Vec::new() }; 4];
    let mut slowness = Vec::new();
    let mut number = 1;
    for counted in 0..=ROUNDS {
        let append = append_time(home.path());
        for (n, rates) in rates.iter_mut().enumerate() {
            let pace = runtime.block_on(async {
                let mut senders = Vec::new();
                for _ in 0..TILLS {
                    senders.push(match n {
                        0 => Sender::Ours(Box::new(Till::connect(&agent.url, &token, "1").await)),
                        1 => Sender::Postgres(postgres::Line::connect(servers[0].port).await),
                        2 => Sender::Redis(redis::Line::connect(servers[1].port).await),
                        _ => {
                            Sender::Nats(nats::Line::connect(servers[2].port, senders.len()).await)
                        }
                    });
                }
                round(senders, number, &sale).await
            });
            // Every round has numbers of its own, whoever used how many.
            number += 10_000_000;
            if counted > 0 {
                rates.push(pace.rate);
                if n == 0 {
                    slowness.push([pace.p99 / append, pace.p999 / append]);
                }
            }
        }
    }
    table(rates, slowness)
}

fn table(rates: [Vec<f64>; 4], slowness: Vec<[f64; 2]>) -> Vec<Row> {
    let [ours, others @ ..] = rates;
    let names = [
        ("PostgreSQL insert", 0.8),
        ("Redis, appendfsync always", 1.0),
        ("NATS, sync always", 3.0),
    ];
    let mut rows: Vec<Row> = names
        .iter()
        .zip(&others)
        .map(|((name, aim), theirs)| Row {
            what: format!("sales acknowledged, {TILLS} tills / {name}"),
            sides: format!(
                "{:.0}/s against {:.0}/s",
                median(ours.clone()),
                median(theirs.clone())
            ),
            value: median(
                ours.iter()
                    .zip(theirs)
                    .map(|(ours, theirs)| ours / theirs)
                    .collect(),
            ),
            unit: "",
            aim: *aim,
            at_least: true,
        })
        .collect();
    let [p99, p999] = [0, 1].map(|n| median(slowness.iter().map(|each| each[n]).collect()));
    rows.push(Row {
        what: format!("p99 of a yes, {TILLS} tills / fdatasync p50"),
        sides: format!("slowest of 100 yeses, in syncs of this disk; of 1,000: {p999:.0}"),
        value: p99,
        unit: "",
        aim: 15.0,
        at_least: false,
    });
    rows
}
