//! A real Odoo 19 or 14: a fresh database for every test, its JSON-2 calls as administrator, its shell, and its tables by SQL.
//!
//! Brought up by `tests/odoo/up` and `tests/odoo/up 14`, which `tests/run` calls. Tests share the server and never a database.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::home::Said;
use crate::http::{Answer, Http};

/// The administrator's id in every database.
const ADMINISTRATOR: i64 = 2;

/// Where the real Odoo is, from the environment or from the file that `tests/odoo/up` wrote.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its major version.
    pub version: u32,
    pub url: String,
    pub admin_key: String,
    scripts: PathBuf,
    postgres: String,
    lock: PathBuf,
}

impl Server {
    pub fn find(version: u32) -> Self {
        let folder = cache(version);
        // What the variables of 19 are called, and where the others have their number.
        let number = match version {
            19 => String::new(),
            other => other.to_string(),
        };
        let file = std::fs::read_to_string(folder.join("odoo.env")).unwrap_or_default();
        let setting = |name: &str| {
            let prefix = format!("{name}=");
            let in_file = || file.lines().find_map(|line| line.strip_prefix(&prefix));
            let found = std::env::var(name).ok();
            found.or_else(|| in_file().map(str::to_owned)).unwrap_or_else(|| {
                panic!("{name} is not known. Bring up the real Odoo: tests/odoo/up {version} (tests/run --all does it)")
            })
        };
        Self {
            version,
            url: setting(&format!("TILLPOST_TEST_ODOO{number}_URL")),
            admin_key: setting(&format!("TILLPOST_TEST_ODOO{number}_ADMIN_KEY")),
            scripts: PathBuf::from(setting(&format!("TILLPOST_TEST_ODOO{number}_SCRIPTS"))),
            postgres: setting(&format!("TILLPOST_TEST_PG{number}")),
            lock: folder.join("server.lock"),
        }
    }

    /// Held while a test uses the server: a test that stops it waits for all others, and they for it.
    fn shared(&self) -> File {
        let lock = File::create(&self.lock).unwrap();
        lock.lock_shared().unwrap();
        lock
    }

    fn script(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.scripts.join(name));
        command
            .env("TILLPOST_ODOO_VERSION", self.version.to_string())
            .args(arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    /// Drops a database, as PostgreSQL's own user: one of its autovacuum workers may be at work there, which only that may end.
    fn drop_database(&self, name: &str) {
        let (_, address) = self.postgres.rsplit_once('@').unwrap();
        let target = format!("postgresql://postgres@{address}/postgres");
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        psql(&target, &sql);
    }

    /// Runs SQL with psql and returns what it prints.
    fn psql(&self, database: &str, sql: &str) -> String {
        psql(&format!("{}/{database}", self.postgres), sql)
    }
}

fn psql(target: &str, sql: &str) -> String {
    let arguments = [
        "-X",
        "-q",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        target,
        "-c",
        sql,
    ];
    let said = crate::home::run(Command::new("psql").args(arguments));
    said.ended(0).stdout
}

fn cache(version: u32) -> PathBuf {
    let home = || PathBuf::from(std::env::var("HOME").unwrap()).join(".cache/tillpost");
    let cache = std::env::var("TILLPOST_CACHE").map_or_else(|_| home(), PathBuf::from);
    cache.join(format!("odoo{version}"))
}

/// A database of a test's own; dropped with it.
pub struct Database {
    pub name: String,
    pub server: Server,
    http: Http,
    shared: Option<File>,
}

impl Database {
    /// A copy of Odoo 19's template.
    pub fn fresh(name: &str) -> Self {
        Self::fresh_on(19, name)
    }

    /// A copy of a version's template.
    pub fn fresh_on(version: u32, name: &str) -> Self {
        let server = Server::find(version);
        let shared = server.shared();
        let name = format!("tp_{name}_{}", std::process::id());
        crate::home::run(&mut server.script("fresh", &[&name])).ended(0);
        Self {
            name,
            server,
            http: Http::new(),
            shared: Some(shared),
        }
    }

    /// Calls a method by JSON-2 as the administrator.
    pub fn try_call(&self, model: &str, method: &str, body: &Value) -> Answer {
        self.try_call_as(&self.server.admin_key, model, method, body)
    }

