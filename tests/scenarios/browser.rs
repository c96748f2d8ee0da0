//! The pages in a real browser.
//!
//! Goal: the manager's five tasks by clicking: see the state, find the refused sale, understand, mend it, see it go;
//! with the line up and down, in two languages, at a desk and on a phone; also with the keyboard alone. No violation of
//! WCAG 2.2 AA that axe-core can find, no complaint on the console, nothing loaded from elsewhere. Method: the built
//! service behind a proxy that can be shut, Debian's chromium, expected words written here. Screenshots are kept in the
//! cache folder, in `browser/screens`.

use serde_json::{Value, json};
use thirtyfour::Key;
use tillpost_tests::agent::Agent;
use tillpost_tests::browser::{Browser, Screen};
use tillpost_tests::place::{ByHttp, Place, TILL};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

/// The manager's password.
const SECRET: &str = "open sesame";

/// What the pages say in one language.
struct Words {
    language: &'static str,
    one_needs_you: &'static str,
    look_at_it: &'static str,
    sign_in: &'static str,
    refused: &'static str,
    sums: &'static str,
    retry: &'static str,
    release: &'static str,
    on_its_way: &'static str,
    sent: &'static str,
    done: &'static str,
    all_sent: &'static str,
    line_down: &'static str,
    overview: &'static str,
}

const ENGLISH: Words = Words {
    language: "en",
    one_needs_you: "1 document needs you.",
    look_at_it: "Look at it",
    sign_in: "Sign in",
    refused: "Head office refused it.",
    sums: "The amounts do not add up.",
    retry: "Try again",
    release: "Release",
    on_its_way: "on its way",
    sent: "sent",
    done: "Done.",
    all_sent: "Everything is sent.",
    line_down: "The line to cloud is down",
    overview: "Overview",
};

const GERMAN: Words = Words {
    language: "de",
    one_needs_you: "1 Beleg braucht Sie.",
    look_at_it: "Ansehen",
    sign_in: "Anmelden",
    refused: "Die Zentrale hat ihn abgelehnt.",
    sums: "Die Beträge gehen nicht auf.",
    retry: "Nochmals senden",
    release: "Freigeben",
    on_its_way: "unterwegs",
    sent: "gesendet",
    done: "Erledigt.",
    all_sent: "Alles ist gesendet.",
    line_down: "Die Leitung zu cloud ist unterbrochen",
    overview: "Übersicht",
};

fn unpaid(sequence: u64) -> Value {
    let mut sale = sale(TILL, sequence);
    sale["body"]["tenders"][0]["amount"] = "0.01".into();
    sale
}

/// Nothing to complain of on the page as it is.
fn assert_sound(browser: &Browser, agent: &Agent) {
    let path = browser.path();
    assert_eq!(browser.axe(), [""; 0], "axe on {path}");
    assert!(!browser.too_wide(), "{path} scrolls sideways");
    assert_eq!(browser.complaints(), [""; 0], "the console on {path}");
    let asked = browser.asked_for();
    let elsewhere: Vec<_> = asked
        .iter()
        // A date field draws its own sign, from a text.
        .filter(|url| !url.starts_with(&agent.url) && !url.starts_with("data:"))
        .collect();
    assert!(elsewhere.is_empty(), "{path} asked {elsewhere:?}");
    assert!(
        !asked.is_empty(),
        "nothing was noted of what {path} asked for"
    );
}

fn sign_in(browser: &Browser, words: &Words) {
    browser.fill("secret", SECRET);
    // The menu has a link of the same name on every page but this one.
    browser.click(words.sign_in);
}

