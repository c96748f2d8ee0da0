//! A receiver of the `http` destination that never waits: it says yes at once and remembers of each document only its
//! till and number, so that a million cost it little. Closed, it is out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::wire;

/// The numbers of each till in the order in which they came.
type Taken = Arc<Mutex<BTreeMap<String, Vec<u64>>>>;

/// The receiver; ends when dropped.
pub struct Taker {
    port: u16,
    open: Arc<AtomicBool>,
    taken: Taken,
    _runtime: Runtime,
}

impl Taker {
    /// Starts it, closed.
    pub fn closed() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let taker = Self {
            port: listener.local_addr().unwrap().port(),
            open: Arc::default(),
            taken: Arc::default(),
            _runtime: runtime,
        };
        let (open, taken) = (taker.open.clone(), taker.taken.clone());
        taker._runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, open.clone(), taken.clone()));
            }
        });
        taker
    }

    /// From now on it takes what comes.
    pub fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// The destination that is this receiver, as TOML.
    pub fn destination(&self) -> String {
        format!(
            "[[destination]]\nname = \"there\"\ntype = \"http\"\nurl = \"http://127.0.0.1:{}/\"\nsecret = \"takers-key-0123456789\"",
            self.port
        )
    }

    /// The numbers of each till in the order in which they came.
    pub fn numbers(&self) -> BTreeMap<String, Vec<u64>> {
        self.taken.lock().unwrap().clone()
    }
}

async fn talk(stream: TcpStream, open: Arc<AtomicBool>, taken: Taken) {
    #[derive(Deserialize)]
    struct Event {
        id: String,
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        till: String,
        sequence: u64,
    }
    // Without it only the wait is longer.
    let _ = stream.set_nodelay(true);
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = wire::request(&mut stream).await {
        let (status, body) = if open.load(Ordering::Relaxed) && !request.body.is_empty() {
            let events: Vec<Event> = serde_json::from_slice(&request.body).unwrap();
            let yes = |event: &Event| format!(r#"{{"id":"{}","status":"accepted"}}"#, event.id);
            let results: Vec<String> = events.iter().map(yes).collect();
            let mut taken = taken.lock().unwrap();
            for event in events {
                let numbers = taken.entry(event.data.till).or_default();
                numbers.push(event.data.sequence);
            }
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
    }
}
