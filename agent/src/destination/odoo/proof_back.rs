//! A day read back from Odoo for the proof: what stands there now, not what was answered when it was sent.
//!
//! Receipts with their total and their money by method, cash movements, the sessions that days were opened and closed
//! in, goods that moved, orders that were handed over; and beside them what stands in the day's sessions without being
//! any of these. Counts cannot be read back: where nothing differed they leave nothing behind.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::document::Kind;
use uuid::Uuid;

use super::answer::outage;
use super::check_back::Stored;
use super::client::{CallError, Client, Search};
use super::desk::Desk;
use super::reference::{PosConfig, base_name};
use super::row::Row;
use super::sessions::{self, Session, SessionState};
use super::versions::Identity;
use super::{lookup, originals, parts, pickups};
use crate::destination::{Asked, Held, HeldThere};
use crate::outbox::Outage;
use crate::store::proof::{Beside, Paid};

/// How many are asked for in one call.
const ASKED_MAX: usize = 500;
/// How many are asked for in one call by what a text holds.
const LIKES_MAX: usize = 50;

impl Desk {
    /// What Odoo holds of a day.
    pub async fn read_day(&mut self, asked: &[Asked]) -> Result<HeldThere, Outage> {
        let mut there = HeldThere::default();
        for asked in asked.chunks(ASKED_MAX) {
            self.sold_there(&of(asked, &RECEIPTS), &mut there).await?;
        }
        for asked in of(asked, &[Kind::CashMovement]).chunks(LIKES_MAX) {
            self.moved_there(asked, &mut there).await?;
        }
        for asked in of(asked, &[Kind::StockMove]).chunks(ASKED_MAX) {
            self.goods_there(asked, &mut there).await?;
        }
        for asked in of(asked, &[Kind::Pickup]).chunks(LIKES_MAX) {
            self.handed_there(asked, &mut there).await?;
        }
        self.sessions_there(asked, &mut there).await?;
        Ok(there)
    }

    async fn sold_there(&self, asked: &[&Asked], there: &mut HeldThere) -> Result<(), Outage> {
        if asked.is_empty() {
            return Ok(());
        }
        let uids: Vec<Uuid> = asked.iter().map(|asked| asked.uid).collect();
        let found = stored(&self.client, asked)
            .await
            .map_err(|error| outage(&error))?;
        let ids: Vec<i64> = found.iter().map(|(_, order)| order.id).collect();
        let payments = originals::payments(&self.client, &ids).await?;
        let by_uid: HashMap<Uuid, &&Asked> = asked.iter().map(|asked| (asked.uid, asked)).collect();
        let mut held: BTreeMap<(Uuid, usize), (Held, BTreeMap<i64, Decimal>)> = BTreeMap::new();
        let mut whole: HashMap<Uuid, usize> = HashMap::new();
        for (uid, order) in &found {
            // Parts count together; a second order with the document's own uid counts by itself.
            let n = whole.entry(*uid).or_default();
            *n += usize::from(order.uuid == *uid);
            let (held, paid) = held.entry((*uid, *n)).or_default();
            held.uid = *uid;
            *held.total.get_or_insert_default() += order.total - order.tip;
            held.remark = held.remark.take().or_else(|| remark(order));
            for payment in payments.iter().filter(|payment| payment.order == order.id) {
                *paid.entry(payment.method).or_default() += payment.amount;
            }
        }
        there.asked.extend(uids);
        for ((uid, _), (mut held, paid)) in held {
            let till = by_uid.get(&uid).map_or("", |asked| asked.till.as_str());
            held.paid = paid
                .into_iter()
                .filter(|(_, amount)| !amount.is_zero())
                .map(|(method, amount)| Paid {
                    methods: self.till_methods(till, method),
                    amount,
                })
                .collect();
            there.found.push(held);
        }
        Ok(())
    }

    /// The till's methods that are this one in Odoo, in lower case.
    fn till_methods(&self, till: &str, id: i64) -> BTreeSet<String> {
        let base = base_name(&self.store, till).to_lowercase();
        let config = self
            .reference
            .config(&self.store, till, self.environment)
            .ok()
            .flatten();
        let method = config.and_then(|config| config.methods.iter().find(|known| known.id == id));
        let Some(method) = method else {
            return BTreeSet::from([format!("method {id}")]);
        };
        let name = method.name.trim().to_lowercase();
        let plain = name.strip_suffix(&format!(" {base}")).unwrap_or(&name);
        let mapped = self
            .methods
            .iter()
            .filter(|(_, there)| there.trim().to_lowercase() == plain);
        let mut methods: BTreeSet<String> = mapped.map(|(till, _)| till.to_lowercase()).collect();
        let taken = self.methods.keys().any(|till| till.to_lowercase() == plain);
        if methods.is_empty() || !taken {
            methods.insert(plain.to_owned());
        }
        methods
    }

