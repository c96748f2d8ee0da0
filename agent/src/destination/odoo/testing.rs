//! Documents for the tests beside the payload builders, written as a till would.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::Document;
use tillpost_shared::document::sale::Sale;
use tillpost_shared::key;
use tillpost_shared::shape::Place;
use uuid::Uuid;

use super::tax::{Kind, Tax};
use crate::destination::Delivery;

/// A decimal, from its text.
pub fn dec(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

/// A document of till 3 in store ZH01 on its way, with the number and body given.
pub fn delivery(kind: &str, number: i64, body: Value) -> Delivery {
    let json = json!({
        "kind": kind, "store": "ZH01", "till": "3", "sequence": number, "business_date": "2026-11-20",
        "occurred_at": "2026-11-20T17:03:11+01:00", "currency": "CHF", "body": body,
    });
    let mut place = Place::default();
    let document = Document::read(json, &mut place);
    let document = document.unwrap_or_else(|| panic!("not a document: {:?}", place.problems));
    let key = format!("ZH01/3/0/{number}");
    Delivery {
        seq: number,
        id: Uuid::nil(),
        uid: key::uid(&key),
        key,
        business_date: "2026-11-20".parse().expect("a date"),
        since: document.head.occurred_at.at(),
        attempts: 0,
        sent_before: false,
        missing: Vec::new(),
        last_code: None,
        other_parts: Vec::new(),
        document: Arc::new(document),
    }
}

/// A sale's body.
pub fn sale(body: Value) -> Sale {
    let delivery = delivery("sale", 1, body);
    delivery.document.body.as_sale().expect("a sale").clone()
}

/// A percentage of Odoo's.
pub fn tax(id: i64, rate: &str, included: bool) -> Tax {
    Tax {
        id,
        name: format!("{rate}% {included}"),
        rate: dec(rate),
        kind: Kind::Percent,
        included,
        raises: false,
        raised: true,
        sequence: 1,
        sold: true,
        children: Vec::new(),
        accounted: true,
        company: 1,
    }
}
