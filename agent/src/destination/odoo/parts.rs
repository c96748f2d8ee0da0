//! Which Odoo orders one receipt becomes, and what must stand in Odoo afterwards.
//!
//! Odoo lets one order refund lines of one original only. So a receipt that takes back lines of several becomes one
//! order per original, in the order in which the receipt names them, and one for the rest; each has a uuid of its own.
//! Every other receipt is one order with the document's uid.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use tillpost_shared::document::Kind;
use tillpost_shared::document::sale::Sale;
use tillpost_shared::key::{self, Numbering, Target};
use tillpost_shared::scalar::Day;
use uuid::Uuid;

use super::payments;
use crate::destination::Delivery;

/// One Odoo order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The order's uuid.
    pub uuid: Uuid,
    /// The receipt whose lines it takes back.
    pub original: Option<Target>,
    /// Positions in the receipt's lines.
    pub lines: Vec<usize>,
}

/// What Odoo must hold of a document, whatever number of orders it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The orders.
    pub orders: Vec<Uuid>,
    /// Reference of each.
    pub reference: String,
    /// `date_order` of each.
    pub at: String,
    /// Sum of their totals.
    pub total: Decimal,
    /// Sum of what was paid.
    pub paid: Decimal,
    /// Their lines and quantities.
    pub lines: Vec<(Uuid, Decimal)>,
}

/// The orders of a receipt.
pub fn parts(delivery: &Delivery, sale: &Sale, numbering: &Numbering) -> Vec<Part> {
    let head = &delivery.document.head;
    let day = Day(delivery.business_date);
    let target = |n: &usize| {
        let origin = sale.lines[*n].returned_from.as_ref()?;
        key::origin_key(origin, head, day, numbering)
    };
    let all: Vec<usize> = (0..sale.lines.len()).collect();
    let mut originals: Vec<Target> = Vec::new();
    for target in all.iter().filter_map(target) {
        if originals.iter().all(|known| known.uid() != target.uid()) {
            originals.push(target);
        }
    }
    if originals.len() < 2 {
        let original = originals.pop();
        return vec![Part {
            uuid: delivery.uid,
            original,
            lines: all,
        }];
    }
    let of = |wanted: Option<&Target>| -> Vec<usize> {
        let wanted = wanted.map(Target::uid);
        all.iter()
            .copied()
            .filter(|n| target(n).map(|target| target.uid()) == wanted)
            .collect()
    };
    let mut parts: Vec<Part> = Vec::new();
    for original in &originals {
        let uuid = key::part_uid(delivery.uid, Some(&named(original)));
        parts.push(Part {
            uuid,
            original: Some(original.clone()),
            lines: of(Some(original)),
        });
    }
    let rest = of(None);
    if !rest.is_empty() {
        parts.push(Part {
            uuid: key::part_uid(delivery.uid, None),
            original: None,
            lines: rest,
        });
    }
    parts
}

/// All of a receipt in one order.
pub fn whole(delivery: &Delivery, sale: &Sale) -> Part {
    Part {
        uuid: delivery.uid,
        original: None,
        lines: (0..sale.lines.len()).collect(),
    }
}

/// What an original is called: its key, or its uid where the till knew no more.
pub fn named(original: &Target) -> String {
    match original {
        Target::Key(key) => key.clone(),
        Target::Uid(uid) => uid.to_string(),
    }
}

/// What Odoo must hold of a sale or return.
pub fn expected(delivery: &Delivery, sale: &Sale, parts: &[Part]) -> Expected {
    let tips = payments::tips(&sale.tenders);
    let line = |line: &tillpost_shared::document::sale::Line| {
        (key::line_uid(delivery.uid, line.line), line.quantity.0)
    };
    let mut lines: Vec<(Uuid, Decimal)> = sale.lines.iter().map(line).collect();
    if !tips.is_zero() {
        lines.push((tip_uuid(delivery.uid), Decimal::ONE));
    }
    Expected {
        orders: parts.iter().map(|part| part.uuid).collect(),
        reference: reference(delivery),
        at: odoo_time(delivery.document.head.occurred_at.at()),
        total: sale.total.0 + tips,
        paid: sale.total.0 + sale.cash_rounding() + tips,
        lines,
    }
}

/// The uuid of the line that carries the tenders' tips.
pub fn tip_uuid(document: Uuid) -> Uuid {
    Uuid::new_v5(&document, b"tip")
}

/// The uuid of the line that carries what was rounded to coins, where it stands on a line.
pub fn rounding_uuid(document: Uuid) -> Uuid {
    Uuid::new_v5(&document, b"rounding")
}

/// `<store>-<till>-<series>-<business date>-<number>`: ends with the till's number, because Odoo names the order after
/// the last part; before a void's number stands `void`.
pub fn reference(delivery: &Delivery) -> String {
    let head = &delivery.document.head;
    let circle = format!("{}-{}-{}", head.store, head.till(), head.series());
    named_by(&circle, &delivery.key, head.kind, delivery.business_date)
}

