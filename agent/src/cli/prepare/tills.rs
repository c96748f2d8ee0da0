//! The points of sale of a store's tills: one each, named for store, till and environment.

use serde_json::{Value, json};

use super::Plan;
use super::present::{DIFFERENCE_MAX, Method, PosConfig, Present};
use super::steps::{
    Step, TIP, blocked, cash_name, coin, config_name, config_names, create, exists, later, method,
    rounding_id, rounds_on_a_line, write,
};
use crate::destination::odoo::versions::Closing;

/// The till as another environment's.
pub(super) fn stray(plan: &Plan, present: &Present, till: &str) -> Option<Step> {
    let name = config_name(plan, till);
    let all = config_names(&plan.store, till);
    let other = |config: &&PosConfig| config.name != name && all.contains(&config.name);
    let other = present.configs.iter().find(other)?;
    let hint = format!(
        "there is \"{}\", of another environment; this store is {}. Check `environment` and the database in tillpost.toml",
        other.name,
        plan.environment.as_str()
    );
    Some(blocked(format!("point of sale \"{name}\""), hint))
}

/// A point of sale per till, because Odoo keeps one open session per point of sale.
pub(super) fn config(plan: &Plan, present: &Present, till: &str) -> Step {
    let name = config_name(plan, till);
    let what = format!("point of sale \"{name}\"");
    let mut methods = vec![known_or_later(
        method(present, &cash_name(plan, till)),
        format!("cash method of {till}"),
    )];
    let shared = plan.shared.iter();
    methods
        .extend(shared.map(|name| known_or_later(method(present, name), format!("method {name}"))));
    let mut values = json!({ "picking_type_id": later("warehouse.pos_type_id") });
    if rounds_on_a_line(plan, present) {
        values["cash_rounding"] = false.into();
    } else if coin(plan).is_some() {
        values["cash_rounding"] = true.into();
        values["rounding_method"] = later("rounding");
        values["only_round_cash_method"] = true.into();
    }
    if present.facts.closing == Closing::Statement {
        values["cash_control"] = true.into();
        values["amount_authorized_diff"] = DIFFERENCE_MAX.into();
    }
    let Some(found) = present.configs.iter().find(|config| config.name == name) else {
        values["name"] = name.into();
        values["company_id"] = present.company.id.into();
        values["payment_method_ids"] = json!([[6, 0, methods]]);
        values["iface_tipproduct"] = true.into();
        values["tip_product_id"] = later(format!("product {TIP}"));
        return create(what, "pos.config", values, format!("till {till}"));
    };
    let changes = changes(plan, present, found, &methods, values);
    match (changes, found.open) {
        (None, _) => exists(what),
        (Some(_), true) => blocked(
            what,
            "it has to be changed, and a session is open; close the day first, then run this again",
        ),
        (Some(values), false) => write(what, "pos.config", found.id, values),
    }
}

/// An id that is known, or the label of what an earlier step makes.
fn known_or_later(found: Option<&Method>, label: String) -> Value {
    found.map_or_else(|| later(label), |method| method.id.into())
}

/// What has to change at a point of sale that is there; what a person added stays.
fn changes(
    plan: &Plan,
    present: &Present,
    found: &PosConfig,
    methods: &[Value],
    wanted: Value,
) -> Option<Value> {
    let mut values = json!({});
    let has = |method: &&Value| {
        method
            .as_i64()
            .is_some_and(|id| found.methods.contains(&id))
    };
    let missing: Vec<Value> = methods
        .iter()
        .filter(|method| !has(method))
        .map(|method| json!([4, method]))
        .collect();
    if !missing.is_empty() {
        values["payment_method_ids"] = missing.into();
    }
    let warehouse = present
        .warehouses
        .iter()
        .find(|warehouse| warehouse.name == plan.store);
    let picking_type = warehouse.and_then(|warehouse| warehouse.picking_type);
    if picking_type.is_none() || found.picking_type != picking_type {
        values["picking_type_id"] = wanted["picking_type_id"].clone();
    }
    if present.facts.closing == Closing::Statement && !found.counts_cash {
        for key in ["cash_control", "amount_authorized_diff"] {
            values[key] = wanted[key].clone();
        }
    }
    if rounds_on_a_line(plan, present) {
        if found.rounding.is_some() {
            values["cash_rounding"] = false.into();
        }
        return tips(found, values);
    }
    let rounding = rounding_id(plan, present);
    let rounds = found.rounds_only_cash && rounding.is_some() && found.rounding == rounding;
    if coin(plan).is_some() && !rounds {
        for key in ["cash_rounding", "rounding_method", "only_round_cash_method"] {
            values[key] = wanted[key].clone();
        }
    }
    tips(found, values)
}

/// With the till's product of tips, if there is anything to change.
fn tips(found: &PosConfig, mut values: Value) -> Option<Value> {
    if !found.tips {
        values["iface_tipproduct"] = true.into();
        values["tip_product_id"] = later(format!("product {TIP}"));
    }
    values
        .as_object()
        .is_some_and(|values| !values.is_empty())
        .then_some(values)
}
