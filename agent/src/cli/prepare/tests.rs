//! What is to be done in which situation; against a real Odoo in the scenarios `odoo::rights`.

use super::people::{GROUPS, rights};
use super::present::{Company, Journal, Method, PosConfig, Present, User, Warehouse};
use super::steps::PRODUCTS;
use super::*;
use crate::destination::odoo::versions::Facts;

fn plan(tills: &[&str]) -> Plan {
    Plan {
        store: "ZH01".into(),
        environment: Environment::Staging,
        currency: "CHF".into(),
        tills: tills.iter().map(|till| (*till).to_owned()).collect(),
        cash: "Cash".into(),
        shared: vec!["Card".into()],
    }
}
/// A company in which nothing of the store is there yet.
fn bare() -> Present {
    Present {
        company: Company {
            id: 1,
            name: "Shops AG".into(),
            currency: "CHF".into(),
            email: None,
        },
        quantity_digits: Some((1, 2)),
        groups: GROUPS
            .iter()
            .zip(10..)
            .map(|(id, number)| ((*id).to_owned(), number))
            .collect(),
        journals: vec![Journal {
            id: 5,
            name: "Bank".into(),
            cash: false,
        }],
        ..Present::default()
    }
}
/// A company in which everything is there for till 3.
fn complete() -> Present {
    let method = |id, name: &str, cash| Method {
        id,
        name: name.to_owned(),
        cash,
        configs: vec![40],
    };
    Present {
        quantity_digits: Some((1, 3)),
        user: Some(User {
            id: 9,
            active: true,
            lang: "en_US".into(),
            email: true,
            company: 1,
            groups: vec![10, 11, 12, 13, 99],
        }),
        warehouses: vec![Warehouse {
            id: 20,
            name: "ZH01".into(),
            code: "ZH01".into(),
            picking_type: Some(21),
        }],
        configs: vec![PosConfig {
            id: 40,
            name: "ZH01-3 [staging]".into(),
            methods: vec![30, 31, 77],
            picking_type: Some(21),
            tips: true,
            rounding: Some(50),
            rounds_only_cash: true,
            counts_cash: true,
            open: false,
        }],
        methods: vec![method(30, "Cash ZH01-3", true), method(31, "card", false)],
        journals: vec![Journal {
            id: 6,
            name: "Cash ZH01-3".into(),
            cash: true,
        }],
        products: PRODUCTS
            .iter()
            .zip(60..)
            .map(|((code, _), id)| ((*code).to_owned(), id))
            .collect(),
        roundings: vec![("0.05".parse().unwrap(), 50)],
        ..bare()
    }
}
fn told(plan: &Plan, present: &Present) -> Vec<String> {
    let told = |step: Step| match step.doing {
        Doing::Nothing => format!("= {}", step.what),
        Doing::Create { model, values, .. } => format!("+ {}: {model} {values}", step.what),
        Doing::Write { model, id, values } => format!("~ {}: {model} {id} {values}", step.what),
        Doing::Blocked(hint) => format!("! {}: {hint}", step.what),
    };
    steps(plan, present).into_iter().map(told).collect()
}
/// What is not simply there.
fn open(plan: &Plan, present: &Present) -> Vec<String> {
    let all = told(plan, present);
    all.into_iter()
        .filter(|line| !line.starts_with('='))
        .collect()
}

#[test]
fn an_empty_company_gets_what_its_version_wants() {
    for version in [14, 15, 16, 17, 18] {
        let facts = Facts::of(version);
        let rights = rights(facts).into_iter().zip(10..);
        let present = Present {
            facts,
            groups: rights.map(|(id, number)| (id.to_owned(), number)).collect(),
            ..bare()
        };
        insta::assert_snapshot!(
            format!("an_empty_company_of_{version}"),
            told(&plan(&["3"]), &present).join("\n")
        );
    }
}

#[test]
fn an_empty_company_gets_everything_in_an_order_in_which_it_can_be_made() {
    insta::assert_snapshot!(told(&plan(&["3"]), &bare()).join("\n"));
}

#[test]
fn a_complete_company_is_left_alone() {
    assert_eq!(open(&plan(&["3"]), &complete()), [""; 0]);
}

