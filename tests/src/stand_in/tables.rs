//! The stand-in's tables: rows by model, and searches in Odoo's own language. Strict where Odoo is: a condition on a field
//! that the model does not have is a `ValueError`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// What Odoo raised: the exception's name and its words.
#[derive(Debug, Clone)]
pub struct Raised {
    pub name: String,
    pub words: String,
}

impl Raised {
    pub fn user(words: impl Into<String>) -> Self {
        Self::named("odoo.exceptions.UserError", words)
    }

    pub fn value(words: impl Into<String>) -> Self {
        Self::named("builtins.ValueError", words)
    }

    pub fn named(name: &str, words: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            words: words.into(),
        }
    }
}

/// A row.
pub type Fields = Map<String, Value>;

/// A model: the fields it has and its rows by id.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub fields: BTreeSet<String>,
    pub rows: BTreeMap<i64, Fields>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    pub models: BTreeMap<String, Table>,
    last_id: i64,
}

/// Which model a field points at.
const POINTS_AT: [(&str, &str); 17] = [
    ("company_id", "res.company"),
    ("currency_id", "res.currency"),
    ("config_id", "pos.config"),
    ("session_id", "pos.session"),
    ("pos_session_id", "pos.session"),
    ("statement_id", "account.bank.statement"),
    ("order_id", "pos.order"),
    ("pos_order_id", "pos.order"),
    ("refunded_orderline_id", "pos.order.line"),
    ("payment_method_id", "pos.payment.method"),
    ("product_id", "product.product"),
    ("location_id", "stock.location"),
    ("default_location_src_id", "stock.location"),
    ("picking_type_id", "stock.picking.type"),
    ("warehouse_id", "stock.warehouse"),
    ("user_id", "res.users"),
    ("partner_id", "res.partner"),
];

fn points_at(field: &str) -> Option<&'static str> {
    let found = POINTS_AT.iter().find(|(known, _)| *known == field);
    found.map(|(_, model)| *model)
}

impl Tables {
    /// Names a model's fields, beside those of its rows.
    pub fn fields(&mut self, model: &str, names: &str) {
        let table = self.models.entry(model.to_owned()).or_default();
        table
            .fields
            .extend(names.split_whitespace().map(str::to_owned));
        table.fields.insert("id".to_owned());
    }

    /// Adds a row; its id.
    pub fn add(&mut self, model: &str, row: &Value) -> i64 {
        self.last_id += 1;
        let id = row["id"].as_i64().unwrap_or(self.last_id);
        self.last_id = self.last_id.max(id);
        let mut fields = row.as_object().unwrap().clone();
        fields.insert("id".to_owned(), id.into());
        let table = self.models.entry(model.to_owned()).or_default();
        table.fields.extend(fields.keys().cloned());
        table.rows.insert(id, fields);
        id
    }

    /// What a row holds in a field; null when there is neither.
    pub fn get(&self, model: &str, id: i64, field: &str) -> Value {
        let row = self.models.get(model).and_then(|table| table.rows.get(&id));
        row.and_then(|row| row.get(field))
            .cloned()
            .unwrap_or_default()
    }

    pub fn set(&mut self, model: &str, id: i64, field: &str, value: Value) {
        let table = self.models.get_mut(model).unwrap();
        table
            .rows
            .get_mut(&id)
            .unwrap()
            .insert(field.to_owned(), value);
    }

    /// The ids of what a domain finds.
    pub fn search(&self, model: &str, domain: &Value) -> Result<Vec<i64>, Raised> {
        let Some(table) = self.models.get(model) else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for id in table.rows.keys() {
            if self.fits(model, *id, domain)? {
                found.push(*id);
            }
        }
        Ok(found)
    }

    /// Rows as `search_read` writes them: another row is a pair, nothing is `false`.
    pub fn read(&self, model: &str, ids: &[i64], fields: &Value) -> Value {
        let Some(table) = self.models.get(model) else {
            return json!([]);
        };
        let wanted: Vec<&str> = fields
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let read = |id: &i64| {
            let mut row = json!({ "id": id });
            for field in wanted.iter().filter(|field| table.fields.contains(**field)) {
                row[*field] = match (table.rows[id].get(*field), points_at(field)) {
                    (None | Some(Value::Null), _) => false.into(),
                    (Some(Value::Number(other)), Some(model)) => {
                        let id = other.as_i64().unwrap();
                        let name = self.get(model, id, "name");
                        json!([id, name.as_str().unwrap_or("-")])
                    }
                    (Some(value), _) => value.clone(),
                };
            }
            row
        };
        ids.iter().map(read).collect()
    }

