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

/// A program of `tests/peers/install`; where it is not there, that is said, and its rows are missing.
fn program(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable);
    if path.is_none() {
        println!(
            "LEFT OUT, a peer is not there: {variable} is not set. Run: export $(tests/peers/install)"
        );
    }
    path.map(PathBuf::from)
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
    /// Milliseconds that 99 of 100 yeses stay below, 999 of 1,000, and all.
    slow: [f64; 3],
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
        slow: [
            times[times.len() * 99 / 100],
            times[times.len() * 999 / 1000],
            times[times.len() - 1],
        ],
    }
}

/// Milliseconds of one append with fdatasync, the middle one.
fn append_time(beside: &Path) -> f64 {
    let times = crate::ingest::append_times(beside, ROUND / 3);
    median(times)
}

/// One of those that take turns.
enum Side {
    /// An agent, by its address and a till's token.
    Ours(String, String),
    Postgres(u16),
    Redis(u16),
    Nats(u16),
}

impl Side {
    async fn connect(&self, n: usize) -> Sender {
        match self {
            Self::Ours(url, token) => Sender::Ours(Box::new(Till::connect(url, token, "1").await)),
            Self::Postgres(port) => Sender::Postgres(postgres::Line::connect(*port).await),
            Self::Redis(port) => Sender::Redis(redis::Line::connect(*port).await),
            Self::Nats(port) => Sender::Nats(nats::Line::connect(*port, n).await),
        }
    }
}

/// What one side did in all rounds that count: yeses a second, and the slowest in syncs of this disk.
#[derive(Default)]
struct Paces {
    rates: Vec<f64>,
    slow: Vec<[f64; 3]>,
}

impl Paces {
    fn rate(&self) -> f64 {
        median(self.rates.clone())
    }

    fn slow(&self, which: usize) -> f64 {
        median(self.slow.iter().map(|each| each[which]).collect())
    }

    fn over(&self, other: &Self) -> f64 {
        let pairs = self.rates.iter().zip(&other.rates);
        median(pairs.map(|(ours, theirs)| ours / theirs).collect())
    }
}

/// A peer's name in the table, and how much of it ours is to reach.
type Peer = (&'static str, f64, Side);

/// The peers that are there.
fn peers() -> (Vec<Peer>, Vec<Server>) {
    let runtime = crate::runtime();
    let (mut sides, mut servers) = (Vec::new(), Vec::new());
    if let Some(server) = postgres::start() {
        runtime.block_on(postgres::prepare(server.port));
        sides.push(("PostgreSQL insert", 0.8, Side::Postgres(server.port)));
        servers.push(server);
    }
    if let Some(server) = redis::start() {
        sides.push(("Redis, appendfsync always", 1.0, Side::Redis(server.port)));
        servers.push(server);
    }
    if let Some(server) = nats::start() {
        runtime.block_on(nats::prepare(server.port));
        sides.push(("NATS, sync always", 3.0, Side::Nats(server.port)));
        servers.push(server);
    }
    (sides, servers)
}

pub fn rows() -> Vec<Row> {
    let home = Home::new(&Setup::bare());
    let agent = home.start();
    let ours = Side::Ours(agent.url.clone(), home.add_till("1"));
    // The same with somewhere to go: each sale then has a delivery, and a lane that sends it meanwhile.
    let receiver = drain::Receiver::start();
    receiver.open();
    let sending = Home::new(&receiver.setup());
    let sender = sending.start();
    let with_lane = Side::Ours(sender.url.clone(), sending.add_till("1"));
    let (peers, _servers) = peers();
    let runtime = crate::runtime();
    let sale = tillpost_tests::shop::sample::sale("1", 1).to_string();
    let sides: Vec<&Side> = [&ours, &with_lane]
        .into_iter()
        .chain(peers.iter().map(|(_, _, side)| side))
        .collect();
    let mut paces: Vec<Paces> = sides.iter().map(|_| Paces::default()).collect();
    let mut number = 1;
    for counted in 0..=ROUNDS {
        let append = append_time(home.path());
        for (side, paces) in sides.iter().zip(&mut paces) {
            let pace = runtime.block_on(async {
                let mut senders = Vec::new();
                for n in 0..TILLS {
                    senders.push(side.connect(n).await);
                }
                round(senders, number, &sale).await
            });
            // Every round has numbers of its own, whoever used how many.
            number += 10_000_000;
            if counted > 0 {
                paces.rates.push(pace.rate);
                paces.slow.push(pace.slow.map(|slow| slow / append));
            }
        }
    }
    table(&peers, &paces)
}

fn table(peers: &[Peer], paces: &[Paces]) -> Vec<Row> {
    let [ours, with_lane, others @ ..] = paces else {
        return Vec::new();
    };
    let against = |what: String, ours: &Paces, theirs: &Paces, aim: f64| Row {
        what,
        sides: format!("{:.0}/s against {:.0}/s", ours.rate(), theirs.rate()),
        value: ours.over(theirs),
        unit: "",
        aim,
        at_least: true,
    };
    let mut rows: Vec<Row> = peers
        .iter()
        .zip(others)
        .map(|((name, aim, _), theirs)| {
            against(
                format!("sales acknowledged, {TILLS} tills / {name}"),
                ours,
                theirs,
                *aim,
            )
        })
        .collect();
    rows.push(against(
        "the same, sent by http meanwhile / not".to_owned(),
        with_lane,
        ours,
        0.5,
    ));
    for (what, paces) in [("", ours), (", sent by http meanwhile", with_lane)] {
        rows.push(Row {
            what: format!("p99 of a yes, {TILLS} tills{what} / fdatasync p50"),
            sides: format!(
                "in syncs of this disk; slowest of 1,000: {:.0}, of all: {:.0}",
                paces.slow(1),
                paces.slow(2)
            ),
            value: paces.slow(0),
            unit: "",
            aim: 15.0,
            at_least: false,
        });
    }
    rows
}
