//! What a card's magnetic stripe holds, and pictures: neither may be kept, not even in part.

use super::number::{is_card_number, last_four};

/// The fewest digits that are taken for a card number on a stripe.
const DIGITS_MIN: usize = 12;
/// The most.
const DIGITS_MAX: usize = 19;
/// Expiry and service code, which follow the number on a stripe.
const FOLLOWING_MIN: usize = 7;

/// Where stripe data is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// In every form in which terminals write it.
    Wide,
    /// Only where its own marks stand around it: in data that is to be copied verbatim.
    Marked,
}

/// The text with what a stripe holds replaced by the number's last four digits, or `None` if there is none.
pub fn strip(text: &str, search: Search) -> Option<String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits < DIGITS_MIN || !text.contains(['=', '^', 'D', 'd']) {
        return None;
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some((start, end, number)) = first(rest, search) {
        found = true;
        kept.push_str(&rest[..start]);
        kept.push_str(&last_four(number));
        rest = &rest[end..];
    }
    kept.push_str(rest);
    found.then_some(kept)
}

/// Where the first stripe data begins and ends, and its card number.
fn first(text: &str, search: Search) -> Option<(usize, usize, &str)> {
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()) {
        let start = from + start;
        let end = digits_end(text, start);
        if let Some((begin, finish)) = stripe(text, start, end, search) {
            return Some((begin, finish, &text[start..end]));
        }
        from = end;
    }
    None
}

/// Whether the digits from `start` to `end` are the number of a stripe, and from where to where that goes.
fn stripe(text: &str, start: usize, end: usize, search: Search) -> Option<(usize, usize)> {
    let number = &text[start..end];
    let (before, after) = (&text[..start], &text[end..]);
    if !(DIGITS_MIN..=DIGITS_MAX).contains(&number.len()) {
        return None;
    }
    let whole = !before.ends_with(char::is_alphanumeric) && is_card_number(number);
    if after.starts_with('^') {
        let mark = ["%B", "%b"].into_iter().find(|mark| before.ends_with(mark));
        if mark.is_none() && (search == Search::Marked || !(whole || before.ends_with(['B', 'b'])))
        {
            return None;
        }
        // The cardholder's name stands between; without an end mark all that follows is taken for it.
        let finish = after.find('?').map_or(text.len(), |at| end + at + 1);
        return Some((start - mark.map_or(0, str::len), finish));
    }
    let separated =
        after.starts_with('=') || (search == Search::Wide && after.starts_with(['D', 'd']));
    let following = digits_end(text, (end + 1).min(text.len())) - end;
    let marked = before.ends_with(';') && after.starts_with('=');
    if !separated || !(marked || (whole && following > FOLLOWING_MIN)) {
        return None;
    }
    let finish = end + following;
    let finish = finish + usize::from(text[finish..].starts_with('?'));
    Some((start - usize::from(before.ends_with(';')), finish))
}

fn digits_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(|c: char| !c.is_ascii_digit());
    start + length.unwrap_or(rest.len())
}

/// The fewest characters of a picture written as text.
const PICTURE_MIN: usize = 64;
/// How pictures and scanned pages begin when they are written as base64: PNG, JPEG, GIF, WebP, TIFF, PDF, SVG, XML.
const PICTURES: [&str; 9] = [
    "iVBORw0KGgo",
    "/9j/",
    "R0lGOD",
    "UklGR",
    "SUkqA",
    "TU0AK",
    "JVBERi0",
    "PHN2Zy",
    "PD94bWw",
];

/// Whether a text is, or holds, a picture: a signature or the image of a receipt.
pub fn is_picture(text: &str) -> bool {
    if text.contains("<svg") || text.contains("<SVG") || text.contains("data:image/") {
        return true;
    }
    let base64 = |c: char| c.is_ascii_alphanumeric() || "+/=-_\r\n ".contains(c);
    let text = text.trim_start();
    text.len() >= PICTURE_MIN
        && (PICTURES.iter().any(|start| text.starts_with(start)) || is_bitmap(text))
        && text.chars().all(base64)
}

