//! The agent's user in Odoo. Its key lies on a PC in a store, so it may do what a till does and nothing else.

use serde_json::{Value, json};

use super::Plan;
use super::present::{Present, User};
use super::steps::{Step, blocked, create, exists, write};
use crate::destination::odoo::versions::Facts;

/// The rights of the agent's user: sell, count and move goods, hand over orders, move cash. Nothing of it can set up or
/// delete; transfers, scrap and the deliveries of orders need no right beyond the one to count.
pub const GROUPS: [&str; 4] = [
    "base.group_user",
    "point_of_sale.group_pos_user",
    "stock.group_stock_user",
    "account.group_account_invoice",
];
/// The rights of the agent's user on this version.
pub fn rights(facts: Facts) -> Vec<&'static str> {
    let more = facts
        .counts_by_administrator
        .then_some("stock.group_stock_manager");
    GROUPS.into_iter().chain(more).collect()
}

/// Rights that the agent's user must not have, unless this version asks for one of them.
const GROUPS_TOO_MUCH: [&str; 5] = [
    "base.group_system",
    "base.group_erp_manager",
    "point_of_sale.group_pos_manager",
    "stock.group_stock_manager",
    "account.group_account_manager",
];
/// The agent's user with the rights it needs and no more.
pub(super) fn user(plan: &Plan, present: &Present) -> Vec<Step> {
    let what = format!(
        "user {} with the rights to sell, count and move cash",
        plan.login()
    );
    let rights = rights(present.facts);
    let missing: Vec<&str> = rights
        .iter()
        .copied()
        .filter(|id| !present.groups.contains_key(*id))
        .collect();
    if !missing.is_empty() {
        let hint = format!(
            "Odoo does not have the groups {}; install Point of Sale, Inventory and Invoicing",
            missing.join(", ")
        );
        return vec![blocked(what, hint)];
    }
    let wanted: Vec<i64> = rights
        .iter()
        .filter_map(|id| present.groups.get(*id).copied())
        .collect();
    let company = &present.company;
    let email = company
        .email
        .clone()
        .unwrap_or_else(|| "tillpost@example.invalid".to_owned());
    let Some(found) = &present.user else {
        let values = json!({
            "name": format!("Tillpost {}", plan.store), "login": plan.login(), "email": email, "lang": "en_US",
            "company_id": company.id, "company_ids": [[6, 0, [company.id]]], groups_field(present): [[6, 0, wanted]],
        });
        return vec![create(what, "res.users", values, "user".to_owned())];
    };
    let mut steps = vec![existing_user(what, present, found, &wanted, &email)];
    let too_much = |id: &&str| {
        let has = |group: &i64| found.groups.contains(group);
        !rights.contains(id) && present.groups.get(*id).is_some_and(has)
    };
    let too_much: Vec<&str> = GROUPS_TOO_MUCH.into_iter().filter(too_much).collect();
    if !too_much.is_empty() {
        let what = format!("user {} without an administrator's rights", plan.login());
        let hint = format!(
            "take {} away from it in Odoo; its key lies on a PC in a store",
            too_much.join(", ")
        );
        steps.push(blocked(what, hint));
    }
    steps
}

/// What the field with a user's groups is called.
fn groups_field(present: &Present) -> &'static str {
    present.facts.field("res.users", "group_ids")
}

fn existing_user(
    what: String,
    present: &Present,
    found: &User,
    wanted: &[i64],
    email: &str,
) -> Step {
    if found.company != present.company.id {
        return blocked(
            what,
            format!(
                "it belongs to another company than {}",
                present.company.name
            ),
        );
    }
    let mut values = json!({});
    if !found.active {
        values["active"] = true.into();
    }
    // Odoo's answers come in this language, and the agent's log with them.
    if found.lang != "en_US" {
        values["lang"] = "en_US".into();
    }
    if !found.email {
        values["email"] = email.into();
    }
    let missing = wanted.iter().filter(|id| !found.groups.contains(id));
    let missing: Vec<Value> = missing.map(|id| json!([4, id])).collect();
    if !missing.is_empty() {
        values[groups_field(present)] = missing.into();
    }
    match values.as_object().is_some_and(|values| values.is_empty()) {
        true => exists(what),
        false => write(what, "res.users", found.id, values),
    }
}
