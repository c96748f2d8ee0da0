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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_unit_follows_iso_4217() {
        let units = ["JPY", "CHF", "KWD", "CLF"].map(|code| smallest_unit(code).to_string());
        assert_eq!(units, ["1", "0.01", "0.001", "0.0001"]);
        assert!(!known("CFH"));
    }
}
