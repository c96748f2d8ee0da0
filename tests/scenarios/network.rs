//! The agent on the store's network.
//!
//! Goal: from elsewhere nothing in the open is answered, and over TLS everything, with a certificate that `doctor` and
//! the start know by the same fingerprint as others do; programs on the PC go on without TLS; a renewed certificate
//! needs no restart; one that cannot be used is told at once. Method: the running service on every address; a caller
//! from the PC's own address on the network to another of its addresses is, to the service, somebody from elsewhere;
//! certificates and fingerprints by openssl.

use std::net::{IpAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{self, Home, Setup};
use tillpost_tests::http::{self, Answer};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

const SECRET: &str = "open sesame";

/// This PC's address on the network. Nothing is sent to find it.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket
        .connect("192.0.2.77:9")
        .expect("this test needs an address beside loopback: ip address add …");
    socket.local_addr().unwrap().ip()
}

/// A caller of the service.
struct Caller {
    runtime: tokio::runtime::Runtime,
    client: Client,
    base: String,
}

impl Caller {
    /// From this PC or from elsewhere, by TLS when it trusts a certificate.
    fn new(agent: &Agent, elsewhere: bool, trusted: Option<&Path>) -> Self {
        drop(http::client());
        #[expect(clippy::disallowed_methods, reason = "a caller with trust of its own")]
        let builder = Client::builder().no_proxy().timeout(wait::HANG);
        let builder = match elsewhere {
            true => builder.local_address(own_address()),
            false => builder,
        };
        let builder = match trusted {
            Some(file) => {
                let pem = std::fs::read(file).unwrap();
                builder.tls_certs_only([Certificate::from_pem(&pem).unwrap()])
            }
            None => builder,
        };
        let port = agent.url.rsplit(':').next().unwrap();
        let (scheme, host) = match trusted {
            Some(_) => ("https", "localhost"),
            None => ("http", "127.0.0.1"),
        };
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
            client: builder
                .resolve("localhost", "127.0.0.1:0".parse().unwrap())
                .build()
                .unwrap(),
            base: format!("{scheme}://{host}:{port}"),
        }
    }

    fn try_get(&self, path: &str) -> Result<Answer, reqwest::Error> {
        let request = self.client.get(format!("{}{path}", self.base));
        self.runtime.block_on(http::exchange(request))
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("Content-Type", "application/json");
        let request = match token {
            "" => request,
            token => request.header("Authorization", format!("Bearer {token}")),
        };
        let sent = request.body(body.to_string());
        self.runtime.block_on(http::exchange(sent)).unwrap()
    }

    fn session(&self) -> String {
        let answer = self.post("/login", "", &json!({"role": "manager", "secret": SECRET}));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.header("set-cookie").unwrap().to_owned()
    }
}

fn on_every_address(more: &str) -> Home {
    let home = Home::new(&Setup::bare());
    let listen = format!("address = \"0.0.0.0:0\"\n{more}");
    home.reword("address = \"127.0.0.1:0\"", &listen);
    home.set_login("manager", SECRET);
    home
}

fn openssl(folder: &Path, arguments: &str) -> String {
    let mut command = Command::new("openssl");
    command.args(arguments.split(' ')).current_dir(folder);
    home::run(&mut command).ended(0).stdout
}

/// A certificate of the store's own, made elsewhere.
fn bring(folder: &Path, name: &str) -> PathBuf {
    openssl(
        folder,
        &format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN={name} \
             -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:localhost -keyout {name}.key -out {name}.pem"
        ),
    );
    folder.join(format!("{name}.pem"))
}

