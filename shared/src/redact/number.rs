//! Card numbers in text: found by form, check digit and issuer, and masked down to their last four digits.
//!
//! The check digit alone is not enough: a tenth of all numbers have a right one, and so have all serial numbers of
//! phones. Only with an issuer's prefix for the number's length does it count.

use std::borrow::Cow;

/// The fewest digits of a card number.
const DIGITS_MIN: usize = 13;
/// The most.
const DIGITS_MAX: usize = 19;
/// Digits that stay.
const DIGITS_KEPT: usize = 4;
/// What stands for the others.
const MASK: &str = "****";

/// Issuers: the first and last prefix of a range (compared on as many digits), the fewest and the most digits.
const ISSUERS: [(u32, u32, usize, usize); 27] = [
    (4, 4, 13, 13),       // Visa
    (4, 4, 16, 16),       // Visa
    (4, 4, 19, 19),       // Visa
    (51, 55, 16, 16),     // Mastercard
    (2221, 2720, 16, 16), // Mastercard
    (34, 34, 15, 15),     // American Express
    (37, 37, 15, 15),     // American Express
    (300, 305, 14, 14),   // Diners
    (309, 309, 14, 14),   // Diners
    (36, 36, 14, 14),     // Diners
    (38, 39, 14, 14),     // Diners
    (6011, 6011, 16, 19), // Discover
    (644, 649, 16, 19),   // Discover
    (65, 65, 16, 19),     // Discover, Troy
    (3528, 3589, 16, 19), // JCB
    (62, 62, 16, 19),     // UnionPay
    (81, 82, 16, 19),     // UnionPay, RuPay
    (50, 50, 13, 19),     // Maestro
    (56, 58, 13, 19),     // Maestro
    (6, 6, 13, 19),       // Maestro and others
    (2200, 2204, 16, 19), // Mir
    (2205, 2205, 16, 19), // Borica
    (9792, 9792, 16, 16), // Troy
    (8600, 8600, 16, 16), // Uzcard
    (9860, 9860, 16, 16), // Humo
    (1946, 1946, 16, 16), // Girocard
    (636, 639, 13, 19),   // Interpayment, InstaPayment
];

/// Whether these digits are a card number.
pub fn is_card_number(digits: &str) -> bool {
    (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) && luhn(digits) && issued(digits)
}

fn luhn(digits: &str) -> bool {
    let weigh = |(index, byte): (usize, u8)| {
        let digit = u32::from(byte - b'0');
        if index % 2 == 0 {
            digit
        } else {
            digit * 2 / 10 + digit * 2 % 10
        }
    };
    digits.bytes().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}

fn issued(digits: &str) -> bool {
    ISSUERS.iter().any(|(first, last, fewest, most)| {
        let width = first.ilog10() as usize + 1;
        let prefix = digits.get(..width).and_then(|prefix| prefix.parse().ok());
        (fewest..=most).contains(&&digits.len())
            && prefix.is_some_and(|prefix| (first..=last).contains(&&prefix))
    })
}

/// The text with every card number masked, or `None` if there is none.
pub fn mask(text: &str) -> Option<String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits < DIGITS_MIN {
        return None;
    }
    let mut runs = runs(text);
    let mut masked = String::with_capacity(text.len());
    let mut found = false;
    let mut at = 0;
    while at < runs.len() {
        if let Some((last, digits)) = card_number(&runs[at..]) {
            found = true;
            let end = at + last;
            masked.push_str(runs[at].before);
            masked.push_str(MASK);
            // What stays may begin another card number together with what follows, so it is looked at again.
            let kept = digits[digits.len() - DIGITS_KEPT..].to_owned();
            runs[end] = Run {
                before: "",
                text: Cow::Owned(kept),
            };
            at = end;
        } else {
            masked.push_str(runs[at].before);
            masked.push_str(&runs[at].text);
            at += 1;
        }
    }
    found.then_some(masked)
}

/// What may be kept of a value that is a card's number by its name, whatever its digits: the last four.
pub fn last_four(text: &str) -> String {
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let kept = &digits[digits.len().saturating_sub(DIGITS_KEPT)..];
    MASK.chars().chain(kept.iter().copied()).collect()
}

/// Whether a card's number by its name still shows more than the last four digits.
pub fn shows_more_than_four(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() > DIGITS_KEPT
}

/// A run of letters and digits as long as can be, and what stands before it.
struct Run<'a> {
    before: &'a str,
    text: Cow<'a, str>,
}

impl Run<'_> {
    fn is_digits(&self) -> bool {
        self.text.bytes().all(|b| b.is_ascii_digit())
    }
}

/// The text as runs; the last one is what stands behind the last, and empty.
fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut rest = text;
    loop {
        let start = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        let (before, tail) = rest.split_at(start);
        let end = tail
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(tail.len());
        let (run, tail) = tail.split_at(end);
        let text = Cow::Borrowed(run);
        runs.push(Run { before, text });
        if tail.is_empty() {
            return runs;
        }
        rest = tail;
    }
}

