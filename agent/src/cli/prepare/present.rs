//! What is in Odoo already of what a store needs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Plan;
use super::people::rights;
use super::steps::{PRODUCTS, config_names};
use crate::catalog::pull;
use crate::destination::odoo::client::{CallError, Client, Search};
use crate::destination::odoo::row::Row;
use crate::destination::odoo::versions::Facts;

/// Cash differences up to this are booked by the agent's user, where Odoo has a limit (its default is nothing at all).
pub const DIFFERENCE_MAX: i64 = 1_000_000;

/// A measured unit may round to this at most: three decimal places.
pub const UNIT_ROUNDING_MAX: f64 = 0.001;

/// What is there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Present {
    /// What is to be known about the server.
    pub facts: Facts,
    /// The company of the administrator.
    pub company: Company,
    /// Decimal places of quantities, with the row's id.
    pub quantity_digits: Option<(i64, i64)>,
    /// Units of weight, volume and length that keep too few decimal places, where they have a say: id and name.
    pub coarse_units: Vec<(i64, String)>,
    /// Groups by their external ids.
    pub groups: BTreeMap<String, i64>,
    /// The agent's user.
    pub user: Option<User>,
    /// Warehouses of the company.
    pub warehouses: Vec<Warehouse>,
    /// Points of sale whose names begin like the plan's.
    pub configs: Vec<PosConfig>,
    /// Payment methods of the company.
    pub methods: Vec<Method>,
    /// Cash and bank journals of the company.
    pub journals: Vec<Journal>,
    /// Products by internal reference.
    pub products: BTreeMap<String, i64>,
    /// Cash roundings by step and id, of those a point of sale can use.
    pub roundings: Vec<(rust_decimal::Decimal, i64)>,
}

/// The company.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Company {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// ISO 4217.
    pub currency: String,
    /// Its e-mail address.
    pub email: Option<String>,
}

/// The agent's user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct User {
    /// Its id.
    pub id: i64,
    /// Whether it may sign in.
    pub active: bool,
    /// Its language.
    pub lang: String,
    /// Whether it has an e-mail address.
    pub email: bool,
    /// Its company.
    pub company: i64,
    /// All its groups, those that follow from others too.
    pub groups: Vec<i64>,
}

/// A warehouse.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Warehouse {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// The kind of stock move that a sale at a till is.
    pub picking_type: Option<i64>,
}

/// A point of sale.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PosConfig {
    /// Its id.
    pub id: i64,
    /// Its name, with the environment's mark.
    pub name: String,
    /// Its payment methods.
    pub methods: Vec<i64>,
    /// Its kind of stock move.
    pub picking_type: Option<i64>,
    /// Whether it takes tips as a product.
    pub tips: bool,
    /// The cash rounding in use.
    pub rounding: Option<i64>,
    /// Whether only cash is rounded.
    pub rounds_only_cash: bool,
    /// Whether its cash is counted, where that can be switched off.
    pub counts_cash: bool,
    /// Whether a session is open.
    pub open: bool,
}

/// A payment method.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Method {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is a drawer.
    pub cash: bool,
    /// The points of sale that use it.
    pub configs: Vec<i64>,
}

/// A journal.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Journal {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Cash, rather than bank.
    pub cash: bool,
}

