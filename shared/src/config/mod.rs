//! `tillpost.toml`: what a store's agent is told. Strict: an unknown key is an error with its line and a suggestion.
//!
//! Reading the text is here; files, environment variables and credentials are the agent's business.

mod alerts;
mod approval;
mod bulk;
pub mod check;
mod hours;
mod listen;
mod parsed;
mod place;
mod routes;
mod secret;
mod structure;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use alerts::{Alerts, Mail, MailEncryption};
pub use approval::{Approval, ApprovalRule};
pub use bulk::BulkWindow;
pub use check::{ConfigError, read};
pub use hours::SessionHours;
pub use listen::{Listen, Tls};
pub use parsed::duration;
pub use place::line_of_profile;
pub use secret::SecretSource;
pub use structure::meant;

/// A commented file to start from; `tillpost.toml` of a fresh installation.
pub const TEMPLATE: &str = include_str!("default.toml");

/// The JSON Schema of `tillpost.toml`, for editors and for `tillpost config schema`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which store this is.
    pub store: Store,
    /// Where tills reach the agent.
    #[serde(default)]
    pub listen: Listen,
    /// Where documents lie and for how long.
    #[serde(default)]
    pub data: Data,
    /// Tills that need more than their token.
    #[serde(default, rename = "till")]
    pub tills: Vec<Till>,
    /// Where documents go.
    #[serde(default, rename = "destination")]
    pub destinations: Vec<Destination>,
    /// Where prices come from.
    #[serde(default)]
    pub catalog: Option<Catalog>,
    /// Drop folders.
    #[serde(default, rename = "inbox")]
    pub inboxes: Vec<Inbox>,
    /// Files with prices, for tills that read files.
    #[serde(default, rename = "price_file")]
    pub price_files: Vec<PriceFile>,
    /// Who is told when something is the matter; nobody by default.
    #[serde(default)]
    pub alerts: Option<Alerts>,
    /// What a person must approve before it is delivered; nothing by default.
    #[serde(default, rename = "approval")]
    pub approvals: Vec<Approval>,
}

/// Which store this is.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The store's code, as tills write it.
    pub code: String,
    /// IANA time zone, as in `Europe/Zurich`.
    pub timezone: String,
    /// ISO 4217 code of the store's currency.
    pub currency: String,
    /// Which world this store belongs to.
    #[serde(default)]
    pub environment: Environment,
    /// Until when a sale after midnight belongs to the day before, `HH:MM`.
    #[serde(default = "day_cutoff_default")]
    pub day_cutoff: String,
    /// Language of the status page, as in `de`.
    #[serde(default = "language_default")]
    pub language: String,
}

fn day_cutoff_default() -> String {
    "04:00".to_owned()
}
fn language_default() -> String {
    "en".to_owned()
}

/// Which world a store belongs to; they must never be mixed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// A developer's machine.
    Development,
    /// Automated tests.
    Test,
    /// Rehearsal.
    Staging,
    /// Real money. What is not said is production: the strict rules then hold.
    #[default]
    Production,
}

impl Environment {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Test => "test",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
    /// Whether secrets may stand in the file itself.
    pub const fn allows_literal_secrets(self) -> bool {
        matches!(self, Self::Development | Self::Test)
    }
}

/// Where documents lie and for how long.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The data folder; per operating system when absent.
    pub dir: Option<String>,
    /// For how many days after delivery a document's body is kept.
    pub keep_days: u32,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            dir: None,
            keep_days: 90,
        }
    }
}

/// What a till needs beside its token.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Till {
    /// The till's code.
    pub code: String,
    /// Whether its numbers start again.
    #[serde(default)]
    pub numbers: Numbers,
    /// From which business date `numbers` holds, `YYYY-MM-DD`; before it was the other way. When absent, a change holds
    /// from the next business date on, and what the first start found from ever: it makes keys, and those are for ever.
    #[serde(default)]
    pub numbers_from: Option<String>,
}

/// Whether a till's running numbers start again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Numbers {
    /// They never do.
    #[default]
    Never,
    /// They start again every day.
    Daily,
    /// They start again when they are used up.
    Wrapping,
}

