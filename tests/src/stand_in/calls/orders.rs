//! How the stand-in takes orders: in the wrapper of Odoo's own till up to 17, as they are stored from 18 on. What is there
//! already is left alone, and a bad order rolls back its call.

use serde_json::{Value, json};

use super::super::tables::{Fields, Raised};
use super::super::{Call, World};
use super::{Answered, cents};

/// What 14 to 17 want in every order.
const WANTED: [&str; 12] = [
    "name",
    "pos_session_id",
    "user_id",
    "partner_id",
    "sequence_number",
    "fiscal_position_id",
    "lines",
    "statement_ids",
    "amount_total",
    "amount_tax",
    "amount_paid",
    "amount_return",
];

impl World {
    pub(super) fn upload(&mut self, call: &Call) -> Answered {
        let flat = self.version >= 18;
        if flat != (call.method == "sync_from_ui") {
            return Err(self.no_such("pos.order", &call.method));
        }
        let mut made = Vec::new();
        for order in call.arg("orders").as_array().unwrap() {
            made.extend(if flat {
                self.take(order)?
            } else {
                self.unwrap(order)?
            });
        }
        let orders: Vec<Value> = made
            .iter()
            .map(|id| json!({ "id": id, "pos_reference": self.tables.get("pos.order", *id, "pos_reference") }))
            .collect();
        Ok(if flat {
            json!({ "pos.order": orders, "pos.session": [] })
        } else {
            orders.into()
        })
    }

    /// Out of the wrapper.
    fn unwrap(&mut self, order: &Value) -> Result<Option<i64>, Raised> {
        let data = &order["data"];
        let date = if self.version == 14 {
            "creation_date"
        } else {
            "date_order"
        };
        let all = WANTED.iter().chain([&date]);
        if let Some(missing) = all.into_iter().find(|key| data.get(**key).is_none()) {
            return Err(Raised::named("builtins.KeyError", format!("'{missing}'")));
        }
        let there = json!([["pos_reference", "=", data["name"]]]);
        if !self.tables.search("pos.order", &there)?.is_empty() {
            return Ok(None);
        }
        let mut fields = data.as_object().unwrap().clone();
        fields.insert("pos_reference".to_owned(), data["name"].clone());
        fields.insert(
            "date_order".to_owned(),
            data[date].as_str().unwrap()[..19].replace('T', " ").into(),
        );
        let session = data["pos_session_id"].as_i64().unwrap();
        self.store(fields, session, &data["lines"], &data["statement_ids"])
            .map(Some)
    }

    /// As it is stored.
    fn take(&mut self, order: &Value) -> Result<Option<i64>, Raised> {
        let mut fields = order.as_object().unwrap().clone();
        self.known("pos.order", &fields)?;
        for (list, model) in [("lines", "pos.order.line"), ("payment_ids", "pos.payment")] {
            for row in order[list].as_array().unwrap() {
                self.known(model, row[2].as_object().unwrap())?;
            }
        }
        let there = json!([["uuid", "=", order["uuid"]]]);
        if !self.tables.search("pos.order", &there)?.is_empty() {
            return Ok(None);
        }
        let mut originals: Vec<Value> = Vec::new();
        for row in order["lines"].as_array().unwrap() {
            if let Some(line) = row[2]["refunded_orderline_id"].as_i64() {
                originals.push(self.tables.get("pos.order.line", line, "order_id"));
            }
        }
        originals.dedup();
        if originals.len() > 1 {
            let words = "You can only refund products from the same order.";
            return Err(Raised::named("odoo.exceptions.ValidationError", words));
        }
        if self.version == 18 {
            fields.insert("pos_reference".to_owned(), order["name"].clone());
        }
        let session = order["session_id"].as_i64().unwrap();
        self.store(fields, session, &order["lines"], &order["payment_ids"])
            .map(Some)
    }

    fn known(&self, model: &str, fields: &Fields) -> Result<(), Raised> {
        let there = &self.tables.models[model].fields;
        match fields.keys().find(|field| !there.contains(*field)) {
            Some(field) => Err(Raised::value(format!(
                "Invalid field '{field}' on model '{model}'"
            ))),
            None => Ok(()),
        }
    }

    fn store(
        &mut self,
        mut order: Fields,
        session: i64,
        lines: &Value,
        payments: &Value,
    ) -> Result<i64, Raised> {
        if self.text("pos.session", session, "state") == "closed" {
            return Err(Raised::user(
                "No open session available. Please open a new session to capture the order.",
            ));
        }
        let paid: f64 = rows(payments)
            .map(|row| row["amount"].as_f64().unwrap())
            .sum();
        let config = self.tables.get("pos.session", session, "config_id");
        let sums = [
            ("session_id", json!(session)),
            ("config_id", config),
            ("state", json!("paid")),
            ("amount_paid", json!(cents(paid))),
            (
                "name",
                json!(format!("ZH01-1 - {}", order["sequence_number"])),
            ),
        ];
        order.extend(sums.map(|(name, value)| (name.to_owned(), value)));
        order.retain(|field, _| self.tables.models["pos.order"].fields.contains(field));
        order.remove("lines");
        order.remove("payment_ids");
        let id = self.tables.add("pos.order", &order.into());
        for line in rows(lines) {
            self.store_line(id, line)?;
        }
        for payment in rows(payments) {
            let mut row = payment.clone();
            row.extend([
                ("pos_order_id".to_owned(), json!(id)),
                ("session_id".to_owned(), json!(session)),
            ]);
            self.tables.add("pos.payment", &row.into());
        }
        self.reckon(session);
        Ok(id)
    }

    fn store_line(&mut self, order: i64, line: &Fields) -> Result<(), Raised> {
        let mut row = line.clone();
        row.retain(|field, _| self.tables.models["pos.order.line"].fields.contains(field));
        row.insert("order_id".to_owned(), order.into());
        row.insert("tax_ids".to_owned(), line["tax_ids"][0][2].clone());
        let product = line["product_id"].clone();
        let quant = self
            .tables
            .search("stock.quant", &json!([["product_id", "=", product]]))?;
        let Some(quant) = quant.first() else {
            return Err(Raised::named(
                "odoo.exceptions.ValidationError",
                "the product does not exist",
            ));
        };
        let left = self.number("stock.quant", *quant, "quantity") - line["qty"].as_f64().unwrap();
        self.tables
            .set("stock.quant", *quant, "quantity", json!(left));
        let of = row.get("refunded_orderline_id").and_then(Value::as_i64);
        let id = self.tables.add("pos.order.line", &row.into());
        if let Some(of) = of {
            let mut back = self
                .tables
                .get("pos.order.line", of, "refund_orderline_ids")
                .as_array()
                .cloned()
                .unwrap_or_default();
            back.push(id.into());
            self.tables
                .set("pos.order.line", of, "refund_orderline_ids", back.into());
        }
        Ok(())
    }
}

/// The fields of each row of a list of new rows.
fn rows(list: &Value) -> impl Iterator<Item = &Fields> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|row| row[2].as_object().unwrap())
}