    async fn moved_there(&self, asked: &[&Asked], there: &mut HeldThere) -> Result<(), Outage> {
        let uid = |asked: &&Asked| asked.uid.to_string();
        let domain = any_of(
            "payment_ref",
            "like",
            &asked.iter().map(uid).collect::<Vec<_>>(),
        );
        let fields = &["payment_ref", "amount"];
        let rows = read(&self.client, "account.bank.statement.line", domain, fields).await?;
        for asked in asked {
            there.asked.insert(asked.uid);
            let uid = asked.uid.to_string();
            let own = |row: &&Row| row.text("payment_ref").unwrap_or_default().contains(&uid);
            let held = rows.iter().filter(own).map(|row| Held {
                uid: asked.uid,
                total: Some(row.decimal("amount")),
                ..Held::default()
            });
            there.found.extend(held);
        }
        Ok(())
    }

    async fn goods_there(&self, asked: &[&Asked], there: &mut HeldThere) -> Result<(), Outage> {
        let origins: Vec<String> = asked
            .iter()
            .flat_map(|asked| [asked.key.clone(), format!("{} (-)", asked.key)])
            .collect();
        if origins.is_empty() {
            return Ok(());
        }
        let domain = json!([["origin", "in", origins], ["backorder_id", "=", false]]);
        let fields = &["origin", "name", "state"];
        let mut rows = read(&self.client, "stock.picking", domain, fields).await?;
        let scraps = json!([["origin", "in", origins]]);
        rows.extend(read(&self.client, "stock.scrap", scraps, fields).await?);
        for asked in asked {
            let back = format!("{} (-)", asked.key);
            let own: Vec<&Row> = rows
                .iter()
                .filter(|row| {
                    [asked.key.as_str(), &back].contains(&row.text("origin").unwrap_or_default())
                })
                .collect();
            judge(asked, &own, there);
        }
        Ok(())
    }

    async fn handed_there(&self, asked: &[&Asked], there: &mut HeldThere) -> Result<(), Outage> {
        let marks: Vec<String> = asked.iter().map(|asked| pickups::mark(asked.uid)).collect();
        let fields = &["note", "name", "state"];
        let domain = any_of("note", "like", &marks);
        let rows = read(&self.client, "stock.picking", domain, fields).await?;
        for (asked, mark) in asked.iter().zip(&marks) {
            if asked.reference.starts_with(pickups::NOTED) {
                continue;
            }
            let own = |row: &&Row| row.text("note").unwrap_or_default().contains(mark);
            let own: Vec<&Row> = rows.iter().filter(own).take(1).collect();
            judge(asked, &own, there);
        }
        Ok(())
    }

    /// The sessions of the day: that they are closed, and what else stands in them.
    async fn sessions_there(
        &mut self,
        asked: &[Asked],
        there: &mut HeldThere,
    ) -> Result<(), Outage> {
        let Some(day) = asked.first().map(|asked| asked.business_date) else {
            return Ok(());
        };
        let tills: BTreeSet<&str> = asked.iter().map(|asked| asked.till.as_str()).collect();
        for till in tills.into_iter().filter(|till| !till.is_empty()) {
            let Some(config) = self.config(till).await? else {
                continue;
            };
            let Some(session) = sessions::of_day(&self.client, config.id, day).await? else {
                continue;
            };
            self.session_documents(asked, till, &session, there);
            self.beside(&config, &session, there).await?;
        }
        Ok(())
    }

    fn session_documents(
        &self,
        asked: &[Asked],
        till: &str,
        session: &Session,
        there: &mut HeldThere,
    ) {
        let own = asked.iter().filter(|asked| asked.till == till);
        for asked in own.filter(|asked| matches!(asked.kind, Kind::DayOpen | Kind::DayClose)) {
            there.asked.insert(asked.uid);
            let open = asked.kind == Kind::DayClose && session.state != SessionState::Closed;
            there.found.push(Held {
                uid: asked.uid,
                remark: open.then(|| format!("the session {} is not closed", session.name)),
                ..Held::default()
            });
        }
    }

    /// Orders and transfers of a session that nobody asked for, or that are not finished.
    async fn beside(
        &self,
        config: &PosConfig,
        session: &Session,
        there: &mut HeldThere,
    ) -> Result<(), Outage> {
        let domain = json!([["session_id", "=", session.id], ["state", "!=", "cancel"]]);
        let fields = &[
            "uuid",
            "name",
            "pos_reference",
            "amount_total",
            "state",
            "internal_note",
        ];
        let named = lookup::of_session(&self.client, session.id).await;
        let named = named.map_err(|error| outage(&error))?;
        for row in read(&self.client, "pos.order", domain, fields).await? {
            let own = || row.text("uuid").and_then(|uuid| Uuid::parse_str(uuid).ok());
            let own = named.get(&row.id()).copied().or_else(own);
            let uid = row.text("internal_note").and_then(noted).or(own);
            let name = row
                .text("pos_reference")
                .or(row.text("name"))
                .unwrap_or_default();
            let total = row.decimal("amount_total");
            there.beside.push(Beside {
                uid,
                name: name.to_owned(),
                what: format!(
                    "an order of {total} that this store never sent ({}, session {})",
                    row.text("name").unwrap_or_default(),
                    session.name
                ),
            });
        }
        let domain = json!([
            ["pos_session_id", "=", session.id],
            ["state", "not in", ["done", "cancel"]]
        ]);
        for row in read(&self.client, "stock.picking", domain, &["name", "state"]).await? {
            let (name, state) = (row.text("name"), row.text("state"));
            there.beside.push(Beside {
                uid: None,
                name: name.unwrap_or_default().to_owned(),
                what: format!(
                    "goods of {} that have not left the stock: the transfer is {}",
                    config.name,
                    state.unwrap_or_default()
                ),
            });
        }
        Ok(())
    }
}