/// The same of a document of which no more than its key is at hand, which begins with store, till and series.
pub fn reference_of_key(key: &str, kind: Kind, day: Date) -> String {
    let circle: Vec<&str> = key.split('/').take(CIRCLE_PARTS).collect();
    named_by(&circle.join("-"), key, kind, day)
}

/// Store, till and series.
const CIRCLE_PARTS: usize = 3;

fn named_by(circle: &str, key: &str, kind: Kind, day: Date) -> String {
    let number = key.rsplit('/').next().unwrap_or_default();
    let plain = number.strip_prefix("r:").or(number.strip_prefix("s:"));
    let mark = if kind == Kind::Void { VOID_MARK } else { "" };
    format!("{circle}{}{mark}{}", day_mark(day), plain.unwrap_or(number))
}

/// What stands before a void's number in its reference.
pub const VOID_MARK: &str = "void-";

/// How a business date stands in a reference.
pub fn day_mark(day: Date) -> String {
    format!("-{}-", day.strftime("%Y%m%d"))
}

/// A time as Odoo wants it: UTC, to the second, without a zone.
pub fn odoo_time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// The till's number where Odoo can hold it, else one derived from the uid: without one Odoo would take the next of
/// its own, under a lock.
pub fn sequence_number(delivery: &Delivery) -> i64 {
    let own = delivery
        .document
        .head
        .sequence
        .map_or(0, |sequence| sequence.0);
    if (1..=i64::from(i32::MAX)).contains(&own) {
        return own;
    }
    let derived = delivery.uid.as_u64_pair().1 & 0x3fff_ffff;
    i64::try_from(derived).unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::destination::odoo::testing::delivery;

    fn split(origins: &[Value]) -> (Delivery, Vec<Part>) {
        let line = |(n, origin): (usize, &Value)| {
            json!({ "line": n + 1, "type": "item", "product": { "sku": "A" }, "quantity": "-1", "unit_price": "1",
                    "total": "-1", "returned_from": origin })
        };
        let lines: Vec<Value> = origins.iter().enumerate().map(line).collect();
        let body = json!({ "prices": "tax_included", "total": "0", "lines": lines });
        let delivery = delivery("return", 9, body);
        let sale = delivery.document.body.as_sale().expect("a return").clone();
        let parts = parts(&delivery, &sale, &Numbering::default());
        (delivery, parts)
    }

    #[test]
    fn one_original_or_none_is_one_order_with_the_documents_uid() {
        for origins in [
            vec![json!({ "sequence": 4 }), json!(null)],
            vec![json!(null)],
        ] {
            let (delivery, parts) = split(&origins);
            assert_eq!((parts.len(), parts[0].uuid), (1, delivery.uid));
            assert_eq!(parts[0].lines.len(), origins.len());
        }
    }

    #[test]
    fn several_originals_are_an_order_each_and_the_rest_comes_last() {
        let (delivery, parts) = split(&[
            json!(null),
            json!({ "sequence": 5 }),
            json!({ "sequence": 4 }),
            json!({ "sequence": 5, "line": 2 }),
        ]);
        let lines: Vec<Vec<usize>> = parts.iter().map(|part| part.lines.clone()).collect();
        assert_eq!(lines, [vec![1, 3], vec![2], vec![0]]);
        assert_eq!(
            parts[0].uuid,
            key::part_uid(delivery.uid, Some("ZH01/3/0/5"))
        );
        assert_eq!(parts[2].uuid, key::part_uid(delivery.uid, None));
    }

    #[test]
    fn the_reference_holds_the_day_and_ends_with_the_tills_number() {
        let (delivery, _) = split(&[json!(null)]);
        assert_eq!(reference(&delivery), "ZH01-3-0-20261120-9");
        let (key, day) = (delivery.key.as_str(), delivery.business_date);
        assert_eq!(
            reference_of_key(key, Kind::Return, day),
            "ZH01-3-0-20261120-9"
        );
        assert_eq!(
            reference_of_key("ZH01/3/0/void/r:A7", Kind::Void, day),
            "ZH01-3-0-20261120-void-A7"
        );
        assert_eq!(
            expected(
                &delivery,
                delivery.document.body.as_sale().expect("a return"),
                &[]
            )
            .at,
            "2026-11-20 16:03:11"
        );
    }

    #[test]
    fn a_number_too_large_for_odoo_is_replaced() {
        let (mut delivery, _) = split(&[json!(null)]);
        assert_eq!(sequence_number(&delivery), 9);
        let mut document = (*delivery.document).clone();
        document.head.sequence = Some(tillpost_shared::scalar::Number(5_000_000_000));
        delivery.document = std::sync::Arc::new(document);
        assert!((1..=i64::from(i32::MAX)).contains(&sequence_number(&delivery)));
    }
}
