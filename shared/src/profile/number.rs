//! Numbers as tills and spreadsheets print them: `1'234.50`, `$1,149.00`, `($33.62)`, `12,50-`, `0,345`.

use rust_decimal::Decimal;
use serde::Deserialize;

/// Digits and marks that a number may have; longer text is none.
const TEXT_MAX: usize = 40;
/// Numbers are smaller than this (10^12): all that the contract takes, and the products of two of them, summed up over
/// all lines of a receipt, are still within what a decimal can hold.
const NUMBER_MAX: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);
/// Digits before the decimals, and of them, of a number that is read without further ado: 18 fit into 64 bits.
const SIMPLE_DIGITS_MAX: usize = 9;
/// Digits after the point that the contract takes for a price.
const PRICE_SCALE: u32 = 8;

/// Which sign stands before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Sign {
    /// Found out from all numbers of a column, then of a file; a number that could be either is none.
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

/// What one number says of the sign before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// It has no sign at all.
    Nothing,
    /// It can only be read with a point.
    Point,
    /// It can only be read with a comma.
    Comma,
    /// `1,234` and `1.234`: a thousand in one file, one and a bit in another.
    Either,
}

/// What the numbers of a column or a file say of the sign before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    points: u64,
    commas: u64,
}

impl Evidence {
    /// Looks at a cell; what is no number says nothing.
    pub fn add(&mut self, text: &str) {
        match bare(text).map(|bare| bare.says()) {
            Some(Says::Point) => self.points += 1,
            Some(Says::Comma) => self.commas += 1,
            Some(Says::Nothing | Says::Either) | None => {}
        }
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            points: self.points + other.points,
            commas: self.commas + other.commas,
        }
    }

    /// The sign on which all agree; `Auto` when none says, or they do not agree.
    pub fn sign(self) -> Sign {
        match (self.points, self.commas) {
            (1.., 0) => Sign::Point,
            (0, 1..) => Sign::Comma,
            _ => Sign::Auto,
        }
    }
}

/// A number's digits and signs, without what stands around them.
struct Bare {
    digits: String,
    minus: bool,
    /// A blank or an apostrophe stands between thousands, so that no comma or point does.
    grouped: bool,
}

fn bare(text: &str) -> Option<Bare> {
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
    let mut bare = Bare {
        digits: String::with_capacity(text.len()),
        minus: false,
        grouped: false,
    };
    let (mut letters, mut gap) = (0, false);
    for c in text.chars() {
        match c {
            '0'..='9' | '.' | ',' => {
                // Between digits only: `CHF 1,234` has a blank too.
                bare.grouped |= gap && !bare.digits.is_empty() && c.is_ascii_digit();
                gap = false;
                bare.digits.push(c);
            }
            '-' | '\u{2212}' if !bare.minus => bare.minus = true,
            ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}' => gap = true,
            '+' | '$' | '€' | '£' | '¥' | '₹' => {}
            // A currency's code, as in CHF 12.50; never an exponent.
            'A'..='Z' if letters < 3 => letters += 1,
            _ => return None,
        }
    }
    if letters != 0 && letters != 3 || brackets && bare.minus {
        return None;
    }
    bare.minus |= brackets;
    Some(bare)
}

impl Bare {
    fn says(&self) -> Says {
        let digits = &self.digits;
        let by = |sign: char| {
            if sign == ',' {
                Says::Comma
            } else {
                Says::Point
            }
        };
        let other = |sign: char| {
            if sign == ',' {
                Says::Point
            } else {
                Says::Comma
            }
        };
        let count = |sign: char| digits.matches(sign).count();
        let sign = match (count(','), count('.')) {
            (0, 0) => return Says::Nothing,
            (0, _) => '.',
            (_, 0) => ',',
            _ => {
                let last = digits.rfind([',', '.']);
                return by(if last == digits.rfind(',') { ',' } else { '.' });
            }
        };
        if count(sign) > 1 {
            // A date has its points elsewhere.
            let groups = digits.split(sign).skip(1).all(|group| group.len() == 3);
            return if groups { other(sign) } else { Says::Nothing };
        }
        let (whole, fraction) = digits.split_once(sign).unwrap_or((digits, ""));
        // 1,234 is a thousand in a file that writes points; 0,345 and 12,5 and 1'234,567 are not.
        let thousands = fraction.len() == 3
            && (1..=3).contains(&whole.len())
            && !whole.starts_with('0')
            && !self.grouped;
        if thousands { Says::Either } else { by(sign) }
    }
}

/// Reads a number; currency signs, currency codes and blanks around it do not matter.
pub fn number(text: &str, sign: Sign) -> Option<Decimal> {
    simple(text, sign).or_else(|| printed(text, sign))
}

