//! Card numbers and what belongs to them never reach the disk, a log or an answer.
//!
//! Goal: invariant 6. Method: card numbers in every spelling go into every place a till can write, also in documents
//! that are refused or no JSON at all, in look-ups and in addresses; then every byte under the store's home (database,
//! write-ahead log, log files, what the program printed, hand-over files) and every answer is searched.

use serde_json::{Value, json};
use tillpost_tests::home::{Home, STORE, Setup};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

/// Valid test numbers of four issuers; 13 to 19 digits.
const NUMBERS: [&str; 4] = [
    "4111111111111111",
    "5555555555554444",
    "378282246310005",
    "6011000990139424",
];
const TRACK: &str = "%B4111111111111111^DOE/JANE^2912101000000000?";

fn spellings(number: &str) -> Vec<String> {
    let groups = |by: &str| {
        let chars: Vec<char> = number.chars().collect();
        chars
            .chunks(4)
            .map(|four| four.iter().collect::<String>())
            .collect::<Vec<_>>()
            .join(by)
    };
    vec![number.to_owned(), groups(" "), groups("-")]
}

/// A sale with a text in every field where a till writes freely.
fn sale_with(sequence: u64, text: &str) -> Value {
    let mut document = sale("1", sequence);
    let line = &mut document["body"]["lines"][0];
    line["product"]["name"] = json!(format!("Voucher for {text}"));
    line["discounts"] = json!([{"amount": "0.00", "reason": text}]);
    line["price_override"] = json!({"reason": format!("asked by {text}.")});
    line["ext"] = json!({"note": [{"deep": text}]});
    let tender = &mut document["body"]["tenders"][0];
    tender["card"] =
        json!({"brand": "VISA", "last4": "1111", "cvv": "987", "expiry": "12/29", "track2": TRACK});
    tender["reference"] = json!(text);
    document["body"]["approvals"] = json!([{"type": "age", "reason": text}]);
    document["body"]["customer"] = json!({"loyalty_card": "L-77"});
    document["ext"] = json!({"receipt": format!("paid with {text} thank you")});
    document["operator"] = json!("op-7");
    document
}

#[test]
fn no_card_number_is_anywhere_whatever_way_it_came() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    let mut answers = String::new();
    let mut sequence = 0;
    for number in NUMBERS {
        for text in spellings(number) {
            sequence += 1;
            let document = sale_with(sequence, &text);
            let answer = agent.post(&token, &document);
            let result = &answer.json()["results"][0];
            assert_eq!(result["status"], "accepted", "{result}");
            let flagged = result["problems"]
                .as_array()
                .unwrap()
                .iter()
                .any(|p| p["code"] == "card_data_removed");
            assert!(flagged, "{result}");
            let id = result["id"].as_str().unwrap();
            answers += &answer.body;
            answers += &agent.get(&token, &format!("/v1/documents/{id}")).body;
            let mut held = sale_with(1000 + sequence, &text);
            held["body"]["total"] = json!("900.00");
            let mut refused = sale_with(2000 + sequence, &text);
            refused["body"]["lines"][0]["quantity"] = json!(text);
            let mut unknown = sale_with(3000 + sequence, &text);
            unknown[&text] = json!(text);
            for document in [held, refused, unknown] {
                answers += &agent.post(&token, &document).body;
            }
            let broken = format!("{{\"kind\": \"sale\", \"note\": \"{text}\", ");
            answers += &agent
                .post_as(&token, "application/json", broken.clone())
                .body;
            answers += &agent.post_as(&token, "application/x-ndjson", broken).body;
            let query = text.replace(' ', "%20");
            for path in [
                "/v1/products?q=",
                "/v1/products?barcode=",
                "/v1/receipts/",
                "/v1/documents/",
                "/nothing?",
            ] {
                answers += &agent.get(&token, &format!("{path}{query}")).body;
            }
        }
    }
    agent.wait_drained(wait::HANG);
    answers += &agent.get("", "/v1/status").body;
    answers += &agent.get("", "/").body;
    // Searched with the service running, while the write-ahead log still holds everything, and once more after it.
    search(&home, &answers);
    agent.stop();
    search(&home, "");
}

#[track_caller]
fn search(home: &Home, answers: &str) {
    let mut wanted: Vec<String> = NUMBERS
        .iter()
        .flat_map(|number| spellings(number))
        .collect();
    wanted.extend(["DOE/JANE", "2912101000", "12/29", "\"987\""].map(str::to_owned));
    let files = home.every_file();
    assert!(
        files.iter().any(|(path, _)| path.ends_with("outbox.db")),
        "no outbox to search"
    );
    for text in &wanted {
        for (path, bytes) in &files {
            let found = bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes());
            assert!(!found, "{text} stands in {}", path.display());
        }
        assert!(!answers.contains(text.as_str()), "an answer repeats {text}");
    }
}

#[test]
fn what_only_looks_like_a_card_number_stays() {
    let home = Home::new(&Setup::folder());
    let token = home.add_till("1");
    let agent = home.start();
    let mut document = sale("1", 1);
    // Digits inside a longer run, a number that fails the check, and fields that are never searched.
    document["receipt_number"] = json!("4111111111111111");
    document["source"] = json!({"reference": "4111111111111111"});
    document["fiscal"] = json!({"signature": "x4111111111111111y", "number": 4111111111111111_u64});
    document["ext"] = json!({"a": "94111111111111111111119", "b": "4111111111111112", "c": "ref4111111111111111"});
    document["body"]["order"] = json!("4111111111111111");
    document["body"]["lines"][0]["product"]["barcode"] = json!("4111111111111111");
    let result = agent.hand_in(&token, &document);
    assert_eq!(result["status"], "accepted", "{result}");
    let stored = agent.document(&token, result["id"].as_str().unwrap());
    for field in ["receipt_number", "source", "fiscal", "ext"] {
        assert_eq!(stored["document"][field], document[field], "{field}");
    }
    for pointer in ["/body/order", "/body/lines/0/product/barcode"] {
        assert_eq!(
            stored["document"].pointer(pointer),
            document.pointer(pointer),
            "{pointer}"
        );
    }
    assert_eq!(result["key"], format!("{STORE}/1/0/1"));
}