/// Reads what is there.
pub async fn read(client: &Client, plan: &Plan) -> Result<Present, CallError> {
    let facts = client.facts().await?;
    let company = company(client).await?;
    let ours = json!(["company_id", "=", company.id]);
    let digits = Search {
        domain: json!([["name", "=", facts.quantity_precision]]),
        fields: &["digits"],
        ..Search::default()
    };
    let digits = client.search_read("decimal.precision", digits).await?;
    let warehouses = Search {
        domain: json!([ours]),
        fields: &["name", "code", "pos_type_id"],
        order: "id",
        ..Search::default()
    };
    let warehouses = client.search_read("stock.warehouse", warehouses).await?;
    let methods = Search {
        domain: json!([ours]),
        fields: &["name", "is_cash_count", "config_ids"],
        order: "id",
        ..Search::default()
    };
    let methods = client.search_read("pos.payment.method", methods).await?;
    let journals = Search {
        domain: json!([ours, ["type", "in", ["cash", "bank"]]]),
        fields: &["name", "type"],
        order: "id",
        ..Search::default()
    };
    let journals = client.search_read("account.journal", journals).await?;
    let products = Search {
        domain: json!([["default_code", "in", PRODUCTS.map(|(code, _)| code)]]),
        fields: &["default_code"],
        order: "id desc",
        ..Search::default()
    };
    let products = client.search_read("product.product", products).await?;
    let roundings = Search {
        domain: json!([
            ["strategy", "=", "add_invoice_line"],
            ["rounding_method", "=", "HALF-UP"]
        ]),
        fields: &["rounding"],
        order: "id",
        ..Search::default()
    };
    let roundings = client
        .search_read("account.cash.rounding", roundings)
        .await?;
    Ok(Present {
        facts,
        company,
        quantity_digits: digits.first().map(|row| (row.id(), row.integer("digits"))),
        coarse_units: coarse_units(client, facts).await?,
        groups: groups(client, &rights(facts)).await?,
        user: user(client, plan).await?,
        warehouses: warehouses.iter().map(warehouse).collect(),
        configs: configs(client, plan).await?,
        methods: methods.iter().map(method).collect(),
        journals: journals.iter().map(journal).collect(),
        products: products.iter().filter_map(product).collect(),
        roundings: roundings
            .iter()
            .map(|row| (row.decimal("rounding"), row.id()))
            .collect(),
    })
}

async fn company(client: &Client) -> Result<Company, CallError> {
    let (company, _) = pull::company(client).await?;
    let fields: &[&str] = &["name", "email"];
    let read = json!({ "ids": [company.id], "fields": fields });
    let rows: Vec<Row> = client.call("res.company", "read", read).await?;
    let fields: &[&str] = &["name"];
    let read = json!({ "ids": [company.currency], "fields": fields });
    let currencies: Vec<Row> = client.call("res.currency", "read", read).await?;
    let name = |rows: &[Row]| {
        rows.first()
            .and_then(|row| row.text("name"))
            .unwrap_or("?")
            .to_owned()
    };
    Ok(Company {
        id: company.id,
        name: name(&rows),
        currency: name(&currencies),
        email: rows
            .first()
            .and_then(|row| row.text("email"))
            .map(str::to_owned),
    })
}

/// What is weighed or measured, by external id.
const MEASURED: [&str; 6] = [
    "product_uom_kgm",
    "product_uom_gram",
    "product_uom_litre",
    "product_uom_meter",
    "product_uom_lb",
    "product_uom_oz",
];

async fn coarse_units(client: &Client, facts: Facts) -> Result<Vec<(i64, String)>, CallError> {
    if !facts.units_round {
        return Ok(Vec::new());
    }
    let search = Search {
        domain: json!([["module", "=", "uom"], ["name", "in", MEASURED]]),
        fields: &["res_id"],
        ..Search::default()
    };
    let known = client.search_read("ir.model.data", search).await?;
    let ids: Vec<i64> = known.iter().map(|row| row.integer("res_id")).collect();
    let search = Search {
        domain: json!([["id", "in", ids], ["rounding", ">", UNIT_ROUNDING_MAX]]),
        fields: &["name"],
        order: "id",
        ..Search::default()
    };
    let units = client.search_read("uom.uom", search).await?;
    let unit = |row: &Row| (row.id(), row.text("name").unwrap_or_default().to_owned());
    Ok(units.iter().map(unit).collect())
}

