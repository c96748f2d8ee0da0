//! Who bought: references only, never a name, an address or a birth date.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::tree::Node;
use crate::catalog::hex;

/// Bytes of a hash that stand for a loyalty card.
const HASH_BYTES: usize = 12;

/// The customer: references only, never a name.
pub fn add(retail: &Node, hashed: bool, body: &mut Map<String, Value>) {
    let mut customer = Map::new();
    let reference = retail.text_at(&["Customer/CustomerID", "CustomerID"]);
    if let Some(reference) = reference.map(|text| kept(text, false)) {
        customer.insert("reference".to_owned(), reference.into());
    }
    let direct = [
        "LoyaltyAccount/LoyaltyCard/PrimaryAccountNumber",
        "LoyaltyAccount/LoyaltyID",
    ];
    let member = || {
        let line = retail
            .all("LineItem")
            .find_map(|item| item.child("LoyaltyMembership"));
        line.and_then(|line| line.text_at(&["LoyaltyID", "MembershipID"]))
    };
    if let Some(card) = retail.text_at(&direct).or_else(member) {
        let card = kept(card, hashed);
        customer.insert("loyalty_card".to_owned(), card.into());
    }
    if !customer.is_empty() {
        body.insert("customer".to_owned(), Value::Object(customer));
    }
    let order = retail.text_at(&["CustomerOrderID", "SpecialOrderNumber"]);
    if let Some(order) = order {
        body.insert("order".to_owned(), order.into());
    }
}

/// A customer's number as it is kept: what could be a telephone number or an address of e-mail only as a hash.
fn kept(text: &str, hashed: bool) -> String {
    let personal = text.contains('@') || text.starts_with('+');
    if !hashed && !personal {
        return text.to_owned();
    }
    let hash = hex(&Sha256::digest(text.as_bytes()));
    format!("h:{}", &hash[..HASH_BYTES * 2])
}
