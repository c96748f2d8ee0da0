//! From what is there and what a store needs to what is to be done. Pure; a step that needs what an earlier one makes
//! names it by its label, `cash journal of 3`, or a field of it, `warehouse.pos_type_id`: see [`later`].

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tillpost_shared::config::Environment;

use super::Plan;
use super::people::user;
use super::present::{Method, Present, UNIT_ROUNDING_MAX};
use super::tills::{config, stray};
use crate::destination::odoo::coins::ROUNDING_PRODUCT;
use crate::destination::odoo::reference;
use crate::destination::odoo::versions::Closing;

/// Decimal places that weighed goods need: Odoo's two turn 0.345 kg into 0.35.
const QUANTITY_DIGITS_MIN: i64 = 3;
/// Products that stand for lines without a product of their own.
pub const PRODUCTS: [(&str, &str); 8] = [
    ("TILLPOST-DEPOSIT", "Deposit"),
    ("TILLPOST-FEE", "Fee"),
    ("TILLPOST-VOUCHER", "Voucher"),
    ("TILLPOST-PREPAYMENT", "Prepayment"),
    ("TILLPOST-ACCOUNT_PAYMENT", "Payment on account"),
    ("TILLPOST-DISCOUNT", "Discount"),
    ("TILLPOST-TIP", "Tip"),
    (ROUNDING_PRODUCT, "Cash rounding"),
];
/// The product of tips.
pub(super) const TIP: &str = "TILLPOST-TIP";
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

pub(super) fn config_name(plan: &Plan, till: &str) -> String {
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
    steps.extend(present.coarse_units.iter().map(|(id, name)| {
        let what = format!("{QUANTITY_DIGITS_MIN} decimal places for the unit {name}");
        write(
            what,
            "uom.uom",
            *id,
            json!({ "rounding": UNIT_ROUNDING_MAX }),
        )
    }));
    steps.extend(
        PRODUCTS
            .iter()
            .filter(|(code, _)| *code != ROUNDING_PRODUCT || rounds_on_a_line(plan, present))
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
pub(super) fn later(label: impl Into<String>) -> Value {
    json!({ LATER: label.into() })
}

pub(super) fn exists(what: String) -> Step {
    Step {
        what,
        doing: Doing::Nothing,
    }
}

pub(super) fn blocked(what: String, hint: impl Into<String>) -> Step {
    Step {
        what,
        doing: Doing::Blocked(hint.into()),
    }
}

pub(super) fn create(what: String, model: &'static str, values: Value, label: String) -> Step {
    Step {
        what,
        doing: Doing::Create {
            model,
            values,
            label,
        },
    }
}

pub(super) fn write(what: String, model: &'static str, id: i64, values: Value) -> Step {
    Step {
        what,
        doing: Doing::Write { model, id, values },
    }
}

fn digits(present: &Present) -> Step {
    let what = format!(
        "at least {QUANTITY_DIGITS_MIN} decimal places for quantities (\"{}\")",
        present.facts.quantity_precision
    );
    match present.quantity_digits {
        Some((_, digits)) if digits >= QUANTITY_DIGITS_MIN => exists(what),
        Some((id, _)) => write(
            what,
            "decimal.precision",
            id,
            json!({ "digits": QUANTITY_DIGITS_MIN }),
        ),
        None => blocked(what, "Odoo has no such decimal accuracy; was it renamed?"),
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
            let mut values = json!({ "name": name, "company_id": present.company.id });
            if present.facts.closing == Closing::Statement {
                values["is_cash_count"] = true.into();
                values["cash_journal_id"] = journal;
            } else {
                values["journal_id"] = journal;
            }
            create(what, "pos.payment.method", values, label)
        }
    }
}

pub(super) fn method<'a>(present: &'a Present, name: &str) -> Option<&'a Method> {
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
    let label = format!("method {name}");
    if present.facts.closing == Closing::Statement {
        // There only cash has a journal of its own.
        let values = json!({ "name": name, "company_id": present.company.id });
        return create(what, "pos.payment.method", values, label);
    }
    let Some(bank) = present.journals.iter().find(|journal| !journal.cash) else {
        return blocked(what, "the company has no bank journal; add one in Odoo");
    };
    let values = json!({ "name": name, "journal_id": bank.id, "company_id": present.company.id });
    create(what, "pos.payment.method", values, label)
}

/// The step to which cash is rounded, where the currency has no coin for its smallest amount.
pub(super) fn coin(plan: &Plan) -> Option<Decimal> {
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

/// Whether cash is rounded, and Odoo's own cash rounding is of no use for it.
pub(super) fn rounds_on_a_line(plan: &Plan, present: &Present) -> bool {
    coin(plan).is_some() && present.facts.coins_for_all
}

fn rounding(plan: &Plan, present: &Present) -> Option<Step> {
    let coin = coin(plan).filter(|_| !rounds_on_a_line(plan, present))?;
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
