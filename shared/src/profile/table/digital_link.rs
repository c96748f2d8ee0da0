//! GS1 Digital Link: a web address on the goods that holds the article, its lot, its serial number and its expiry.

use rust_decimal::Decimal;

/// What an address holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// The GTIN.
    pub barcode: String,
    /// The lot.
    pub lot: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// Until when it keeps, as a date.
    pub expiry: Option<String>,
    /// The weight in kilograms.
    pub weight: Option<Decimal>,
}

/// Reads one; `None` when it is none.
pub fn read(text: &str) -> Option<Link> {
    let address = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    let address = address.split('#').next()?;
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut steps = path.split('/').skip_while(|step| *step != "01").skip(1);
    let barcode = steps.next().filter(|digits| {
        (8..=14).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })?;
    let mut link = Link {
        barcode: barcode.to_owned(),
        ..Link::default()
    };
    while let (Some(key), Some(value)) = (steps.next(), steps.next()) {
        link.take(key, value);
    }
    for (key, value) in query.split('&').filter_map(|part| part.split_once('=')) {
        link.take(key, value);
    }
    Some(link)
}

impl Link {
    fn take(&mut self, key: &str, value: &str) {
        match key {
            "10" => self.lot = Some(value.to_owned()),
            "21" => self.serial = Some(value.to_owned()),
            "17" => self.expiry = day(value),
            // A net weight; the last digit says how many decimals it has.
            "3100" | "3101" | "3102" | "3103" => {
                let decimals = u32::from(key.as_bytes()[3] - b'0');
                let number: Option<i64> = value.parse().ok();
                self.weight = number.map(|number| Decimal::new(number, decimals).normalize());
            }
            _ => {}
        }
    }
}

/// `261031` as a date; a day of 00 is left out, because it means the month's end.
fn day(text: &str) -> Option<String> {
    let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (year, month, day) = (text.get(..2)?, text.get(2..4)?, text.get(4..)?);
    (digits && day != "00").then(|| format!("20{year}-{month}-{day}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_on_the_goods_is_article_lot_serial_and_expiry() {
        let link =
            read("https://id.example.com/a/01/07610000000019/10/L7/21/S-1?17=261031&3103=001345")
                .unwrap();
        let expected = Link {
            barcode: "07610000000019".to_owned(),
            lot: Some("L7".to_owned()),
            serial: Some("S-1".to_owned()),
            expiry: Some("2026-10-31".to_owned()),
            weight: Some("1.345".parse().unwrap()),
        };
        assert_eq!(link, expected);
        assert_eq!(read("https://example.com/shop/tea"), None);
        assert_eq!(read("7610000000019"), None);
    }
}