/// A Windows bitmap begins with its size, then zeros.
fn is_bitmap(text: &str) -> bool {
    text.starts_with("Qk") && text.get(8..12) == Some("AAAA")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::two("a ;4111111111111111=25121011000012345678? b", "a ****1111 b")]
    #[case::two_open(";4111111111111111=2512", "****1111")]
    #[case::two_no_check_digit(";4111111111111112=25121010000?", "****1112")]
    #[case::one("%B4111111111111111^MUSTER/ANNA^25121011000?", "****1111")]
    #[case::one_open("x %b4111111111111111^MUSTER/ANNA^2512", "x ****1111")]
    #[case::both(
        "%B4111111111111111^M/A^2512?;4111111111111111=2512?",
        "****1111****1111"
    )]
    fn marked_stripe_data_goes_everywhere(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(strip(text, Search::Wide).as_deref(), Some(expected));
        assert_eq!(strip(text, Search::Marked).as_deref(), Some(expected));
    }

    #[rstest]
    #[case::chip(
        "4111111111111111D25121010000012345F",
        "****1111F",
        "4111111111111111D25121010000012345F"
    )]
    #[case::no_marks("4111111111111111=25121010000", "****1111", "****1111")]
    #[case::name(
        "4111111111111111^MUSTER/ANNA^2512",
        "****1111",
        "4111111111111111^MUSTER/ANNA^2512"
    )]
    #[case::b(
        "B4111111111111111^MUSTER/ANNA^25?!",
        "B****1111!",
        "B4111111111111111^MUSTER/ANNA^25?!"
    )]
    fn other_forms_go_from_free_text(#[case] text: &str, #[case] wide: &str, #[case] marked: &str) {
        assert_eq!(strip(text, Search::Wide).as_deref(), Some(wide));
        assert_eq!(
            strip(text, Search::Marked).unwrap_or_else(|| text.to_owned()),
            marked
        );
    }

    #[rstest]
    #[case::fiscal(
        "V0;955002-00;Kassenbeleg-V1;Beleg^0.00_2.55^2.55:Bar;18;112;2019-07-10T18:41:04.000Z"
    )]
    #[case::short(";41111111111=2512")]
    #[case::no_card_number("1234567890123456=25121010000")]
    #[case::hash("9f4111111111111111d25121010000")]
    #[case::too_little_behind("4111111111111111=251210")]
    #[case::power("4111111111111^2")]
    fn other_text_stays(#[case] text: &str) {
        assert_eq!(strip(text, Search::Marked), None);
        if !text.contains('^') {
            assert_eq!(strip(text, Search::Wide), None);
        }
    }

    #[rstest]
    #[case("<svg xmlns='x'/>", true)]
    #[case("signed: data:image/png;base64,AA", true)]
    #[case("iVBORw0KGgo", false)]
    #[case(
        "MEUCIQDx1234567890123456789012345678901234567890123456789012345678901234",
        false
    )]
    fn pictures_are_known_by_how_they_begin(#[case] text: &str, #[case] picture: bool) {
        assert_eq!(is_picture(text), picture);
    }

    #[test]
    fn pictures_in_base64_are_long_and_nothing_else() {
        for start in PICTURES.into_iter().chain(["QkAAAAAAAAAA"]) {
            let picture = format!("{start}{}==", "A1b/".repeat(16));
            assert!(is_picture(&picture), "{start}");
            assert!(!is_picture(&picture.replace('=', "!")), "{start}");
        }
    }

    #[test]
    fn a_picture_is_not_short() {
        let picture = |length: usize| format!("/9j/{}", "A".repeat(length - 4));
        assert!(is_picture(&picture(PICTURE_MIN)));
        assert!(!is_picture(&picture(PICTURE_MIN - 1)));
    }

    proptest! {
        #[test]
        fn stripping_never_panics(text in "\\PC*", marks in "[;%B0-9=^D?ä]{0,60}") {
            for search in [Search::Wide, Search::Marked] {
                let _ = strip(&text, search);
                let _ = strip(&marks, search);
            }
            let _ = is_picture(&text);
        }
    }
}
