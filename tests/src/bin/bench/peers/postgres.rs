//! PostgreSQL as it is installed: every insert a transaction of its own, synced before it is acknowledged.

use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

use super::{Server, connect, folder, free_port, program};

/// The protocol's version 3.0.
const PROTOCOL: i32 = 196_608;

/// Starts it; nothing where its programs are not there.
pub fn start() -> Option<Server> {
    let programs = program("TILLPOST_BENCH_PG")?;
    let (folder, port) = (folder("postgres"), free_port());
    let data = folder.path().join("data");
    // PostgreSQL refuses to run as root.
    let owned = Command::new("chown")
        .arg("-R")
        .arg("postgres:")
        .arg(folder.path())
        .status();
    assert!(owned.unwrap().success(), "chown to postgres");
    let as_postgres = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        command.current_dir("/");
        command
    };
    let made = as_postgres()
        .arg(programs.join("initdb"))
        .arg("-D")
        .arg(&data)
        .args([
            "-U",
            "postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ])
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let mut command = as_postgres();
    command
        .arg(programs.join("postgres"))
        .arg("-D")
        .arg(&data)
        .arg("-k")
        .arg(folder.path());
    command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
    Some(Server::start(folder, port, &mut command))
}

/// Makes the table.
pub async fn prepare(port: u16) {
    let mut line = Line::connect(port).await;
    line.run(
        "CREATE TABLE sale (id bigserial PRIMARY KEY, till int NOT NULL, number bigint NOT NULL, \
         state int NOT NULL DEFAULT 0, body text NOT NULL, UNIQUE (till, number))",
    )
    .await;
}

pub struct Line {
    line: BufStream<TcpStream>,
    prepared: bool,
}

impl Line {
    pub async fn connect(port: u16) -> Self {
        let mut line = Self {
            line: BufStream::new(connect(port).await),
            prepared: false,
        };
        let mut hello = PROTOCOL.to_be_bytes().to_vec();
        hello.extend(b"user\0postgres\0database\0postgres\0\0");
        line.line.write_i32(hello.len() as i32 + 4).await.unwrap();
        line.line.write_all(&hello).await.unwrap();
        line.answered().await;
        line
    }

    /// One insert, by a statement that is prepared once.
    pub async fn insert(&mut self, number: u64, sale: &str) {
        if !self.prepared {
            self.prepared = true;
            let insert = "insert\0INSERT INTO sale (till, number, body) VALUES (1, $1, $2)\0\0\0";
            self.add(b'P', insert.as_bytes()).await;
        }
        let number = number.to_string();
        // Bind: no portal's name, the statement, formats as text, two values, results as text.
        let mut bind = b"\0insert\0\0\0\0\x02".to_vec();
        for value in [number.as_str(), sale] {
            bind.extend((value.len() as i32).to_be_bytes());
            bind.extend(value.as_bytes());
        }
        bind.extend([0, 0]);
        self.add(b'B', &bind).await;
        self.add(b'E', b"\0\0\0\0\0").await;
        self.add(b'S', b"").await;
        self.answered().await;
    }

    /// A statement as it stands; the rows that it gives back, their columns as text.
    pub async fn run(&mut self, sql: &str) -> Vec<Vec<String>> {
        self.add(b'Q', format!("{sql}\0").as_bytes()).await;
        self.answered().await
    }

    async fn add(&mut self, kind: u8, body: &[u8]) {
        self.line.write_u8(kind).await.unwrap();
        self.line.write_i32(body.len() as i32 + 4).await.unwrap();
        self.line.write_all(body).await.unwrap();
    }

    /// Reads until the server is ready for the next; panics when it refuses.
    async fn answered(&mut self) -> Vec<Vec<String>> {
        self.line.flush().await.unwrap();
        let mut rows = Vec::new();
        loop {
            let kind = self.line.read_u8().await.unwrap();
            let length = self.line.read_i32().await.unwrap();
            let mut body = vec![0; usize::try_from(length - 4).unwrap()];
            self.line.read_exact(&mut body).await.unwrap();
            assert!(kind != b'E', "{}", String::from_utf8_lossy(&body));
            match kind {
                b'D' => rows.push(columns(&body)),
                b'Z' => return rows,
                _ => {}
            }
        }
    }
}

/// Of a row: how many columns, and before each its length.
fn columns(mut row: &[u8]) -> Vec<String> {
    let (count, rest) = row.split_first_chunk().unwrap();
    row = rest;
    let column = |_| {
        let (length, rest) = row.split_first_chunk().unwrap();
        let (text, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        row = rest;
        String::from_utf8(text.to_vec()).unwrap()
    };
    (0..u16::from_be_bytes(*count)).map(column).collect()
}
