//! What the pages say, word by word, in each language, with something to say: a held sale and a trouble. What differs
//! from run to run (ids, times, today's date) is taken out.

use super::tests::{held, signed_in};
use crate::activity::{Health, now};
use crate::intake::http::fixture::{Fixture, fixture, get};
use crate::intake::http::login::Role;
use crate::status::text::{LANGUAGES, Texts};

/// What comes over before the first page is seen, in all: as little as a slow line brings in a moment.
const FIRST_PAINT_BYTES_MAX: usize = 50 * 1024;
/// Longer words with digits in them are ids.
const WORD_MAX: usize = 24;

/// The text of a page, a line for each piece.
fn words(html: &str) -> Vec<String> {
    let body = html.split_once("<body").map_or(html, |(_, body)| body);
    let pieces = body.split('<').filter_map(|piece| piece.split_once('>'));
    let lines = pieces.map(|(_, text)| text.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect()
}

/// Without what differs from run to run.
fn lasting(line: &str, texts: &Texts) -> String {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let named = texts.months.split(' ').chain(texts.weekdays.split(' '));
    let dates: Vec<String> = named.map(bare).collect();
    let word = |word: &str| {
        let digits = word.contains(|c: char| c.is_ascii_digit());
        if dates.contains(&bare(word)) {
            "…".to_owned()
        } else if digits && word.len() > WORD_MAX {
            "ID".to_owned()
        } else {
            word.replace(|c: char| c.is_ascii_digit(), "0")
        }
    };
    let words: Vec<String> = line.split(' ').map(word).collect();
    // One digit or two, as the day of the month is.
    words.join(" ").replace("00", "0").replace("00", "0")
}

async fn troubled() -> (Fixture, String, String) {
    let fixture = fixture("").await;
    let id = held(&fixture).await;
    let words = ["disk_low", "The disk is nearly full.", "Make room."];
    let board = &fixture.api.parts.board;
    board.trouble("disk", Health::Attention, words, now());
    let cookie = signed_in(&fixture, Role::Manager).await;
    (fixture, id, cookie)
}

#[tokio::test]
async fn every_page_says_what_it_said() {
    let (fixture, id, cookie) = troubled().await;
    for texts in LANGUAGES {
        let mut said = String::new();
        for path in [
            "/".to_owned(),
            "/documents".to_owned(),
            format!("/documents/{id}"),
            "/products".to_owned(),
            "/receipts?number=R-1".to_owned(),
            "/proof?date=2026-10-30".to_owned(),
            "/sign-in".to_owned(),
        ] {
            let page = get(&path)
                .header("accept-language", texts.language)
                .header("cookie", &cookie)
                .of(&fixture)
                .await;
            assert_eq!(page.status, 200, "{path}");
            said.push_str(&format!("== {}\n", path.replace(&id, "ID")));
            for line in words(&page.text) {
                said.push_str(&lasting(&line, texts));
                said.push('\n');
            }
        }
        insta::assert_snapshot!(format!("pages_{}", texts.language), said);
    }
}

#[tokio::test]
async fn the_first_page_is_small_in_every_language() {
    let (fixture, _, cookie) = troubled().await;
    for texts in LANGUAGES {
        let mut bytes = 0;
        for path in ["/", "/status.css", "/status.js", "/icon.svg"] {
            let answer = get(path)
                .header("accept-language", texts.language)
                .header("cookie", &cookie)
                .of(&fixture)
                .await;
            bytes += if answer.status == 200 {
                answer.text.len()
            } else {
                0
            };
        }
        assert!(bytes > 4_096, "{bytes} bytes: is it the page at all?");
        assert!(
            bytes <= FIRST_PAINT_BYTES_MAX,
            "{bytes} in {}",
            texts.language
        );
    }
}
