//! From what is there and what a store needs to what is to be done. Pure; a step that needs what an earlier one makes
//! names it by its label, `cash journal of 3`, or a field of it, `warehouse.pos_type_id`: see [`later`].

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::config::Environment;

use super::Plan;
use super::present::{Method, PosConfig, Present, User};
use crate::destination::odoo::reference;

/// What Odoo calls the accuracy of quantities.
pub const QUANTITY_PRECISION: &str = "Product Unit";
/// Decimal places that weighed goods need: Odoo's two turn 0.345 kg into 0.35.
const QUANTITY_DIGITS_MIN: i64 = 3;
/// The rights of the agent's user: sell, count lots and stock, move cash. Nothing of it can set up or delete.
pub const GROUPS: [&str; 4] = [
    "base.group_user",
    "point_of_sale.group_pos_user",
    "stock.group_stock_user",
    "account.group_account_invoice",
];
/// Rights that the agent's user must not have.
const GROUPS_TOO_MUCH: [&str; 2] = ["base.group_system", "base.group_erp_manager"];
/// Products that stand for lines without a product of their own.
pub const PRODUCTS: [(&str, &str); 7] = [
    ("TILLPOST-DEPOSIT", "Deposit"),
    ("TILLPOST-FEE", "Fee"),
    ("TILLPOST-VOUCHER", "Voucher"),
    ("TILLPOST-PREPAYMENT", "Prepayment"),
    ("TILLPOST-ACCOUNT_PAYMENT", "Payment on account"),
    ("TILLPOST-DISCOUNT", "Discount"),
    ("TILLPOST-TIP", "Tip"),
];
/// The product of tips.
const TIP: &str = "TILLPOST-TIP";
/// The smallest coin, in hundredths, where it is larger than the smallest amount everywhere the currency is used.
const SMALLEST_COINS: [(&str, i64); 9] = [
    ("CHF", 5),
    ("AUD", 5),
    ("CAD", 5),
    ("NZD", 10),
    ("DKK", 50),
    ("NOK", 100),
    ("SEK", 100),
    ("CZK", 100),
    ("HUF", 500),
];
/// The key that marks a label among values.
pub const LATER: &str = "@";
/// A warehouse's code may be so long.
const WAREHOUSE_CODE_MAX: usize = 5;

/// One thing that a store needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// In plain words.
    pub what: String,
    /// What has to be done for it.
    pub doing: Doing,
}

/// What has to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Doing {
    /// It is there.
    Nothing,
    /// A new row.
    Create {
        /// Of which model.
        model: &'static str,
        /// With which values.
        values: Value,
        /// What later steps call it.
        label: String,
    },
    /// A change of a row.
    Write {
        /// Of which model.
        model: &'static str,
        /// Which row.
        id: i64,
        /// Its new values.
        values: Value,
    },
    /// A person must act first: what to do.
    Blocked(String),
}

/// What a till may be called in Odoo, environment by environment.
pub fn config_names(store: &str, till: &str) -> [String; 4] {
    use Environment::{Development, Production, Staging, Test};
    [Production, Staging, Test, Development].map(|each| reference::config_name(store, till, each))
}

fn config_name(plan: &Plan, till: &str) -> String {
    reference::config_name(&plan.store, till, plan.environment)
}

/// What is to be done, in an order in which it can be done.
pub fn steps(plan: &Plan, present: &Present) -> Vec<Step> {
    let company = &present.company;
    let what = format!(
        "company {}, which keeps its books in {}",
        company.name, company.currency
    );
    if company.currency != plan.currency {
        let hint = format!(
            "the store's currency is {}; use an administrator of the company that keeps its books in it",
            plan.currency
        );
        return vec![blocked(what, hint)];
    }
    let strays: Vec<Step> = plan
        .tills
        .iter()
        .filter_map(|till| stray(plan, present, till))
        .collect();
    if !strays.is_empty() {
        // The wrong database, most likely: nothing is to be set up in it.
        return strays;
    }
    let mut steps = vec![exists(what), digits(present)];
    steps.extend(
        PRODUCTS
            .iter()
            .map(|(code, name)| product(present, code, name)),
    );
    steps.push(warehouse(plan, present));
    for till in &plan.tills {
        steps.push(cash_journal(plan, present, till));
        steps.push(cash_method(plan, present, till));
    }
    steps.extend(plan.shared.iter().map(|name| shared_method(present, name)));
    steps.extend(rounding(plan, present));
    for till in &plan.tills {
        steps.push(config(plan, present, till));
    }
    steps.extend(user(plan, present));
    steps
}

/// Stands in values for the id of a row that has this label when the step is done.
fn later(label: impl Into<String>) -> Value {
    json!({ LATER: label.into() })
}

