//! A receiver of the `http` destination as the contract wants it: it keeps a ledger that outlives its connections, takes
//! an id and notes it in one step, and counts how often each document took effect, so that a loss or a double shows.
//!
//! It can be told to refuse documents, to let requests wait, and, so that the comparison itself is tested, to lose one
//! or to double one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::wire::{self, Letter};

/// The key that it takes.
pub const KEY: &str = "receivers-key-0123456789";
/// Where it takes documents.
pub const PATH: &str = "/documents";

/// A fault planted in the receiver itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plant {
    /// It says yes to this uid and keeps nothing.
    Loses(String),
    /// It takes this uid twice.
    Doubles(String),
}

/// What the receiver knows.
#[derive(Debug, Default)]
pub struct Books {
    /// The documents it holds, by uid.
    pub held: BTreeMap<String, Value>,
    /// How often each took effect.
    pub effects: BTreeMap<String, usize>,
    /// The uids of each request, in the order in which they came.
    pub requests: Vec<Vec<String>>,
    /// What is not as the contract says, in sentences.
    pub complaints: Vec<String>,
    refused: BTreeSet<String>,
    plant: Option<Plant>,
    /// Whether it wants no key.
    open: bool,
    /// How many of the next requests wait at the gate.
    to_hold: usize,
    /// How many wait there now.
    waiting: usize,
}

/// The receiver; ends when dropped.
pub struct Receiver {
    pub address: SocketAddr,
    books: Arc<Mutex<Books>>,
    gate: watch::Sender<bool>,
    _runtime: Runtime,
}

impl Default for Receiver {
    fn default() -> Self {
        Self::start()
    }
}

impl Receiver {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (books, gate) = (Arc::<Mutex<Books>>::default(), watch::Sender::new(false));
        let receiver = Self {
            address: listener.local_addr().unwrap(),
            books: books.clone(),
            gate: gate.clone(),
            _runtime: runtime,
        };
        receiver._runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, books.clone(), gate.subscribe()));
            }
        });
        receiver
    }

    /// Looks into its books.
    pub fn look<T>(&self, look: impl FnOnce(&Books) -> T) -> T {
        look(&self.books.lock().unwrap())
    }

    /// How often each document took effect.
    pub fn effects(&self) -> BTreeMap<String, usize> {
        self.look(|books| books.effects.clone())
    }

    /// From now on it refuses this uid.
    pub fn refuse(&self, uid: &str) {
        self.books.lock().unwrap().refused.insert(uid.to_owned());
    }

    /// It refuses nothing any more.
    pub fn refuse_nothing(&self) {
        self.books.lock().unwrap().refused.clear();
    }

    /// It wants no key, and complains about one.
    pub fn want_no_key(&self) {
        self.books.lock().unwrap().open = true;
    }

    /// Plants a fault in the receiver itself.
    pub fn plant(&self, plant: Plant) {
        self.books.lock().unwrap().plant = Some(plant);
    }

    /// So many requests wait at the gate before they take effect.
    pub fn hold(&self, count: usize) {
        self.books.lock().unwrap().to_hold = count;
    }

    /// How many wait there.
    pub fn waiting(&self) -> usize {
        self.look(|books| books.waiting)
    }

    /// Opens the gate.
    pub fn let_go(&self) {
        self.gate.send_replace(true);
    }
}

async fn talk(stream: TcpStream, books: Arc<Mutex<Books>>, mut gate: watch::Receiver<bool>) {
    let mut stream = BufReader::new(stream);
    // A request that was cut in the middle has no effect.
    while let Ok(Some(request)) = wire::request(&mut stream).await {
        let waits = {
            let mut books = books.lock().unwrap();
            let waits = books.to_hold > 0;
            if waits {
                books.to_hold -= 1;
                books.waiting += 1;
            }
            waits
        };
        // An error means that the test is over.
        if waits && gate.wait_for(|open| *open).await.is_err() {
            return;
        }
        let (status, body) = books.lock().unwrap().answer(&request);
        let text = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

impl Books {
    fn answer(&mut self, request: &Letter) -> (&'static str, Value) {
        let line = request.first_line();
        if line.starts_with("HEAD ") {
            return ("405 Method Not Allowed", Value::Null);
        }
        let key = request.header("authorization");
        if self.open && key.is_some() {
            self.complaints
                .push("a key came that nobody wanted".to_owned());
        }
        if !self.open && key != Some(format!("Bearer {KEY}")) {
            return ("401 Unauthorized", json!({"error": "key"}));
        }
        if line != format!("POST {PATH} HTTP/1.1") {
            return ("404 Not Found", json!({"error": line}));
        }
        let media = request.header("content-type").unwrap_or_default();
        if media != "application/cloudevents-batch+json" {
            self.complaints.push(format!("the content type is {media}"));
            return ("415 Unsupported Media Type", json!({"error": media}));
        }
        let Ok(Value::Array(events)) = serde_json::from_slice(&request.body) else {
            self.complaints.push("the body is no list".to_owned());
            return ("400 Bad Request", json!({"error": "no list"}));
        };
        let ids = events.iter().map(|event| text(event, "id"));
        self.requests.push(ids.collect());
        let results: Vec<Value> = events.into_iter().map(|event| self.take(event)).collect();
        ("200 OK", json!({ "results": results }))
    }

    /// Takes an event and notes it, or says why not.
    fn take(&mut self, mut event: Value) -> Value {
        let id = text(&event, "id");
        self.complaints.extend(odd(&event));
        let document = event["data"].take();
        if self.refused.contains(&id) {
            return json!({"id": id, "status": "rejected", "problems": [
                {"code": "not_wanted", "message": "It is on the list of what is not wanted.", "hint": "Ask."}]});
        }
        let reference = format!("R-{}", &id[..8]);
        match self.held.get(&id) {
            Some(held) if *held == document => {
                json!({"id": id, "status": "duplicate", "reference": reference})
            }
            Some(_) => json!({"id": id, "status": "rejected", "problems": [
                {"code": "key_conflict", "message": "Another document has this id."}]}),
            None => {
                let times = match &self.plant {
                    Some(Plant::Loses(uid)) if *uid == id => 0,
                    Some(Plant::Doubles(uid)) if *uid == id => 2,
                    _ => 1,
                };
                if times > 0 {
                    *self.effects.entry(id.clone()).or_default() += times;
                    self.held.insert(id.clone(), document);
                }
                json!({"id": id, "status": "accepted", "reference": reference})
            }
        }
    }
}

fn text(event: &Value, name: &str) -> String {
    event[name].as_str().unwrap_or_default().to_owned()
}

/// What is wrong with an envelope, by the contract.
fn odd(event: &Value) -> Vec<String> {
    let document = &event["data"];
    let kind = text(document, "kind");
    let expected = [
        ("specversion", "1.0".to_owned()),
        ("source", format!("/stores/{}", text(document, "store"))),
        ("type", format!("tillpost.{kind}.v1")),
        ("time", text(document, "occurred_at")),
    ];
    let wrong = expected
        .into_iter()
        .filter(|(name, value)| text(event, name) != *value);
    wrong
        .map(|(name, value)| format!("{name} is {} and not {value}", event[name]))
        .collect()
}