/// Where documents go.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Its name on the status page and in answers.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DestinationType,
    /// Address of an `odoo` or `http` destination.
    #[serde(default)]
    pub url: Option<String>,
    /// Folder of a `folder` destination.
    #[serde(default)]
    pub path: Option<String>,
    /// Odoo's database.
    #[serde(default)]
    pub database: Option<String>,
    /// Odoo's user; needed below Odoo 19.
    #[serde(default)]
    pub login: Option<String>,
    /// How Odoo from 19 on is spoken with; below there is JSON-RPC only.
    #[serde(default)]
    pub protocol: Option<OdooProtocol>,
    /// After what time Odoo itself ends a request (its `limit_time_real`), as in `120s`. When an answer was lost, what
    /// Odoo knows no key for is not sent again before: below Odoo 19 anything, from 19 on all but sales and returns.
    #[serde(default)]
    pub request_limit: Option<String>,
    /// The key or password.
    #[serde(default)]
    pub secret: Option<SecretSource>,
    /// The kinds of document that go here; all when absent.
    #[serde(default)]
    pub kinds: Option<Vec<String>>,
    /// The till's tender methods and the payment methods they are there.
    #[serde(default)]
    pub methods: BTreeMap<String, String>,
    /// The till's tax codes and the taxes they are there; by rate and price mode when absent.
    #[serde(default)]
    pub taxes: BTreeMap<String, String>,
    /// What becomes of a receipt whose day is already closed in Odoo.
    #[serde(default)]
    pub late_sales: LateSales,
    /// At which hours tills' days are opened and closed there by themselves; at none when absent.
    #[serde(default)]
    pub sessions: Option<SessionHours>,
    /// Which kinds of documents wait for a time of day; none when absent.
    #[serde(default)]
    pub bulk: Option<BulkWindow>,
}

/// What becomes of a receipt that comes after its day was closed in Odoo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LateSales {
    /// It goes into the session that is open then; its own day stands in its reference.
    #[default]
    CurrentSession,
    /// It is parked until a person retries it, which lets it go into the session that is open then.
    Hold,
}

/// How Odoo is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OdooProtocol {
    /// JSON-2, with a key.
    Json2,
    /// JSON-RPC, with a login and a key or password.
    JsonRpc,
}

/// What a destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestinationType {
    /// Odoo itself.
    Odoo,
    /// Files in a folder.
    Folder,
    /// CloudEvents by HTTP.
    Http,
    /// Reserved.
    Nats,
}

/// Where prices come from.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// What they come from.
    pub source: CatalogSourceType,
    /// For `odoo`: the destination whose connection is used.
    #[serde(default)]
    pub destination: Option<String>,
    /// For `folder`: where the snapshots lie.
    #[serde(default)]
    pub path: Option<String>,
    /// For `http`: where the snapshot lies.
    #[serde(default)]
    pub url: Option<String>,
    /// For `http`: the key, where the server wants one.
    #[serde(default)]
    pub secret: Option<SecretSource>,
    /// How often to look, as in `5m`.
    #[serde(default = "refresh_default")]
    pub refresh: String,
    /// The price list of this store; list prices when absent.
    #[serde(default)]
    pub price_list: Option<String>,
}

fn refresh_default() -> String {
    "5m".to_owned()
}

/// What prices come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatalogSourceType {
    /// Odoo's products and price lists.
    Odoo,
    /// Snapshot files.
    Folder,
    /// A snapshot behind a web address.
    Http,
}

/// A drop folder.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inbox {
    /// The folder.
    pub path: String,
    /// How its files are read: a shipped profile, or a file `profiles/<name>.toml` beside this one.
    pub profile: String,
    /// For how long a file must stand still before it is taken, as in `2s`.
    #[serde(default = "settle_default")]
    pub settle: String,
    /// A file is complete when one with this ending stands beside it, as in `.ok`.
    #[serde(default)]
    pub marker: Option<String>,
    /// How often to look where the system tells no changes, as in `10s`.
    #[serde(default = "every_default")]
    pub every: String,
    /// Where taken files go; `done` in the folder when absent.
    #[serde(default)]
    pub done: Option<String>,
    /// Where refused records go; `refused` in the folder when absent.
    #[serde(default)]
    pub refused: Option<String>,
}

fn settle_default() -> String {
    "2s".to_owned()
}
fn every_default() -> String {
    "10s".to_owned()
}

/// A file with prices, written for tills that read files.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceFile {
    /// The file.
    pub path: String,
    /// How it is written: a shipped profile, or a file `profiles/<name>.toml` beside this one.
    pub profile: String,
    /// Whether everything stands in it, or only what changed.
    #[serde(default)]
    pub content: Content,
    /// A file that is written after it, for the till to see: an ending such as `.ok`, or a name.
    #[serde(default)]
    pub trigger: Option<String>,
}

/// What stands in a price file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Everything.
    #[default]
    Full,
    /// What changed since the till took the file away.
    Changes,
}

#[cfg(test)]
mod tests;
