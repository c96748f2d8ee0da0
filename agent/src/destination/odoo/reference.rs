//! What the store looks like in Odoo: its tills, payment methods and taxes, read at start and whenever something
//! is not found.
//!
//! A till is a `pos.config` of its own, because Odoo allows one open session per config and a cash method in one
//! config only. Its name is `<store>-<till>`, with ` [environment]` behind it outside production, so that a
//! rehearsal can never write into the real books.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::json;
use tillpost_shared::config::Environment;

use super::answer::outage;
use super::client::{CallError, Client, Search};
use super::row::Row;
use super::tax::Tax;
use super::taxes;
use crate::outbox::Outage;

/// Digits of most currencies, should Odoo not say.
const CURRENCY_DIGITS: u32 = 2;
/// Decimal accuracy that weighed goods need.
pub const QUANTITY_DIGITS_MIN: u32 = 3;

/// A till in Odoo.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PosConfig {
    /// `pos.config`.
    pub id: i64,
    /// Its full name, with the environment's mark.
    pub name: String,
    /// Its company.
    pub company: i64,
    /// Its currency.
    pub currency: i64,
    /// The currency's ISO code.
    pub currency_code: String,
    /// Its payment methods.
    pub methods: Vec<Method>,
    /// Whether cash is rounded to coins.
    pub rounds_cash: bool,
    /// To which, where it is to the nearest.
    pub coin: Option<Decimal>,
    /// The product of tips.
    pub tip_product: Option<i64>,
    /// Its price list, which orders of older versions must name.
    pub price_list: Option<i64>,
    /// The picking type whose source is the store's stock.
    pub picking_type: Option<i64>,
    /// Whether the company rounds taxes per line, rather than per document.
    pub rounds_per_line: bool,
    /// Digits after the point that Odoo keeps of its money.
    pub digits: u32,
}

/// A payment method of a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// `pos.payment.method`.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it is the drawer.
    pub cash: bool,
    /// Whether it is paid later, by a customer Odoo must know.
    pub needs_customer: bool,
}

/// The store in Odoo.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// Its tills.
    pub configs: Vec<PosConfig>,
    /// Sales taxes of all its companies.
    pub taxes: Vec<Tax>,
    /// Digits that Odoo keeps of a quantity.
    pub quantity_digits: u32,
}

/// A till's name without the environment's mark.
pub fn base_name(store: &str, till: &str) -> String {
    format!("{store}-{till}")
}

/// A till's full name.
pub fn config_name(store: &str, till: &str, environment: Environment) -> String {
    let base = base_name(store, till);
    match environment {
        Environment::Production => base,
        Environment::Development | Environment::Test | Environment::Staging => {
            format!("{base} [{}]", environment.as_str())
        }
    }
}

/// Whether a payment method of Odoo's is the one wanted for a till: it has exactly that name, or that name followed
/// by a blank and the till's name without mark (`Cash ZH01-3`), because a cash method cannot be shared. Case does not
/// matter.
pub fn method_matches(odoo_name: &str, wanted: &str, base: &str) -> bool {
    let name = odoo_name.trim().to_lowercase();
    let wanted = wanted.trim().to_lowercase();
    name == wanted || name == format!("{wanted} {}", base.to_lowercase())
}

impl PosConfig {
    /// The method for a till's tender: through the configuration's map, else of the same name. The till's own one
    /// comes before a shared one.
    pub fn method(
        &self,
        tender: &str,
        map: &BTreeMap<String, String>,
        base: &str,
    ) -> Option<&Method> {
        let wanted = map.get(tender).map_or(tender, String::as_str);
        let fits = |method: &&Method| method_matches(&method.name, wanted, base);
        let own = |method: &&Method| method.name.len() > wanted.trim().len();
        let matching = || self.methods.iter().filter(fits);
        matching().find(own).or_else(|| matching().next())
    }
    /// The drawer: Odoo counts the first cash method only.
    pub fn cash(&self) -> Option<&Method> {
        self.methods.iter().find(|method| method.cash)
    }
}

