//! For tests: the API over a real store in a folder of its own, asked without a socket.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tillpost_shared::config;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::access::Peer;
use super::{Api, Parts, Routes};
use crate::activity::{Bell, Board, now};
use crate::intake::desk::Desk;
use crate::intake::errand::Errands;
use crate::intake::house::{House, routes};
use crate::secret;
use crate::store::{Store, tills};

/// A till's token.
pub const TOKEN: &str = "token-of-till-3";
/// The token of a store server that speaks for tills 4 and 5.
pub const SERVER_TOKEN: &str = "token-of-tills-4-and-5";

/// The API, and the folder it lives in.
pub struct Fixture {
    pub api: Arc<Api>,
    router: Router,
    _dir: TempDir,
}

/// An answer: status, headers as text, and JSON (or the text, where it is none).
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub json: Value,
    pub text: String,
}

impl Answer {
    /// The code of a no.
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or("")
    }
}

/// A question, as a till on this machine would ask it.
pub struct Ask {
    request: axum::http::request::Builder,
    body: Vec<u8>,
    peer: &'static str,
}

pub fn ask(method: Method, path: &str) -> Ask {
    let request = Request::builder().method(method).uri(path);
    Ask {
        request: request.header("host", "127.0.0.1:7470"),
        body: Vec::new(),
        peer: "127.0.0.1:50000",
    }
}

pub fn get(path: &str) -> Ask {
    ask(Method::GET, path)
}

pub fn post(path: &str, body: &Value) -> Ask {
    let mut ask = ask(Method::POST, path).header("content-type", "application/json");
    ask.body = body.to_string().into_bytes();
    ask
}

impl Ask {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: axum::http::HeaderName = name.parse().unwrap();
        let headers = self.request.headers_mut().unwrap();
        headers.insert(name, value.parse().unwrap());
        self
    }
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
    pub fn from(mut self, peer: &'static str) -> Self {
        self.peer = peer;
        self
    }
    pub async fn of(self, fixture: &Fixture) -> Answer {
        let mut request = self.request.body(Body::from(self.body)).unwrap();
        let peer: SocketAddr = self.peer.parse().unwrap();
        request.extensions_mut().insert(Peer(peer));
        let response: Response<Body> = fixture.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }
}

/// A store with one destination, till 3 and a store server's tills 4 and 5; `more` goes into `[listen]`.
pub async fn fixture(more: &str) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\nenvironment = \"test\"\n\
         [listen]\n{more}\n\
         [data]\ndir = \"{}\"\n\
         [[destination]]\nname = \"files\"\ntype = \"folder\"\npath = \"{}\"\n",
        dir.path().display(),
        dir.path().join("out").display()
    );
    let config = Arc::new(config::read(&text).unwrap());
    let store = Store::open(dir.path()).unwrap();
    let add = |writer: &rusqlite::Connection| {
        let own = ["3".to_owned()];
        tills::add(writer, "3", &own, None, TOKEN, now())?;
        let served = ["4".to_owned(), "5".to_owned()];
        tills::add(writer, "server", &served, None, SERVER_TOKEN, now())
    };
    store.write(add).await.unwrap();
    let house = House::of(&config).unwrap();
    let desk = Desk::new(
        store.clone(),
        Bell::default(),
        house.clone(),
        routes(&config),
        config.listen.require_token,
    );
    let api = Api::new(Parts {
        cli_key: secret::make_cli_key(dir.path()).unwrap(),
        store,
        desk: Arc::new(desk),
        board: Board::default(),
        catalog: None,
        config,
        house,
        read_backs: Default::default(),
        days: Errands::new().0,
        refreshes: Errands::new().0,
        stop: CancellationToken::new(),
    });
    Fixture {
        router: Routes::all().router(&api),
        api,
        _dir: dir,
    }
}

/// A sale of 10.00 in cash; `name` and `value` change or add one field of the document.
pub fn sale(till: &str, sequence: i64, name: &str, value: Value) -> Value {
    let mut sale = json!({"kind": "sale", "store": "ZH01", "till": till, "sequence": sequence,
        "receipt_number": format!("R-{sequence}"), "currency": "CHF",
        "business_date": "2026-10-30", "occurred_at": "2026-10-30T17:03:11+01:00",
        "body": {"prices": "tax_included", "total": "10.00",
            "lines": [{"line": 1, "type": "item", "product": {"sku": "A1"}, "quantity": "1",
                "unit_price": "10.00", "total": "10.00"}],
            "tenders": [{"type": "cash", "method": "CASH", "amount": "10.00"}]}});
    if !name.is_empty() {
        *sale.pointer_mut(name).unwrap() = value;
    }
    sale
}

/// Hands a document in as its till and answers its row.
pub async fn hand_in(fixture: &Fixture, document: &Value) -> Value {
    let answer = post("/v1/documents", document)
        .token(TOKEN)
        .of(fixture)
        .await;
    answer.json["results"][0].clone()
}
