//! A store that was pointed at another environment's Odoo.
//!
//! Goal: it says so before anything is handed over, sends nothing and takes no prices; and goes on when it is mended.
//! Method: a store set up as `test` is told that it is `staging`; look at its status with nothing in its queue, hand in a
//! sale, count orders; mend it.

use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::head_office::{DRAIN, HeadOffice};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

fn problems(agent: &Agent) -> Vec<Value> {
    let status = agent.status();
    status["problems"].as_array().unwrap().clone()
}

#[test]
fn a_store_in_the_wrong_environment_says_so_sends_nothing_and_takes_no_prices() {
    let office = HeadOffice::new("environment", &["1".to_owned()]);
    let right = std::fs::read_to_string(office.home.config()).unwrap();
    let wrong = right.replace("environment = \"test\"", "environment = \"staging\"");
    assert_ne!(wrong, right);
    std::fs::write(office.home.config(), wrong).unwrap();
    let agent = office.start();
    // The lane and the catalog, each by itself, with nothing to hand over.
    wait::until("both to say it", || {
        let said = problems(&agent);
        let both = ["wrong_environment", "catalog_wrong_environment"];
        let said = |code: &&str| said.iter().any(|problem| problem["code"] == *code);
        both.iter().all(said).then_some(())
    });
    let prices = agent.get(office.token("1"), "/v1/products?sku=TP-001");
    assert_eq!(prices.status, 503, "no prices were taken: {}", prices.body);
    agent.hand_in_all(office.token("1"), &[sale("1", 1)], "accepted");
    wait::until("the sale to be tried", || {
        let files = office.home.every_file();
        let tried = b"a destination is out";
        let told = |bytes: &[u8]| bytes.windows(tried.len()).any(|some| some == tried);
        files.iter().any(|(_, bytes)| told(bytes)).then_some(())
    });
    let orders = "SELECT count(*) AS a FROM pos_order WHERE pos_reference LIKE 'ZH01-%'";
    assert_eq!(office.database.number(orders), 0, "nothing was sent");
    agent.stop();

    std::fs::write(office.home.config(), right).unwrap();
    let agent = office.start();
    agent.wait_drained(DRAIN);
    assert_eq!(office.database.number(orders), 1);
    wait::until("prices", || {
        let prices = agent.get(office.token("1"), "/v1/products?sku=TP-001");
        (prices.status == 200).then_some(())
    });
    agent.stop();
}
