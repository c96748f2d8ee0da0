//! The pages under attack: forms of other sites, stolen marks, markup in every field, guessed secrets.

use rstest::rstest;
use serde_json::{Value, json};

use super::tests::{SECRET, form, header, held, mark, signed_in};
use crate::activity::{Health, now};
use crate::intake::http::fixture::{TOKEN, fixture, get, hand_in, sale};
use crate::intake::http::login::Role;

#[rstest]
#[case::no_mark("", true, "said=form")]
#[case::foreign_mark("0123456789abcdef", true, "said=form")]
#[case::no_session("", false, "/sign-in")]
#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing(
    #[case] mark: &str,
    #[case] session: bool,
    #[case] to: &str,
) {
    let fixture = fixture("").await;
    let id = held(&fixture).await;
    let cookie = signed_in(&fixture, Role::Manager).await;
    let back = format!("/documents/{id}");
    let fields = [
        ("mark", mark),
        ("action", "withdraw"),
        ("id", &id),
        ("reason", "x"),
        ("back", &back),
    ];
    let mut sent = form("/act", &fields);
    if session {
        sent = sent.header("cookie", &cookie);
    }
    let answer = sent.of(&fixture).await;
    assert!(
        header(&answer, "location").contains(to),
        "{:?}",
        answer.headers
    );
    let stored = get(&format!("/v1{back}"))
        .token(TOKEN)
        .of(&fixture)
        .await
        .json;
    assert_eq!(stored["state"], "held");
}

#[tokio::test]
async fn a_mark_is_of_one_session_and_ends_with_it() {
    let fixture = fixture("").await;
    let id = held(&fixture).await;
    let first = signed_in(&fixture, Role::Manager).await;
    let second = signed_in(&fixture, Role::Manager).await;
    let page = get("/documents")
        .header("cookie", &second)
        .of(&fixture)
        .await;
    let mark = mark(&page);
    let fields = [("mark", mark.as_str()), ("action", "release"), ("id", &id)];
    form("/act", &fields)
        .header("cookie", &first)
        .of(&fixture)
        .await;
    let state = |json: Value| json["state"].as_str().map(str::to_owned);
    let path = format!("/v1/documents/{id}");
    assert_eq!(
        state(get(&path).token(TOKEN).of(&fixture).await.json).as_deref(),
        Some("held")
    );
    let out = form("/sign-out", &[("mark", mark.as_str())])
        .header("cookie", &second)
        .of(&fixture)
        .await;
    assert!(header(&out, "set-cookie").contains("Max-Age=0"));
    form("/act", &fields)
        .header("cookie", &second)
        .of(&fixture)
        .await;
    assert_eq!(
        state(get(&path).token(TOKEN).of(&fixture).await.json).as_deref(),
        Some("held")
    );
}

/// Markup in every field that a till or Odoo fills: it comes out as text on every page that shows it.
#[tokio::test]
async fn markup_of_others_is_text() {
    let fixture = fixture("").await;
    let odd = "<img src=x onerror=alert(1)>'\"</script>";
    let mut document = sale("3", 1, "/body/tenders/0/amount", json!("9.00"));
    document["receipt_number"] = odd.into();
    document["operator"] = "op".into();
    document["body"]["lines"][0]["product"] = json!({"sku": odd, "name": odd, "barcode": odd});
    document["body"]["tenders"][0]["method"] = odd.into();
    document["ext"] = json!({odd: odd});
    let row = hand_in(&fixture, &document).await;
    let id = row["id"].as_str().unwrap_or_else(|| panic!("{row}"));
    let board = &fixture.api.parts.board;
    board.trouble("files", Health::Attention, [odd, odd, odd], now());
    board.because("files", odd.to_owned());
    board.trouble(odd, Health::Attention, [odd, odd, odd], now());
    let cookie = signed_in(&fixture, Role::It).await;
    let escaped = super::visit::escaped(odd);
    let withdrawn = get(&format!("/documents/{id}"))
        .header("cookie", &cookie)
        .of(&fixture)
        .await;
    let fields = [
        ("mark", mark(&withdrawn)),
        ("action", "withdraw".into()),
        ("id", id.into()),
        ("reason", odd.into()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    for path in [
        "/".to_owned(),
        "/documents".to_owned(),
        format!("/documents?till={escaped}"),
        format!("/documents/{id}"),
        format!("/documents/{id}?said={escaped}"),
        format!("/products?q={escaped}"),
        format!("/receipts?number={escaped}"),
        format!("/receipts?number=1&till={escaped}"),
        "/proof?date=2026-10-30".to_owned(),
        "/charts".to_owned(),
        format!("/sign-in?to={escaped}"),
        format!("/documents/{escaped}"),
    ] {
        let page = get(&path).header("cookie", &cookie).of(&fixture).await.text;
        assert!(page.contains("</html>"), "{path}: {page}");
        assert!(
            !page.contains("<img") && !page.contains("'\"</script>"),
            "{path}: {page}"
        );
    }
    form("/act", &fields)
        .header("cookie", &cookie)
        .of(&fixture)
        .await;
    let story = get(&format!("/documents/{id}"))
        .header("cookie", &cookie)
        .of(&fixture)
        .await
        .text;
    assert!(
        story.contains("withdrawn: &#60;img") && !story.contains("<img"),
        "{story}"
    );
}

#[tokio::test]
async fn secrets_are_guessed_slowly_and_a_page_says_so() {
    let fixture = fixture("").await;
    signed_in(&fixture, Role::Manager).await;
    let try_one = |peer: &'static str, secret: &'static str| {
        form("/sign-in", &[("role", "manager"), ("secret", secret)]).from(peer)
    };
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(
            try_one("10.0.0.9:1", "wrong wrong")
                .of(&fixture)
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(seen, [401, 401, 401, 401, 401, 429]);
    let told = try_one("10.0.0.9:1", SECRET).of(&fixture).await;
    assert_eq!(told.status, 429, "the right one has to wait too");
    assert!(told.headers.contains_key("retry-after") || told.text.contains("Wait 1 seconds"));
    let other = try_one("10.0.0.10:1", SECRET).of(&fixture).await;
    assert_eq!(other.status, 303, "nobody else is locked out");
}
