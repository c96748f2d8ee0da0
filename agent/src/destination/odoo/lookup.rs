//! Finds orders in Odoo by what is ours: the document's uid, its reference, or the uids of its lines.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::key;
use tillpost_shared::scalar::Number;
use uuid::Uuid;

use super::check_back::Stored;
use super::client::{CallError, Client, Search};
use super::coins::ROUNDING_PRODUCT;
use super::names::{self, Named};
use super::parts::{self, Expected};
use super::row::{Row, texts};
use super::versions::Identity;

/// How many patterns go into one search.
const PATTERNS_MAX: usize = 20;
/// Up to which number a receipt's lines are asked about: more lines than tills ring up, and a question of 20 kB.
const LINES_ASKED: i64 = 500;

const ORDER_FIELDS: [&str; 13] = [
    "account_move",
    "partner_id",
    "session_id",
    "uuid",
    "name",
    "state",
    "date_order",
    "pos_reference",
    "amount_total",
    "amount_paid",
    "is_refund",
    "is_tipped",
    "tip_amount",
];

/// Orders with their lines that are, or look like, what is expected: the same uuid, or the same reference. An order from
/// before its server was upgraded has a uuid that is none of ours, and is told by the names of its lines.
pub async fn standing(client: &Client, wanted: &[&Expected]) -> Result<Vec<Stored>, CallError> {
    let identity = client.facts().await?.identity;
    let references: BTreeSet<&str> = wanted
        .iter()
        .map(|expected| expected.reference.as_str())
        .collect();
    let referred = json!(["pos_reference", "in", references]);
    let domain = match identity {
        Identity::Uuid => {
            let uuids: Vec<Uuid> = wanted
                .iter()
                .flat_map(|expected| expected.orders.clone())
                .collect();
            json!(["|", ["uuid", "in", texts(&uuids)], referred])
        }
        Identity::Names => json!([referred]),
    };
    let mut orders = heads(client, domain).await?;
    for order in &mut orders {
        order.by_reference = identity == Identity::Names;
    }
    if orders.is_empty() {
        return Ok(orders);
    }
    let ids: Vec<i64> = orders.iter().map(|order| order.id).collect();
    let lines = Search {
        domain: json!([["order_id", "in", ids]]),
        fields: &["uuid", "name", "qty", "order_id"],
        ..Search::default()
    };
    for line in client.search_read("pos.order.line", lines).await? {
        if is_rounding(&line) {
            continue;
        }
        let order = orders
            .iter_mut()
            .find(|order| Some(order.id) == line.one("order_id"));
        let Some(order) = order else { continue };
        let named = line.text("name").and_then(names::named);
        if let Some(named) = named {
            order.uuid = named.order;
            order.refund = named.refund;
        }
        let uuid = match identity {
            Identity::Uuid => line_uuid(&line),
            // A line that is not ours is a line all the same.
            Identity::Names => Some(named.map_or(Uuid::nil(), |named| named.line)),
        };
        if let Some(uuid) = uuid {
            order.lines.push((uuid, line.decimal("qty")));
        }
    }
    Ok(orders)
}

/// Orders with these uuids, without their lines. What has none of them is looked for by the names of its lines: an order
/// may be older than the version that gave it a uuid.
pub async fn by_uids(client: &Client, uids: &[Uuid]) -> Result<Vec<Stored>, CallError> {
    let mut orders = match client.facts().await?.identity {
        Identity::Uuid => heads(client, json!([["uuid", "in", texts(uids)]])).await?,
        Identity::Names => Vec::new(),
    };
    let there: BTreeSet<Uuid> = orders.iter().map(|order| order.uuid).collect();
    let others: Vec<Uuid> = uids
        .iter()
        .filter(|uid| !there.contains(uid))
        .copied()
        .collect();
    if !others.is_empty() {
        orders.extend(by_names(client, &others).await?);
    }
    Ok(orders)
}