/// The longest card number that begins with the first run: the index of its last run, and its digits.
fn card_number(runs: &[Run<'_>]) -> Option<(usize, String)> {
    let mut digits = String::new();
    let mut longest = None;
    for (index, run) in runs.iter().enumerate() {
        let joined = index == 0 || is_separator(run.before);
        if !joined || run.text.is_empty() || !run.is_digits() {
            break;
        }
        digits.push_str(&run.text);
        if digits.len() > DIGITS_MAX {
            break;
        }
        if is_card_number(&digits) {
            longest = Some((index, digits.clone()));
        }
    }
    longest
}

/// A single blank or hyphen, as people and programs write them between the groups of a card number.
fn is_separator(text: &str) -> bool {
    matches!(
        text,
        " " | "-" | "\u{a0}" | "\u{202f}" | "\u{2010}" | "\u{2011}"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::visa("4111111111111111")]
    #[case::visa_old("4222222222222")]
    #[case::visa_long("4111111111111111110")]
    #[case::mastercard("5555555555554444")]
    #[case::mastercard_two("2223003122003222")]
    #[case::mastercard_end("2720990000000007")]
    #[case::amex("378282246310005")]
    #[case::amex_34("341111111111111")]
    #[case::diners("30569309025904")]
    #[case::diners_36("36227206271667")]
    #[case::discover("6011111111111117")]
    #[case::jcb("3530111333300000")]
    #[case::unionpay("6200000000000005")]
    #[case::maestro("6759649826438453")]
    #[case::maestro_50("5018000000000009")]
    fn cards_of_every_issuer_are_found(#[case] number: &str) {
        assert!(is_card_number(number));
        let kept = &number[number.len() - 4..];
        let text = format!("paid with {number}.");
        assert_eq!(mask(&text), Some(format!("paid with ****{kept}.")));
    }

    #[rstest]
    #[case::check_digit("4111111111111112")]
    #[case::too_short("411111111116")]
    #[case::too_long("41111111111111111115")]
    #[case::no_issuer("1111111111111117")]
    #[case::visa_of_15("411111111111116")]
    #[case::amex_of_16("3411111111111110")]
    #[case::before_mastercard("2220990000000008")]
    #[case::after_mastercard("2721000000000004")]
    #[case::before_jcb("3527111333300006")]
    #[case::phone_serial("356938035643809")]
    #[case::time("20261030170311")]
    #[case::milliseconds("1767225600000")]
    fn other_numbers_are_left_alone(#[case] number: &str) {
        assert_eq!(mask(number), None, "{number}");
    }

    #[rstest]
    #[case("4111 1111 1111 1111", "****1111")]
    #[case("4111-1111-1111-1111", "****1111")]
    #[case("4111\u{a0}1111\u{a0}1111\u{a0}1111", "****1111")]
    #[case("no 4111 1111 1111 1111, yes", "no ****1111, yes")]
    #[case("1234 4111111111111111 5678", "1234 ****1111 5678")]
    #[case("4111111111111111 and 5555555555554444", "****1111 and ****4444")]
    #[case("#4111111111111111*", "#****1111*")]
    #[case("x_4111111111111111", "x_****1111")]
    #[case("4111111111111111 ", "****1111 ")]
    #[case("4111111111111111 x", "****1111 x")]
    #[case("ä 4111111111111111 ö", "ä ****1111 ö")]
    fn it_is_masked_wherever_it_stands(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(mask(text).as_deref(), Some(expected));
    }

    #[rstest]
    #[case("4111  1111 1111 1111")]
    #[case("4111.1111.1111.1111")]
    #[case("x4111111111111111")]
    #[case("4111111111111111x")]
    #[case("14111111111111111")]
    #[case("ä4111111111111111")]
    fn part_of_something_longer_is_not_a_card_number(#[case] text: &str) {
        assert_eq!(mask(text), None);
    }

    #[rstest]
    #[case("4111111111111111", "****1111")]
    #[case("411111******1111", "****1111")]
    #[case("12", "****12")]
    #[case("", "****")]
    fn of_a_card_number_by_name_four_digits_stay(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(last_four(text), expected);
        assert!(!shows_more_than_four(expected));
    }

    /// Written another way than the code: every stretch of the text is tried.
    fn holds_card_number(text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let edge = |at: Option<&char>| at.is_none_or(|c| !c.is_alphanumeric());
        (0..chars.len()).any(|start| {
            (start + 13..=chars.len().min(start + 37)).any(|end| {
                let inside = &chars[start..end];
                let before = start.checked_sub(1).and_then(|at| chars.get(at));
                let digit = |c: &char| c.is_ascii_digit();
                let single = inside
                    .windows(2)
                    .all(|two| digit(&two[0]) || digit(&two[1]));
                let digits: String = inside.iter().filter(|c| digit(c)).collect();
                edge(before)
                    && edge(chars.get(end))
                    && inside.first().is_some_and(digit)
                    && inside.last().is_some_and(digit)
                    && inside.iter().all(|c| digit(c) || *c == ' ' || *c == '-')
                    && single
                    && is_card_number(&digits)
            })
        })
    }

    fn grouped() -> impl Strategy<Value = String> {
        let number = prop::sample::select(vec![
            "4111111111111111",
            "378282246310005",
            "6011111111111117",
        ]);
        (number, prop::collection::vec(1_usize..6, 0..4), "[ -]").prop_map(|(number, cuts, gap)| {
            let mut text = number.to_owned();
            let mut at = 0;
            for cut in cuts {
                at += cut + 1;
                if at < text.len() {
                    text.insert_str(at, &gap);
                }
            }
            text
        })
    }

    proptest! {
        #[test]
        fn no_card_number_is_left(
            parts in prop::collection::vec(prop_oneof![grouped(), "[0-9 -]{0,24}", "\\PC{0,3}"], 0..5),
        ) {
            let text = parts.concat();
            let after = mask(&text).unwrap_or_else(|| text.clone());
            prop_assert!(!holds_card_number(&after), "{:?} became {:?}", text, after);
        }

        #[test]
        fn what_holds_none_is_left_as_it_is(text in "[0-9a-z -]{0,40}") {
            prop_assert_eq!(mask(&text).is_some(), holds_card_number(&text));
        }
    }
}