#[test]
fn a_second_till_gets_its_own_drawer_and_shares_the_rest() {
    let lines = open(&plan(&["3", "4"]), &complete());
    let what: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.split(": ").next())
        .collect();
    let expected = [
        "+ cash journal \"Cash ZH01-4\"",
        "+ cash payment method \"Cash ZH01-4\"",
        "+ point of sale \"ZH01-4 [staging]\"",
    ];
    assert_eq!(what, expected);
    assert!(
        lines[2].contains(r#"[[6,0,[{"@":"cash method of 4"},31]]]"#),
        "{}",
        lines[2]
    );
}

#[test]
fn a_missing_method_waits_for_the_day_to_be_closed() {
    let mut present = complete();
    present.configs[0].methods = vec![30];
    let expected =
        [r#"~ point of sale "ZH01-3 [staging]": pos.config 40 {"payment_method_ids":[[4,31]]}"#];
    assert_eq!(open(&plan(&["3"]), &present), expected);
    present.configs[0].open = true;
    let blocked = open(&plan(&["3"]), &present);
    assert!(blocked[0].starts_with("! ") && blocked[0].contains("a session is open"));
}

#[test]
fn in_another_environments_database_nothing_is_done() {
    let mut present = complete();
    present.configs[0].name = "ZH01-3".into();
    let lines = open(&plan(&["3"]), &present);
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("! point of sale")
                && line.contains("this store is staging"))
    );
    assert!(lines.iter().all(|line| line.starts_with("! ")), "{lines:?}");
}

#[test]
fn another_currency_stops_everything() {
    let mut present = complete();
    present.company.currency = "EUR".into();
    let lines = told(&plan(&["3"]), &present);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("! company Shops AG, which keeps its books in EUR"));
}

#[test]
fn without_small_coins_to_avoid_there_is_no_rounding() {
    let mut present = bare();
    present.company.currency = "EUR".into();
    let mut plan = plan(&["3"]);
    plan.currency = "EUR".into();
    assert!(
        told(&plan, &present)
            .iter()
            .all(|line| !line.contains("rounding"))
    );
}

#[test]
fn the_agents_user_gets_what_is_missing_and_no_administrators_rights() {
    let mut present = complete();
    present.user.as_mut().unwrap().groups = vec![10, 11, 12];
    present.user.as_mut().unwrap().lang = "de_CH".into();
    let expected = [
        r#"~ user tillpost-ZH01 with the rights to sell, count and move cash: res.users 9 {"lang":"en_US","group_ids":[[4,13]]}"#,
    ];
    assert_eq!(open(&plan(&["3"]), &present), expected);
    for group in ["base.group_system", "stock.group_stock_manager"] {
        let mut present = complete();
        present.groups.insert(group.into(), 99);
        let told = open(&plan(&["3"]), &present);
        let named = told[0].contains("without an administrator's rights: take ");
        assert!(named && told[0].contains(group), "{told:?}");
    }
}

#[test]
fn a_shared_method_must_not_be_cash() {
    let mut present = complete();
    present.methods[1].cash = true;
    assert!(open(&plan(&["3"]), &present)[0].contains("which tills cannot share"));
}

#[test]
fn a_plan_takes_the_methods_from_the_configuration() {
    let text = "[store]\ncode=\"ZH01\"\ntimezone=\"Europe/Zurich\"\ncurrency=\"CHF\"\n[[till]]\ncode=\"3\"\n\
        [[destination]]\nname=\"o\"\ntype=\"odoo\"\nurl=\"https://x\"\ndatabase=\"d\"\nsecret={env=\"K\"}\n\
        methods={CASH=\"Bargeld\",CARD=\"Karte\",TWINT=\"Karte\"}\n";
    let mut config = tillpost_shared::config::read(text).unwrap();
    let made = Plan::new(
        &config,
        &config.destinations[0],
        &["4".to_owned(), "3".to_owned()],
    );
    assert_eq!(
        (made.cash.as_str(), made.shared, made.tills),
        (
            "Bargeld",
            vec!["Karte".to_owned()],
            vec!["3".to_owned(), "4".to_owned()]
        )
    );
    config.destinations[0].methods.clear();
    let made = Plan::new(&config, &config.destinations[0], &[]);
    assert_eq!(
        (made.cash.as_str(), made.shared),
        ("Cash", vec!["Card".to_owned()])
    );
}