/// A number without anything around or between its digits but the sign before its decimals: nearly all of a till's.
fn simple(text: &str, sign: Sign) -> Option<Decimal> {
    let parts = match sign {
        Sign::Point => text.split_once('.'),
        Sign::Comma => text.split_once(','),
        // Three digits could be thousands.
        Sign::Auto => text
            .split_once(['.', ','])
            .filter(|(_, fraction)| fraction.len() != 3),
    };
    let (whole, fraction) = parts.unwrap_or((text, "0"));
    let scale = if whole.len() == text.len() {
        0
    } else {
        fraction.len()
    };
    let digits = |text: &str| {
        let mut bytes = text.bytes();
        (1..=SIMPLE_DIGITS_MAX).contains(&text.len()) && bytes.all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let value: i64 = whole.parse().ok()?;
    let more: i64 = fraction.parse().ok()?;
    let scale = u32::try_from(scale).ok()?;
    bounded(Decimal::new(value * 10_i64.pow(scale) + more, scale))
}

/// A number as people read it.
fn printed(text: &str, sign: Sign) -> Option<Decimal> {
    let bare = bare(text)?;
    let decimal = match (sign, bare.says()) {
        (Sign::Point, _) | (Sign::Auto, Says::Point | Says::Nothing) => '.',
        (Sign::Comma, _) | (Sign::Auto, Says::Comma) => ',',
        (Sign::Auto, Says::Either) => return None,
    };
    let number = bounded(plain(&bare.digits, decimal)?.parse().ok()?)?;
    Some(if bare.minus { -number } else { number })
}

/// Whether a text is a number that could be read two ways, and nothing says which.
pub fn doubtful(text: &str, sign: Sign) -> bool {
    sign == Sign::Auto && bare(text).is_some_and(|bare| bare.says() == Says::Either)
}

/// A number that can be computed with; what is larger is none.
pub fn bounded(number: Decimal) -> Option<Decimal> {
    (number.abs() < NUMBER_MAX).then_some(number)
}

/// The digits with a point before the decimals and nothing between the thousands.
fn plain(digits: &str, decimal: char) -> Option<String> {
    let thousands = if decimal == '.' { ',' } else { '.' };
    let (whole, fraction) = digits.split_once(decimal).unwrap_or((digits, ""));
    if fraction.contains(['.', ',']) {
        return None;
    }
    let groups: Vec<&str> = whole.split(thousands).collect();
    let grouped = groups.len() == 1
        || groups[1..].iter().all(|group| group.len() == 3) && (1..=3).contains(&groups[0].len());
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
    use proptest::prelude::*;
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
    #[case("1'234,567", Sign::Auto, "1234.567")]
    #[case("1234,567", Sign::Auto, "1234.567")]
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
    #[case("1234,567.0")]
    fn what_is_no_number_is_none(#[case] text: &str) {
        assert_eq!(number(text, Sign::Auto), None);
        assert_eq!(number(text, Sign::Point), None);
    }

    #[rstest]
    #[case("1,234")]
    #[case("-12.345")]
    #[case("CHF 123,456")]
    fn what_could_be_two_numbers_is_none_until_the_file_says(#[case] text: &str) {
        assert_eq!(number(text, Sign::Auto), None);
        assert!(doubtful(text, Sign::Auto) && !doubtful(text, Sign::Comma));
        assert!(number(text, Sign::Comma).is_some() && number(text, Sign::Point).is_some());
    }

    #[rstest]
    #[case(&["1,345", "12,500", "7"], Sign::Auto)]
    #[case(&["1,345", "0,500"], Sign::Comma)]
    #[case(&["1,345", "1.234,50"], Sign::Comma)]
    #[case(&["1,345", "1.234.567"], Sign::Comma)]
    #[case(&["1,345", "12.5"], Sign::Point)]
    #[case(&["12,5", "12.5"], Sign::Auto)]
    #[case(&["", "Brot", "12", "31.10.2026"], Sign::Auto)]
    fn all_numbers_together_say_which_sign(#[case] texts: &[&str], #[case] sign: Sign) {
        let mut evidence = Evidence::default();
        texts.iter().for_each(|text| evidence.add(text));
        assert_eq!(evidence.sign(), sign);
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

    proptest! {
        #[test]
        fn a_plain_number_is_read_as_any_other(text in "[0-9]{0,10}[.,]?[0-9]{0,10}") {
            for sign in [Sign::Auto, Sign::Point, Sign::Comma] {
                if let Some(found) = simple(&text, sign) {
                    let other = printed(&text, sign).unwrap();
                    prop_assert_eq!((found, found.scale()), (other, other.scale()));
                }
            }
        }
    }
}
