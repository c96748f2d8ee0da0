//! What the stand-in's calls do: sessions and money in the drawer; orders are in
//! [`orders`], counts in [`counts`].

mod counts;
mod orders;

use serde_json::{Value, json};

use super::tables::Raised;
use super::{Call, USER, World};

/// What a call answers.
type Answered = Result<Value, Raised>;

impl World {
    /// Makes a call; one that raises leaves everything as it was.
    pub(super) fn make(&mut self, call: &Call) -> Answered {
        if let Some(raised) = self.refusing.get(&call.method) {
            return Err(raised.clone());
        }
        let before = self.tables.clone();
        let answered = self.on_its_model(call);
        if answered.is_err() {
            self.tables = before;
        }
        answered
    }

    fn on_its_model(&mut self, call: &Call) -> Answered {
        match (call.model.as_str(), call.method.as_str()) {
            (model, "search_read") => {
                let ids = self.tables.search(model, &call.arg("domain"))?;
                Ok(self
                    .tables
                    .read(model, &self.in_order(ids, call), &call.arg("fields")))
            }
            (model, "fields_get") => {
                let fields = self.tables.models.get(model).map(|table| &table.fields);
                let pair = |name: &String| (name.clone(), json!({ "type": "char" }));
                Ok(Value::Object(
                    fields.into_iter().flatten().map(pair).collect(),
                ))
            }
            (_, "search_count" | "read_group") => Ok(json!([])),
            ("pos.session", method) => self.session(call, method),
            ("pos.order", "create_from_ui" | "sync_from_ui") => self.upload(call),
            ("stock.quant" | "stock.inventory", method) => self.count(call, method),
            ("cash.box.out", "create") => Ok(json!([self
                .tables
                .add("cash.box.out", &call.arg("vals_list")[0])])),
            ("cash.box.out", "run") => self.run_cash_box(call),
            (model, "write") => {
                for id in call.ids() {
                    for (field, value) in call.arg("vals").as_object().unwrap() {
                        self.tables.set(model, id, field, value.clone());
                    }
                }
                Ok(true.into())
            }
            (model, method) => Err(self.no_such(model, method)),
        }
    }

    /// Odoo's default order is by id; the agent asks for the newest first where it wants one.
    fn in_order(&self, mut ids: Vec<i64>, call: &Call) -> Vec<i64> {
        if call
            .arg("order")
            .as_str()
            .is_some_and(|order| order.ends_with("desc"))
        {
            ids.reverse();
        }
        let limit = call.arg("limit").as_u64().unwrap_or(0);
        if limit > 0 {
            ids.truncate(usize::try_from(limit).unwrap());
        }
        ids
    }

    fn no_such(&self, model: &str, method: &str) -> Raised {
        let words = format!("type object '{model}' has no attribute '{method}'");
        Raised::named("builtins.AttributeError", words)
    }