/// Kinds that are orders in Odoo.
const RECEIPTS: [Kind; 3] = [Kind::Sale, Kind::Return, Kind::Void];

fn of<'a>(asked: &'a [Asked], kinds: &[Kind]) -> Vec<&'a Asked> {
    let fits = |asked: &&Asked| kinds.contains(&asked.kind);
    asked.iter().filter(fits).collect()
}

/// The orders of receipts by the receipts' uids. A receipt in parts has none with its own uid, and all of its parts have
/// its reference.
async fn stored(client: &Client, asked: &[&Asked]) -> Result<Vec<(Uuid, Stored)>, CallError> {
    let uids: Vec<Uuid> = asked.iter().map(|asked| asked.uid).collect();
    let found = lookup::by_uids(client, &uids).await?;
    let mut stored: Vec<(Uuid, Stored)> =
        found.into_iter().map(|order| (order.uuid, order)).collect();
    if client.facts().await?.identity == Identity::Names {
        return Ok(stored);
    }
    let known: BTreeSet<Uuid> = stored.iter().map(|(uid, _)| *uid).collect();
    let missing = asked.iter().filter(|asked| !known.contains(&asked.uid));
    let missing: HashMap<String, Uuid> = missing
        .map(|asked| {
            let day = asked.business_date;
            let reference = parts::reference_of_key(&asked.key, asked.kind, day);
            (reference, asked.uid)
        })
        .collect();
    let references: Vec<&String> = missing.keys().collect();
    for order in lookup::by_references(client, &references).await? {
        if let Some(uid) = missing.get(&order.reference) {
            stored.push((*uid, order));
        }
    }
    Ok(stored)
}

/// The receipt that an order is a part of.
fn noted(note: &str) -> Option<Uuid> {
    const UUID_CHARS: usize = 36;
    let at = note.find("tillpost ")? + "tillpost ".len();
    Uuid::parse_str(note.get(at..at + UUID_CHARS)?).ok()
}

fn remark(order: &Stored) -> Option<String> {
    let live = matches!(order.state.as_str(), "paid" | "done" | "invoiced");
    (!live).then(|| format!("the order {} is {}", order.name, order.state))
}

/// Goods that moved for a document: done, or what is not.
fn judge(asked: &Asked, rows: &[&Row], there: &mut HeldThere) {
    if rows.is_empty() && asked.reference.starts_with(super::moves::NOTHING) {
        return;
    }
    there.asked.insert(asked.uid);
    let open = rows.iter().find(|row| row.text("state") != Some("done"));
    let remark = open.map(|row| {
        let (name, state) = (row.text("name"), row.text("state"));
        let (name, state) = (name.unwrap_or_default(), state.unwrap_or_default());
        format!("the transfer {name} is not done ({state})")
    });
    if !rows.is_empty() {
        there.found.push(Held {
            uid: asked.uid,
            remark,
            ..Held::default()
        });
    }
}

/// A domain that one of several texts is enough for.
fn any_of(field: &str, operator: &str, texts: &[String]) -> Value {
    let mut domain: Vec<Value> = vec![json!("|"); texts.len().saturating_sub(1)];
    domain.extend(texts.iter().map(|text| json!([field, operator, text])));
    domain.into()
}

async fn read(
    client: &Client,
    model: &str,
    domain: Value,
    fields: &'static [&'static str],
) -> Result<Vec<Row>, Outage> {
    let search = Search {
        domain,
        fields,
        order: "id",
        ..Search::default()
    };
    let rows = client.search_read(model, search).await;
    rows.map_err(|error| outage(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::odoo::orders;

    #[test]
    fn a_part_names_its_receipt() {
        let uid = Uuid::from_u128(7);
        assert_eq!(noted(&orders::part_note(uid)), Some(uid));
        assert_eq!(noted("tillpost was here"), None);
    }

    #[test]
    fn one_of_several_texts_is_enough() {
        let domain = any_of("note", "like", &["a".into(), "b".into(), "c".into()]);
        let expected = r#"["|","|",["note","like","a"],["note","like","b"],["note","like","c"]]"#;
        assert_eq!(domain.to_string(), expected);
    }
}
