//! A transfer in Odoo: made once, validated once, read back.
//!
//! Odoo keeps no key for transfers, so ours stands in its `origin`, is looked for first, and one sender writes. Making
//! and validating are two calls; what was only made is found again and validated. A transfer that a person copied or
//! split in Odoo keeps the origin, so the oldest one that is no remainder counts.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::answer::{Blame, judge};
use super::client::{CallError, Client, Search};
use super::row::{Row, number};
use super::versions::{Facts, Moved};

/// Goods by product and the name of their lot.
pub type Goods = BTreeMap<(i64, Option<String>), Decimal>;

/// A transfer to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// What it is found again by.
    pub origin: String,
    /// `stock.picking.type`.
    pub r#type: i64,
    /// `stock.location` that the goods leave.
    pub from: i64,
    /// `stock.location` that they come to.
    pub to: i64,
    /// Who sent or gets them.
    pub partner: Option<i64>,
    /// For people in Odoo.
    pub note: String,
    /// What moves, all positive.
    pub goods: Goods,
}

/// A transfer as Odoo holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Picking {
    /// `stock.picking`.
    pub id: i64,
    /// Its name there.
    pub name: String,
    /// draft, waiting, confirmed, assigned, done, cancel.
    pub state: String,
    /// What moves or moved with it.
    pub goods: Goods,
}

/// Lots by product and name.
pub type Lots = BTreeMap<(i64, String), i64>;

/// The transfer of an origin.
pub async fn find(client: &Client, origin: &str) -> Result<Option<Picking>, CallError> {
    let domain = json!([["origin", "=", origin], ["backorder_id", "=", false]]);
    first(client, domain).await
}

/// The oldest transfer that a domain finds, one that is not cancelled before one that is.
pub async fn first(client: &Client, domain: Value) -> Result<Option<Picking>, CallError> {
    let search = Search {
        domain,
        fields: &["name", "state"],
        order: "id",
        ..Search::default()
    };
    let rows = client.search_read("stock.picking", search).await?;
    let alive = |row: &&Row| row.text("state") != Some("cancel");
    let Some(row) = rows.iter().find(alive).or_else(|| rows.first()) else {
        return Ok(None);
    };
    let text = |field| row.text(field).unwrap_or_default().to_owned();
    Ok(Some(Picking {
        id: row.id(),
        name: text("name"),
        state: text("state"),
        goods: goods(client, row.id()).await?,
    }))
}

/// A transfer by its id.
pub async fn by_id(client: &Client, id: i64) -> Result<Option<Picking>, CallError> {
    first(client, json!([["id", "=", id]])).await
}

/// By their moves: as long as a transfer is not done, its lines need not name it themselves.
async fn goods(client: &Client, picking: i64) -> Result<Goods, CallError> {
    let facts = client.facts().await?;
    let quantity = facts.field("stock.move.line", "quantity");
    let mut domain = vec![
        json!(["move_id.picking_id", "=", picking]),
        json!([quantity, "!=", 0]),
    ];
    if facts.moved == Moved::Picked {
        domain.push(json!(["picked", "=", true]));
    }
    let search = Search {
        domain: domain.into(),
        fields: &["product_id", "lot_id", "quantity"],
        ..Search::default()
    };
    let rows = client.search_read("stock.move.line", search).await?;
    let mut goods = Goods::new();
    for row in rows {
        let lot = row.pair_name("lot_id").map(str::to_owned);
        let product = row.one("product_id").unwrap_or(0);
        *goods.entry((product, lot)).or_default() += row.decimal("quantity");
    }
    Ok(goods)
}

/// Units of measure by product, where lines must name them.
pub type Units = BTreeMap<i64, i64>;

/// The units in which Odoo keeps goods; only where it wants them named.
pub async fn units(client: &Client, goods: &Goods) -> Result<Units, CallError> {
    if client.facts().await?.moved == Moved::Picked {
        return Ok(Units::new());
    }
    let products: BTreeSet<i64> = goods.keys().map(|(product, _)| *product).collect();
    let search = Search {
        domain: json!([["id", "in", products]]),
        fields: &["uom_id"],
        context: json!({ "active_test": false }),
        ..Search::default()
    };
    let rows = client.search_read("product.product", search).await?;
    let unit = |row: &Row| Some((row.id(), row.one("uom_id")?));
    Ok(rows.iter().filter_map(unit).collect())
}

/// What `stock.picking.create` takes.
pub fn values(facts: Facts, leg: &Leg, lots: &Lots, units: &Units) -> Value {
    let mut values = json!({
        "picking_type_id": leg.r#type,
        "location_id": leg.from,
        "location_dest_id": leg.to,
        "origin": leg.origin,
        "note": escaped(&leg.note),
    });
    if let Some(partner) = leg.partner {
        values["partner_id"] = partner.into();
    }
    match facts.moved {
        Moved::Picked => values["move_ids"] = moves(facts, leg, lots),
        Moved::Done => values["move_line_ids"] = lines(leg, lots, units),
    }
    values
}