fn exists(what: String) -> Step {
    Step {
        what,
        doing: Doing::Nothing,
    }
}

fn blocked(what: String, hint: impl Into<String>) -> Step {
    Step {
        what,
        doing: Doing::Blocked(hint.into()),
    }
}

fn create(what: String, model: &'static str, values: Value, label: String) -> Step {
    Step {
        what,
        doing: Doing::Create {
            model,
            values,
            label,
        },
    }
}

fn write(what: String, model: &'static str, id: i64, values: Value) -> Step {
    Step {
        what,
        doing: Doing::Write { model, id, values },
    }
}

fn digits(present: &Present) -> Step {
    let what = format!(
        "at least {QUANTITY_DIGITS_MIN} decimal places for quantities (\"{QUANTITY_PRECISION}\")"
    );
    match present.quantity_digits {
        Some((_, digits)) if digits >= QUANTITY_DIGITS_MIN => exists(what),
        Some((id, _)) => write(
            what,
            "decimal.precision",
            id,
            json!({ "digits": QUANTITY_DIGITS_MIN }),
        ),
        None => blocked(what, "Odoo has no such decimal accuracy; is this Odoo 19?"),
    }
}

/// Without taxes and stock: the document says what is taxed, and the agent sends it.
fn product(present: &Present, code: &str, name: &str) -> Step {
    let what = format!("product {code}");
    if present.products.contains_key(code) {
        return exists(what);
    }
    let values = json!({
        "name": name, "default_code": code, "type": "service", "list_price": 0, "taxes_id": [[6, 0, []]],
        "sale_ok": false, "purchase_ok": false, "available_in_pos": false,
    });
    create(what, "product.product", values, format!("product {code}"))
}

/// The store's stock. All its tills share it.
fn warehouse(plan: &Plan, present: &Present) -> Step {
    let what = format!("warehouse {}", plan.store);
    let code: String = plan.store.chars().take(WAREHOUSE_CODE_MAX).collect();
    if let Some(found) = present
        .warehouses
        .iter()
        .find(|warehouse| warehouse.name == plan.store)
    {
        return match found.picking_type {
            Some(_) => exists(what),
            None => blocked(
                what,
                "it has no operation type for the point of sale; add one in Odoo",
            ),
        };
    }
    if present
        .warehouses
        .iter()
        .any(|warehouse| warehouse.code == code)
    {
        let hint = format!(
            "another warehouse has the short name {code}; rename this store's warehouse to {}",
            plan.store
        );
        return blocked(what, hint);
    }
    let values = json!({ "name": plan.store, "code": code, "company_id": present.company.id });
    create(what, "stock.warehouse", values, "warehouse".to_owned())
}

/// What a till's drawer is called; the destination finds it by this name.
pub fn cash_name(plan: &Plan, till: &str) -> String {
    format!("{} {}", plan.cash, reference::base_name(&plan.store, till))
}

fn cash_journal(plan: &Plan, present: &Present, till: &str) -> Step {
    let name = cash_name(plan, till);
    let what = format!("cash journal \"{name}\"");
    if present
        .journals
        .iter()
        .any(|journal| journal.cash && journal.name == name)
    {
        return exists(what);
    }
    let values = json!({ "name": name, "type": "cash", "company_id": present.company.id });
    create(
        what,
        "account.journal",
        values,
        format!("cash journal of {till}"),
    )
}

/// A drawer of its own for every till: Odoo does not let two share one.
fn cash_method(plan: &Plan, present: &Present, till: &str) -> Step {
    let name = cash_name(plan, till);
    let what = format!("cash payment method \"{name}\"");
    match method(present, &name) {
        Some(found) if !found.cash => blocked(
            what,
            "a method of this name exists and is not cash; rename it in Odoo",
        ),
        Some(found) => {
            let config = config_name(plan, till);
            let ours = present
                .configs
                .iter()
                .find(|other| other.name == config)
                .map(|own| own.id);
            match found.configs.iter().find(|id| Some(**id) != ours) {
                Some(_) => blocked(what, "another point of sale uses it; take it away there"),
                None => exists(what),
            }
        }
        None => {
            let label = format!("cash method of {till}");
            let journal = later(format!("cash journal of {till}"));
            let values =
                json!({ "name": name, "journal_id": journal, "company_id": present.company.id });
            create(what, "pos.payment.method", values, label)
        }
    }
}

fn method<'a>(present: &'a Present, name: &str) -> Option<&'a Method> {
    let wanted = name.trim().to_lowercase();
    present
        .methods
        .iter()
        .find(|method| method.name.trim().to_lowercase() == wanted)
}

