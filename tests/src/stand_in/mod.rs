//! A stand-in for Odoo 14 to 19, for what no real one can be run for here, or cannot be brought to: its interface, its
//! tables and the calls of its till as the field guides describe them, and a list of every call that was made.
//!
//! It is no judge of what Odoo would book; where a real server can be had, that one is. It is strict where the versions
//! are: unknown methods, fields in a condition, and from 18 on unknown fields of an order.

mod calls;
mod shop;
mod tables;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

pub use self::shop::{METHODS, STARTS_WITH};
pub use self::tables::{Raised, Tables};
use crate::shop::now;
use crate::wire::{self, Letter};

/// The name of the database.
pub const DATABASE: &str = "stand_in";
/// The user's id.
const USER: i64 = 7;

/// What it knows.
#[derive(Debug)]
pub struct World {
    pub version: u32,
    pub tables: Tables,
    /// Every call in its own words, but for questions.
    pub said: Vec<String>,
    /// What it refuses: a method and the exception it raises.
    pub refusing: BTreeMap<String, Raised>,
    /// What it takes its time for: a part of a call's name, and how long.
    pub slow: Option<(&'static str, Duration)>,
    /// Whether it is being worked on: whoever asks is told to come back.
    pub down: bool,
    /// How often somebody was.
    pub turned_away: usize,
}

/// A running one; ends when dropped.
pub struct StandIn {
    pub address: SocketAddr,
    world: Arc<Mutex<World>>,
    _runtime: Runtime,
}

impl StandIn {
    /// A shop with one till, in this version.
    pub fn start(version: u32) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let world = Arc::new(Mutex::new(World {
            version,
            tables: shop::tables(version),
            said: Vec::new(),
            refusing: BTreeMap::new(),
            slow: None,
            down: false,
            turned_away: 0,
        }));
        let stand_in = Self {
            address: listener.local_addr().unwrap(),
            world: world.clone(),
            _runtime: runtime,
        };
        stand_in._runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, world.clone()));
            }
        });
        stand_in
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Becomes another version, with what lies in it.
    pub fn upgrade(&self, version: u32) {
        self.look(|world| {
            world.version = version;
            shop::rename(&mut world.tables, version);
        });
    }

    /// Looks into it, or changes it behind everybody's back.
    pub fn look<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world.lock().unwrap())
    }
}

async fn talk(stream: TcpStream, world: Arc<Mutex<World>>) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = wire::request(&mut stream).await {
        let (status, body) = world.lock().unwrap().answer(&request);
        let slow = world.lock().unwrap().slow;
        if let Some((_, long)) = slow.filter(|(name, _)| request.asks_for().contains(name)) {
            tokio::time::sleep(long).await;
        }
        let date = rfc2822::to_string(&now().to_zoned(TimeZone::UTC)).unwrap();
        let text = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nDate: {date}\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        if stream.get_mut().write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A call with its arguments by name.
pub(crate) struct Call {
    pub model: String,
    pub method: String,
    pub named: Map<String, Value>,
}

impl Call {
    pub fn arg(&self, name: &str) -> Value {
        self.named.get(name).cloned().unwrap_or_default()
    }

    pub fn ids(&self) -> Vec<i64> {
        let ids = self.arg("ids");
        ids.as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_i64)
            .collect()
    }

    pub fn id(&self) -> i64 {
        self.ids().first().copied().unwrap_or_default()
    }
}

impl World {
    /// From now on this method raises an exception.
    pub fn refuse(&mut self, method: &str, name: &str, words: &str) {
        self.refusing
            .insert(method.to_owned(), Raised::named(name, words));
    }

    fn answer(&mut self, request: &Letter) -> (&'static str, Value) {
        if self.down {
            self.turned_away += 1;
            return ("503 Service Unavailable", Value::Null);
        }
        let path = request.path();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match path.as_str() {
            "/web/version" if self.version >= 19 => (
                "200 OK",
                json!({ "version_info": [self.version, 0, 0, "final", 0, ""] }),
            ),
            "/jsonrpc" => ("200 OK", self.rpc(&body["params"])),
            path if path.starts_with("/json/2/") && self.version >= 19 => self.json2(path, &body),
            // 18 leads such an address to its shop.
            path if path.starts_with("/json/2/") && self.version == 18 => {
                ("303 See Other", Value::Null)
            }
            _ => ("404 Not Found", Value::Null),
        }
    }

