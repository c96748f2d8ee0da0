//! A key that ends, and a clock that is wrong, told by the running service.
//!
//! Goal: both are told before anything goes wrong, in the status, the metrics and `doctor`, and nothing is held up by it.
//! Method: the key's end is written into Odoo's own table; the agent's clock goes fast. Then another key is put into its file
//! and the old one taken away: the first refusal has the new one taken, and the warning ends. The end that is told must be
//! that of the table.

use jiff::Timestamp;
use tillpost_tests::agent::Agent;
use tillpost_tests::clock::Clock;
use tillpost_tests::head_office::{DRAIN, HeadOffice, LOGIN};
use tillpost_tests::shop::sample::sale;
use tillpost_tests::wait;

/// Another key for the agent's user, which does not end; the old ones stay until they are taken away.
const ANOTHER: &str = r#"
user = env['res.users'].search([('login', '=', 'tillpost-ZH01')]).ensure_one()
key = env['res.users.apikeys'].with_user(user).sudo()._generate('rpc', 'another', None)
env.cr.commit()
print(key)
"#;

fn problem(agent: &Agent, code: &str) -> Option<serde_json::Value> {
    let status = agent.status();
    let problems = status["problems"].as_array().unwrap();
    problems.iter().find(|one| one["code"] == code).cloned()
}

#[test]
fn a_key_that_ends_is_told_until_another_is_taken_and_holds_up_nothing() {
    let office = HeadOffice::new("key_ends", &["1".to_owned()]);
    let file = office.home.path().join("odoo.key");
    std::fs::write(&file, &office.key).unwrap();
    office.home.reword(
        "secret = { env = \"TILLPOST_ODOO_KEY\" }",
        &format!("secret = {{ file = \"{}\" }}", file.display()),
    );
    let own = format!("user_id = (SELECT id FROM res_users WHERE login = '{LOGIN}')");
    office.database.tamper(&format!(
        "UPDATE res_users_apikeys SET expiration_date = date_trunc('second', now() AT TIME ZONE 'UTC') + interval '3 days' \
         WHERE {own}"
    ));
    let agent = office.start();
    let told = wait::until("the end of the key to be told", || {
        problem(&agent, "key_ends")
    });
    let end = office.database.number(&format!(
        "SELECT extract(epoch FROM expiration_date)::bigint AS a FROM res_users_apikeys WHERE {own}"
    ));
    let until: Timestamp = told["until"].as_str().unwrap().parse().unwrap();
    assert_eq!(until.as_second(), end);
    assert!(
        told["message"].to_string().contains(&until.to_string()),
        "{told}"
    );
    let metrics = agent.get(office.token("1"), "/metrics").body;
    let gauge = format!("tillpost_key_ends_timestamp_seconds{{destination=\"odoo\"}} {end}\n");
    assert!(metrics.contains(&gauge), "{gauge} is missing: {metrics}");
    let doctor = office.home.run(&["doctor"]).stdout;
    assert!(doctor.contains(&format!("ends at {until}")), "{doctor}");
    agent.hand_in_all(office.token("1"), &[sale("1", 1)], "accepted");
    agent.wait_drained(DRAIN);

    let another = office.database.shell(ANOTHER);
    let another = another.lines().last().unwrap().trim();
    std::fs::write(&file, another).unwrap();
    office.database.tamper(&format!(
        "DELETE FROM res_users_apikeys WHERE name <> 'another' AND {own}"
    ));
    agent.hand_in_all(office.token("1"), &[sale("1", 2)], "accepted");
    agent.wait_drained(DRAIN);
    wait::until("the warning to end", || {
        problem(&agent, "key_ends").is_none().then_some(())
    });
    let orders = "SELECT count(*) AS a FROM pos_order WHERE pos_reference LIKE 'ZH01-%'";
    assert_eq!(office.database.number(orders), 2);
    agent.stop();
}

#[test]
fn a_clock_that_is_wrong_is_told_by_head_offices() {
    let mut office = HeadOffice::new("clock_differs", &["1".to_owned()]);
    let clock = Clock::of(&mut office.home);
    clock.jump("+20m");
    let agent = office.start();
    let told = wait::until("the clock to be told", || problem(&agent, "clock_differs"));
    let message = told["message"].to_string();
    assert!(message.contains("ahead of that of odoo"), "{message}");
    let doctor = office.home.run(&["doctor"]).stdout;
    assert!(doctor.contains("clock against odoo"), "{doctor}");
    agent.hand_in_all(office.token("1"), &[sale("1", 1)], "accepted");
    agent.wait_drained(DRAIN);
    agent.stop();

    clock.jump("+0");
    let agent = office.start();
    wait::until("clocks to be compared", || {
        let metrics = agent.get(office.token("1"), "/metrics").body;
        metrics
            .contains("tillpost_clock_ahead_seconds{destination=\"odoo\"}")
            .then_some(())
    });
    assert_eq!(problem(&agent, "clock_differs"), None);
    agent.stop();
}
