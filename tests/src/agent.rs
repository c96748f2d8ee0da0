//! The running service: started, asked, stopped, killed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::home::{Home, Said};
use crate::http::{Answer, Http};
use crate::wait;

/// A running service; killed when dropped.
pub struct Agent {
    /// Where it listens, as in `http://127.0.0.1:40123`.
    pub url: String,
    pub http: Http,
    child: Child,
    log: PathBuf,
}

impl Agent {
    /// Starts it, with more environment variables, and waits until it listens.
    pub fn start(home: &Home, env: &[(&str, &str)]) -> Self {
        Self::try_start(home, env).unwrap_or_else(|said| panic!("the service ended: {said:?}"))
    }

    /// Starts it; an early end is the error.
    pub fn try_start(home: &Home, env: &[(&str, &str)]) -> Result<Self, Said> {
        Self::launch(home, home.command(&["run"]), env)
    }

    /// Starts the demo, whose shop rings up a day while people look on.
    pub fn start_demo(home: &Home) -> Self {
        let folder = home.path().join("demo");
        let command = home.command(&["demo", "--dir", folder.to_str().unwrap()]);
        Self::launch(home, command, &[]).unwrap_or_else(|said| panic!("the demo ended: {said:?}"))
    }

    /// Starts it in a mount namespace of its own, in which `folder` is a mount that can be changed for it alone.
    pub fn start_in_own_mounts(home: &Home, folder: &Path) -> Self {
        let run = home.command(&["run"]);
        let mut command = Command::new("unshare");
        let script = "mount --bind \"$0\" \"$0\" && exec \"$@\"";
        command.args(["--mount", "--propagation", "private", "sh", "-c", script]);
        command
            .arg(folder)
            .arg(run.get_program())
            .args(run.get_args());
        for (name, value) in run.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(home.path()).stdin(Stdio::null());
        Self::launch(home, command, &[])
            .unwrap_or_else(|said| panic!("the service ended: {said:?}"))
    }

    fn launch(home: &Home, mut command: Command, env: &[(&str, &str)]) -> Result<Self, Said> {
        let log = fresh_log(home);
        command
            .envs(env.iter().copied())
            .stdout(File::create(&log).unwrap())
            .stderr(File::create(log.with_extension("err")).unwrap());
        let mut child = command.spawn().unwrap();
        let listening = wait::until("`listening on …`", || {
            let first = read(&log).lines().next().map(str::to_owned);
            match first {
                Some(line) if read(&log).contains('\n') => Some(Ok(line)),
                _ => child.try_wait().unwrap().map(Err),
            }
        });
        let line = listening.map_err(|status| said(status, &log))?;
        let url = line.strip_prefix("listening on ");
        let url = url.unwrap_or_else(|| panic!("the first line of output is: {line}"));
        Ok(Self {
            url: url.to_owned(),
            http: Http::new(),
            child,
            log,
        })
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Hands over documents as JSON with a till's token.
    pub fn post(&self, token: &str, documents: &Value) -> Answer {
        self.post_as(token, "application/json", documents.to_string())
    }

    /// Hands over a body of any content type.
    pub fn post_as(&self, token: &str, media: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.http.send(|client| {
            client
                .post(format!("{}/v1/documents", self.url))
                .header("Authorization", format!("Bearer {token}"))
                .header("Content-Type", media)
                .body(body)
        })
    }

    /// Hands over one document and returns its result, whatever the HTTP status.
    #[track_caller]
    pub fn hand_in(&self, token: &str, document: &Value) -> Value {
        let answer = self.post(token, document).json();
        let results = answer["results"].as_array();
        let results = results.unwrap_or_else(|| panic!("no results: {answer}"));
        assert_eq!(results.len(), 1, "{answer}");
        results[0].clone()
    }

    /// Hands over documents; panics unless every one gets this status.
    #[track_caller]
    pub fn hand_in_all(&self, token: &str, documents: &[Value], status: &str) {
        let answer = self.post(token, &Value::Array(documents.to_vec()));
        let body = answer.json();
        let results = body["results"].as_array();
        let results = results.unwrap_or_else(|| panic!("no results: {body}"));
        assert_eq!(results.len(), documents.len());
        for (result, document) in results.iter().zip(documents) {
            assert_eq!(result["status"], status, "{result} for {document}");
        }
    }

    /// Asks with a token (none when empty).
    pub fn get(&self, token: &str, path: &str) -> Answer {
        self.http.send(|client| {
            let request = client.get(format!("{}{path}", self.url));
            if token.is_empty() {
                request
            } else {
                request.header("Authorization", format!("Bearer {token}"))
            }
        })
    }

    /// A stored document.
    pub fn document(&self, token: &str, id: &str) -> Value {
        self.get(token, &format!("/v1/documents/{id}")).ok()
    }

    pub fn status(&self) -> Value {
        self.get("", "/v1/status").ok()
    }

    /// How many documents are in a state, as the status says: `waiting`, `parked`, `held`.
    pub fn count(&self, state: &str) -> u64 {
        let status = self.status();
        let count = status["documents"][state].as_u64();
        count.unwrap_or_else(|| panic!("no documents.{state}: {status}"))
    }

    /// As [`Agent::count`], or nothing when it does not answer, because it has just ended.
    pub fn count_if_up(&self, state: &str) -> Option<u64> {
        let url = format!("{}/v1/status", self.url);
        let answer = self.http.try_send(|client| client.get(url)).ok()?;
        answer.ok()["documents"][state].as_u64()
    }

    /// Waits until nothing waits any more.
    #[track_caller]
    pub fn wait_drained(&self, limit: Duration) {
        wait::within(limit, "nothing waits", || {
            (self.count("waiting") == 0).then_some(())
        });
    }

    /// Asks it to stop and waits for its end.
    pub fn stop(mut self) -> Said {
        signal(self.child.id(), "TERM");
        let status = wait::until("the service to stop", || self.child.try_wait().unwrap());
        said(status, &self.log)
    }

    /// kill -9.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub fn wait_ended(&mut self, limit: Duration) -> Said {
        let status = wait::within(limit, "the service to end by itself", || {
            self.child.try_wait().unwrap()
        });
        said(status, &self.log)
    }

    /// Whether it has ended by itself.
    pub fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// What it has said so far, on both outputs.
    pub fn said(&self) -> String {
        format!(
            "{}{}",
            read(&self.log),
            read(&self.log.with_extension("err"))
        )
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- what the service said\n{}", tail(&self.said()));
        }
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// Sends a signal to a process.
pub fn signal(process: u32, name: &str) {
    let kill = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(kill.success(), "kill -{name} {process}");
}

fn fresh_log(home: &Home) -> PathBuf {
    let folder = home.path().join("said");
    std::fs::create_dir_all(&folder).unwrap();
    let runs = std::fs::read_dir(&folder).unwrap().count() / 2;
    folder.join(format!("run-{runs:03}.out"))
}

fn read(path: &PathBuf) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

fn said(status: ExitStatus, log: &PathBuf) -> Said {
    Said {
        code: status.code(),
        stdout: read(log),
        stderr: read(&log.with_extension("err")),
    }
}