fn encryption(home: &Home) -> Value {
    let said: Value = serde_json::from_str(&home.run(&["doctor", "--json"]).stdout).unwrap();
    let checks = said["checks"].as_array().unwrap().clone();
    let found = checks
        .into_iter()
        .find(|check| check["name"] == "encryption");
    found.unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn from_elsewhere_everything_is_answered_over_tls_and_nothing_in_the_open() {
    let home = on_every_address("");
    let token = home.add_till("1");
    let agent = home.start();
    let made = home.data().join("tls/certificate.pem");
    let in_the_open = Caller::new(&agent, true, None);
    for path in ["/", "/healthz", "/v1/status", "/metrics"] {
        let answer = in_the_open.try_get(path).unwrap();
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
        assert!(
            answer.body.contains("not_encrypted"),
            "{path}: {}",
            answer.body
        );
    }
    let answer = in_the_open.post("/v1/documents", &token, &sale("1", 1));
    assert_eq!(answer.status, 403, "{}", answer.body);
    let near = Caller::new(&agent, false, None);
    let accepted =
        || near.try_get("/v1/status").unwrap().ok()["documents"]["accepted_today"].clone();
    assert_eq!(accepted(), 0);

    let over_tls = Caller::new(&agent, true, Some(&made));
    let answer = over_tls.post("/v1/documents", &token, &sale("1", 1)).ok();
    assert_eq!(answer["results"][0]["status"], "accepted", "{answer}");
    assert_eq!(over_tls.try_get("/v1/status").unwrap().status, 401);
    let stranger = bring(home.path(), "stranger");
    let misled = Caller::new(&agent, true, Some(&stranger));
    assert!(
        misled.try_get("/healthz").is_err(),
        "who trusts another certificate"
    );

    assert_eq!(accepted(), 1);
    let near_by_tls = Caller::new(&agent, false, Some(&made));
    assert_eq!(near_by_tls.try_get("/v1/status").unwrap().status, 200);
    assert!(over_tls.session().ends_with("; Secure"));
    assert!(!near.session().contains("Secure"));
    home.run(&["status"]).ended(0);
}

#[test]
fn the_certificate_is_known_by_one_fingerprint() {
    let home = on_every_address("");
    assert_eq!(encryption(&home)["level"], "warn", "it is not made yet");
    let agent = home.start();
    let made = home.data().join("tls/certificate.pem");
    let said = openssl(
        home.path(),
        &format!("x509 -noout -fingerprint -sha256 -in {}", made.display()),
    );
    let fingerprint = said.trim().split('=').nth(1).unwrap();
    let second = agent.said().lines().nth(1).unwrap().to_owned();
    assert!(second.ends_with(fingerprint), "{second}");
    let found = encryption(&home);
    assert_eq!(found["level"], "ok", "{found}");
    let sentence = found["sentence"].as_str().unwrap();
    assert!(sentence.contains(fingerprint), "{found}");
    for file in ["certificate.pem", "key.pem"] {
        let rights = std::fs::metadata(home.data().join("tls").join(file)).unwrap();
        assert_eq!(rights.permissions().mode() & 0o777, 0o600, "{file}");
    }
    agent.stop();
    let again = home.start();
    let second = again.said().lines().nth(1).unwrap().to_owned();
    assert!(
        second.ends_with(fingerprint),
        "the same after a restart: {second}"
    );
}

#[test]
fn a_stores_own_certificate_is_renewed_without_a_restart() {
    let home =
        on_every_address("tls = { certificate = \"{home}/own.pem\", key = \"{home}/own.key\" }");
    home.reword("{home}", home.path().to_str().unwrap());
    let [first, second] = ["first", "second"].map(|name| bring(home.path(), name));
    let put = |from: &Path| {
        for end in ["key", "pem"] {
            let to = home.path().join(format!("own.{end}"));
            std::fs::copy(from.with_extension(end), to).unwrap();
        }
    };
    put(&first);
    let agent = Agent::start(&home, &[("TILLPOST_PATIENCE_MS", "500")]);
    let alive = |trusted: &Path| {
        Caller::new(&agent, true, Some(trusted))
            .try_get("/healthz")
            .is_ok()
    };
    assert!(alive(&first) && !alive(&second));
    put(&second);
    wait::until("the renewed certificate", || alive(&second).then_some(()));
    assert!(!alive(&first));
    let key = home.path().join("own.key");
    for (mode, level) in [(0o600, "ok"), (0o644, "warn")] {
        std::fs::set_permissions(&key, PermissionsExt::from_mode(mode)).unwrap();
        let found = encryption(&home);
        assert_eq!(found["level"], level, "{found}");
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_at_once() {
    let home = on_every_address(
        "tls = { certificate = \"{home}/first.pem\", key = \"{home}/second.key\" }",
    );
    home.reword("{home}", home.path().to_str().unwrap());
    let start = || {
        Agent::try_start(&home, &[])
            .err()
            .expect("it does not start")
    };
    let said = start();
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(said.stderr.contains("cannot read"), "{said:?}");
    for name in ["first", "second"] {
        bring(home.path(), name);
    }
    let said = start();
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(
        said.stderr.contains("cannot be used with its key"),
        "{said:?}"
    );
    assert_eq!(encryption(&home)["level"], "ok", "each by itself is one");
}

/// For tills that know no TLS: only when it was asked for, and `doctor` never keeps quiet about it.
#[test]
fn in_the_open_on_the_network_only_when_it_was_asked_for() {
    let home = on_every_address("unencrypted = true");
    let token = home.add_till("1");
    let agent = home.start();
    let in_the_open = Caller::new(&agent, true, None);
    let answer = in_the_open
        .post("/v1/documents", &token, &sale("1", 1))
        .ok();
    assert_eq!(answer["results"][0]["status"], "accepted", "{answer}");
    assert_eq!(in_the_open.try_get("/v1/status").unwrap().status, 401);
    assert_eq!(encryption(&home)["level"], "warn");
}
