//! Somebody elsewhere is told when something is the matter, once, and when it is over.
//!
//! Goal: a held sale raises one alert and its withdrawal one all-clear; while the webhook is away nothing is lost; no
//! amount and no receipt is told; people are told by mail in the store's language, over TLS, and a restart tells nothing
//! twice. Method: a webhook and a mail server of our own on loopback that keep what they are sent; the agent in a hurry.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::proxy::tls::identities;
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

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

/// A mail server, over TLS from the first byte where it has papers; where it is, and the letters that it takes.
fn mail_server(papers: Option<TlsAcceptor>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, letters) = channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                // A connection that ends early is the agent's affair.
                let _ = match &papers {
                    Some(papers) => match papers.accept(stream).await {
                        Ok(stream) => take_letters(stream, &sender).await,
                        Err(_) => None,
                    },
                    None => take_letters(stream, &sender).await,
                };
            }
        });
    });
    (address, letters)
}

/// Speaks as much SMTP as a letter needs.
async fn take_letters<S>(stream: S, letters: &std::sync::mpsc::Sender<String>) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = tokio::io::BufReader::new(stream);
    stream.get_mut().write_all(b"220 here\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-here\r\n250 8BITMIME\r\n",
            "DATA" => "354 go on\r\n",
            "QUIT" => return None,
            _ => "250 well\r\n",
        };
        stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
        if line.starts_with("DATA") {
            let mut letter = String::new();
            while !letter.ends_with("\r\n.\r\n") {
                if stream.read_line(&mut letter).await.ok()? == 0 {
                    return None;
                }
            }
            stream.get_mut().write_all(b"250 kept\r\n").await.ok()?;
            letters.send(letter).ok()?;
        }
    }
}

/// A German store that tells by mail, and a sale that waits for a person there.
fn by_mail(address: &str, more: &str) -> Home {
    let home = Home::new(&Setup::folder().with(&format!(
        "[alerts.mail]\nserver = \"{address}\"\nfrom = \"pc@shop.example\"\nto = [\"it@shop.example\", \"boss@shop.example\"]\n{more}"
    )));
    home.reword("language = \"en\"", "language = \"de\"");
    home
}

fn hold_one(home: &Home, agent: &Agent) -> String {
    let token = home.add_till("1");
    let mut odd = sale("1", 1);
    odd["body"]["tenders"][0]["amount"] = "0.01".into();
    let held = agent.hand_in(&token, &odd);
    assert_eq!(held["status"], json!("held"), "{held}");
    held["id"].as_str().unwrap().to_owned()
}

#[test]
fn people_are_told_by_mail_and_a_restart_tells_nothing_twice() {
    let (address, letters) = mail_server(None);
    let home = by_mail(&address, "encryption = \"none\"");
    let hurry = [("TILLPOST_HURRY", "100")];
    let agent = Agent::start(&home, &hurry);
    let id = hold_one(&home, &agent);
    let next = || letters.recv_timeout(wait::HANG).expect("somebody is told");
    let told = next();
    for part in [
        "Subject: [Tillpost ZH01] 1 Beleg braucht Sie.",
        "To: it@shop.example, boss@shop.example",
        "From: pc@shop.example",
        "Kennwort der Meldung: held",
    ] {
        assert!(told.contains(part), "{part} is missing: {told}");
    }
    assert!(!told.contains("0.01"), "{told}");
    agent.stop();
    let agent = Agent::start(&home, &hurry);
    let again = letters.recv_timeout(Duration::from_secs(3));
    assert!(again.is_err(), "told twice: {again:?}");
    home.run(&["documents", "withdraw", &id, "--reason", "entered anew"])
        .ended(0);
    let over = next();
    assert!(
        over.contains("Subject: [Tillpost ZH01] Es ist vorbei. (held)"),
        "{over}"
    );
    agent.stop();
}

#[test]
fn mail_goes_over_tls_to_a_server_that_is_known_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let papers = identities(folder.path());
    let [stranger, _] = papers.wrong;
    for (papers, known) in [(papers.good, true), (stranger, false)] {
        let (address, letters) = mail_server(Some(papers));
        let mut home = by_mail(&address, "encryption = \"tls\"");
        let authority = folder.path().join("authority.pem");
        home.set_env("SSL_CERT_FILE", authority.to_str().unwrap());
        let agent = Agent::start(&home, &[("TILLPOST_HURRY", "100")]);
        hold_one(&home, &agent);
        if known {
            let told = letters.recv_timeout(wait::HANG).expect("somebody is told");
            assert!(told.contains("1 Beleg braucht Sie."), "{told}");
        } else {
            wait::until("the status to say that nobody is told", || {
                let problems = agent.status()["problems"].to_string();
                problems.contains("alerts_not_told").then_some(())
            });
            assert!(letters.try_recv().is_err());
        }
    }
}
