//! Dashboards and alert rules name what there is.
//!
//! Goal: every metric and every label that `agent/dashboards` asks for is told by a running service. Method: a store in
//! which everything happens once: something is refused, held, put off, the line of one destination is down, the key to
//! another ends; then the names in the files are looked for in what `/metrics` says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::shop::{self, sample::sale};
use tillpost_tests::stand_in::{DATABASE, StandIn};
use tillpost_tests::wait;

/// What begins the name of each of ours.
const OURS: &str = "tillpost_";
/// Where the key to Odoo stands.
const KEY: &str = "TILLPOST_ODOO_KEY";
/// Labels that Prometheus adds itself.
const ITS_OWN: [&str; 3] = ["instance", "job", "le"];

/// What is told: the labels of each metric.
fn told(metrics: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut told = BTreeMap::<String, BTreeSet<String>>::new();
    for line in metrics.lines().filter(|line| line.starts_with(OURS)) {
        let name: String = line.chars().take_while(|c| is_name(*c)).collect();
        let labels = line[name.len()..].split('}').next().unwrap_or_default();
        let labels = labels.split("=\"").filter_map(|before| {
            let name = before.rsplit(['{', ',', '"']).next()?;
            (!name.is_empty() && name.chars().all(is_name)).then(|| name.to_owned())
        });
        told.entry(name).or_default().extend(labels);
    }
    told
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What a file asks for: names, and the labels in braces behind them.
fn asked(text: &str) -> Vec<(String, Vec<String>)> {
    let found = text.match_indices(OURS).map(|(at, _)| {
        let name: String = text[at..].chars().take_while(|c| is_name(*c)).collect();
        let rest = &text[at + name.len()..];
        let labels = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split('}').next());
        let labels = labels.unwrap_or_default().split(',').map(|label| {
            let name: String = label.trim().chars().take_while(|c| is_name(*c)).collect();
            name
        });
        (name, labels.filter(|name| !name.is_empty()).collect())
    });
    found.collect()
}

fn busy_store() -> String {
    let odoo = StandIn::start(19);
    odoo.look(|world| {
        let key = json!({ "name": "tillpost", "expiration_date": "2199-11-20 10:00:00" });
        world.tables.add("res.users.apikeys", &key)
    });
    let mut home = Home::new(&Setup::folder().with(&format!(
        "[[destination]]\nname = \"cloud\"\ntype = \"http\"\nurl = \"http://127.0.0.1:9/documents\"\n\n\
         [[destination]]\nname = \"odoo\"\ntype = \"odoo\"\nurl = \"{}\"\ndatabase = \"{DATABASE}\"\n\
         secret = {{ env = \"{KEY}\" }}\nkinds = [\"settlement\"]\n\n\
         [catalog]\nsource = \"folder\"\npath = \"{{home}}/catalog\"\nrefresh = \"1s\"",
        odoo.url()
    )));
    home.set_env(KEY, "the-agents-own-key-0123456789");
    home.reword(
        "require_token = true",
        "require_token = true\ntill_requests_per_second = 1",
    );
    std::fs::create_dir(home.path().join("catalog")).unwrap();
    let product = r#"{"sku":"A1","name":"Bread","price":{"amount":"4.80","currency":"USD","tax_included":true}}"#;
    std::fs::write(home.path().join("catalog/all.ndjson"), product).unwrap();
    let [token, mad] = ["1", "2"].map(|code| home.add_till(code));
    let agent = home.start();
    let mut odd = sale("1", 2);
    odd["body"]["tenders"][0]["amount"] = "0.01".into();
    let mut of_today = sale("1", 1);
    of_today["occurred_at"] = shop::now().to_string().into();
    of_today.as_object_mut().unwrap().remove("business_date");
    agent.hand_in_all(&token, &[of_today], "accepted");
    agent.hand_in_all(&token, &[odd], "held");
    wait::until("a till that is put off", || {
        (agent.get(&mad, "/v1/documents").status == 429).then_some(())
    });
    wait::until("the prices, and the line that is down", || {
        let metrics = agent.get(&token, "/metrics").body;
        let all = [
            "loop=\"catalog\"",
            "loop=\"cloud\",code=",
            "tillpost_answers_total{",
            "tillpost_key_ends_timestamp_seconds{destination=\"odoo\"} 7254525600",
            "destination=\"odoo\",call=\"search\"",
            "destination=\"files\",call=\"write\"",
        ];
        all.iter()
            .all(|part| metrics.contains(part))
            .then_some(metrics)
    })
}

#[test]
fn what_dashboards_and_rules_ask_for_is_told() {
    let told = told(&busy_store());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/dashboards");
    let mut count = 0;
    for file in ["alerts.yaml", "grafana.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for (name, labels) in asked(&text.replace("\\\"", "\"")) {
            let known = told
                .get(&name)
                .unwrap_or_else(|| panic!("{file} asks for {name}; told are {:?}", told.keys()));
            for label in labels {
                let there = known.contains(&label) || ITS_OWN.contains(&label.as_str());
                assert!(there, "{file} asks for {name} by {label}; it has {known:?}");
            }
            count += 1;
        }
    }
    assert!(count > 30, "only {count} names were found in the files");
}

#[test]
fn a_name_that_nobody_tells_is_noticed() {
    let told = told("tillpost_waiting 3\ntillpost_loop_ok{loop=\"a{,\",code=\"b\"} 1\n");
    assert_eq!(
        told["tillpost_loop_ok"].iter().collect::<Vec<_>>(),
        ["code", "loop"]
    );
    let asked = asked("sum(tillpost_loop_ok{loop=\"x\", store=\"y\"}) / tillpost_nothing");
    assert_eq!(asked[0].1, ["loop", "store"]);
    assert!(!told.contains_key(&asked[1].0) && !told["tillpost_loop_ok"].contains("store"));
}
