//! Head office: a database with the shop's range and taxes, tills set up by `tillpost odoo prepare`, and a key for the
//! agent's own, least-privileged user.

use std::time::Duration;

use crate::agent::Agent;
use crate::home::{Home, STORE, Setup};
use crate::odoo::Database;
use crate::shop::day::HandIn;
use crate::shop::floor::STOCK_AT_START;
use crate::shop::{Product, range};

/// The agent's user in Odoo.
pub const LOGIN: &str = "tillpost-ZH01";
/// The environment variable that holds its key.
pub const AGENT_KEY: &str = "TILLPOST_ODOO_KEY";
const ADMIN_KEY: &str = "TILLPOST_ODOO_ADMIN_KEY";
/// After what time a request of these tests has surely come to its end, or never will.
const REQUEST_LIMIT: &str = "20s";
/// Draining a whole day takes Odoo minutes on a slow machine.
pub const DRAIN: Duration = Duration::from_secs(900);

/// What a shop is set up with.
pub struct Make {
    pub currency: String,
    /// Done in Odoo's shell before `tillpost odoo prepare`; it knows `VERSION`.
    pub before: String,
    /// Done in Odoo's shell after it; knows `VERSION`, `STORE`, and `lines(rate)`, the accounts of a tax.
    pub opening: String,
    /// More of the destination's configuration.
    pub destination: String,
}

impl Make {
    /// The shop's range with its taxes and stock.
    pub fn usual() -> Self {
        Self {
            currency: "USD".to_owned(),
            before: String::new(),
            opening: opening_script(&range()),
            destination: String::new(),
        }
    }
}

/// A store and its head office.
pub struct HeadOffice {
    pub database: Database,
    pub home: Home,
    /// The agent's key.
    pub key: String,
    tokens: Vec<(String, String)>,
}

impl HeadOffice {
    /// A fresh database of Odoo 19, set up for these tills.
    pub fn new(name: &str, tills: &[String]) -> Self {
        Self::on(19, name, tills)
    }

    /// The same with another version.
    pub fn on(version: u32, name: &str, tills: &[String]) -> Self {
        Self::of(version, name, tills, &Make::usual())
    }

    /// The same for a shop of another make.
    pub fn of(version: u32, name: &str, tills: &[String], make: &Make) -> Self {
        let database = Database::fresh_on(version, name);
        if !make.before.is_empty() {
            database.shell(&format!("VERSION = {version}\n{}", make.before));
        }
        let mut setup = setup(&database, tills, &make.destination);
        setup.currency = make.currency.clone();
        let mut home = Home::new(&setup);
        let mut tokens = Vec::new();
        for till in tills {
            tokens.push((till.clone(), home.add_till(till)));
        }
        home.set_env(ADMIN_KEY, &database.server.admin_key);
        home.set_env(AGENT_KEY, "not-yet-made");
        home.run(&["odoo", "prepare"]).ended(0);
        let key = database.shell(&script(version, &make.opening));
        let key = key.lines().last().unwrap_or_default().trim().to_owned();
        home.set_env(AGENT_KEY, &key);
        Self {
            database,
            home,
            key,
            tokens,
        }
    }

    /// Another PC for the same store: an empty data folder, the same tills.
    pub fn new_home(&mut self) {
        let tills: Vec<String> = self.tokens.iter().map(|(till, _)| till.clone()).collect();
        let mut home = Home::new(&setup(&self.database, &tills, ""));
        home.set_env(AGENT_KEY, &self.key);
        for (till, token) in &mut self.tokens {
            *token = home.add_till(till);
        }
        self.home = home;
    }

    /// Has the agent believe another limit after which Odoo ends a request.
    pub fn request_limit(&self, limit: &str) {
        let line = |limit: &str| format!("request_limit = \"{limit}\"");
        self.home.reword(&line(REQUEST_LIMIT), &line(limit));
    }

    pub fn start(&self) -> Agent {
        self.home.start()
    }

    /// A till's token.
    pub fn token(&self, till: &str) -> &str {
        let found = self.tokens.iter().find(|(known, _)| known == till);
        &found.unwrap_or_else(|| panic!("no till {till}")).1
    }

    /// Hands in documents one by one, in their order; panics unless each gets this status.
    #[track_caller]
    pub fn hand_in(&self, agent: &Agent, documents: &[HandIn], status: &str) {
        for HandIn { till, document } in documents {
            let result = agent.hand_in(self.token(till), document);
            assert_eq!(result["status"], status, "{result} for {document}");
            assert_eq!(problems(&result), "", "of {document}");
        }
    }
}

/// A result's held and refused problems; flags of an old document do not count.
fn problems(result: &serde_json::Value) -> String {
    let problems = result["problems"].as_array();
    let worse = problems
        .into_iter()
        .flatten()
        .filter(|problem| problem["level"] != "flag");
    worse.map(ToString::to_string).collect()
}

