//! From the configuration's words to parts that work: destinations and the catalog's source.

use std::path::PathBuf;
use std::sync::Arc;

use tillpost_shared::config::{self, CatalogSourceType, Config, DestinationType, SecretSource};
use tillpost_shared::document::Kind;

use super::{AppError, Destinations};
use crate::catalog::{self, OdooCatalog, Settings, Source};
use crate::destination::folder::Folder;
use crate::destination::http::Http;
use crate::destination::odoo::Odoo;
use crate::destination::odoo::client::Client;
use crate::destination::{Any, line};
use crate::intake::house::House;
use crate::secret::Key;

/// The destinations of a store, by name.
pub fn destinations(
    config: &Config,
    house: &House,
    install_id: &str,
) -> Result<Destinations, AppError> {
    let build = |destination: &config::Destination| {
        let any = match destination.kind {
            DestinationType::Folder => {
                let path = destination.path.clone().unwrap_or_default();
                Any::Folder(Folder::new(path, &config.store.code, install_id))
            }
            DestinationType::Odoo => Any::Odoo(Box::new(odoo(destination, config, house)?)),
            DestinationType::Http => Any::Http(http_receiver(destination)?),
            DestinationType::Nats => {
                return Err(not_built(&format!("destination {}", destination.name)));
            }
        };
        Ok((destination.name.clone(), Arc::new(any)))
    };
    config.destinations.iter().map(build).collect()
}

/// The Odoo of a destination.
pub fn odoo(
    destination: &config::Destination,
    config: &Config,
    house: &House,
) -> Result<Odoo, AppError> {
    Ok(Odoo::new(
        destination,
        &config.store,
        key_of(destination)?,
        web()?,
        house.numbering.clone(),
    ))
}

/// The receiver of CloudEvents of a destination.
pub fn http_receiver(destination: &config::Destination) -> Result<Http, AppError> {
    let key = key_if_any(destination.secret.as_ref())?;
    Ok(Http::new(destination, key, web()?))
}

/// Where the store's products and prices come from.
pub fn source(catalog: &config::Catalog, config: &Config) -> Result<Source, AppError> {
    match catalog.source {
        CatalogSourceType::Folder => {
            let path = PathBuf::from(catalog.path.clone().unwrap_or_default());
            Ok(Source::Folder(catalog::Folder::new(path)))
        }
        CatalogSourceType::Odoo => {
            let named = |destination: &&config::Destination| {
                Some(&destination.name) == catalog.destination.as_ref()
            };
            let destination = config.destinations.iter().find(named).ok_or_else(|| {
                AppError::Config("catalog: destination names none of the destinations".to_owned())
            })?;
            let client = client(destination, key_of(destination)?)?;
            let settings = Settings {
                currency: config.store.currency.clone(),
                price_list: catalog.price_list.clone(),
                tax_codes: destination
                    .taxes
                    .iter()
                    .map(|(till, odoo)| (odoo.clone(), till.clone()))
                    .collect(),
            };
            let source = OdooCatalog::new(client, settings, config.store.clone());
            Ok(Source::Odoo(Box::new(source)))
        }
        CatalogSourceType::Http => {
            let url = catalog.url.as_deref().unwrap_or_default();
            let key = key_if_any(catalog.secret.as_ref())?;
            Ok(Source::Web(catalog::Web::new(web()?, url, key)))
        }
    }
}

/// The destinations by which whoever tells the stock hears of sales: the one it is read from, where sales go there; else
/// every one that takes sales.
pub fn stock_tellers(catalog: &config::Catalog, config: &Config) -> Vec<String> {
    let takers = config
        .destinations
        .iter()
        .filter(|one| one.takes(Kind::Sale));
    let takers: Vec<String> = takers.map(|one| one.name.clone()).collect();
    match &catalog.destination {
        Some(own) if takers.contains(own) => vec![own.clone()],
        Some(_) | None => takers,
    }
}

/// A connection to a destination's Odoo with a key of one's own, such as an administrator's.
pub fn client(destination: &config::Destination, key: impl Into<Key>) -> Result<Client, AppError> {
    client_as(destination, key, destination.login.as_deref())
}

/// The same with a login of one's own, which Odoo below 19 needs.
pub fn client_as(
    destination: &config::Destination,
    key: impl Into<Key>,
    login: Option<&str>,
) -> Result<Client, AppError> {
    let url = destination.url.as_deref().unwrap_or_default();
    let database = destination.database.as_deref().unwrap_or_default();
    let client = Client::new(web()?, url, database, key);
    Ok(client.with_login(login, crate::destination::odoo::protocol(destination)))
}

/// The key of whoever may ask for none.
fn key_if_any(source: Option<&SecretSource>) -> Result<Option<Key>, AppError> {
    Ok(source.map(Key::of).transpose()?)
}

fn key_of(destination: &config::Destination) -> Result<Key, AppError> {
    let source = destination.secret.as_ref();
    let missing = || {
        AppError::Config(format!(
            "destination {}: secret is missing",
            destination.name
        ))
    };
    Ok(Key::of(source.ok_or_else(missing)?)?)
}

fn web() -> Result<reqwest::Client, AppError> {
    line::client().map_err(|error| AppError::Config(format!("no HTTP client can be made: {error}")))
}

fn not_built(what: &str) -> AppError {
    AppError::Config(format!("{what}: this type is not built yet"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_is_told_by_where_it_is_read_when_sales_go_there() {
        let destination = |name: &str, kinds: &str| {
            format!("[[destination]]\nname=\"{name}\"\ntype=\"folder\"\npath=\"/x\"\n{kinds}\n")
        };
        let tellers = |kinds: &str, own: Option<&str>| {
            let text = format!(
                "[store]\ncode=\"ZH01\"\ntimezone=\"Europe/Zurich\"\ncurrency=\"CHF\"\n{}{}\
                 [catalog]\nsource=\"folder\"\npath=\"/y\"\n",
                destination("a", kinds),
                destination("b", "")
            );
            let mut config = config::read(&text).unwrap();
            let catalog = config.catalog.as_mut().unwrap();
            catalog.destination = own.map(str::to_owned);
            let catalog = catalog.clone();
            stock_tellers(&catalog, &config)
        };
        assert_eq!(tellers("", Some("a")), ["a"]);
        assert_eq!(tellers("", None), ["a", "b"]);
        assert_eq!(tellers("kinds=[\"stock_count\"]", Some("a")), ["b"]);
    }
}
