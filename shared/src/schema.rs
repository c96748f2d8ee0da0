//! The JSON Schema of each kind of document: what an integrator's tools check against before anything is sent.
//!
//! Made from the types that read the documents, so the two cannot drift apart; what those types cannot say (which
//! kinds name a till, where money needs a currency) is added here. The files in `shared/schemas/` are checked by a
//! test, and a person sees in review what a change does to them.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::check::TILLS_RESERVED;
use crate::document::{
    CashMovement, DayClose, DayOpen, Head, Kind, Pickup, Sale, Settlement, StockCount, StockMove,
    TillActivity, Void,
};

/// The schema of documents of this kind, JSON Schema draft 2020-12.
pub fn document_schema(kind: Kind) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let head = Head::json_schema(&mut generator);
    let body = body_schema(kind, &mut generator);
    let mut schema = head.as_object().cloned().unwrap_or_default();
    properties(&mut schema, kind, body);
    let mut required = list(&mut schema, "required");
    required.push("body".into());
    if kind.uses_till_number() {
        required.push("till".into());
    }
    if money(kind) == Money::Always {
        required.push("currency".into());
    }
    schema.insert("required".to_owned(), required.into());
    let mut conditions = Vec::new();
    if money(kind) == Money::Sometimes {
        conditions.push(currency_needed(kind));
    }
    if matches!(kind, Kind::Sale | Kind::Return) {
        conditions.push(tax_total_needed());
    }
    if !conditions.is_empty() {
        schema.insert("allOf".to_owned(), conditions.into());
    }
    let definitions: Map<String, Value> = generator.take_definitions(true);
    schema.insert("$defs".to_owned(), definitions.into());
    let mut titled = Map::new();
    titled.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    titled.insert(
        "title".to_owned(),
        format!("Tillpost {kind}, schema 1").into(),
    );
    schema.retain(|name, _| !["title", "description"].contains(&name.as_str()));
    titled.extend(schema);
    Value::Object(titled)
}

fn properties(schema: &mut Map<String, Value>, kind: Kind, body: Value) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    // What `folder` and `export` write in front is compared, or not looked at, but never a reason to refuse.
    for name in ["id", "key", "uid"] {
        if let Some(Value::Object(property)) = properties.get_mut(name) {
            property.retain(|word, _| word == "description");
        }
    }
    properties.insert("kind".to_owned(), json!({ "const": kind.as_str() }));
    if let Some(Value::Object(till)) = properties.get_mut("till") {
        till.insert("not".to_owned(), json!({ "enum": TILLS_RESERVED }));
    }
    let named = [
        ("till", kind.uses_till_number()),
        ("currency", money(kind) == Money::Always),
    ];
    for (name, _) in named.into_iter().filter(|(_, required)| *required) {
        if let Some(Value::Object(property)) = properties.get_mut(name) {
            property.insert("type".to_owned(), json!("string"));
        }
    }
    properties.insert("body".to_owned(), body);
}

fn list(schema: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    match schema.remove(name) {
        Some(Value::Array(list)) => list,
        Some(_) | None => Vec::new(),
    }
}

fn body_schema(kind: Kind, generator: &mut SchemaGenerator) -> Value {
    let schema = match kind {
        Kind::Sale | Kind::Return => generator.subschema_for::<Sale>(),
        Kind::Void => generator.subschema_for::<Void>(),
        Kind::DayOpen => generator.subschema_for::<DayOpen>(),
        Kind::DayClose => generator.subschema_for::<DayClose>(),
        Kind::CashMovement => generator.subschema_for::<CashMovement>(),
        Kind::TillActivity => generator.subschema_for::<TillActivity>(),
        Kind::Settlement => generator.subschema_for::<Settlement>(),
        Kind::StockCount => generator.subschema_for::<StockCount>(),
        Kind::StockMove => generator.subschema_for::<StockMove>(),
        Kind::Pickup => generator.subschema_for::<Pickup>(),
    };
    schema.to_value()
}

/// Whether documents of a kind hold money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Money {
    Always,
    Sometimes,
    Never,
}

fn money(kind: Kind) -> Money {
    match kind {
        Kind::Sale | Kind::Return | Kind::CashMovement => Money::Always,
        Kind::Void | Kind::DayOpen | Kind::DayClose | Kind::TillActivity | Kind::Settlement => {
            Money::Sometimes
        }
        Kind::StockCount | Kind::StockMove | Kind::Pickup => Money::Never,
    }
}

/// Where a body holds money, the document names its currency.
fn currency_needed(kind: Kind) -> Value {
    let given = json!({ "not": { "type": "null" } });
    let filled = json!({ "type": "array", "minItems": 1 });
    let fields: &[(&str, &Value)] = match kind {
        Kind::Void => &[("refund_tenders", &filled), ("cash_rounding", &given)],
        Kind::DayOpen => &[("opening", &filled)],
        Kind::DayClose => &[("sales", &given), ("tenders", &filled), ("drawer", &given)],
        Kind::TillActivity => &[("amount", &given)],
        Kind::Settlement => &[("totals", &filled), ("fees", &given), ("items", &filled)],
        Kind::Sale
        | Kind::Return
        | Kind::CashMovement
        | Kind::StockCount
        | Kind::StockMove
        | Kind::Pickup => &[],
    };
    let holds = |(name, value): &(&str, &Value)| json!({ "required": [name], "properties": { *name: value } });
    let any: Vec<Value> = fields.iter().map(holds).collect();
    json!({
        "if": { "properties": { "body": { "anyOf": any } } },
        "then": { "required": ["currency"], "properties": { "currency": given } },
    })
}

