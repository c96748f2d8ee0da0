//! Markup in what others say: head office's answers, the catalog's names, a till's texts. It comes out as text on every
//! page, in every language, and in no header.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::{Value, json};
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

use super::{SECRET, Store};

/// What would run, end an attribute, or end a script, if it were not text.
const MARKUP: &str = "<img src=x onerror=alert(1)>'\"</script><b>";

/// A head office that refuses everything, with markup in every word of its answer.
fn hostile_receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/documents", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A connection that ends early is the agent's affair.
            std::thread::spawn(move || refuse_all(stream));
        }
    });
    url
}

fn refuse_all(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(bytes) = line.to_lowercase().strip_prefix("content-length:") {
                length = bytes.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let events: Value = serde_json::from_slice(&body).ok()?;
        let refused = events.as_array()?.iter().map(|event| {
            json!({"id": event["id"], "status": "rejected", "reference": MARKUP,
                "problems": [{"code": MARKUP, "message": MARKUP, "hint": MARKUP, "path": MARKUP}]})
        });
        let answer = json!({"results": refused.collect::<Vec<_>>()}).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        reader.get_mut().write_all(head.as_bytes()).ok()?;
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

/// A store whose prices and whose head office mean no good, and one sale that was refused there.
fn hostile() -> Store {
    let home = Home::new(&Setup::bare().with(&format!(
        "[[destination]]\nname = \"cloud\"\ntype = \"http\"\nurl = \"{}\"\n\n\
         [catalog]\nsource = \"folder\"\npath = \"{{home}}/catalog\"\nrefresh = \"1s\"",
        hostile_receiver()
    )));
    let product = json!({
        "sku": "S-1", "name": format!("Bread {MARKUP}"), "barcodes": ["7613000000017"], "unit": MARKUP,
        "price": {"amount": "4.80", "currency": "USD", "tax_included": true},
        "taxes": [{"code": MARKUP, "rate": "8.1"}], "active": true,
    });
    std::fs::create_dir(home.path().join("catalog")).unwrap();
    std::fs::write(home.path().join("catalog/all.ndjson"), product.to_string()).unwrap();
    home.set_login("it", SECRET);
    let token = home.add_till("1");
    let agent = home.start();
    let mut odd = sale("1", 1);
    odd["receipt_number"] = MARKUP.into();
    odd["source"] =
        json!({"system": MARKUP, "version": MARKUP, "file": MARKUP, "reference": MARKUP});
    odd["fiscal"] = json!({MARKUP: MARKUP});
    odd["ext"] = json!({MARKUP: MARKUP});
    odd["body"]["lines"][0]["product"]["name"] = MARKUP.into();
    odd["body"]["tenders"][0]["method"] = MARKUP.into();
    let stored = agent.hand_in(&token, &odd);
    assert_eq!(stored["status"], "accepted", "{stored}");
    wait::until("the refusal", || (agent.count("parked") == 1).then_some(()));
    wait::until("the prices", || {
        let found = agent.get(&token, "/v1/products?sku=S-1");
        (found.status == 200 && found.body.contains("Bread")).then_some(())
    });
    Store {
        home,
        agent,
        token,
        held: stored["id"].as_str().unwrap().to_owned(),
    }
}

#[test]
fn what_head_office_and_the_catalog_say_is_text() {
    let store = hostile();
    let body = json!({"role": "it", "secret": SECRET}).to_string();
    let answer = store.ask(
        "POST",
        "/login",
        &[("Content-Type", "application/json")],
        &body,
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    let cookie = answer
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let story = format!("/documents/{}", store.held);
    let mut seen = 0;
    for language in ["en", "de", "fr", "es", "it", "nl"] {
        for path in [
            "/",
            "/documents",
            &story,
            "/products?q=Bread",
            "/receipts?number=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E'%22%3C%2Fscript%3E%3Cb%3E",
            "/proof?date=2026-10-30",
            "/charts",
        ] {
            let headers = [
                ("Cookie", cookie.as_str()),
                ("Accept", "text/html"),
                ("Accept-Language", language),
            ];
            let page = store.ask("GET", path, &headers, "");
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            assert!(page.body.contains("</html>"), "{path}: {}", page.body);
            for live in ["<img", "</script><b>", "'\"<"] {
                assert!(
                    !page.body.contains(live),
                    "{path} in {language}: {}",
                    page.body
                );
            }
            let plain = |(_, value): &(String, String)| !value.contains("<img");
            assert!(page.headers.iter().all(plain), "{path}: {:?}", page.headers);
            seen += usize::from(page.body.contains("&#60;img"));
        }
    }
    // The overview, the story, the products and the receipts each show what was said.
    assert!(
        seen >= 4 * 6,
        "markup was shown as text on {seen} pages only"
    );
}