    /// The calls of a session, those only that this version has.
    fn session(&mut self, call: &Call, method: &str) -> Answered {
        let id = call.id();
        let here = match method {
            "create" | "write" => true,
            "set_cashbox_pos" => self.version <= 17,
            "set_opening_control" => self.version >= 18,
            "action_pos_session_closing_control" | "action_pos_session_validate" => {
                self.version == 14
            }
            _ => self.version >= 15,
        };
        if !here {
            return Err(self.no_such("pos.session", method));
        }
        let answer = match method {
            "create" => return self.open(call),
            "write" => {
                for (field, value) in call.arg("vals").as_object().unwrap() {
                    self.tables.set("pos.session", id, field, value.clone());
                }
                true.into()
            }
            "set_cashbox_pos" | "set_opening_control" => {
                self.say_opening(call, id);
                Value::Null
            }
            "try_cash_in_out" => {
                let extras = call.arg("extras");
                let word = extras["translatedType"]
                    .as_str()
                    .ok_or_else(|| Raised::named("builtins.KeyError", "'translatedType'"))?;
                let sign = if call.arg("_type") == "in" { 1.0 } else { -1.0 };
                let name = self.text("pos.session", id, "name");
                let reason = format!("{name}-{word}-{}", call.arg("reason").as_str().unwrap());
                self.move_cash(id, &reason, sign * call.arg("amount").as_f64().unwrap());
                Value::Null
            }
            "get_closing_control_data" => self.closing_data(id),
            "post_closing_cash_details" => {
                self.tables.set(
                    "pos.session",
                    id,
                    "cash_register_balance_end_real",
                    call.arg("counted_cash"),
                );
                json!({ "successful": true })
            }
            "update_closing_control_state_session" | "action_pos_session_closing_control" => {
                self.tables
                    .set("pos.session", id, "state", "closing_control".into());
                Value::Null
            }
            "close_session_from_ui" | "action_pos_session_validate" => {
                self.close(id);
                json!({ "successful": true })
            }
            method => return Err(self.no_such("pos.session", method)),
        };
        self.reckon(id);
        Ok(answer)
    }

    fn open(&mut self, call: &Call) -> Answered {
        let asked = call.arg("vals_list");
        let one = asked.is_object();
        let mut row = if one { asked } else { asked[0].clone() };
        for field in row.as_object().unwrap().keys() {
            if !self.tables.models["pos.session"].fields.contains(field) {
                return Err(Raised::value(format!(
                    "Invalid field '{field}' on model 'pos.session'"
                )));
            }
        }
        let open = json!([
            ["config_id", "=", row["config_id"]],
            ["state", "!=", "closed"]
        ]);
        if !self.tables.search("pos.session", &open)?.is_empty() {
            let words = "Another session is already opened for this point of sale.";
            return Err(Raised::named("odoo.exceptions.ValidationError", words));
        }
        let before = self.tables.search(
            "pos.session",
            &json!([["config_id", "=", row["config_id"]]]),
        )?;
        let start = before.last().map_or(json!(0), |id| {
            self.tables
                .get("pos.session", *id, "cash_register_balance_end_real")
        });
        let ends_with = start.as_f64().unwrap_or(0.0);
        let number = before.len() + 1;
        let defaults = json!({
            "name": if self.version >= 18 { format!("ZH01-1/{number:05}") } else { format!("POS/{number:05}") },
            "state": "opening_control", "rescue": false, "cash_register_balance_start": ends_with, "last_end": ends_with,
            "user_id": USER, "payment_method_ids": [4, 5], "update_stock_at_closing": false,
        });
        for (field, value) in defaults.as_object().unwrap() {
            if row[field].is_null() {
                row[field] = value.clone();
            }
        }
        let drawer = (self.version <= 15).then(|| {
            let empty = json!({ "balance_end_real": 0 });
            self.tables.add("account.bank.statement", &empty)
        });
        if let Some(drawer) = drawer {
            row["cash_register_id"] = drawer.into();
        }
        let id = self.tables.add("pos.session", &row);
        if let Some(drawer) = drawer {
            self.tables.set(
                "account.bank.statement",
                drawer,
                "pos_session_id",
                id.into(),
            );
        }
        self.reckon(id);
        Ok(if one { json!(id) } else { json!([id]) })
    }

    fn say_opening(&mut self, call: &Call, id: i64) {
        let said = call.arg("cashbox_value").as_f64().unwrap();
        let before = self.number("pos.session", id, "cash_register_balance_start");
        if (15..=17).contains(&self.version) && (said - before).abs() > 0.001 {
            self.move_cash(
                id,
                "Cash difference observed during the counting - opening",
                said - before,
            );
        }
        let first = self.text("pos.session", id, "state") == "opening_control";
        for (field, value) in [
            ("cash_register_balance_start", json!(said)),
            ("state", json!("opened")),
        ] {
            self.tables.set("pos.session", id, field, value);
        }
        if self.version >= 15 {
            self.tables
                .set("pos.session", id, "opening_notes", call.arg("notes"));
        }
        if self.version >= 18 && first {
            self.tables
                .set("pos.session", id, "name", format!("POS/{id:05}").into());
        }
    }