fn moves(facts: Facts, leg: &Leg, lots: &Lots) -> Value {
    let mut products: BTreeMap<i64, Vec<(Option<&String>, Decimal)>> = BTreeMap::new();
    for ((product, lot), quantity) in &leg.goods {
        let of = products.entry(*product).or_default();
        of.push((lot.as_ref(), *quantity));
    }
    let made = |(product, parts): (i64, Vec<_>)| {
        let mut values = move_values(leg, product, &parts, lots);
        if facts.moves_named {
            values["name"] = leg.origin.as_str().into();
        }
        json!([0, 0, values])
    };
    products.into_iter().map(made).collect()
}

fn lines(leg: &Leg, lots: &Lots, units: &Units) -> Value {
    let line = |((product, lot), quantity): (&(i64, Option<String>), &Decimal)| {
        let mut values = json!({
            "product_id": product,
            "product_uom_id": units.get(product),
            "qty_done": number(*quantity),
            "location_id": leg.from,
            "location_dest_id": leg.to,
        });
        if let Some(lot) = lot {
            values["lot_id"] = lots.get(&(*product, lot.clone())).copied().into();
        }
        json!([0, 0, values])
    };
    leg.goods.iter().map(line).collect()
}

fn move_values(
    leg: &Leg,
    product: i64,
    parts: &[(Option<&String>, Decimal)],
    lots: &Lots,
) -> Value {
    let sum: Decimal = parts.iter().map(|(_, quantity)| *quantity).sum();
    let mut values = json!({
        "product_id": product,
        "product_uom_qty": number(sum),
        "location_id": leg.from,
        "location_dest_id": leg.to,
        "picked": true,
    });
    if parts.iter().all(|(lot, _)| lot.is_none()) {
        values["quantity"] = number(sum);
        return values;
    }
    let line = |(lot, quantity): &(Option<&String>, Decimal)| {
        let lot = lot.and_then(|lot| lots.get(&(product, lot.clone())));
        json!([0, 0, {
            "product_id": product,
            "lot_id": lot,
            "quantity": number(*quantity),
            "location_id": leg.from,
            "location_dest_id": leg.to,
            "picked": true,
        }])
    };
    values["move_line_ids"] = parts.iter().map(line).collect();
    values
}

/// A text as the HTML of a note.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Makes a transfer; nothing moves yet.
pub async fn create(client: &Client, leg: &Leg, lots: &Lots) -> Result<(), CallError> {
    let (facts, units) = (client.facts().await?, units(client, &leg.goods).await?);
    let args = json!({ "vals_list": [values(facts, leg, lots, &units)] });
    let made: Result<Vec<i64>, CallError> = client
        .call_at("odoo.transfer_created", "stock.picking", "create", args)
        .await;
    made.map(|_| ())
}

/// Validates a transfer; what it does not hold of its demand stays as a remainder. The answer decides nothing: Odoo
/// asks back with a 200. What it refused is the error; `None` when it said nothing worth keeping.
pub async fn validate(client: &Client, id: i64) -> Result<Option<CallError>, CallError> {
    let args = json!({
        "ids": [id],
        "context": { "skip_immediate": true, "skip_backorder": true, "skip_sms": true, "lang": "en_US" },
    });
    let answer: Result<serde::de::IgnoredAny, CallError> = client
        .call_at(
            "odoo.transfer_validated",
            "stock.picking",
            "button_validate",
            args,
        )
        .await;
    match answer {
        Ok(_) => Ok(None),
        Err(error) => match judge(&error) {
            Blame::Destination(_) => Err(error),
            Blame::Document(_) => Ok(Some(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::testing::dec;

    #[test]
    fn goods_with_lots_have_lines_and_others_a_quantity() {
        let goods = Goods::from([
            ((7, None), dec("1.5")),
            ((9, Some("A".to_owned())), dec("2")),
            ((9, Some("B".to_owned())), dec("3")),
        ]);
        let leg = Leg {
            origin: "ZH01/stock_move/receipt/LS1".to_owned(),
            r#type: 1,
            from: 4,
            to: 8,
            partner: Some(3),
            note: "from <b>".to_owned(),
            goods,
        };
        let lots = Lots::from([((9, "A".to_owned()), 71), ((9, "B".to_owned()), 72)]);
        let units = Units::from([(7, 1), (9, 2)]);
        for version in [14, 17, 19] {
            let sent = values(Facts::of(version), &leg, &lots, &units);
            let sent = serde_json::to_string_pretty(&sent).expect("JSON");
            insta::assert_snapshot!(format!("a_transfer_as_{version}_takes_it"), sent);
        }
    }
}
