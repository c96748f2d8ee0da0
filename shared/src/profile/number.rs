//! Numbers as tills and spreadsheets print them: `1'234.50`, `$1,149.00`, `($33.62)`, `12,50-`, `0,345`.

use rust_decimal::Decimal;
use serde::Deserialize;

/// Digits and marks that a number may have; longer text is none.
const TEXT_MAX: usize = 40;
/// Numbers are smaller than this (10^12): all that the contract takes, and the products of two of them, summed up over
/// all lines of a receipt, are still within what a decimal can hold.
const NUMBER_MAX: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);
/// Digits after the point that the contract takes for a price.
const PRICE_SCALE: u32 = 8;

/// Which sign stands before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Sign {
    /// Found out number by number: the last of both signs, and a comma with other than three digits behind it.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// `1,234.50`.
    #[serde(rename = ".")]
    Point,
    /// `1.234,50`.
    #[serde(rename = ",")]
    Comma,
}

/// Reads a number; currency signs, currency codes and blanks around it do not matter.
pub fn number(text: &str, sign: Sign) -> Option<Decimal> {
    let text = text.trim();
    if text.is_empty() || text.len() > TEXT_MAX {
        return None;
    }
    let (text, brackets) = match text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
    {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let mut digits = String::with_capacity(text.len());
    let mut minus = false;
    let mut letters = 0;
    for c in text.chars() {
        match c {
            '0'..='9' | '.' | ',' => digits.push(c),
            '-' | '\u{2212}' if !minus => minus = true,
            '+' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}' | '$' | '€'
            | '£' | '¥' | '₹' => {}
            // A currency's code, as in CHF 12.50; never an exponent.
            'A'..='Z' if letters < 3 => letters += 1,
            _ => return None,
        }
    }
    if letters != 0 && letters != 3 || brackets && minus {
        return None;
    }
    let plain = plain(&digits, sign)?;
    let number = bounded(plain.parse().ok()?)?;
    Some(if minus || brackets { -number } else { number })
}

/// A number that can be computed with; what is larger is none.
pub fn bounded(number: Decimal) -> Option<Decimal> {
    (number.abs() < NUMBER_MAX).then_some(number)
}

/// The digits with a point before the decimals and nothing between the thousands.
fn plain(digits: &str, sign: Sign) -> Option<String> {
    let decimal = match sign {
        Sign::Point => '.',
        Sign::Comma => ',',
        Sign::Auto => guessed(digits),
    };
    let thousands = if decimal == '.' { ',' } else { '.' };
    let (whole, fraction) = digits.split_once(decimal).unwrap_or((digits, ""));
    if fraction.contains(['.', ',']) {
        return None;
    }
    let groups: Vec<&str> = whole.split(thousands).collect();
    let grouped = groups.len() == 1 || groups[1..].iter().all(|group| group.len() == 3);
    let whole: String = groups.concat();
    if !grouped || whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { "0" } else { &whole };
    Some(if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    })
}

fn guessed(digits: &str) -> char {
    let (comma, point) = (digits.rfind(','), digits.rfind('.'));
    match (comma, point) {
        (Some(comma), Some(point)) if comma > point => ',',
        (Some(comma), None) => {
            // 1,234 is a thousand in a file that writes points; 0,345 and 12,5 are not.
            let once = digits.matches(',').count() == 1;
            let thousands = digits.len() - comma == 4 && !digits.starts_with('0') && comma > 0;
            if once && !thousands { ',' } else { '.' }
        }
        (None | Some(_), Some(_)) => {
            let many = digits.matches('.').count() > 1;
            if many { ',' } else { '.' }
        }
        (None, None) => '.',
    }
}

/// A decimal as documents write it.
pub fn text(number: Decimal) -> String {
    number.to_string()
}

/// A price of one unit from a total: exact where it can be, else with eight digits.
pub fn price(total: Decimal, quantity: Decimal) -> Decimal {
    let price = total.checked_div(quantity).unwrap_or_default();
    price.round_dp(PRICE_SCALE).normalize()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn what_cannot_be_computed_with_is_no_number() {
        assert_eq!(number("1000000000000", Sign::Point), None);
        assert_eq!(number("-99999999999999999999999999", Sign::Point), None);
    }

    #[rstest]
    #[case("12", Sign::Auto, "12")]
    #[case("1'234.50", Sign::Auto, "1234.50")]
    #[case("1.234,50", Sign::Auto, "1234.50")]
    #[case("1.234.567", Sign::Auto, "1234567")]
    #[case("0,345", Sign::Auto, "0.345")]
    #[case("12,5", Sign::Auto, "12.5")]
    #[case("1,234", Sign::Auto, "1234")]
    #[case("1,234", Sign::Comma, "1.234")]
    #[case("1.234", Sign::Comma, "1234")]
    #[case(" $1,149.00 ", Sign::Point, "1149.00")]
    #[case("($33.62)", Sign::Point, "-33.62")]
    #[case("-$12.00", Sign::Point, "-12.00")]
    #[case("12,50-", Sign::Comma, "-12.50")]
    #[case("CHF 12.50", Sign::Point, "12.50")]
    #[case(",5", Sign::Comma, "0.5")]
    #[case("1 234\u{a0}567,8", Sign::Comma, "1234567.8")]
    #[case("999999999999.99", Sign::Point, "999999999999.99")]
    fn numbers_are_read_as_people_print_them(
        #[case] text: &str,
        #[case] sign: Sign,
        #[case] expected: &str,
    ) {
        assert_eq!(super::text(number(text, sign).unwrap()), expected);
    }

    #[rstest]
    #[case("")]
    #[case("4,00638E+12")]
    #[case("1.2.3,4,5")]
    #[case("--1")]
    #[case("(-1)")]
    #[case("12 pieces")]
    #[case("1,23,4")]
    #[case("-")]
    fn what_is_no_number_is_none(#[case] text: &str) {
        assert_eq!(number(text, Sign::Auto), None);
        assert_eq!(number(text, Sign::Point), None);
    }

    #[test]
    fn a_price_keeps_eight_digits() {
        let price = |total: &str, quantity: &str| {
            super::price(total.parse().unwrap(), quantity.parse().unwrap()).to_string()
        };
        assert_eq!(price("10.00", "4"), "2.5");
        assert_eq!(price("1.00", "3"), "0.33333333");
        assert_eq!(price("1.00", "0"), "0");
    }
}