/// The five tasks: a sale that head office refuses, while the line is up.
fn mend_a_refused_sale(name: &str, words: &Words, screen: Screen) {
    let place = ByHttp::new(name);
    place.home.set_login("manager", SECRET);
    let agent = place.start();
    agent.hand_in_all(&place.token(), &[place.bad(1)], "accepted");
    place.hand_in(&agent, 2, 3);
    let mut browser = Browser::open(name, words.language, screen);
    browser.go(&agent.url);
    browser.wait_text("h1", words.one_needs_you);
    browser.keep("state");
    assert_sound(&browser, &agent);
    browser.click(words.look_at_it);
    sign_in(&browser, words);
    browser.wait_text(".card .what", words.refused);
    browser.keep("what-is-the-matter");
    assert_sound(&browser, &agent);
    place.receiver.refuse_nothing();
    browser.click(words.retry);
    browser.wait_text(".said", words.done);
    browser.run("window.kept = 1");
    browser.wait_text("#state", words.sent);
    assert_eq!(
        browser.run("return window.kept"),
        1,
        "seen without loading the page anew"
    );
    browser.keep("gone");
    assert_sound(&browser, &agent);
    browser.click(words.overview);
    browser.wait_text("h1", words.all_sent);
    browser.keep("all-sent");
    assert_sound(&browser, &agent);
}

/// The same with the line down: a sale that our own checks hold is released, and goes when the line is back.
fn mend_a_held_sale(name: &str, words: &Words, screen: Screen) {
    let place = ByHttp::new(name);
    place.home.set_login("manager", SECRET);
    place.proxy().shut();
    let agent = place.start();
    agent.hand_in_all(&place.token(), &[unpaid(1)], "held");
    place.hand_in(&agent, 2, 3);
    let mut browser = Browser::open(name, words.language, screen);
    browser.go(&agent.url);
    browser.wait_text("h1", words.one_needs_you);
    browser.wait_text("#lines", words.line_down);
    browser.keep("state");
    assert_sound(&browser, &agent);
    browser.click(words.look_at_it);
    sign_in(&browser, words);
    browser.wait_text(".card .what", words.sums);
    browser.fill("release-reason", "paid at the other till");
    browser.keep("what-is-the-matter");
    assert_sound(&browser, &agent);
    browser.click(words.release);
    browser.wait_text("#state", words.on_its_way);
    browser.run("window.kept = 1");
    place.proxy().open();
    browser.wait_text("#state", words.sent);
    browser.wait_text("#story", "paid at the other till");
    assert_eq!(
        browser.run("return window.kept"),
        1,
        "seen without loading the page anew"
    );
    browser.keep("gone");
    assert_sound(&browser, &agent);
}

#[test]
fn long_a_refused_sale_is_mended_in_english_at_a_desk() {
    mend_a_refused_sale("refused-en-desktop", &ENGLISH, Screen::Desktop);
}

#[test]
fn long_a_refused_sale_is_mended_in_german_on_a_phone() {
    mend_a_refused_sale("refused-de-phone", &GERMAN, Screen::Phone);
}

#[test]
fn long_a_held_sale_is_mended_with_the_line_down_in_english_on_a_phone() {
    mend_a_held_sale("held-en-phone", &ENGLISH, Screen::Phone);
}

#[test]
fn long_a_held_sale_is_mended_with_the_line_down_in_german_at_a_desk() {
    mend_a_held_sale("held-de-desktop", &GERMAN, Screen::Desktop);
}

/// No mouse: the focus can be seen wherever it stands, and Enter does what a click does.
#[test]
fn long_a_held_sale_is_mended_with_the_keyboard_alone() {
    let place = ByHttp::new("keyboard");
    place.home.set_login("manager", SECRET);
    let agent = place.start();
    agent.hand_in_all(&place.token(), &[unpaid(1)], "held");
    let browser = Browser::open("keyboard", "en", Screen::Desktop);
    browser.go(&agent.url);
    browser.wait_text("h1", ENGLISH.one_needs_you);
    browser.tab_to(ENGLISH.look_at_it);
    browser.press(Key::Enter);
    browser.wait_text("h1", ENGLISH.sign_in);
    browser.tab_to("secret");
    browser.type_there(SECRET);
    browser.press(Key::Enter);
    browser.wait_text(".card .what", ENGLISH.sums);
    browser.tab_to(ENGLISH.release);
    browser.press(Key::Enter);
    browser.wait_text("#state", ENGLISH.sent);
}

/// Would run, or end what stands around it, if it were not text.
const MARKUP: &str = "<img src=x onerror=window.ran=1>'\"</script>";