    fn fits(&self, model: &str, id: i64, domain: &Value) -> Result<bool, Raised> {
        let terms = domain.as_array().map(Vec::as_slice).unwrap_or_default();
        let (mut rest, mut all) = (terms, true);
        while !rest.is_empty() {
            all &= self.term(model, id, &mut rest)?;
        }
        Ok(all)
    }

    /// The next term, operators before their operands.
    fn term(&self, model: &str, id: i64, rest: &mut &[Value]) -> Result<bool, Raised> {
        let Some((first, after)) = rest.split_first() else {
            return Err(Raised::value("a domain ends too early"));
        };
        *rest = after;
        match first.as_str() {
            Some("|") => Ok(self.term(model, id, rest)? | self.term(model, id, rest)?),
            Some("&") => Ok(self.term(model, id, rest)? & self.term(model, id, rest)?),
            Some("!") => Ok(!self.term(model, id, rest)?),
            _ => self.leaf(model, id, first),
        }
    }

    fn leaf(&self, model: &str, id: i64, leaf: &Value) -> Result<bool, Raised> {
        let (path, operator) = (
            leaf[0].as_str().unwrap_or_default(),
            leaf[1].as_str().unwrap_or_default(),
        );
        let (mut model, mut id) = (model.to_owned(), id);
        let mut steps = path.split('.').peekable();
        while let Some(field) = steps.next() {
            if !self
                .models
                .get(&model)
                .is_some_and(|table| table.fields.contains(field))
            {
                return Err(Raised::value(format!(
                    "Invalid field {model}.{field} in leaf {leaf}"
                )));
            }
            let value = self.get(&model, id, field);
            if steps.peek().is_none() {
                return Ok(holds(&value, operator, &leaf[2]));
            }
            let (Some(next), Some(other)) = (points_at(field), value.as_i64()) else {
                return Ok(false);
            };
            (model, id) = (next.to_owned(), other);
        }
        Err(Raised::value(format!("no field in {leaf}")))
    }
}

/// Whether a field's value stands in this relation to what is asked.
fn holds(value: &Value, operator: &str, asked: &Value) -> bool {
    let none = |value: &Value| matches!(value, Value::Null | Value::Bool(false));
    let same = |one: &Value, other: &Value| match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-9,
        _ => one == other || (none(one) && none(other)),
    };
    let among = || {
        asked
            .as_array()
            .is_some_and(|asked| asked.iter().any(|asked| same(value, asked)))
    };
    let (text, pattern) = (
        value.as_str().unwrap_or_default(),
        asked.as_str().unwrap_or_default(),
    );
    match operator {
        // One place of a store is enough here.
        "=" | "child_of" => same(value, asked),
        "!=" => !same(value, asked),
        "in" => among(),
        "not in" => !among(),
        ">" => text > pattern,
        "like" => text.contains(pattern),
        "=like" => like(text, pattern),
        other => panic!("the stand-in does not know the operator {other}"),
    }
}

/// SQL's pattern with `%`.
fn like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('%');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let Some(end) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_odoos() {
        let mut tables = Tables::default();
        let session = tables.add(
            "pos.session",
            &json!({ "name": "POS/1", "state": "opened" }),
        );
        let order = tables.add(
            "pos.order",
            &json!({ "pos_reference": "A-1-2", "session_id": session, "note": false }),
        );
        let found = |domain: Value| tables.search("pos.order", &domain);
        for domain in [
            json!([
                ["pos_reference", "=like", "A-%-2"],
                ["session_id.state", "=", "opened"]
            ]),
            json!(["|", ["note", "!=", false], ["id", "in", [order]]]),
            json!([["note", "=", false]]),
        ] {
            assert_eq!(found(domain).unwrap(), [order]);
        }
        assert_eq!(
            found(json!([["pos_reference", "=like", "A-%-3"]])).unwrap(),
            [0; 0]
        );
        let refused = found(json!([["internal_note", "=", "x"]])).unwrap_err();
        assert_eq!(refused.name, "builtins.ValueError");
        let read = tables.read(
            "pos.order",
            &[order],
            &json!(["session_id", "note", "none"]),
        );
        assert_eq!(
            read,
            json!([{ "id": order, "session_id": [session, "POS/1"], "note": false }])
        );
    }
}