/// Where prices are without tax, the tax in all is given.
fn tax_total_needed() -> Value {
    let excluded = json!({ "properties": { "prices": { "const": "tax_excluded" } } });
    let given = json!({ "not": { "type": "null" } });
    json!({
        "if": { "properties": { "body": excluded } },
        "then": { "properties": { "body": {
            "required": ["tax_total"], "properties": { "tax_total": given },
        } } },
    })
}

#[cfg(test)]
mod grown_tests;
#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::problem::Code;
    use crate::sample::{full, problems, without};

    fn file(kind: Kind) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas");
        folder.join(format!("{kind}.json"))
    }

    #[test]
    fn the_schemas_in_the_tree_are_those_of_the_types() {
        let renew = std::env::var_os("UPDATE_SCHEMAS").is_some();
        for kind in Kind::ALL {
            let expected = format!("{:#}\n", document_schema(*kind));
            if renew {
                std::fs::write(file(*kind), &expected).unwrap();
            }
            let found = std::fs::read_to_string(file(*kind)).unwrap_or_default();
            assert!(
                found == expected,
                "{} is not what the types say. If that is meant, run: UPDATE_SCHEMAS=1 cargo test -p tillpost-shared schema",
                file(*kind).display(),
            );
        }
    }

    /// Follows references and picks the schema that is not `null`.
    fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return root.pointer(&reference[1..]).expect("a definition");
        }
        let choices = schema.get("anyOf").and_then(Value::as_array);
        let other_than_null = |choice: &&Value| choice["type"] != "null";
        match choices.and_then(|choices| choices.iter().find(other_than_null)) {
            Some(choice) => resolved(choice, root),
            None => schema,
        }
    }

    /// Every object of a sample with its schema: pointer, path, schema.
    fn objects<'a>(
        value: &Value,
        schema: &'a Value,
        root: &'a Value,
        at: (String, String),
        found: &mut Vec<(String, String, &'a Value)>,
    ) {
        let schema = resolved(schema, root);
        let (pointer, path) = at;
        if let Some(map) = value
            .as_object()
            .filter(|_| schema.get("properties").is_some())
        {
            for (name, value) in map {
                let property = &schema["properties"][name];
                assert!(!property.is_null(), "{name} is not in the schema of {path}");
                let dot = if path.is_empty() { "" } else { "." };
                let inner = (format!("{pointer}/{name}"), format!("{path}{dot}{name}"));
                objects(value, property, root, inner, found);
            }
            found.push((pointer, path, schema));
        } else if let Some(values) = value.as_array() {
            for (index, value) in values.iter().enumerate() {
                let inner = (format!("{pointer}/{index}"), format!("{path}[{index}]"));
                objects(value, &schema["items"], root, inner, found);
            }
        }
    }

    #[test]
    fn a_field_is_required_by_the_reader_exactly_where_the_schema_says_so() {
        for kind in Kind::ALL {
            let (sample, root) = (full(*kind), document_schema(*kind));
            let mut found = Vec::new();
            objects(
                &sample,
                &root,
                &root,
                (String::new(), String::new()),
                &mut found,
            );
            for (pointer, path, schema) in found {
                let object = sample.pointer(&pointer).unwrap().as_object().unwrap();
                let required = schema.get("required").and_then(Value::as_array);
                for name in object.keys() {
                    let says = required.is_some_and(|list| list.iter().any(|one| one == name));
                    let dot = if path.is_empty() { "" } else { "." };
                    let field = format!("{path}{dot}{name}");
                    // These depend on what else the document says, as the conditions in the schema do.
                    let depends = field == "currency" && money(*kind) == Money::Sometimes;
                    let missing = format!("refused {} {field}", Code::MissingField.as_str());
                    let refused = problems(without(sample.clone(), &format!("{pointer}/{name}")));
                    let expected = says || depends;
                    assert_eq!(refused.contains(&missing), expected, "{field} of {kind}");
                }
            }
        }
    }

    #[test]
    fn the_samples_show_every_field() {
        for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Return) {
            let (sample, root) = (full(*kind), document_schema(*kind));
            let mut found = Vec::new();
            objects(
                &sample,
                &root,
                &root,
                (String::new(), String::new()),
                &mut found,
            );
            for (pointer, path, schema) in found {
                let object = sample.pointer(&pointer).unwrap();
                for name in schema["properties"].as_object().unwrap().keys() {
                    let shown =
                        object.get(name).is_some() || ["id", "key", "uid"].contains(&&**name);
                    let lot = path.contains("lots[") || path.contains("voided_lines[");
                    assert!(
                        shown || lot,
                        "{path}.{name} is missing in the sample of {kind}"
                    );
                }
            }
        }
    }
}