/// The configuration of a store that delivers to Odoo and takes its prices from there.
fn setup(database: &Database, tills: &[String], more: &str) -> Setup {
    let (url, name) = (&database.server.url, &database.name);
    let tills: Vec<String> = tills
        .iter()
        .map(|till| format!("[[till]]\ncode = \"{till}\""))
        .collect();
    Setup::bare()
        .with(&tills.join("\n\n"))
        .with(&format!(
            "[[destination]]\nname = \"odoo\"\ntype = \"odoo\"\nurl = \"{url}\"\ndatabase = \"{name}\"\n\
             login = \"{LOGIN}\"\nrequest_limit = \"{REQUEST_LIMIT}\"\nsecret = {{ env = \"{AGENT_KEY}\" }}\n\
             methods = {{ CASH = \"Cash\", CARD = \"Card\" }}\n{more}"
        ))
        .with("[catalog]\nsource = \"odoo\"\ndestination = \"odoo\"\nrefresh = \"2s\"")
}

/// What is done after `odoo prepare`, and the agent's key, which is the last thing it prints.
fn script(version: u32, opening: &str) -> String {
    format!("VERSION = {version}\nSTORE = {STORE:?}\nLOGIN = {LOGIN:?}\n{ACCOUNTS}{opening}{KEY}")
}

/// The range with its taxes and stock.
fn opening_script(range: &[Product]) -> String {
    let row = |p: &Product| {
        format!(
            "({:?}, {:?}, {:?}, {}, {}, {})",
            p.sku,
            p.barcode,
            p.name,
            p.price,
            p.rate,
            if p.weighed { "True" } else { "False" }
        )
    };
    let rows: Vec<String> = range.iter().map(row).collect();
    format!(
        "STOCK = {STOCK_AT_START} / 1000\nROWS = [{}]\n{OPENING}",
        rows.join(", ")
    )
}

const ACCOUNTS: &str = r#"
# Odoo 14 closes no session with a tax that has no account.
def lines(rate):
    sold = env['account.tax'].search([('type_tax_use', '=', 'sale'), ('company_id', '=', env.company.id)])
    account = sold.invoice_repartition_line_ids.account_id[:1]
    account = account or env['account.account'].search([
        ('company_id', '=', env.company.id), ('internal_group', '=', 'liability'), ('internal_type', '=', 'other')], limit=1)
    both = [(0, 0, {'factor_percent': 100, 'repartition_type': 'base'}),
            (0, 0, {'factor_percent': 100, 'repartition_type': 'tax', 'account_id': account.ensure_one().id})]
    return {'invoice_repartition_line_ids': [(5,)] + both, 'refund_repartition_line_ids': [(5,)] + both}
"#;

const OPENING: &str = r#"
taxes = {}
for rate in (26, 81):
    taxes[rate] = env['account.tax'].create({
        'name': '%s%% incl.' % (rate / 10), 'amount': rate / 10, 'amount_type': 'percent',
        'type_tax_use': 'sale', **({} if VERSION >= 18 else lines(rate)),
        **({'price_include_override': 'tax_included'} if VERSION >= 18 else {'price_include': True})})
if VERSION < 19:
    # There Odoo computes taxes itself: the company has to round as its tills do.
    env.company.tax_calculation_rounding_method = 'round_globally'
kilo = env.ref('uom.product_uom_kgm')
config = env['pos.config'].search([('name', '=like', STORE + '-%')], limit=1).ensure_one()
shelf = config.picking_type_id.default_location_src_id
for sku, barcode, name, price, rate, weighed in ROWS:
    product = env['product.product'].create({
        'default_code': sku, 'barcode': barcode, 'name': name, 'list_price': price / 100,
        **({'type': 'consu', 'is_storable': True} if VERSION >= 18 else {'type': 'product'}),
        'available_in_pos': True, 'taxes_id': [(6, 0, taxes[rate].ids)],
        **({'uom_id': kilo.id, **({} if VERSION >= 18 else {'uom_po_id': kilo.id})} if weighed else {})})
    env['stock.quant'].with_context(inventory_mode=True).create({
        'product_id': product.id, 'location_id': shelf.id,
        'inventory_quantity_auto_apply' if VERSION >= 15 else 'inventory_quantity': STOCK})
"#;

const KEY: &str = r#"
user = env['res.users'].search([('login', '=', LOGIN)]).ensure_one()
keys = env['res.users.apikeys'].with_user(user)
key = keys.sudo()._generate('rpc', 'tillpost', None) if VERSION >= 18 else keys._generate('rpc', 'tillpost')
env.cr.commit()
print(key)
"#;
