//! All that a store shows and keeps, in one text: what must never be anywhere is looked for in it.

use crate::agent::Agent;
use crate::home::Home;

/// Pages and answers that show documents.
const SHOWN: [&str; 4] = ["/v1/documents?state=parked", "/", "/documents", "/metrics"];

/// What the agent has said, its API, its pages, the command line, and every file of the data folder.
pub fn everything(home: &Home, token: &str, agent: &Agent) -> String {
    let mut seen = agent.said();
    seen.push_str(&agent.status().to_string());
    for path in SHOWN {
        seen.push_str(&agent.get(token, path).body);
    }
    let listed = home.run(&["documents", "list", "--json"]);
    seen.push_str(&listed.all());
    let mut folders = vec![home.data()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let bytes = std::fs::read(path).unwrap();
                    seen.push_str(&String::from_utf8_lossy(&bytes));
                }
            }
        }
    }
    seen
}
