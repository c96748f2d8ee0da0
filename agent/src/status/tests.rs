//! The status in its four forms: state, JSON, page, metrics.

use axum::http::Method;
use insta::assert_snapshot;
use rstest::rstest;
use serde_json::{Value, json};
use tillpost_shared::config;

use super::*;
use crate::activity::{Board, now};
use crate::intake::http::Routes;
use crate::intake::http::fixture::{TOKEN, fixture, get, hand_in, post, sale};
use crate::outbox::Answer;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-10-30T12:00:00+01:00")
}

fn configured(language: &str) -> Config {
    let text = format!(
        "[store]\ncode = \"ZH01\"\ntimezone = \"Europe/Zurich\"\ncurrency = \"CHF\"\nlanguage = \"{language}\"\n\
         [[destination]]\nname = \"odoo\"\ntype = \"folder\"\npath = \"/tmp/out\"\n"
    );
    config::read(&text).unwrap()
}

pub(super) fn figures(waiting: i64) -> Figures {
    let lane = crate::store::figures::Lane {
        waiting,
        ..Default::default()
    };
    Figures {
        waiting,
        waiting_value: rust_decimal::Decimal::new(1990, 2),
        oldest_waiting_at: (waiting > 0).then(|| at("2026-10-30T09:30:00+01:00")),
        destinations: BTreeMap::from([("odoo".to_owned(), lane)]),
        ..Figures::default()
    }
}

pub(super) fn reason(kept: Kept, since: &str) -> Reason {
    let hint = "add the product in Odoo";
    Reason {
        kept,
        destination: (kept != Kept::Held).then(|| "odoo".to_owned()),
        answer: Answer::new("unknown_product", "a product is unknown", hint),
        count: 2,
        since: at(since),
        documents: vec!["a".to_owned(), "b".to_owned()],
    }
}

pub(super) fn drawn(language: &str, figures: &Figures, board: &Board, stopping: bool) -> Status {
    let catalog = catalog::Status {
        revision: Some(tillpost_shared::catalog::Revision("r1".to_owned())),
        taken_at: Some(at("2026-10-30T06:00:00+01:00")),
        products: 1_200,
        next_change_at: Some(at("2026-10-31T00:00:00+01:00")),
    };
    draw(Seen {
        config: &configured(language),
        figures,
        board: &board.read(),
        catalog,
        stopping,
        money: true,
        texts: Texts::of(language),
        now: noon(),
    })
}

pub(super) fn out_of_reach() -> Board {
    let board = Board::default();
    let words = ["unreachable", "Odoo cannot be reached.", "Nothing to do."];
    board.trouble("odoo", Health::Offline, words, noon());
    board
}

pub(super) fn broken() -> Board {
    let board = Board::default();
    let words = [
        "unauthorized",
        "Odoo does not take the key.",
        "Set another.",
    ];
    board.trouble("odoo", Health::Attention, words, noon());
    board
}

/// A note of the catalog beside it: no alarm, and it hides none.
fn noted(board: Board) -> Board {
    board.trouble("catalog: x", Health::Noted, ["x"; 3], noon());
    board
}

#[rstest]
#[case::nothing_to_do(figures(0), noted(Board::default()), "ok", "Everything is sent.")]
#[case::one(figures(1), Board::default(), "ok", "1 document is on its way.")]
#[case::some(figures(7), Board::default(), "ok", "7 documents are on their way.")]
#[case::no_line(
    figures(7),
    noted(out_of_reach()),
    "offline",
    "odoo cannot be reached. 7 documents wait and go by themselves."
)]
#[case::no_key(
    figures(7),
    broken(),
    "attention",
    "Please look at what is listed below."
)]
#[case::parked(
    Figures { reasons: vec![reason(Kept::Parked, "2026-10-30T11:59:00+01:00")], ..figures(7) },
    out_of_reach(), "attention", "2 documents need you."
)]
#[case::just_postponed(
    Figures { reasons: vec![reason(Kept::Postponed, "2026-10-30T11:30:00+01:00")], ..figures(7) },
    Board::default(), "ok", "7 documents are on their way."
)]
#[case::long_postponed(
    Figures { reasons: vec![reason(Kept::Postponed, "2026-10-30T10:30:00+01:00")], ..figures(7) },
    Board::default(), "attention", "2 documents need you."
)]
fn one_state_and_one_sentence(
    #[case] figures: Figures,
    #[case] board: Board,
    #[case] state: &str,
    #[case] sentence: &str,
) {
    let status = drawn("en", &figures, &board, false);
    assert_eq!(
        (status.state.as_str(), status.sentence.as_str()),
        (state, sentence)
    );
    assert_eq!(drawn("en", &figures, &board, true).state, State::Stopping);
}