    /// Calls a method with a key: by JSON-2, or where there is none by JSON-RPC as the administrator.
    pub fn try_call_as(&self, key: &str, model: &str, method: &str, body: &Value) -> Answer {
        if self.server.version < 19 {
            return self.by_json_rpc(key, model, method, body);
        }
        self.http.send(|client| {
            client
                .post(format!("{}/json/2/{model}/{method}", self.server.url))
                .header("Authorization", format!("bearer {key}"))
                .header("X-Odoo-Database", &self.name)
                .header("Content-Type", "application/json")
                .body(body.to_string())
        })
    }

    /// The same for versions without JSON-2; a refusal has the status 422.
    fn by_json_rpc(&self, key: &str, model: &str, method: &str, body: &Value) -> Answer {
        let mut named = body.as_object().unwrap().clone();
        let by_position: &[&str] = match method {
            "create" => &["vals_list"],
            "search" => &["domain"],
            _ => &["ids", "vals"],
        };
        let args: Vec<Value> = by_position
            .iter()
            .filter_map(|name| named.remove(*name))
            .collect();
        let args = json!([self.name, ADMINISTRATOR, key, model, method, args, named]);
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "call",
            "params": { "service": "object", "method": "execute_kw", "args": args } });
        let mut answer = self.http.send(|client| {
            client
                .post(format!("{}/jsonrpc", self.server.url))
                .header("Content-Type", "application/json")
                .body(request.to_string())
        });
        let envelope = answer.json();
        match envelope.get("error") {
            None => answer.body = envelope["result"].to_string(),
            Some(error) => (answer.status, answer.body) = (422, error["data"].to_string()),
        }
        answer
    }

    /// Calls a method by JSON-2 as the administrator; panics when Odoo refuses.
    #[track_caller]
    pub fn call(&self, model: &str, method: &str, body: &Value) -> Value {
        self.try_call(model, method, body).ok()
    }

    /// Changes records as the administrator.
    #[track_caller]
    pub fn write(&self, model: &str, ids: &[i64], values: &Value) {
        self.call(model, "write", &json!({"ids": ids, "vals": values}));
    }

    /// Creates a record as the administrator; its id.
    #[track_caller]
    pub fn create(&self, model: &str, values: &Value) -> i64 {
        let made = self.call(model, "create", &json!({"vals_list": [values]}));
        made[0].as_i64().unwrap()
    }

    /// The ids of what a domain finds.
    #[track_caller]
    pub fn search(&self, model: &str, domain: &Value) -> Vec<i64> {
        let found = self.call(model, "search", &json!({"domain": domain}));
        found
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_i64().unwrap())
            .collect()
    }

    /// Runs a script in Odoo's own shell and returns what it prints.
    #[track_caller]
    pub fn shell(&self, script: &str) -> String {
        let mut command = self.server.script("shell", &[&self.name]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(script.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let said = Said {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        said.ended(0).stdout
    }

    /// The rows of a query, each an array of texts (`null` stays null).
    pub fn rows(&self, select: &str) -> Vec<Vec<String>> {
        let sql = format!(
            "SELECT coalesce(json_agg(r), '[]') FROM (SELECT to_jsonb(q) AS r FROM ({select}) q) a"
        );
        let rows: Value = serde_json::from_str(&self.server.psql(&self.name, &sql)).unwrap();
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let row = |row: &Value| row.as_object().unwrap().values().map(text).collect();
        rows.as_array().unwrap().iter().map(row).collect()
    }

    /// The one number that a query finds.
    pub fn number(&self, select: &str) -> i64 {
        let rows = self.rows(select);
        rows[0][0]
            .parse()
            .unwrap_or_else(|_| panic!("no number: {rows:?} for {select}"))
    }

    /// The database as psql is told it.
    pub fn target(&self) -> String {
        format!("{}/{}", self.server.postgres, self.name)
    }

    /// Changes tables behind Odoo's back; only to plant a fault.
    pub fn tamper(&self, sql: &str) {
        self.server.psql(&self.name, sql);
    }

    /// Stops the server; waits until no other test uses it. It starts again when the answer is dropped.
    pub fn stop_server(&mut self) -> Stopped {
        self.shared = None;
        let lock = File::create(&self.server.lock).unwrap();
        lock.lock().unwrap();
        crate::home::run(&mut self.server.script("stop-server", &[])).ended(0);
        Stopped {
            server: self.server.clone(),
            _lock: lock,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for a look: the database {}", self.name);
            return;
        }
        self.server.drop_database(&self.name);
    }
}

/// The server is stopped as long as this lives.
pub struct Stopped {
    server: Server,
    _lock: File,
}

impl Drop for Stopped {
    fn drop(&mut self) {
        crate::home::run(&mut self.server.script("start-server", &[])).ended(0);
    }
}
