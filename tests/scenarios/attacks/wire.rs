//! Requests that no client would write: odd paths, two readings of one request, endless heads, lines for the log.

use serde_json::json;
use tillpost_tests::process::resident_mb;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::socket::Socket;
use tillpost_tests::wait;

use super::store;

/// Memory of the agent whatever is sent to it.
const MEMORY_MB_MAX: u64 = 200;
/// Pages that may be open at one time, as the agent says.
const STREAMS_MAX: usize = 64;

#[test]
fn odd_paths_lead_nowhere() {
    let store = store();
    for path in [
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/status.css/../../tillpost.toml",
        "/..%2f..%2ftillpost.toml",
        "/v1/documents/..%2f..%2f..%2fetc%2fpasswd",
        "/documents/%00",
        "/documents/%c0%af",
        "/v1/documents/1'%20OR%20'1'='1",
        "/receipts?number=1'%20OR%20'1'='1",
        "//evil.example/",
        "/\\evil.example",
        "http://evil.example/",
        "*",
    ] {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            store.address()
        );
        let answer = store.raw(request);
        let status = answer.split(' ').nth(1).unwrap_or("none");
        assert!(
            ["400", "401", "403", "404", "405"].contains(&status),
            "{path}: {answer}"
        );
        assert!(
            !answer.contains("root:") && !answer.contains("[store]"),
            "{path}: {answer}"
        );
    }
    let cookie = store.cookie();
    for to in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/%0d%0aset-cookie:a=b",
    ] {
        let answer = store.ask(
            "GET",
            &format!("/language?is=de&to={to}"),
            &[("Cookie", &cookie)],
            "",
        );
        let place = answer.header("location").unwrap_or("/").to_owned();
        assert!(
            place.starts_with('/') && !place.starts_with("//") && !place.contains('\\'),
            "{to}: {place}"
        );
        assert!(
            answer.headers.iter().all(|(_, value)| value != "a=b"),
            "{:?}",
            answer.headers
        );
    }
}

/// Two readings of where a request ends: the second request hidden in the first is never answered.
#[test]
fn a_request_hidden_in_another_is_not_answered() {
    let store = store();
    let address = store.address();
    let hidden = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let head = format!("POST /login HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for fields in [
        format!(
            "Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            hidden.len() + 5
        ),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned(),
        "Content-Length: 0\r\nContent-Length: 5\r\n\r\n".to_owned(),
        "Content-Length: +0\r\n\r\n".to_owned(),
        "Content-Length : 0\r\n\r\n".to_owned(),
        "X: a\r\n b: c\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "X: a\nContent-Length: 0\r\n\r\n".to_owned(),
        format!("Host: {address}\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let answers = store.raw(format!("{head}{fields}{hidden}"));
        assert!(
            answers.matches("HTTP/1.1 ").count() <= 1,
            "{fields:?}: {answers}"
        );
        assert!(!answers.contains("\"alive\""), "{fields:?}: {answers}");
    }
    assert_eq!(store.agent.get("", "/healthz").status, 200);
}

#[test]
fn ten_megabytes_of_head_cost_little() {
    let store = store();
    for head in [
        format!("X-Long: {}", "a".repeat(10 << 20)),
        "X-Many: a\r\n".repeat(800_000),
    ] {
        let answer = store.raw(format!(
            "GET / HTTP/1.1\r\nHost: {}\r\n{head}\r\n\r\n",
            store.address()
        ));
        assert!(
            !answer.contains("200 OK"),
            "{}",
            &answer[..answer.len().min(200)]
        );
    }
    let memory = resident_mb(store.agent.process());
    assert!(memory < MEMORY_MB_MAX, "{memory} MB");
    assert_eq!(store.agent.get("", "/healthz").status, 200);
}

/// What strangers write never begins a line of the log.
#[test]
fn nobody_writes_lines_into_the_log() {
    let store = store();
    let line = "\n2026-11-24T00:00:00Z  INFO FORGED all is well\r\nFORGED";
    let mut odd = sale("1", 5);
    odd["receipt_number"] = "R\nFORGED".into();
    odd["body"]["lines"][0]["product"]["name"] = line.into();
    odd["source"] = json!({"system": line, "reference": line});
    store.agent.post(&store.token, &odd);
    store.agent.post_as(
        &store.token,
        "application/json",
        format!("{{\"kind\":\"{}\"}}", line.escape_default()),
    );
    let escaped = "%0aFORGED%0d%0aFORGED";
    for path in [
        "/",
        "/documents/",
        "/v1/documents/",
        "/receipts?number=",
        "/v1/products?q=",
    ] {
        store.ask(
            "GET",
            &format!("{path}{escaped}"),
            &[("User-Agent", "x\tFORGED")],
            "",
        );
    }
    store.sign_in(line);
    let said = store.agent.said();
    let logs = store
        .home
        .every_file()
        .into_iter()
        .filter(|(file, _)| file.to_string_lossy().contains("/log/"));
    let logs: Vec<String> = logs
        .map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    assert!(!logs.is_empty(), "the service writes a log");
    for text in logs.iter().chain([&said]) {
        let forged = text
            .split(['\n', '\r'])
            .find(|line| line.starts_with("FORGED") || line.contains("INFO FORGED"));
        assert_eq!(forged, None);
    }
}

/// More open pages than there is room for: some are told to come later, and when they go nothing stays behind.
#[test]
fn open_pages_are_counted_and_leave_nothing() {
    let store = store();
    let ask = format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", store.address());
    let mut open = Vec::new();
    for n in 0..STREAMS_MAX + 6 {
        let mut page = Socket::connect(&store.agent.url);
        page.write(&ask).unwrap();
        let begins = page.read_until("\n");
        let expected = if n < STREAMS_MAX {
            "200 OK"
        } else {
            "503 Service Unavailable"
        };
        assert!(begins.contains(expected), "page {n}: {begins}");
        open.push(page);
    }
    store.agent.hand_in(&store.token, &sale("1", 7));
    let told = open[0].read_until("event: change");
    assert!(told.contains("event: change"), "{told}");
    drop(open);
    wait::until("no page to be open", || {
        let metrics = store.agent.get("", "/metrics").body;
        metrics.contains("\ntillpost_open_pages 0\n").then_some(())
    });
}