    fn move_cash(&mut self, session: i64, reason: &str, amount: f64) {
        let row = json!({ "payment_ref": reason, "amount": amount, "session": session });
        let id = self.tables.add("account.bank.statement.line", &row);
        let (field, points_at) = match self.version {
            16.. => ("pos_session_id", session.into()),
            _ => (
                "statement_id",
                self.tables.get("pos.session", session, "cash_register_id"),
            ),
        };
        self.tables
            .set("account.bank.statement.line", id, field, points_at);
        self.reckon(session);
    }

    fn run_cash_box(&mut self, call: &Call) -> Answered {
        let session = call.arg("context")["active_ids"][0].as_i64().unwrap();
        for id in call.ids() {
            let reason = self.text("cash.box.out", id, "name");
            let amount = self.number("cash.box.out", id, "amount");
            self.move_cash(session, &reason, amount);
        }
        Ok(json!({}))
    }

    /// What went through a method in a session.
    fn paid(&self, session: i64, method: i64) -> f64 {
        let domain = json!([
            ["session_id", "=", session],
            ["payment_method_id", "=", method]
        ]);
        let payments = self.tables.search("pos.payment", &domain).unwrap();
        payments
            .iter()
            .map(|id| self.number("pos.payment", *id, "amount"))
            .sum()
    }

    /// What the drawer should hold: 15 to 17 begin with what the day before ended with, and book what was found otherwise.
    pub(super) fn reckon(&mut self, session: i64) {
        let begins = match self.version {
            15..=17 => "last_end",
            _ => "cash_register_balance_start",
        };
        let lines = self.tables.models["account.bank.statement.line"]
            .rows
            .values();
        let own = lines.filter(|row| row["session"] == session);
        let moved: f64 = own.map(|row| row["amount"].as_f64().unwrap()).sum();
        let end = self.number("pos.session", session, begins) + moved + self.paid(session, 4);
        self.tables.set(
            "pos.session",
            session,
            "cash_register_balance_end",
            json!(cents(end)),
        );
    }

    fn closing_data(&self, session: i64) -> Value {
        let in_drawer = self.number("pos.session", session, "cash_register_balance_end");
        let others = json!([{ "id": 5, "name": "Card", "amount": cents(self.paid(session, 5)), "number": 1, "type": "bank" }]);
        let name = if self.version >= 18 {
            "non_cash_payment_methods"
        } else {
            "other_payment_methods"
        };
        json!({ "default_cash_details": { "id": 4, "name": "Cash", "amount": in_drawer, "moves": [] }, name: others })
    }

    fn close(&mut self, session: i64) {
        let domain = json!([["session_id", "=", session]]);
        for order in self.tables.search("pos.order", &domain).unwrap() {
            self.tables.set("pos.order", order, "state", "done".into());
        }
        if self.version == 14 {
            let statement = self
                .tables
                .get("pos.session", session, "cash_register_id")
                .as_i64()
                .unwrap();
            let counted = self
                .tables
                .get("account.bank.statement", statement, "balance_end_real");
            self.tables.set(
                "pos.session",
                session,
                "cash_register_balance_end_real",
                counted,
            );
        }
        self.tables
            .set("pos.session", session, "state", "closed".into());
    }

    pub(super) fn text(&self, model: &str, id: i64, field: &str) -> String {
        self.tables
            .get(model, id, field)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    pub(super) fn number(&self, model: &str, id: i64, field: &str) -> f64 {
        self.tables.get(model, id, field).as_f64().unwrap_or(0.0)
    }
}

/// Without the dirt of a float.
pub(super) fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}
