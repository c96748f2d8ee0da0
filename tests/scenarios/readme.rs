//! What the README says stands there to be typed.
//!
//! Goal: somebody who has never seen the project gets the answers that the README prints. Method: take the commands of
//! "A first sale" out of README.md and run them by a shell, against the demo as it is started there.

use std::process::Command;

use serde_json::Value;
use tillpost_tests::agent::Agent;
use tillpost_tests::home::{Home, Setup};
use tillpost_tests::wait;

/// The address in the README's commands.
const USUAL: &str = "http://127.0.0.1:7470";

fn readme() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    std::fs::read_to_string(path).unwrap()
}

/// The blocks of one language below a heading, in their order.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let text = readme();
    let below = text.split_once(&format!("\n## {heading}\n")).unwrap().1;
    let section = below.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    let rest = section.split(&fence).skip(1);
    rest.map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// Runs a command of the README against this service, and reads its answer.
fn typed(command: &str, agent: &Agent) -> Value {
    assert!(command.contains(USUAL), "{command}");
    let command = command.replace(USUAL, &agent.url);
    let said = Command::new("sh").args(["-c", &command]).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{command}: {said:?}");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{command}: {text}"))
}

#[test]
fn the_first_sale_is_answered_as_printed() {
    let home = Home::new(&Setup::bare());
    let agent = Agent::start_demo(&home);
    let commands = blocks("A first sale", "sh");
    let [sale, look_up] = commands.as_slice() else {
        panic!("a sale and a look-up: {commands:?}");
    };
    let printed: Value = serde_json::from_str(&blocks("A first sale", "json")[0]).unwrap();
    let first = typed(sale, &agent)["results"][0].clone();
    for (name, value) in printed["results"][0].as_object().unwrap() {
        let short = value.as_str().unwrap().trim_end_matches('…');
        let full = first[name].as_str().unwrap();
        // Of what is new each time the README prints the beginning, or nothing.
        let same = if value.as_str() == Some(short) {
            full == short
        } else {
            !full.is_empty()
        };
        assert!(
            same,
            "{name}: the README prints {value}, the answer is {first}"
        );
    }
    let again = typed(sale, &agent)["results"][0].clone();
    assert_eq!(
        (&again["status"], &again["id"]),
        (&"duplicate".into(), &first["id"])
    );

    assert_eq!(sale.matches("9.60").count(), 2);
    let changed = sale
        .replace("9.60", "9.40")
        .replace("\"4.80\"", "\"4.70\"")
        .replace("0.40", "0.60");
    let changed = typed(&changed, &agent)["results"][0].clone();
    assert_eq!(changed["status"], "held", "{changed}");
    assert_eq!(
        changed["key"],
        format!("{}~2", first["key"].as_str().unwrap())
    );

    // The sample catalog is there when the first refresh has ended.
    let product = wait::until("the product", || {
        let answer = typed(look_up, &agent);
        answer["products"].get(0).cloned()
    });
    assert_eq!(product["sku"], "10000");
    agent.stop();
}