fn shared_method(present: &Present, name: &str) -> Step {
    let what = format!("payment method \"{name}\", shared by all tills");
    if let Some(found) = method(present, name) {
        if found.cash {
            return blocked(
                what,
                "it is a cash method, which tills cannot share; map CASH to it, or rename it in Odoo",
            );
        }
        return exists(what);
    }
    let Some(bank) = present.journals.iter().find(|journal| !journal.cash) else {
        return blocked(what, "the company has no bank journal; add one in Odoo");
    };
    let values = json!({ "name": name, "journal_id": bank.id, "company_id": present.company.id });
    create(what, "pos.payment.method", values, format!("method {name}"))
}

/// The step to which cash is rounded, where the currency has no coin for its smallest amount.
fn coin(plan: &Plan) -> Option<Decimal> {
    let known = SMALLEST_COINS
        .iter()
        .find(|(currency, _)| *currency == plan.currency);
    known.map(|(_, hundredths)| Decimal::new(*hundredths, 2))
}

/// The cash rounding that fits, where one is needed and there.
pub fn rounding_id(plan: &Plan, present: &Present) -> Option<i64> {
    let coin = coin(plan)?;
    let fitting = present.roundings.iter().find(|(step, _)| *step == coin);
    fitting.map(|(_, id)| *id)
}

fn rounding(plan: &Plan, present: &Present) -> Option<Step> {
    let coin = coin(plan)?;
    let what = format!("cash rounding to {} {coin}", plan.currency);
    if rounding_id(plan, present).is_some() {
        return Some(exists(what));
    }
    // The differences go where the drawer's own differences go.
    let journal = format!("cash journal of {}", plan.tills.first()?);
    let values = json!({
        "name": format!("{} {coin}", plan.currency), "rounding": coin.to_string().parse::<f64>().ok()?,
        "strategy": "add_invoice_line", "rounding_method": "HALF-UP",
        "profit_account_id": later(format!("{journal}.profit_account_id")),
        "loss_account_id": later(format!("{journal}.loss_account_id")),
    });
    Some(create(
        what,
        "account.cash.rounding",
        values,
        "rounding".to_owned(),
    ))
}

/// The till as another environment's.
fn stray(plan: &Plan, present: &Present, till: &str) -> Option<Step> {
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
fn config(plan: &Plan, present: &Present, till: &str) -> Step {
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
    if coin(plan).is_some() {
        values["cash_rounding"] = true.into();
        values["rounding_method"] = later("rounding");
        values["only_round_cash_method"] = true.into();
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
    let rounding = rounding_id(plan, present);
    let rounds = found.rounds_only_cash && rounding.is_some() && found.rounding == rounding;
    if coin(plan).is_some() && !rounds {
        for key in ["cash_rounding", "rounding_method", "only_round_cash_method"] {
            values[key] = wanted[key].clone();
        }
    }
    if !found.tips {
        values["iface_tipproduct"] = true.into();
        values["tip_product_id"] = later(format!("product {TIP}"));
    }
    values
        .as_object()
        .is_some_and(|values| !values.is_empty())
        .then_some(values)
}

/// The agent's user with the rights it needs and no more.
fn user(plan: &Plan, present: &Present) -> Vec<Step> {
    let what = format!(
        "user {} with the rights to sell, count and move cash",
        plan.login()
    );
    let missing: Vec<&str> = GROUPS
        .into_iter()
        .filter(|id| !present.groups.contains_key(*id))
        .collect();
    if !missing.is_empty() {
        let hint = format!(
            "Odoo does not have the groups {}; install Point of Sale, Inventory and Invoicing",
            missing.join(", ")
        );
        return vec![blocked(what, hint)];
    }
    let wanted: Vec<i64> = GROUPS
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
            "company_id": company.id, "company_ids": [[6, 0, [company.id]]], "group_ids": [[6, 0, wanted]],
        });
        return vec![create(what, "res.users", values, "user".to_owned())];
    };
    let mut steps = vec![existing_user(what, present, found, &wanted, &email)];
    let too_much = |id: &&str| {
        present
            .groups
            .get(*id)
            .is_some_and(|id| found.groups.contains(id))
    };
    if GROUPS_TOO_MUCH.iter().any(too_much) {
        let what = format!("user {} without an administrator's rights", plan.login());
        steps.push(blocked(
            what,
            "take the administrator's rights away from it in Odoo; its key lies on a PC in a store",
        ));
    }
    steps
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
        values["group_ids"] = missing.into();
    }
    match values.as_object().is_some_and(|values| values.is_empty()) {
        true => exists(what),
        false => write(what, "res.users", found.id, values),
    }
}
