//! NATS JetStream, told to sync every write before it acknowledges it.

use std::process::Command;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use super::{Server, connect, folder, free_port, program};

/// Starts it; nothing where its program is not there.
pub fn start() -> Option<Server> {
    let server = program("TILLPOST_BENCH_NATS")?;
    let (folder, port) = (folder("nats"), free_port());
    let file = folder.path().join("nats.conf");
    let settings = format!(
        "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n",
        folder.path().join("store").display()
    );
    std::fs::write(&file, settings).unwrap();
    let mut command = Command::new(server);
    command.arg("--config").arg(&file);
    Some(Server::start(folder, port, &mut command))
}

/// Makes the stream.
pub async fn prepare(port: u16) {
    let mut line = Line::connect(port, usize::MAX).await;
    let stream = r#"{"name":"SALES","subjects":["sales"],"storage":"file","retention":"limits"}"#;
    let answer = line.ask("$JS.API.STREAM.CREATE.SALES", stream).await;
    assert!(!answer.contains("\"error\""), "{answer}");
}

pub struct Line {
    line: BufStream<TcpStream>,
    inbox: String,
}

impl Line {
    pub async fn connect(port: u16, n: usize) -> Self {
        let mut line = Self {
            line: BufStream::new(connect(port).await),
            inbox: format!("_INBOX.{n}"),
        };
        let hello = format!(
            "CONNECT {{\"verbose\":false}}\r\nSUB {} 1\r\nPING\r\n",
            line.inbox
        );
        line.write(hello.as_bytes()).await;
        while line.read().await != "PONG" {}
        line
    }

    pub async fn publish(&mut self, sale: &str) {
        let answer = self.ask("sales", sale).await;
        assert!(answer.contains("\"seq\":"), "{answer}");
    }

    async fn ask(&mut self, subject: &str, body: &str) -> String {
        let head = format!("PUB {subject} {} {}\r\n", self.inbox, body.len());
        self.write(format!("{head}{body}\r\n").as_bytes()).await;
        loop {
            let line = self.read().await;
            assert!(!line.starts_with("-ERR"), "{line}");
            if line == "PING" {
                self.write(b"PONG\r\n").await;
            } else if line.starts_with("MSG ") {
                let length: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
                let mut answer = vec![0; length + 2];
                self.line.read_exact(&mut answer).await.unwrap();
                return String::from_utf8(answer).unwrap();
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        self.line.write_all(bytes).await.unwrap();
        self.line.flush().await.unwrap();
    }

    async fn read(&mut self) -> String {
        let mut line = String::new();
        let read = self.line.read_line(&mut line).await.unwrap();
        assert!(read > 0, "NATS hung up");
        line.trim_end().to_owned()
    }
}