async fn by_names(client: &Client, uids: &[Uuid]) -> Result<Vec<Stored>, CallError> {
    // Most receipts have a line 1. What has none is looked for by the beginning of the names.
    let first = |uid: &Uuid| {
        let line = key::line_uid(*uid, Number(1));
        [true, false].map(|refund| names::line_name(*uid, line, refund))
    };
    let firsts: Vec<String> = uids.iter().flat_map(first).collect();
    let mut found = named(client, json!([["name", "in", firsts]])).await?;
    let missing: Vec<Uuid> = uids
        .iter()
        .filter(|uid| !found.values().any(|known| known.order == **uid))
        .copied()
        .collect();
    for some in missing.chunks(PATTERNS_MAX) {
        let mut domain: Vec<Value> = vec!["|".into(); some.len() - 1];
        domain.extend(
            some.iter()
                .map(|uid| json!(["name", "=like", names::pattern(*uid)])),
        );
        found.extend(named(client, domain.into()).await?);
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = found.keys().copied().collect();
    let mut orders = heads(client, json!([["id", "in", ids]])).await?;
    for order in &mut orders {
        if let Some(named) = found.get(&order.id) {
            order.uuid = named.order;
            order.refund = named.refund;
        }
    }
    Ok(orders)
}

/// The uids of a session's orders where they stand in the names of their lines, by order.
pub async fn of_session(client: &Client, session: i64) -> Result<BTreeMap<i64, Uuid>, CallError> {
    let domain = json!([
        ["order_id.session_id", "=", session],
        ["name", "=like", names::PATTERN]
    ]);
    let found = named(client, domain).await?;
    let uids = found.into_iter().map(|(order, named)| (order, named.order));
    Ok(uids.collect())
}

/// The orders of lines with such names, and what the names say of them.
async fn named(client: &Client, domain: Value) -> Result<BTreeMap<i64, Named>, CallError> {
    let search = Search {
        domain,
        fields: &["name", "order_id"],
        ..Search::default()
    };
    let lines = client.search_read("pos.order.line", search).await?;
    let pair = |line: &Row| {
        let named = names::named(line.text("name")?)?;
        Some((line.one("order_id")?, named))
    };
    Ok(lines.iter().filter_map(pair).collect())
}

/// The several orders of a receipt that became more than one; without their lines. They are found by the uuids of
/// their lines, which follow from the receipt's uid and which every version keeps that has uuids at all; a field for
/// notes is called otherwise in each.
pub async fn parts(client: &Client, uid: Uuid) -> Result<Vec<Stored>, CallError> {
    if client.facts().await?.identity == Identity::Names {
        // There every receipt is one order.
        return Ok(Vec::new());
    }
    let lines: Vec<Uuid> = (1..=LINES_ASKED)
        .map(|line| key::line_uid(uid, Number(line)))
        .collect();
    let search = Search {
        domain: json!([["uuid", "in", texts(&lines)]]),
        fields: &["order_id"],
        ..Search::default()
    };
    let rows = client.search_read("pos.order.line", search).await?;
    let orders: BTreeSet<i64> = rows.iter().filter_map(|row| row.one("order_id")).collect();
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    heads(client, json!([["id", "in", orders]])).await
}

/// Orders with these references, each with its reference; without their lines.
pub async fn by_references(
    client: &Client,
    references: &[&String],
) -> Result<Vec<Stored>, CallError> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    heads(client, json!([["pos_reference", "in", references]])).await
}

async fn heads(client: &Client, domain: Value) -> Result<Vec<Stored>, CallError> {
    let search = Search {
        domain,
        fields: &ORDER_FIELDS,
        order: "id",
        ..Search::default()
    };
    let rows = client.search_read("pos.order", search).await?;
    let mut orders: Vec<Stored> = rows.iter().map(stored).collect();
    if orders.is_empty() || !client.facts().await?.coins_for_all {
        return Ok(orders);
    }
    let ids: Vec<i64> = orders.iter().map(|order| order.id).collect();
    let rounded = Search {
        domain: json!([
            ["order_id", "in", ids],
            ["product_id.default_code", "=", ROUNDING_PRODUCT]
        ]),
        fields: &["order_id", "price_subtotal_incl"],
        ..Search::default()
    };
    for line in client.search_read("pos.order.line", rounded).await? {
        let own = |order: &&mut Stored| Some(order.id) == line.one("order_id");
        if let Some(order) = orders.iter_mut().find(own) {
            order.rounding += line.decimal("price_subtotal_incl");
            order.total -= line.decimal("price_subtotal_incl");
        }
    }
    Ok(orders)
}

/// Whether a line carries what its order was rounded to coins by.
fn is_rounding(line: &Row) -> bool {
    let named = line.text("name").and_then(names::named);
    named.is_some_and(|named| named.line == parts::rounding_uuid(named.order))
}

/// The uuid of a line, from its field or from its name.
pub fn line_uuid(row: &Row) -> Option<Uuid> {
    let field = row.text("uuid").and_then(|text| Uuid::parse_str(text).ok());
    let name = row
        .text("name")
        .and_then(names::named)
        .map(|named| named.line);
    name.or(field)
}

/// An order; its uuid is nil where it has none.
fn stored(row: &Row) -> Stored {
    let text = |field| row.text(field).unwrap_or_default().to_owned();
    let uuid = row.text("uuid").and_then(|text| Uuid::parse_str(text).ok());
    Stored {
        id: row.id(),
        uuid: uuid.unwrap_or_default(),
        by_reference: false,
        name: text("name"),
        state: text("state"),
        at: text("date_order"),
        reference: text("pos_reference"),
        total: row.decimal("amount_total"),
        paid: row.decimal("amount_paid"),
        rounding: Decimal::ZERO,
        tip: if row.flag("is_tipped") {
            row.decimal("tip_amount")
        } else {
            Decimal::ZERO
        },
        refund: row.flag("is_refund"),
        customer: row.one("partner_id"),
        session: row.one("session_id"),
        invoice: row
            .one("account_move")
            .map(|id| match row.pair_name("account_move") {
                Some(name) => name.to_owned(),
                None => id.to_string(),
            }),
        lines: Vec::new(),
    }
}