/// A store with something on every page: prices, one of them to come, a refused sale, a held one with markup in it, sent
/// ones.
fn full(name: &str) -> (ByHttp, Agent) {
    let place = ByHttp::new(name);
    let home = &place.home;
    let catalog = format!(
        "[catalog]\nsource = \"folder\"\npath = \"{}/catalog\"\nrefresh = \"1s\"\n\n[data]",
        home.path().display()
    );
    home.reword("[data]", &catalog);
    std::fs::create_dir(home.path().join("catalog")).unwrap();
    let product = |n: u32, name: &str| {
        json!({
            "sku": format!("S-{n}"), "name": name, "barcodes": [format!("76130000000{n:02}")], "unit": "EA",
            "price": {"amount": "4.80", "currency": "USD", "tax_included": true, "list": "5.20"},
            "prices": [{"amount": "4.50", "from_at": "2099-01-01T00:00:00Z"}],
            "taxes": [{"code": "V81", "rate": "8.1"}], "active": n != 3,
        })
        .to_string()
    };
    let products = [
        product(1, "Article one"),
        product(2, &format!("Article {MARKUP}")),
        product(3, "Article three"),
    ];
    std::fs::write(home.path().join("catalog/all.ndjson"), products.join("\n")).unwrap();
    home.set_login("it", SECRET);
    let agent = place.start();
    agent.hand_in_all(&place.token(), &[place.bad(1)], "accepted");
    let mut odd = unpaid(2);
    odd["body"]["lines"][0]["product"]["name"] = MARKUP.into();
    odd["body"]["tenders"][0]["method"] = MARKUP.into();
    agent.hand_in_all(&place.token(), &[odd], "held");
    place.hand_in(&agent, 3, 20);
    wait::until("the prices", || {
        let found = agent.get(&place.token(), "/v1/products?q=Article");
        (found.status == 200 && found.body.contains("S-3")).then_some(())
    });
    (place, agent)
}

/// Every page, by every language, as the store's IT sees it, at a desk, on a phone and at 200 %.
#[test]
fn long_every_page_is_sound_in_every_language() {
    let (place, agent) = full("tour");
    let listed = agent.get(&place.token(), "/v1/documents?state=held").ok()["documents"][0].clone();
    let story = format!("/documents/{}", listed["id"].as_str().unwrap());
    let proof = format!("/proof?date={}", listed["business_date"].as_str().unwrap());
    for screen in [Screen::Desktop, Screen::Phone] {
        let mut browser = Browser::open(&format!("tour-{screen:?}"), "en", screen);
        browser.go(&format!("{}/sign-in", agent.url));
        assert_sound(&browser, &agent);
        browser.click("IT");
        browser.fill("secret", SECRET);
        browser.click(ENGLISH.sign_in);
        browser.wait_text("h1", "2 documents need you.");
        for language in ["en", "de", "fr", "es", "it", "nl"] {
            browser.go(&format!("{}/language?is={language}&to=/", agent.url));
            for page in [
                "/",
                "/documents",
                &story,
                "/products?q=Article",
                "/receipts?number=1-000003",
                &proof,
                "/charts",
            ] {
                browser.go(&format!("{}{page}", agent.url));
                browser.wait_text("header", "ZH01");
                browser.run(
                    "document.querySelectorAll('details').forEach((one) => { one.open = true; })",
                );
                browser.keep(&format!(
                    "{language}{}",
                    page.split('?').next().unwrap().replace('/', "-")
                ));
                assert_sound(&browser, &agent);
                assert_eq!(
                    browser.run("return window.ran ?? 0"),
                    0,
                    "markup ran on {page}"
                );
                browser.run("document.documentElement.style.fontSize = '200%'");
                assert!(!browser.too_wide(), "{page} in {language} at 200 %");
            }
        }
    }
}

/// The page says when the service behind it does not answer.
#[test]
fn long_an_open_page_says_when_it_is_out_of_date() {
    let place = ByHttp::new("stale");
    let agent = place.start();
    let mut browser = Browser::open("stale", "en", Screen::Desktop);
    browser.go(&agent.url);
    browser.wait_text("h1", ENGLISH.all_sent);
    agent.stop();
    browser.wait_text("#stale", "may be out of date");
    browser.keep("out-of-date");
}
