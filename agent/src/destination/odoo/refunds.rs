//! What of an order's lines came back already, in whichever way a version says so.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::answer::outage;
use super::client::{CallError, Client, Search};
use super::names;
use super::row::Row;
use super::versions::{Identity, Link};
use crate::outbox::Outage;

/// How much came back, by line: refunds, less refunds that were undone themselves. `ours`: lines of these orders do not
/// count.
pub async fn returned(
    client: &Client,
    rows: &[Row],
    ours: &[Uuid],
) -> Result<HashMap<i64, Decimal>, Outage> {
    let facts = client.facts().await.map_err(|error| outage(&error))?;
    // Taken back before its server was upgraded, a line may say so only in the other's notice.
    let older = |row: &Row| row.text("name").and_then(names::named).is_some();
    let older = facts.identity == Identity::Uuid && rows.iter().any(older);
    let untouched = |row: &Row| row.many("refund_orderline_ids").is_empty();
    if facts.link == Link::Field && !older && rows.iter().all(untouched) {
        return Ok(HashMap::new());
    }
    let lines: Vec<i64> = rows.iter().map(Row::id).collect();
    let refunds = refunds_of(client, &lines, older).await;
    let refunds = refunds.map_err(|error| outage(&error))?;
    let foreign: Vec<&Refund> = refunds
        .iter()
        .filter(|refund| !ours.contains(&refund.order))
        .collect();
    let ids: Vec<i64> = foreign.iter().map(|refund| refund.id).collect();
    let undone = refunds_of(client, &ids, older).await;
    let undone = undone.map_err(|error| outage(&error))?;
    let mut returned: HashMap<i64, Decimal> = HashMap::new();
    for refund in foreign {
        if undone.iter().all(|again| again.of != refund.id) {
            *returned.entry(refund.of).or_default() -= refund.quantity;
        }
    }
    Ok(returned)
}

/// A line that takes another one back.
struct Refund {
    id: i64,
    /// The line it takes back.
    of: i64,
    /// The uuid of its order.
    order: Uuid,
    quantity: Decimal,
}

/// Lines that take back these, in whichever way this version says so; or `either` way.
async fn refunds_of(
    client: &Client,
    lines: &[i64],
    either: bool,
) -> Result<Vec<Refund>, CallError> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let facts = client.facts().await?;
    let notices: Vec<String> = lines.iter().map(|id| names::takes_back(*id)).collect();
    let by_notice = json!(["notice", "in", notices]);
    let by_field = json!(["refunded_orderline_id", "in", lines]);
    let live = json!(["order_id.state", "!=", "cancel"]);
    let search = Search {
        domain: match (facts.link, either) {
            (Link::Notice, _) => json!([by_notice, live]),
            (Link::Field, false) => json!([by_field, live]),
            (Link::Field, true) => json!(["|", by_field, by_notice, live]),
        },
        fields: &["qty", "name", "notice", "order_id", "refunded_orderline_id"],
        ..Search::default()
    };
    let rows = client.search_read("pos.order.line", search).await?;
    let orders: HashMap<i64, Uuid> = match facts.identity {
        Identity::Names => HashMap::new(),
        Identity::Uuid => order_uuids(client, &rows).await?,
    };
    let refund = |row: &Row| {
        let by_name = || row.text("name").and_then(names::named);
        let order = row.one("order_id").and_then(|id| orders.get(&id).copied());
        Some(Refund {
            id: row.id(),
            of: match row.one("refunded_orderline_id") {
                Some(line) => line,
                None => names::taken_back(row.text("notice")?)?,
            },
            order: by_name()
                .map(|named| named.order)
                .or(order)
                .unwrap_or_default(),
            quantity: row.decimal("qty"),
        })
    };
    Ok(rows.iter().filter_map(refund).collect())
}

async fn order_uuids(client: &Client, lines: &[Row]) -> Result<HashMap<i64, Uuid>, CallError> {
    let ids: Vec<i64> = lines.iter().filter_map(|row| row.one("order_id")).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let search = Search {
        domain: json!([["id", "in", ids]]),
        fields: &["uuid"],
        ..Search::default()
    };
    let orders = client.search_read("pos.order", search).await?;
    let pair = |row: &Row| Some((row.id(), Uuid::parse_str(row.text("uuid")?).ok()?));
    Ok(orders.iter().filter_map(pair).collect())
}
