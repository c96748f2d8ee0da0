//! From the configuration's words to parts that work: destinations and the catalog's source.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tillpost_shared::config::{self, CatalogSourceType, Config, DestinationType};
use tillpost_shared::profile::{self, Profile};

use super::{AppError, Destinations};
use crate::catalog::{self, OdooCatalog, Settings, Source};
use crate::destination::folder::Folder;
use crate::destination::odoo::Odoo;
use crate::destination::odoo::client::Client;
use crate::destination::{Any, line};
use crate::intake::house::House;
use crate::intake::inbox::Settings as InboxSettings;
use crate::secret::{self, Secret};

/// How often a drop folder is looked at when `every` cannot be read.
const LOOK_EVERY_DEFAULT: Duration = Duration::from_secs(10);

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
            DestinationType::Http | DestinationType::Nats => {
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
    let key = key_of(destination)?.expose().to_owned();
    Ok(Odoo::new(
        destination,
        &config.store,
        key,
        http()?,
        house.numbering.clone(),
    ))
}

/// The drop folders of a store. A profile is a shipped one, or a file of that name in `profiles`.
pub fn inboxes(
    config: &Config,
    house: &House,
    profiles: &Path,
) -> Result<Vec<InboxSettings>, AppError> {
    let build = |inbox: &config::Inbox| {
        let path = PathBuf::from(&inbox.path);
        let folder = |own: &Option<String>, name: &str| {
            own.as_ref().map_or_else(|| path.join(name), PathBuf::from)
        };
        Ok(InboxSettings {
            name: inbox.path.clone(),
            profile: profile(&inbox.profile, profiles)?,
            settle: config::duration(&inbox.settle).unwrap_or_default(),
            every: config::duration(&inbox.every).unwrap_or(LOOK_EVERY_DEFAULT),
            marker: inbox.marker.clone(),
            done: folder(&inbox.done, "done"),
            refused: folder(&inbox.refused, "refused"),
            language: config.store.language.clone(),
            store: house.store.to_string(),
            currency: config.store.currency.clone(),
            zone: house.zone.clone(),
            path,
        })
    };
    config.inboxes.iter().map(build).collect()
}

/// A profile by its name: one's own beside the configuration goes before a shipped one.
pub fn profile(name: &str, profiles: &Path) -> Result<Profile, AppError> {
    let file = profiles.join(format!("{name}.toml"));
    match std::fs::read_to_string(&file) {
        Ok(text) => Profile::read(&text)
            .map_err(|error| AppError::Config(format!("{}: {error}", file.display()))),
        Err(_) => Profile::shipped(name).ok_or_else(|| {
            let shipped: Vec<&str> = profile::shipped::names().collect();
            let names = shipped.join(", ");
            AppError::Config(format!(
                "there is no profile `{name}` at {}, and none is shipped; there are: {names}",
                file.display()
            ))
        }),
    }
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
            Ok(Source::Odoo(Box::new(OdooCatalog::new(client, settings))))
        }
        CatalogSourceType::Http => Err(not_built("catalog source http")),
    }
}

/// A connection to a destination's Odoo with a key of one's own, such as an administrator's.
pub fn client(destination: &config::Destination, key: Secret) -> Result<Client, AppError> {
    let url = destination.url.as_deref().unwrap_or_default();
    let database = destination.database.as_deref().unwrap_or_default();
    Ok(Client::new(http()?, url, database, key.expose().to_owned()))
}

fn key_of(destination: &config::Destination) -> Result<Secret, AppError> {
    let source = destination.secret.as_ref();
    let missing = || {
        AppError::Config(format!(
            "destination {}: secret is missing",
            destination.name
        ))
    };
    Ok(secret::read(source.ok_or_else(missing)?)?)
}

fn http() -> Result<reqwest::Client, AppError> {
    line::client().map_err(|error| AppError::Config(format!("no HTTP client can be made: {error}")))
}

fn not_built(what: &str) -> AppError {
    AppError::Config(format!("{what}: this type is not built yet"))
}