    fn json2(&mut self, path: &str, body: &Value) -> (&'static str, Value) {
        let (model, method) = path["/json/2/".len()..].split_once('/').unwrap();
        let call = Call {
            model: model.to_owned(),
            method: method.to_owned(),
            named: body.as_object().cloned().unwrap_or_default(),
        };
        self.note(&call, body);
        match self.make(&call) {
            Ok(value) => ("200 OK", value),
            Err(raised) => {
                let status = match raised.name.as_str() {
                    "builtins.AttributeError" => "404 Not Found",
                    name if name.starts_with("odoo.") => "422 Unprocessable Content",
                    _ => "500 Internal Server Error",
                };
                let name = raised
                    .name
                    .replace("builtins.AttributeError", "werkzeug.exceptions.NotFound");
                (
                    status,
                    json!({ "name": name, "message": raised.words, "debug": TRACEBACK }),
                )
            }
        }
    }

    fn rpc(&mut self, params: &Value) -> Value {
        let (service, method) = (params["service"].as_str(), params["method"].as_str());
        let args = &params["args"];
        let result = match (service, method) {
            (Some("common"), Some("version")) => Ok(
                json!({ "server_version_info": [self.version, 0, 0, "final", 0, ""],
                           "server_serie": format!("{}.0", self.version) }),
            ),
            (Some("common"), Some("login")) => Ok(json!(USER)),
            (Some("object"), Some("execute_kw")) => {
                let text = |n: usize| args[n].as_str().unwrap_or_default().to_owned();
                let call = named(text(3), text(4), &args[5], &args[6]);
                self.note(&call, &json!([args[5], args[6]]));
                self.make(&call)
            }
            other => panic!("the stand-in does not know {other:?}"),
        };
        match result {
            Ok(value) => json!({ "jsonrpc": "2.0", "id": 1, "result": value }),
            Err(raised) => {
                let data =
                    json!({ "name": raised.name, "message": raised.words, "debug": TRACEBACK });
                json!({ "jsonrpc": "2.0", "id": 1,
                        "error": { "code": 200, "message": "Odoo Server Error", "data": data } })
            }
        }
    }

    fn note(&mut self, call: &Call, arguments: &Value) {
        let asks = [
            "search_read",
            "search_count",
            "fields_get",
            "read_group",
            "search",
        ];
        if !asks.contains(&call.method.as_str()) {
            let arguments = serde_json::to_string_pretty(arguments).unwrap();
            self.said
                .push(format!("{}.{} {arguments}", call.model, call.method));
        }
    }
}

/// What stands beside every refusal and must never be kept: it quotes what was sent.
const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"/odoo/http.py\", line 1, in secret_of_the_server\n";

/// The arguments of a call, those by position by the names they have in Odoo.
fn named(model: String, method: String, args: &Value, kwargs: &Value) -> Call {
    let names: &[&str] = match method.as_str() {
        "create" => &["vals_list"],
        "write" => &["ids", "vals"],
        "search_read" | "search" | "search_count" => &["domain", "fields"],
        "create_from_ui" | "sync_from_ui" => &["orders"],
        "set_cashbox_pos" | "set_opening_control" => &["ids", "cashbox_value", "notes"],
        "try_cash_in_out" => &["ids", "_type", "amount", "reason", "extras"],
        "post_closing_cash_details" => &["ids", "counted_cash"],
        "update_closing_control_state_session" => &["ids", "notes"],
        "close_session_from_ui" => &["ids", "bank_payment_method_diff_pairs"],
        _ => &["ids"],
    };
    let mut by_name = kwargs.as_object().cloned().unwrap_or_default();
    let args = args.as_array().cloned().unwrap_or_default();
    for (name, value) in names.iter().zip(args) {
        by_name.insert((*name).to_owned(), value);
    }
    Call {
        model,
        method,
        named: by_name,
    }
}
