//! A Redis stream whose every entry is synced before it is acknowledged.

use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Server, connect, folder, free_port, program};

/// Starts it; nothing where its program is not there.
pub fn start() -> Option<Server> {
    let server = program("TILLPOST_BENCH_REDIS")?;
    let (folder, port) = (folder("redis"), free_port());
    let mut command = Command::new(server);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
    command.args([
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--save",
        "",
    ]);
    command.arg("--dir").arg(folder.path());
    Some(Server::start(folder, port, &mut command))
}

pub struct Line(TcpStream);

impl Line {
    pub async fn connect(port: u16) -> Self {
        Self(connect(port).await)
    }

    pub async fn add(&mut self, sale: &str) {
        let request = format!(
            "*5\r\n$4\r\nXADD\r\n$5\r\nsales\r\n$1\r\n*\r\n$4\r\nsale\r\n${}\r\n{sale}\r\n",
            sale.len()
        );
        self.0.write_all(request.as_bytes()).await.unwrap();
        // An entry's id is short and comes in one piece.
        let mut answer = [0; 128];
        let read = self.0.read(&mut answer).await.unwrap();
        let answer = &answer[..read];
        assert!(
            answer.starts_with(b"$") && answer.ends_with(b"\r\n"),
            "{}",
            String::from_utf8_lossy(answer)
        );
    }
}
