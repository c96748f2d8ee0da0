//! A till at the bare socket: it may write half a request, or not read its answer. One that behaves can do so too.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::http::Answer;
use crate::wait;

/// A connection to the agent.
pub struct Socket {
    stream: TcpStream,
    address: String,
}

impl Socket {
    pub fn connect(url: &str) -> Self {
        Self::try_connect(url).unwrap()
    }

    pub fn try_connect(url: &str) -> io::Result<Self> {
        let address = url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(wait::HANG))?;
        stream.set_write_timeout(Some(wait::HANG))?;
        Ok(Self { stream, address })
    }

    /// The head of a request up to its last line.
    pub fn head(&self, request: &str, token: &str) -> String {
        let address = &self.address;
        format!("{request} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n")
    }

    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Asks and reads the answer.
    pub fn get(&mut self, token: &str, path: &str) -> io::Result<Answer> {
        let head = self.head(&format!("GET {path}"), token);
        self.write(format!("{head}\r\n"))?;
        self.answer()
    }

    /// Writes the head of a hand-over of a body of so many bytes.
    pub fn announce(&mut self, token: &str, bytes: usize) -> io::Result<()> {
        let head = self.head("POST /v1/documents", token);
        self.write(format!(
            "{head}Content-Type: application/x-ndjson\r\nContent-Length: {bytes}\r\n\r\n"
        ))
    }

    /// Hands over lines of JSON and reads the answer.
    pub fn hand_in(&mut self, token: &str, body: &str) -> io::Result<Answer> {
        self.announce(token, body.len())?;
        self.write(body)?;
        self.answer()
    }

    /// Reads one answer.
    pub fn answer(&mut self) -> io::Result<Answer> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(answer) = whole(&bytes) {
                return Ok(answer);
            }
            match self.stream.read(&mut chunk)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => bytes.extend_from_slice(&chunk[..read]),
            }
        }
    }

    /// Reads until a text has come; what came.
    pub fn read_until(&mut self, text: &str) -> String {
        let mut bytes = Vec::new();
        let mut chunk = [0; 1024];
        while !String::from_utf8_lossy(&bytes).contains(text) {
            match self.stream.read(&mut chunk).unwrap() {
                0 => break,
                read => bytes.extend_from_slice(&chunk[..read]),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads to the end of the connection; panics when it does not come.
    pub fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        match self.stream.read_to_end(&mut bytes) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => {
                panic!("the connection was not closed: {error}")
            }
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

fn whole(bytes: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
    let split = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    };
    let answer = Answer {
        status,
        headers: lines.map(split).collect(),
        body: body.to_owned(),
    };
    let length: usize = answer.header("content-length")?.parse().unwrap();
    (body.len() >= length).then_some(answer)
}