/// Groups by external id: their names are translated, and their numbers differ from database to database.
async fn groups(client: &Client, rights: &[&str]) -> Result<BTreeMap<String, i64>, CallError> {
    let modules: Vec<&str> = rights
        .iter()
        .filter_map(|id| id.split('.').next())
        .collect();
    let search = Search {
        domain: json!([["model", "=", "res.groups"], ["module", "in", modules]]),
        fields: &["module", "name", "res_id"],
        ..Search::default()
    };
    let rows = client.search_read("ir.model.data", search).await?;
    let named = rows.iter().filter_map(|row| {
        let id = format!("{}.{}", row.text("module")?, row.text("name")?);
        Some((id, row.integer("res_id")))
    });
    Ok(named.collect())
}

async fn user(client: &Client, plan: &Plan) -> Result<Option<User>, CallError> {
    let search = Search {
        domain: json!([["login", "=", plan.login()]]),
        fields: &["active", "lang", "email", "company_id", "all_group_ids"],
        limit: 1,
        context: json!({ "active_test": false }),
        ..Search::default()
    };
    let rows = client.search_read("res.users", search).await?;
    Ok(rows.first().map(|row| User {
        id: row.id(),
        active: row.flag("active"),
        lang: row.text("lang").unwrap_or_default().to_owned(),
        email: row.text("email").is_some(),
        company: row.one("company_id").unwrap_or(0),
        groups: row.many("all_group_ids"),
    }))
}

async fn configs(client: &Client, plan: &Plan) -> Result<Vec<PosConfig>, CallError> {
    let names: Vec<String> = plan
        .tills
        .iter()
        .flat_map(|till| config_names(&plan.store, till))
        .collect();
    let search = Search {
        domain: json!([["name", "in", names]]),
        fields: &[
            "name",
            "payment_method_ids",
            "picking_type_id",
            "iface_tipproduct",
            "tip_product_id",
            "cash_rounding",
            "rounding_method",
            "only_round_cash_method",
            "cash_control",
            "amount_authorized_diff",
        ],
        order: "id",
        context: json!({ "active_test": false }),
        ..Search::default()
    };
    let rows = client.search_read("pos.config", search).await?;
    let ids: Vec<i64> = rows.iter().map(Row::id).collect();
    let domain: Value = json!([["config_id", "in", ids], ["state", "!=", "closed"]]);
    let search = Search {
        domain,
        fields: &["config_id"],
        ..Search::default()
    };
    let sessions = client.search_read("pos.session", search).await?;
    let open: Vec<i64> = sessions
        .iter()
        .filter_map(|row| row.one("config_id"))
        .collect();
    Ok(rows.iter().map(|row| config(row, &open)).collect())
}

fn config(row: &Row, open: &[i64]) -> PosConfig {
    let rounds = row.flag("cash_rounding");
    PosConfig {
        id: row.id(),
        name: row.text("name").unwrap_or_default().to_owned(),
        methods: row.many("payment_method_ids"),
        picking_type: row.one("picking_type_id"),
        tips: row.flag("iface_tipproduct") && row.one("tip_product_id").is_some(),
        rounding: row.one("rounding_method").filter(|_| rounds),
        rounds_only_cash: row.flag("only_round_cash_method"),
        counts_cash: row.flag("cash_control")
            && row.decimal("amount_authorized_diff") >= DIFFERENCE_MAX.into(),
        open: open.contains(&row.id()),
    }
}

fn warehouse(row: &Row) -> Warehouse {
    Warehouse {
        id: row.id(),
        name: row.text("name").unwrap_or_default().to_owned(),
        code: row.text("code").unwrap_or_default().to_owned(),
        picking_type: row.one("pos_type_id"),
    }
}

fn method(row: &Row) -> Method {
    Method {
        id: row.id(),
        name: row.text("name").unwrap_or_default().to_owned(),
        cash: row.flag("is_cash_count"),
        configs: row.many("config_ids"),
    }
}

fn journal(row: &Row) -> Journal {
    Journal {
        id: row.id(),
        name: row.text("name").unwrap_or_default().to_owned(),
        cash: row.text("type") == Some("cash"),
    }
}

fn product(row: &Row) -> Option<(String, i64)> {
    Some((row.text("default_code")?.to_owned(), row.id()))
}