impl Reference {
    /// The till, `None` when nobody set it up, an outage when it is marked for another environment.
    pub fn config(
        &self,
        store: &str,
        till: &str,
        environment: Environment,
    ) -> Result<Option<&PosConfig>, Outage> {
        let name = config_name(store, till, environment);
        if let Some(config) = self.configs.iter().find(|config| config.name == name) {
            return Ok(Some(config));
        }
        let base = base_name(store, till);
        let marked = format!("{base} [");
        let other = |config: &&PosConfig| config.name == base || config.name.starts_with(&marked);
        match self.configs.iter().find(other) {
            Some(config) => Err(Outage::WrongEnvironment(format!(
                "this store is {}, the point of sale there is named \"{}\"",
                environment.as_str(),
                config.name
            ))),
            None => Ok(None),
        }
    }
}

/// Reads the store.
pub async fn load(client: &Client, store: &str) -> Result<Reference, Outage> {
    read(client, store).await.map_err(|error| outage(&error))
}

async fn read(client: &Client, store: &str) -> Result<Reference, CallError> {
    let configs = Search {
        domain: json!([["name", "=like", format!("{store}-%")]]),
        fields: &[
            "name",
            "company_id",
            "currency_id",
            "payment_method_ids",
            "cash_rounding",
            "rounding_method",
            "tip_product_id",
            "pricelist_id",
            "picking_type_id",
        ],
        order: "id",
        ..Search::default()
    };
    let configs = client.search_read("pos.config", configs).await?;
    let ids: Vec<i64> = configs
        .iter()
        .flat_map(|row| row.many("payment_method_ids"))
        .collect();
    let methods = Search {
        domain: json!([["id", "in", ids]]),
        fields: &["name", "type", "is_cash_count", "split_transactions"],
        ..Search::default()
    };
    let methods = client.search_read("pos.payment.method", methods).await?;
    let companies: Vec<i64> = configs
        .iter()
        .filter_map(|row| row.one("company_id"))
        .collect();
    let company_rows = Search {
        domain: json!([["id", "in", companies]]),
        fields: &["tax_calculation_rounding_method"],
        ..Search::default()
    };
    let company_rows = client.search_read("res.company", company_rows).await?;
    let currencies = currencies(client, &configs).await?;
    let taxes = taxes::read(client, &companies).await?;
    let coins = coins(client, &configs).await?;
    let digits = Search {
        domain: json!([["name", "=", client.facts().await?.quantity_precision]]),
        fields: &["digits"],
        ..Search::default()
    };
    let digits = client.search_read("decimal.precision", digits).await?;
    let config = |row: &Row| PosConfig {
        coin: coins
            .iter()
            .find(|coin| row.flag("cash_rounding") && row.one("rounding_method") == Some(coin.id()))
            .map(|coin| coin.decimal("rounding")),
        ..config_of(row, &methods, &company_rows, &currencies)
    };
    Ok(Reference {
        configs: configs.iter().map(config).collect(),
        taxes,
        quantity_digits: digits
            .first()
            .map_or(2, |row| u32::try_from(row.integer("digits")).unwrap_or(2)),
    })
}

/// The money of the tills.
async fn currencies(client: &Client, configs: &[Row]) -> Result<Vec<Row>, CallError> {
    let ids: Vec<i64> = configs
        .iter()
        .filter_map(|row| row.one("currency_id"))
        .collect();
    let search = Search {
        domain: json!([["id", "in", ids]]),
        fields: &["decimal_places"],
        context: json!({ "active_test": false }),
        ..Search::default()
    };
    client.search_read("res.currency", search).await
}

/// The ways to round to the nearest coin that tills use, where it matters to know them.
async fn coins(client: &Client, configs: &[Row]) -> Result<Vec<Row>, CallError> {
    let ids: Vec<i64> = configs
        .iter()
        .filter_map(|row| row.one("rounding_method"))
        .collect();
    if ids.is_empty() || !client.facts().await?.coins_for_all {
        return Ok(Vec::new());
    }
    let search = Search {
        domain: json!([
            ["id", "in", ids],
            ["rounding_method", "=", "HALF-UP"],
            ["rounding", ">", 0]
        ]),
        fields: &["rounding"],
        ..Search::default()
    };
    client.search_read("account.cash.rounding", search).await
}

