//! The pages, as somebody sees them: in their language, with what they may see, and with nobody else's markup.

use axum::http::Method;
use serde_json::json;

use crate::activity::now;
use crate::intake::http::fixture::{Answer, Ask, Fixture, ask, fixture, get, hand_in, sale};
use crate::intake::http::login::{Role, Verifier};
use crate::status::text::LANGUAGES;

pub(super) const SECRET: &str = "correct horse";
/// What every page needs to be shown.
const PAGES: [&str; 6] = [
    "/",
    "/documents",
    "/products",
    "/receipts",
    "/proof",
    "/charts",
];

pub(super) fn form(path: &str, fields: &[(&str, &str)]) -> Ask {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    ask(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .body(body.finish())
}

/// The cookie of somebody who signed in on the page.
pub(super) async fn signed_in(fixture: &Fixture, role: Role) -> String {
    let verifier = Verifier::of(SECRET).unwrap();
    let keep = move |writer: &_| verifier.keep(writer, role, "it", now());
    fixture.api.parts.store.write(keep).await.unwrap();
    let fields = [
        ("role", role.as_str()),
        ("secret", SECRET),
        ("to", "/documents"),
    ];
    let answer = form("/sign-in", &fields).of(fixture).await;
    assert_eq!(
        (answer.status.as_u16(), header(&answer, "location")),
        (303, "/documents")
    );
    let cookie = header(&answer, "set-cookie");
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

pub(super) fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer
        .headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// The mark in a page's forms.
pub(super) fn mark(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("name=\"mark\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// A held document's id.
pub(super) async fn held(fixture: &Fixture) -> String {
    let odd = sale("3", 1, "/body/tenders/0/amount", json!("9.00"));
    let row = hand_in(fixture, &odd).await;
    assert_eq!(row["status"], "held", "{row}");
    row["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_page_speaks_every_language() {
    let fixture = fixture("").await;
    let id = held(&fixture).await;
    let cookie = signed_in(&fixture, Role::It).await;
    let story = format!("/documents/{id}");
    for texts in LANGUAGES {
        for path in PAGES
            .into_iter()
            .chain([story.as_str(), "/sign-in", "/nowhere-known"])
        {
            let page = get(path)
                .header("accept-language", texts.language)
                .header("cookie", &cookie);
            let page = page.of(&fixture).await;
            if path == "/nowhere-known" {
                assert_eq!(page.status, 404);
                continue;
            }
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            assert!(
                page.text
                    .contains(&format!("<html lang=\"{}\">", texts.language)),
                "{path}"
            );
            assert!(
                page.text.contains(texts.sign_out),
                "{path} in {}",
                texts.language
            );
        }
    }
    let chosen = get("/language?is=nl&to=/documents").of(&fixture).await;
    let nl = header(&chosen, "set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let page = get("/")
        .header("accept-language", "de")
        .header("cookie", &nl)
        .of(&fixture)
        .await;
    assert!(page.text.contains("<html lang=\"nl\">"));
}

#[tokio::test]
async fn without_signing_in_there_is_the_overview_and_no_money() {
    let fixture = fixture("").await;
    hand_in(&fixture, &sale("3", 7, "", json!(0))).await;
    let id = held(&fixture).await;
    let page = get("/").header("accept", "text/html").of(&fixture).await;
    assert_eq!(page.status, 200);
    assert!(
        !page.text.contains("10.00") && !page.text.contains("9.00"),
        "{}",
        page.text
    );
    assert!(
        page.text.contains("tenders … minus change"),
        "{}",
        page.text
    );
    for path in [
        format!("/documents/{id}"),
        "/documents?state=held".to_owned(),
        "/products?q=a".to_owned(),
        "/receipts?number=R-1".to_owned(),
        "/proof".to_owned(),
    ] {
        let asked = get(&path).header("accept", "text/html").of(&fixture).await;
        let to = format!("/sign-in?to={}", super::visit::escaped(&path));
        assert_eq!(
            (asked.status.as_u16(), header(&asked, "location")),
            (303, to.as_str())
        );
        assert_eq!(get(&path).of(&fixture).await.status, 401, "{path}");
    }
    let remote = get("/")
        .header("accept", "text/html")
        .from("192.168.1.50:4000");
    assert_eq!(remote.of(&fixture).await.status, 303);
    assert_eq!(
        get("/events")
            .from("192.168.1.50:4000")
            .of(&fixture)
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn the_manager_sees_amounts_and_it_sees_more() {
    let fixture = fixture("").await;
    let id = held(&fixture).await;
    let manager = signed_in(&fixture, Role::Manager).await;
    let it = signed_in(&fixture, Role::It).await;
    let story = format!("/documents/{id}");
    let seen = |cookie: String| {
        let story = story.clone();
        let fixture = &fixture;
        async move { get(&story).header("cookie", &cookie).of(fixture).await.text }
    };
    let (manager, it) = (seen(manager).await, seen(it).await);
    assert!(manager.contains("10.00") && it.contains("10.00"));
    let raw = "&#34;uid&#34;";
    assert!(it.contains(raw) && !manager.contains(raw), "{it}");
}

#[tokio::test]
async fn a_held_sale_is_released_with_a_reason_and_the_story_tells_who_and_why() {
    let fixture = fixture("").await;
    let id = held(&fixture).await;
    let cookie = signed_in(&fixture, Role::Manager).await;
    let story = format!("/documents/{id}");
    let page = get(&story).header("cookie", &cookie).of(&fixture).await;
    let mark = mark(&page);
    let fields = [
        ("mark", mark.as_str()),
        ("action", "release"),
        ("id", &id),
        ("reason", "paid at the other till"),
        ("back", &story),
    ];
    let done = form("/act", &fields)
        .header("cookie", &cookie)
        .of(&fixture)
        .await;
    assert_eq!(header(&done, "location"), format!("{story}?said=done"));
    let page = get(&story)
        .header("cookie", &cookie)
        .of(&fixture)
        .await
        .text;
    assert!(
        page.contains("released: paid at the other till") && page.contains(">manager<"),
        "{page}"
    );
    let again = form("/act", &fields)
        .header("cookie", &cookie)
        .of(&fixture)
        .await;
    assert_eq!(header(&again, "location"), format!("{story}?said=state"));
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere_and_have_no_script_in_them() {
    let fixture = fixture("").await;
    let cookie = signed_in(&fixture, Role::It).await;
    for path in PAGES {
        let page = get(path).header("cookie", &cookie).of(&fixture).await;
        let policy = header(&page, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"));
        assert!(
            !policy.contains("unsafe") && !policy.contains('*'),
            "{policy}"
        );
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(&page, name), value, "{path}");
        }
        assert!(page.headers.get("access-control-allow-origin").is_none());
        for (_, rest) in page
            .text
            .match_indices('<')
            .map(|(at, _)| page.text.split_at(at))
        {
            let tag = rest.split('>').next().unwrap();
            assert!(
                !tag.contains(" style=") && !tag.contains(" on"),
                "{path}: {tag}"
            );
            assert!(
                !tag.starts_with("<script") || tag.contains(" src=\"/status.js\""),
                "{tag}"
            );
            for attribute in ["src=\"", "href=\"", "action=\""] {
                let places = tag.split(attribute).skip(1);
                let own = |place: &str| place.starts_with('/') || place.starts_with('#');
                assert!(places.into_iter().all(own), "{path}: {tag}");
            }
        }
    }
}