#[test]
fn what_keeps_documents_back_is_listed_with_its_next_step() {
    let reasons = [Kept::Parked, Kept::Held, Kept::Postponed];
    let reasons = reasons.map(|kept| reason(kept, "2026-10-30T11:30:00+01:00"));
    let figures = Figures {
        reasons: reasons.to_vec(),
        ..figures(7)
    };
    let status = drawn("en", &figures, &out_of_reach(), false);
    let lines: Vec<String> = status
        .problems
        .iter()
        .map(|problem| format!("{} [{}]", problem.message, problem.hint))
        .collect();
    assert_eq!(
        lines,
        [
            "Odoo cannot be reached. [Nothing to do.]",
            "Refused by odoo (2): a product is unknown [add the product in Odoo]",
            "Held back (2): a product is unknown [add the product in Odoo]",
            "Not taken by odoo yet (2): a product is unknown [add the product in Odoo]",
        ]
    );
}

#[tokio::test]
async fn anybody_on_this_machine_sees_the_status_but_no_money() {
    let fixture = fixture("").await;
    hand_in(&fixture, &sale("3", 1, "", json!(0))).await;
    for path in ["/", "/v1/status", "/metrics"] {
        assert_eq!(get(path).of(&fixture).await.status, 200, "{path}");
        let remote = get(path).from("192.168.1.50:4000");
        assert_eq!(remote.of(&fixture).await.status, 401, "{path}");
        let till = get(path).from("192.168.1.50:4000").token(TOKEN);
        assert_eq!(till.of(&fixture).await.status, 200, "{path}");
    }
    let value = |status: &Value| status["documents"]["waiting_value"].clone();
    assert_eq!(
        value(&get("/v1/status").of(&fixture).await.json),
        Value::Null
    );
    let shown = get("/v1/status").token(TOKEN).of(&fixture).await.json;
    assert_eq!(value(&shown), "10.00");
    assert!(
        !get("/metrics")
            .of(&fixture)
            .await
            .text
            .contains("waiting_value")
    );
    hand_in(
        &fixture,
        &sale("3", 2, "/body/tenders/0/amount", json!("9.00")),
    )
    .await;
    for path in ["/", "/v1/status"] {
        let text = get(path).of(&fixture).await.text;
        assert!(
            text.contains("tenders … minus change … do not pay the total …"),
            "{text}"
        );
        assert!(!text.contains("10.00") && !text.contains("9.00"), "{text}");
    }
}