fn config_of(row: &Row, methods: &[Row], companies: &[Row], currencies: &[Row]) -> PosConfig {
    let company = row.one("company_id").unwrap_or(0);
    let ids = row.many("payment_method_ids");
    let method = |id: &i64| methods.iter().find(|row| row.id() == *id).map(method_of);
    let per_line =
        |row: &Row| row.text("tax_calculation_rounding_method") == Some("round_per_line");
    let currency = row.one("currency_id").unwrap_or(0);
    let places = currencies.iter().find(|row| row.id() == currency);
    PosConfig {
        id: row.id(),
        name: row.text("name").unwrap_or_default().to_owned(),
        company,
        currency,
        currency_code: row.pair_name("currency_id").unwrap_or_default().to_owned(),
        methods: ids.iter().filter_map(method).collect(),
        rounds_cash: row.flag("cash_rounding") && row.one("rounding_method").is_some(),
        coin: None,
        tip_product: row.one("tip_product_id"),
        price_list: row.one("pricelist_id"),
        picking_type: row.one("picking_type_id"),
        rounds_per_line: companies
            .iter()
            .any(|row| row.id() == company && per_line(row)),
        digits: places
            .and_then(|row| u32::try_from(row.integer("decimal_places")).ok())
            .unwrap_or(CURRENCY_DIGITS),
    }
}

fn method_of(row: &Row) -> Method {
    let pay_later = row.text("type") == Some("pay_later");
    Method {
        id: row.id(),
        name: row.text("name").unwrap_or_default().to_owned(),
        cash: row.flag("is_cash_count"),
        needs_customer: pay_later || row.flag("split_transactions"),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn config(name: &str, methods: &[&str]) -> PosConfig {
        let method = |(n, name): (usize, &&str)| Method {
            id: n as i64 + 1,
            name: (*name).to_owned(),
            cash: false,
            needs_customer: false,
        };
        PosConfig {
            id: 1,
            name: name.to_owned(),
            company: 1,
            currency: 1,
            currency_code: "CHF".to_owned(),
            methods: methods.iter().enumerate().map(method).collect(),
            rounds_cash: false,
            coin: None,
            tip_product: None,
            price_list: None,
            picking_type: None,
            rounds_per_line: false,
            digits: 2,
        }
    }

    #[rstest]
    #[case("Cash", "cash", true)]
    #[case("Cash ZH01-3", "Cash", true)]
    #[case("Cash ZH01-31", "Cash", false)]
    #[case("Cash ZH01-3 [test]", "Cash", false)]
    #[case("Cashier", "Cash", false)]
    fn a_method_is_named_plainly_or_for_its_till(
        #[case] there: &str,
        #[case] wanted: &str,
        #[case] fits: bool,
    ) {
        assert_eq!(method_matches(there, wanted, "ZH01-3"), fits);
    }

    #[test]
    fn the_tills_own_method_comes_before_a_shared_one_and_the_map_before_the_name() {
        let config = config("ZH01-3", &["Cash", "Cash ZH01-3", "Card terminal"]);
        let map = BTreeMap::from([("CARD".to_owned(), "Card terminal".to_owned())]);
        let name = |tender| {
            config
                .method(tender, &map, "ZH01-3")
                .map(|method| method.name.as_str())
        };
        assert_eq!(name("CASH"), Some("Cash ZH01-3"));
        assert_eq!(name("CARD"), Some("Card terminal"));
        assert_eq!(name("TWINT"), None);
    }

    #[rstest]
    #[case::ours("ZH01-3 [staging]", Environment::Staging, Some(true))]
    #[case::real_books_from_staging("ZH01-3", Environment::Staging, None)]
    #[case::staging_books_from_production("ZH01-3 [staging]", Environment::Production, None)]
    #[case::another_till("ZH01-31", Environment::Production, Some(false))]
    fn another_environments_till_is_an_outage(
        #[case] there: &str,
        #[case] environment: Environment,
        #[case] found: Option<bool>,
    ) {
        let reference = Reference {
            configs: vec![config(there, &[])],
            ..Reference::default()
        };
        let answer = reference.config("ZH01", "3", environment);
        match found {
            Some(found) => assert_eq!(answer.map(|config| config.is_some()), Ok(found)),
            None => assert!(matches!(answer, Err(Outage::WrongEnvironment(_)))),
        }
    }
}
