//! How the stand-in counts: a `stock.inventory` (14), `inventory_quantity` and its application (15 to 18), or one absolute
//! call (19).

use serde_json::{Value, json};

use super::super::{Call, World};
use super::Answered;

impl World {
    pub(super) fn count(&mut self, call: &Call, method: &str) -> Answered {
        let name = call.arg("context")["inventory_name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        match (call.model.as_str(), method) {
            ("stock.quant", "action_view_inventory") => Ok(json!({})),
            ("stock.quant", "create") => {
                let rows = call.arg("vals_list");
                let quants = rows
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|row| self.set_quant(row, &name));
                Ok(quants.collect::<Vec<i64>>().into())
            }
            ("stock.quant", "action_apply_inventory") if self.version >= 19 => {
                panic!("called once more it empties the stock: never there")
            }
            ("stock.quant", "action_apply_inventory") => {
                for id in call.ids() {
                    let counted = self.tables.get("stock.quant", id, "inventory_quantity");
                    self.apply(id, counted, &format!("{name} (Tillpost ZH01)"));
                }
                Ok(Value::Null)
            }
            ("stock.inventory", "create") => {
                let row = call.arg("vals_list")[0].clone();
                let id = self.tables.add(
                    "stock.inventory",
                    &json!({ "name": row["name"], "state": "draft" }),
                );
                for line in row["line_ids"].as_array().unwrap() {
                    let line = json!({ "inventory_id": id, "product_id": line[2]["product_id"], "product_qty": line[2]["product_qty"] });
                    self.tables.add("stock.inventory.line", &line);
                }
                Ok(json!([id]))
            }
            ("stock.inventory", "action_start") => Ok(json!({})),
            ("stock.inventory", "action_validate") => {
                self.tables
                    .set("stock.inventory", call.id(), "state", "done".into());
                for line in self.tables.search(
                    "stock.inventory.line",
                    &json!([["inventory_id", "=", call.id()]]),
                )? {
                    let product = self.tables.get("stock.inventory.line", line, "product_id");
                    let counted = self.tables.get("stock.inventory.line", line, "product_qty");
                    let quant = self
                        .tables
                        .search("stock.quant", &json!([["product_id", "=", product]]))?[0];
                    self.tables.set("stock.quant", quant, "quantity", counted);
                }
                Ok(json!({}))
            }
            (model, method) => Err(self.no_such(model, method)),
        }
    }

    /// Finds the row of a product and place, as Odoo does in its mode for counting.
    fn set_quant(&mut self, row: &Value, name: &str) -> i64 {
        let domain = json!([
            ["product_id", "=", row["product_id"]],
            ["location_id", "=", row["location_id"]]
        ]);
        let found = self.tables.search("stock.quant", &domain).unwrap();
        let id = found[0];
        match &row["inventory_quantity_auto_apply"] {
            Value::Null => self.tables.set(
                "stock.quant",
                id,
                "inventory_quantity",
                row["inventory_quantity"].clone(),
            ),
            counted => self.apply(id, counted.clone(), name),
        }
        id
    }

    fn apply(&mut self, quant: i64, counted: Value, name: &str) {
        let product = self.tables.get("stock.quant", quant, "product_id");
        self.tables.set("stock.quant", quant, "quantity", counted);
        let field = if self.version >= 19 {
            "inventory_name"
        } else {
            "name"
        };
        self.tables.add(
            "stock.move",
            &json!({ "product_id": product, "state": "done", field: name }),
        );
    }
}