#[tokio::test]
async fn the_status_as_in_the_contract() {
    let fixture = fixture("").await;
    hand_in(&fixture, &sale("3", 1, "", json!(0))).await;
    hand_in(
        &fixture,
        &sale("3", 2, "/body/tenders/0/amount", json!("9.00")),
    )
    .await;
    let mut status = get("/v1/status").token(TOKEN).of(&fixture).await.json;
    for place in [
        "/documents/oldest_waiting_at",
        "/problems/0/since",
        "/problems/0/documents",
    ] {
        *status.pointer_mut(place).unwrap() = "…".into();
    }
    assert_snapshot!(serde_json::to_string_pretty(&status).unwrap(), @r#"
    {
      "store": "ZH01",
      "version": "0.1.0",
      "environment": "test",
      "state": "attention",
      "sentence": "1 document needs you.",
      "documents": {
        "waiting": 1,
        "waiting_value": "10.00",
        "currency": "CHF",
        "oldest_waiting_at": "…",
        "parked": 0,
        "held": 1,
        "accepted_today": 2,
        "delivered_today": 0
      },
      "destinations": [
        {
          "name": "files",
          "type": "folder",
          "state": "ok",
          "last_success_at": null,
          "waiting": 1,
          "parked": 0,
          "sentence": ""
        }
      ],
      "catalog": {
        "revision": null,
        "taken_at": null,
        "products": 0,
        "next_change_at": null
      },
      "problems": [
        {
          "code": "tender_mismatch",
          "message": "Held back (1): tenders 9.00 minus change 0.00 do not pay the total 10.00",
          "hint": "check tenders, change and tips at the till, or release it as it is",
          "since": "…",
          "count": 1,
          "documents": "…"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn the_metrics_count_what_was_handed_in() {
    let fixture = fixture("").await;
    for number in [1, 1, 2] {
        hand_in(&fixture, &sale("3", number, "", json!(0))).await;
    }
    let odd = sale("3", 9, "/body/tenders/0/amount", json!("9.00"));
    hand_in(&fixture, &odd).await;
    fixture
        .api
        .parts
        .board
        .answered("files", std::time::Duration::from_secs(2), now());
    let text = get("/metrics").token(TOKEN).of(&fixture).await.text;
    for line in [
        "tillpost_documents_total{status=\"accepted\"} 2",
        "tillpost_documents_total{status=\"duplicate\"} 1",
        "tillpost_waiting 2",
        "tillpost_lane_waiting{destination=\"files\"} 2",
        "tillpost_waiting_value 20.0",
        "tillpost_commit_seconds_count 4",
        "tillpost_answers_total{destination=\"files\"} 1",
        "tillpost_answers_taken_seconds_total{destination=\"files\"} 2.0",
        "tillpost_kept_back{kept=\"held\",destination=\"\",code=\"tender_mismatch\"} 1",
        "tillpost_open_pages 0",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|own| own == line),
            "{line} is not in\n{text}"
        );
    }
}

/// A dashboard that asks for a figure that is not there shows nothing, and an alert rule never fires.
#[tokio::test]
async fn dashboards_and_alert_rules_ask_for_figures_that_exist() {
    let fixture = fixture("").await;
    // One that is held, and one of today.
    let today = fixture.api.parts.house.business_date(now()).to_string();
    for document in [
        sale("3", 1, "/body/tenders/0/amount", json!("9.00")),
        sale("3", 2, "/business_date", json!(today)),
    ] {
        hand_in(&fixture, &document).await;
    }
    let board = &fixture.api.parts.board;
    board.success("catalog", now());
    board.trouble("files", Health::Offline, ["unreachable", "", ""], now());
    // A till that asks without end.
    let moment = std::time::Instant::now();
    while fixture.api.pace.take("4", moment).is_ok() {}
    let took = std::time::Duration::from_secs(2);
    board.answered("files", took, now());
    board.stopwatch("files").took("write", took);
    board.key_ends("odoo", Some(now()));
    board.clock_ahead("odoo", SignedDuration::from_secs(2));
    let told = get("/metrics").token(TOKEN).of(&fixture).await.text;
    let files = [
        include_str!("../../dashboards/grafana.json"),
        include_str!("../../dashboards/alerts.yaml"),
    ];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = 0;
    for word in files.iter().flat_map(|text| text.split(|c| !is_name(c))) {
        if word.starts_with("tillpost_") {
            names += 1;
            let found = told
                .lines()
                .any(|line| line.split(|c| !is_name(c)).next() == Some(word));
            assert!(found, "{word} is not in\n{told}");
        }
    }
    assert!(names > 20, "{names} names");
}

#[tokio::test]
async fn a_refresh_of_prices_needs_a_login_and_a_catalog() {
    let fixture = fixture("").await;
    let ask = || post("/v1/catalog/refresh", &json!({}));
    assert_eq!(ask().of(&fixture).await.status, 401);
    let key = fixture.api.parts.cli_key.expose().to_owned();
    let answer = ask().token(&key).of(&fixture).await;
    assert_eq!(answer.status, 409);
    assert_eq!(answer.code(), "no_catalog_source");
}

#[tokio::test]
async fn the_description_names_every_route_and_no_other() {
    let described = get("/v1/openapi.json").of(&fixture("").await).await.json;
    let mut named: Vec<(Method, String)> = Vec::new();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            named.push((method, path.clone()));
        }
    }
    let routes = Routes::all();
    let mut routes: Vec<(Method, String)> = routes
        .names()
        .iter()
        .map(|(method, path)| (method.clone(), (*path).to_owned()))
        .collect();
    named.sort_by_key(|(method, path)| (path.clone(), method.to_string()));
    routes.sort_by_key(|(method, path)| (path.clone(), method.to_string()));
    assert_eq!(named, routes);
}
