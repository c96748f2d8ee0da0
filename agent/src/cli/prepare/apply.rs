//! Does the steps, one call each, and remembers what was made for the steps that need it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Plan;
use super::present::Present;
use super::steps::{Doing, LATER, cash_name, rounding_id};
use crate::destination::odoo::client::{CallError, Client};
use crate::destination::odoo::row::Row;

/// Rows by label: model and id.
#[derive(Debug, Default)]
pub struct Applied {
    rows: BTreeMap<String, (&'static str, i64)>,
}

impl Applied {
    /// What is there already, under the labels that steps use for it.
    pub fn new(plan: &Plan, present: &Present) -> Self {
        let mut rows = BTreeMap::new();
        for (code, id) in &present.products {
            rows.insert(format!("product {code}"), ("product.product", *id));
        }
        let own = present
            .warehouses
            .iter()
            .find(|warehouse| warehouse.name == plan.store);
        if let Some(warehouse) = own {
            rows.insert("warehouse".to_owned(), ("stock.warehouse", warehouse.id));
        }
        if let Some(id) = rounding_id(plan, present) {
            rows.insert("rounding".to_owned(), ("account.cash.rounding", id));
        }
        for till in &plan.tills {
            let name = cash_name(plan, till);
            let journal = present
                .journals
                .iter()
                .find(|journal| journal.cash && journal.name == name);
            if let Some(journal) = journal {
                rows.insert(
                    format!("cash journal of {till}"),
                    ("account.journal", journal.id),
                );
            }
        }
        Self { rows }
    }

    /// Does one step.
    pub async fn apply(&mut self, client: &Client, doing: &Doing) -> Result<(), CallError> {
        match doing {
            Doing::Nothing | Doing::Blocked(_) => Ok(()),
            Doing::Create {
                model,
                values,
                label,
            } => {
                let values = self.resolved(client, values).await?;
                let args = json!({ "vals_list": [values] });
                let ids: Vec<i64> = client.call(model, "create", args).await?;
                let id = ids.first().copied();
                let id = id.ok_or_else(|| CallError::Unreadable("no id".to_owned()))?;
                self.rows.insert(label.clone(), (model, id));
                Ok(())
            }
            Doing::Write { model, id, values } => {
                let values = self.resolved(client, values).await?;
                let args = json!({ "ids": [id], "vals": values });
                client.call::<Value>(model, "write", args).await.map(|_| ())
            }
        }
    }

    /// The values with ids in place of labels.
    async fn resolved(&self, client: &Client, values: &Value) -> Result<Value, CallError> {
        match values {
            Value::Array(items) => {
                let mut resolved = Vec::with_capacity(items.len());
                for item in items {
                    resolved.push(Box::pin(self.resolved(client, item)).await?);
                }
                Ok(resolved.into())
            }
            Value::Object(entries) => {
                if let Some(Value::String(reference)) = entries.get(LATER) {
                    return self.id(client, reference).await;
                }
                let mut resolved = json!({});
                for (key, value) in entries {
                    resolved[key] = Box::pin(self.resolved(client, value)).await?;
                }
                Ok(resolved)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Ok(values.clone())
            }
        }
    }

    async fn id(&self, client: &Client, reference: &str) -> Result<Value, CallError> {
        let absent = || CallError::Unreadable(format!("there is no {reference} yet"));
        if let Some((_, id)) = self.rows.get(reference) {
            return Ok((*id).into());
        }
        let (label, field) = reference.rsplit_once('.').ok_or_else(absent)?;
        let (model, id) = self.rows.get(label).ok_or_else(absent)?;
        let args = json!({ "ids": [id], "fields": [field] });
        let rows: Vec<Row> = client.call(model, "read", args).await?;
        let id = rows.first().and_then(|row| row.one(field));
        id.map(Value::from).ok_or_else(absent)
    }
}
