//! Currencies and their smallest units (ISO 4217).

use rust_decimal::Decimal;

/// Every current ISO 4217 code of a currency that a till may take.
const KNOWN: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
    CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD \
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON \
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX \
    USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";
/// Currencies without a smaller unit.
const WHOLE: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Currencies whose smallest unit is a thousandth.
const THOUSANDTHS: &str = "BHD IQD JOD KWD LYD OMR TND";

fn lists(list: &str, code: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == code)
}

/// Whether it is a currency of ISO 4217.
pub fn known(code: &str) -> bool {
    lists(KNOWN, code)
}

/// How many digits after the point the currency has.
pub fn exponent(code: &str) -> u32 {
    if lists(WHOLE, code) {
        0
    } else if lists(THOUSANDTHS, code) {
        3
    } else if code == "CLF" {
        4
    } else {
        2
    }
}

/// The currency's smallest unit, as money.
pub fn smallest_unit(code: &str) -> Decimal {
    Decimal::new(1, exponent(code))
}

/// Currencies whose coins are coarser than their smallest unit, with the step to which cash is rounded.
const CASH_STEPS: [(&str, i64, u32); 24] = [
    ("AUD", 5, 2),
    ("CAD", 5, 2),
    ("CHF", 5, 2),
    ("CZK", 1, 0),
    ("DKK", 50, 2),
    ("EUR", 5, 2),
    ("HKD", 10, 2),
    ("HUF", 5, 0),
    ("IDR", 100, 0),
    ("ILS", 10, 2),
    ("INR", 1, 0),
    ("KRW", 10, 0),
    ("MXN", 50, 2),
    ("MYR", 5, 2),
    ("NOK", 1, 0),
    ("NZD", 10, 2),
    ("PHP", 25, 2),
    ("SEK", 1, 0),
    ("SGD", 5, 2),
    ("THB", 25, 2),
    ("TWD", 1, 0),
    ("UAH", 50, 2),
    ("VND", 500, 0),
    ("ZAR", 10, 2),
];
/// The cash step of every other currency, in smallest units: the most common one.
const CASH_STEP_DEFAULT: i64 = 5;

/// To what amount cash is rounded in this currency.
pub fn cash_step(code: &str) -> Decimal {
    let step = CASH_STEPS.iter().find(|(known, _, _)| *known == code);
    step.map_or_else(
        || Decimal::new(CASH_STEP_DEFAULT, exponent(code)),
        |(_, step, digits)| Decimal::new(*step, *digits),
    )
}

/// Signs of money, and the currencies written with them; the first where nothing says more.
const SIGNS: [(char, &[&str]); 5] = [
    (
        '$',
        &[
            "USD", "AUD", "CAD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP", "UYU",
            "BRL",
        ],
    ),
    ('€', &["EUR"]),
    ('£', &["GBP", "EGP", "GIP", "FKP", "SHP", "LBP", "SYP"]),
    ('¥', &["JPY", "CNY"]),
    ('₹', &["INR"]),
];

/// The currency that a sign stands for in a store of this currency.
pub fn of_sign(sign: char, store: &str) -> Option<&'static str> {
    let (_, all) = SIGNS.iter().find(|(known, _)| *known == sign)?;
    let own = all.iter().find(|code| **code == store);
    own.or_else(|| all.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_is_the_stores_own_currency_where_it_can_be() {
        assert_eq!(of_sign('$', "CAD"), Some("CAD"));
        assert_eq!(of_sign('$', "CHF"), Some("USD"));
        assert_eq!(of_sign('€', "CHF"), Some("EUR"));
        assert_eq!(of_sign('?', "CHF"), None);
    }

    #[test]
    fn the_smallest_unit_follows_iso_4217() {
        let units = ["JPY", "CHF", "KWD", "CLF"].map(|code| smallest_unit(code).to_string());
        assert_eq!(units, ["1", "0.01", "0.001", "0.0001"]);
        assert!(!known("CFH"));
    }

    #[test]
    fn the_cash_step_is_the_smallest_coin() {
        let steps = ["CHF", "EUR", "SEK", "DKK", "HUF", "RON", "JPY"].map(cash_step);
        let steps = steps.map(|step| step.to_string());
        assert_eq!(steps, ["0.05", "0.05", "1", "0.50", "5", "0.05", "5"]);
        assert!(CASH_STEPS.iter().all(|(code, _, _)| known(code)));
    }
}
