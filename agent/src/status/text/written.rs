//! How numbers, money, days and times are written in the store: by its language and region, and its currency. A Swiss
//! store writes 1’234.50 in every language, a French one 1 234,50.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tillpost_shared::currency;

use super::{Texts, fill};

/// The store's way of writing, for one language.
#[derive(Debug, Clone)]
pub struct Hand {
    texts: &'static Texts,
    zone: TimeZone,
    thousands: char,
    point: char,
}

impl Hand {
    /// The hand of a store with this setting, as in `de-CH`, this currency and this clock, for a reader of these texts.
    pub fn new(texts: &'static Texts, setting: &str, currency: &str, zone: TimeZone) -> Self {
        let region = setting.split(['-', '_']).nth(1).unwrap_or_default();
        let swiss = region.eq_ignore_ascii_case("CH") || currency == "CHF";
        let (thousands, point) = match (swiss, texts.language) {
            (true, _) => ('’', '.'),
            (false, "en") => (',', '.'),
            // A blank that is narrow and never breaks a line.
            (false, "fr") => ('\u{202f}', ','),
            (false, _) => ('.', ','),
        };
        Self {
            texts,
            zone,
            thousands,
            point,
        }
    }

    /// A whole number.
    pub fn number(&self, n: i64) -> String {
        self.decimal(&n.to_string())
    }

    /// A plain decimal such as `-1234.50`, with the digits it has; anything else as it is.
    pub fn decimal(&self, plain: &str) -> String {
        let (sign, digits) = plain
            .strip_prefix('-')
            .map_or(("", plain), |digits| ("−", digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let odd = |text: &str| text.bytes().any(|byte| !byte.is_ascii_digit());
        if whole.is_empty() || odd(whole) || odd(fraction) {
            return plain.to_owned();
        }
        let mut written = sign.to_owned();
        for (n, digit) in whole.chars().enumerate() {
            if n > 0 && (whole.len() - n).is_multiple_of(3) {
                written.push(self.thousands);
            }
            written.push(digit);
        }
        if !fraction.is_empty() {
            written.push(self.point);
            written.push_str(fraction);
        }
        written
    }

    /// An amount of money, with as many digits as its currency has, or more where there are more.
    pub fn money(&self, plain: &str, currency: &str) -> String {
        let digits = currency::exponent(currency) as usize;
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let fraction = fraction.trim_end_matches('0');
        let padded = match fraction.len().max(digits) {
            0 => whole.to_owned(),
            width => format!("{whole}.{fraction:0<width$}"),
        };
        let amount = self.decimal(&padded);
        if currency.is_empty() {
            amount
        } else {
            format!("{amount}\u{a0}{currency}")
        }
    }

    /// A moment on the store's clock.
    pub fn moment(&self, at: Timestamp) -> String {
        let local = at.to_zoned(self.zone.clone());
        format!("{}, {}", self.day(local.date()), local.strftime("%H:%M"))
    }

    /// The time of day on the store's clock.
    pub fn time(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }

    /// A day.
    pub fn day(&self, date: Date) -> String {
        let word = |words: &'static str, n: i8| {
            let place = usize::try_from(n).unwrap_or_default();
            words.split(' ').nth(place).unwrap_or_default()
        };
        let month = word(self.texts.months, date.month() - 1);
        let weekday = word(self.texts.weekdays, date.weekday().to_monday_zero_offset());
        let day = fill(self.texts.day_format, date.day().into(), month, weekday);
        format!("{day} {}", date.year())
    }

    /// A day that is text such as `2026-10-30`; anything else as it is.
    pub fn day_text(&self, text: &str) -> String {
        text.parse()
            .map_or_else(|_| text.to_owned(), |date| self.day(date))
    }

    /// The store's clock.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn hand(language: &str, setting: &str, currency: &str) -> Hand {
        Hand::new(Texts::of(language), setting, currency, TimeZone::UTC)
    }

    #[rstest]
    #[case("en", "en", "USD", "1,234,567.50\u{a0}USD")]
    #[case("de", "de", "EUR", "1.234.567,50\u{a0}EUR")]
    #[case("de", "de-CH", "CHF", "1’234’567.50\u{a0}CHF")]
    #[case("fr", "de", "CHF", "1’234’567.50\u{a0}CHF")]
    #[case("fr", "fr", "EUR", "1\u{202f}234\u{202f}567,50\u{a0}EUR")]
    #[case("nl", "nl", "JPY", "1.234.567,5\u{a0}JPY")]
    fn money_is_written_the_stores_way(
        #[case] language: &str,
        #[case] setting: &str,
        #[case] currency: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(
            hand(language, setting, currency).money("1234567.5", currency),
            expected
        );
    }

    #[rstest]
    #[case("0", "0")]
    #[case("-999", "−999")]
    #[case("1000", "1,000")]
    #[case("0.345", "0.345")]
    #[case("<b>1</b>", "<b>1</b>")]
    #[case("", "")]
    #[case("-", "-")]
    fn numbers_keep_their_digits(#[case] plain: &str, #[case] expected: &str) {
        assert_eq!(hand("en", "en", "USD").decimal(plain), expected);
    }

    #[test]
    fn whole_currencies_have_no_digits_behind_the_point() {
        assert_eq!(
            hand("en", "en", "JPY").money("1234.00", "JPY"),
            "1,234\u{a0}JPY"
        );
    }

    #[test]
    fn days_have_names_in_every_language() {
        for (language, expected) in [
            ("en", "Fri 30 Oct 2026"),
            ("de", "Fr 30. Okt. 2026"),
            ("fr", "ven. 30 oct. 2026"),
            ("es", "vie 30 oct 2026"),
            ("it", "ven 30 ott 2026"),
            ("nl", "vr 30 okt 2026"),
        ] {
            let day = hand(language, language, "EUR").day_text("2026-10-30");
            assert_eq!(day, expected);
        }
    }
}
