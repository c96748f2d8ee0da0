//! HTTP/1 as bytes: reads a request or an answer to its end and keeps it as it came, so that a proxy can pass on,
//! cut or spoil it.

use std::io;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A head longer than this is none of ours.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// A request or an answer, byte for byte.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// First line and headers, with the empty line.
    pub head: Vec<u8>,
    /// The body as it travels, chunks and all.
    pub body: Vec<u8>,
}

/// Where a body ends.
enum Ends {
    After(usize),
    AfterChunks,
    /// Of an answer only.
    AtTheEnd,
}

impl Letter {
    /// The first line, as in `POST /documents HTTP/1.1`.
    pub fn first_line(&self) -> String {
        let text = String::from_utf8_lossy(&self.head);
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// What a request asks for.
    pub fn path(&self) -> String {
        let line = self.first_line();
        line.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    /// What a request asks for: its path, and where that is the same for everything (Odoo's JSON-RPC) the model and the
    /// method too, as in `/jsonrpc/pos.order/create_from_ui`.
    pub fn asks_for(&self) -> String {
        let path = self.path();
        if path != "/jsonrpc" {
            return path;
        }
        let call: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let args = &call["params"]["args"];
        match (args[3].as_str(), args[4].as_str()) {
            (Some(model), Some(method)) => format!("{path}/{model}/{method}"),
            _ => path,
        }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = String::from_utf8_lossy(&self.head);
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        let mut found = fields.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim().to_owned())
    }

    /// All of it.
    pub fn bytes(&self) -> Vec<u8> {
        [self.head.as_slice(), &self.body].concat()
    }

    fn ends(&self, request: bool) -> io::Result<Ends> {
        let chunked = self.header("transfer-encoding");
        if chunked.is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return Ok(Ends::AfterChunks);
        }
        match self.header("content-length").map(|length| length.parse()) {
            Some(Ok(length)) => Ok(Ends::After(length)),
            Some(Err(_)) => Err(io::Error::other("a length that is no number")),
            None if request => Ok(Ends::After(0)),
            None => Ok(Ends::AtTheEnd),
        }
    }
}

/// The next request; `None` when the connection ended before one began.
pub async fn request(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Letter>> {
    if stream.fill_buf().await?.is_empty() {
        return Ok(None);
    }
    letter(stream, true).await.map(Some)
}

/// An answer. To a request with `HEAD` there is no body.
pub async fn answer(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Letter> {
    letter(stream, false).await
}

async fn letter(stream: &mut (impl AsyncBufRead + Unpin), request: bool) -> io::Result<Letter> {
    let mut letter = Letter::default();
    while !letter.head.ends_with(b"\r\n\r\n") {
        let length = stream.read_until(b'\n', &mut letter.head).await?;
        if length == 0 || letter.head.len() > HEAD_BYTES_MAX {
            return Err(io::Error::other("no head"));
        }
    }
    match letter.ends(request)? {
        Ends::After(length) => {
            letter.body.resize(length, 0);
            stream.read_exact(&mut letter.body).await?;
        }
        Ends::AfterChunks => chunks(stream, &mut letter.body).await?,
        Ends::AtTheEnd => {
            stream.read_to_end(&mut letter.body).await?;
        }
    }
    Ok(letter)
}

async fn chunks(stream: &mut (impl AsyncBufRead + Unpin), body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = body.len();
        stream.read_until(b'\n', body).await?;
        let size = String::from_utf8_lossy(&body[line..]);
        let size = usize::from_str_radix(size.trim().split(';').next().unwrap_or_default(), 16);
        let size = size.map_err(io::Error::other)?;
        let begin = body.len();
        body.resize(begin + size + 2, 0);
        stream.read_exact(&mut body[begin..]).await?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// Says a request to somebody over a fresh connection; the answer.
pub async fn exchange(with: SocketAddr, request: &Letter) -> io::Result<Letter> {
    let mut far = BufReader::new(TcpStream::connect(with).await?);
    far.get_mut().write_all(&request.bytes()).await?;
    answer(&mut far).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn letters_end_where_they_say() {
        let two = "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nX: y\r\n\r\n";
        let mut stream = two.as_bytes();
        let first = request(&mut stream).await.unwrap().unwrap();
        assert_eq!(
            (first.path().as_str(), first.body.as_slice()),
            ("/a", &b"abc"[..])
        );
        let second = request(&mut stream).await.unwrap().unwrap();
        assert_eq!(second.header("x").as_deref(), Some("y"));
        assert!(request(&mut stream).await.unwrap().is_none());
        let chunked =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nrest";
        let chunked = answer(&mut chunked.as_bytes()).await.unwrap();
        assert_eq!(chunked.body, b"3\r\nabc\r\n0\r\n\r\n");
        let open = answer(&mut "HTTP/1.0 200 OK\r\n\r\nto the end".as_bytes()).await;
        assert_eq!(open.unwrap().body, b"to the end");
        assert!(
            answer(&mut "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".as_bytes())
                .await
                .is_err()
        );
    }
}
