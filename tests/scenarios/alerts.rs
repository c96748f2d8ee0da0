//! Somebody elsewhere is told when something is the matter, once, and when it is over.
//!
//! Goal: a held sale raises one alert and its withdrawal one all-clear; while the webhook is away nothing is lost; no
//! amount and no receipt is told. Method: a webhook of our own on loopback that keeps what it is sent; the agent in a
//! hurry.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

/// Reads a post and answers with a status; what was posted.
fn take(stream: TcpStream, status: &str) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(bytes) = line.to_lowercase().strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    reader.get_mut().write_all(answer.as_bytes()).ok()?;
    serde_json::from_slice(&body).ok()
}

/// A webhook that fails the first post; what it was sent, that one included.
fn webhook() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/bell", listener.local_addr().unwrap());
    let (sender, posts) = channel();
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let status = if n == 0 {
                "503 Service Unavailable"
            } else {
                "200 OK"
            };
            if let Some(post) = take(stream.unwrap(), status)
                && sender.send(post).is_err()
            {
                return;
            }
        }
    });
    (url, posts)
}

#[test]
fn a_trouble_is_told_once_and_so_is_its_end() {
    let (url, posts) = webhook();
    let home = Home::new(&Setup::folder().with(&format!("[alerts]\nwebhook = \"{url}\"")));
    let token = home.add_till("1");
    let agent = Agent::start(&home, &[("TILLPOST_HURRY", "100")]);
    let mut odd = sale("1", 1);
    odd["body"]["tenders"][0]["amount"] = "0.01".into();
    let held = agent.hand_in(&token, &odd);
    let next = || posts.recv_timeout(wait::HANG).expect("somebody is told");
    let (failed, again) = (next(), next());
    assert_eq!(
        (&failed["alert"], &failed["state"]),
        (&again["alert"], &again["state"]),
        "told again after a failure"
    );
    assert_eq!(
        (again["alert"].as_str(), again["state"].as_str()),
        (Some("held"), Some("raised")),
        "{again}"
    );
    assert_eq!(again["store"], "ZH01");
    assert!(!again.to_string().contains("0.01"), "{again}");
    assert!(
        posts.recv_timeout(Duration::from_secs(3)).is_err(),
        "told twice"
    );
    let id = held["id"].as_str().unwrap();
    home.run(&["documents", "withdraw", id, "--reason", "entered anew"])
        .ended(0);
    let over = next();
    assert_eq!(
        (over["alert"].as_str(), over["state"].as_str()),
        (Some("held"), Some("cleared")),
        "{over}"
    );
}
