//! A till as lean as one can be: one connection, a request written, its answer read. It shares the machine with the
//! agent, so what the till itself computes is taken from the agent's share.

use tillpost_tests::shop::sample::sale;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Stands for the running number in the sale that all others are copied from.
const PLACE: u64 = 8_888_888_888;
/// An answer to one document or look-up is far smaller.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

pub struct Till {
    line: TcpStream,
    /// What every request says after its first line.
    head: String,
    /// A sale, cut where its number stands.
    pieces: Vec<String>,
    answer: Vec<u8>,
}

impl Till {
    pub async fn connect(url: &str, token: &str, code: &str) -> Self {
        let address = url.trim_start_matches("http://");
        let line = TcpStream::connect(address).await.unwrap();
        line.set_nodelay(true).unwrap();
        let sale = sale(code, PLACE).to_string();
        let place = PLACE.to_string();
        Self {
            line,
            head: format!("HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n"),
            pieces: sale.split(&place).map(str::to_owned).collect(),
            answer: vec![0; ANSWER_BYTES_MAX],
        }
    }

    /// Hands in the sale with this number and waits for its yes.
    pub async fn ring_up(&mut self, number: u64) {
        let body = self.pieces.join(&number.to_string());
        let (head, length) = (&self.head, body.len());
        let request = format!(
            "POST /v1/documents {head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let answer = self.exchange(&request).await;
        assert!(answer.contains("\"status\":\"accepted\""), "{answer}");
    }

    /// Asks for the price of a barcode and waits for it.
    pub async fn look_up(&mut self, barcode: &str) {
        let head = &self.head;
        let request = format!("GET /v1/products?barcode={barcode} {head}\r\n");
        let answer = self.exchange(&request).await;
        assert!(answer.contains(barcode), "{answer}");
    }

    async fn exchange(&mut self, request: &str) -> &str {
        self.line.write_all(request.as_bytes()).await.unwrap();
        let mut filled = 0;
        loop {
            let read = self.line.read(&mut self.answer[filled..]).await.unwrap();
            assert!(read > 0, "the agent hung up");
            filled += read;
            if is_whole(&self.answer[..filled]) {
                break;
            }
        }
        let answer = std::str::from_utf8(&self.answer[..filled]).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }
}

/// Whether the body is there to the length that the head names.
fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = std::str::from_utf8(answer)
        .ok()
        .and_then(|text| text.split_once("\r\n\r\n"))
    else {
        return false;
    };
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.expect("a length").parse().unwrap()
}
