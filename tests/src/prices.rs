//! A web server with one price file, as a head office would put one up: it names the file's state (`ETag`), wants a key if
//! told to, and counts what was asked and how it answered.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::wire;

/// What lies there and what was asked.
#[derive(Debug, Default)]
pub struct Shelf {
    /// The file.
    pub file: Vec<u8>,
    /// Its media type.
    pub media: String,
    /// Whether it was packed for the way.
    pub packed: bool,
    /// What the server calls its state.
    pub tag: String,
    /// The key that is wanted; none when empty.
    pub key: String,
    /// The statuses of its answers, in order.
    pub answers: Vec<u16>,
}

/// The server; ends when dropped.
pub struct Prices {
    pub address: SocketAddr,
    shelf: Arc<Mutex<Shelf>>,
    _runtime: Runtime,
}

impl Prices {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (address, shelf) = (listener.local_addr().unwrap(), Arc::default());
        let own: Arc<Mutex<Shelf>> = Arc::clone(&shelf);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&own)));
            }
        });
        Self {
            address,
            shelf,
            _runtime: runtime,
        }
    }

    /// Changes what lies there.
    pub fn put<T>(&self, change: impl FnOnce(&mut Shelf) -> T) -> T {
        change(&mut self.shelf.lock().unwrap())
    }
}

async fn serve(stream: TcpStream, shelf: Arc<Mutex<Shelf>>) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(asked)) = wire::request(&mut stream).await {
        let answer = answer(&asked, &mut shelf.lock().unwrap());
        if stream.get_mut().write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn answer(asked: &wire::Letter, shelf: &mut Shelf) -> Vec<u8> {
    let wanted = format!("Bearer {}", shelf.key);
    let known = shelf.key.is_empty() || asked.header("authorization") == Some(wanted);
    let same = !shelf.tag.is_empty() && asked.header("if-none-match").as_ref() == Some(&shelf.tag);
    let (status, body): (u16, &[u8]) = match (known, same) {
        (false, _) => (401, b""),
        (true, true) => (304, b""),
        (true, false) => (200, &shelf.file),
    };
    shelf.answers.push(status);
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in [("etag", &shelf.tag), ("content-type", &shelf.media)] {
        if !value.is_empty() {
            head += &format!("{name}: {value}\r\n");
        }
    }
    if shelf.packed && status == 200 {
        head += "content-encoding: gzip\r\n";
    }
    [head.as_bytes(), b"\r\n", body].concat()
}
