//! Whether the connection leads into this store's own world: a rehearsal must not take real prices, nor write into real
//! books, and the other way round.
//!
//! `prepare` writes the environment into the names of the store's points of sale. A single till of another environment is
//! found when something is handed over for it; this looks at all of them, before anything is.

use serde_json::json;
use tillpost_shared::config::Environment;

use super::answer::outage;
use super::client::{Client, Search};
use super::row::Row;
use crate::outbox::Outage;

/// Asks for the store's points of sale, and compares.
pub async fn compare(client: &Client, store: &str, environment: Environment) -> Result<(), Outage> {
    let search = Search {
        domain: json!([["name", "=like", format!("{store}-%")]]),
        fields: &["name"],
        order: "id",
        ..Search::default()
    };
    let rows = client.search_read("pos.config", search).await;
    let rows = rows.map_err(|error| outage(&error))?;
    let names: Vec<&str> = rows.iter().filter_map(named).collect();
    match misplaced(&names, environment) {
        Some(name) => Err(Outage::WrongEnvironment(format!(
            "this store is {}, the point of sale there is named \"{name}\"",
            environment.as_str()
        ))),
        None => Ok(()),
    }
}

fn named(row: &Row) -> Option<&str> {
    row.text("name")
}

/// A point of sale of another environment, when there is none of this one. A store that nobody set up yet is in no wrong
/// place.
fn misplaced<'a>(names: &[&'a str], environment: Environment) -> Option<&'a str> {
    let own = match environment {
        Environment::Production => None,
        Environment::Development | Environment::Test | Environment::Staging => {
            Some(environment.as_str())
        }
    };
    let at_home = names.iter().any(|name| mark(name) == own);
    names.first().filter(|_| !at_home).copied()
}

/// The environment in a name, as in `ZH01-3 [staging]`.
fn mark(name: &str) -> Option<&str> {
    let (_, mark) = name.strip_suffix(']')?.rsplit_once(" [")?;
    Some(mark)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nobody_set_it_up(&[], Environment::Test, None)]
    #[case::at_home(&["ZH01-1 [test]"], Environment::Test, None)]
    #[case::production(&["ZH01-1"], Environment::Production, None)]
    #[case::both_in_one_database(&["ZH01-1", "ZH01-1 [staging]"], Environment::Staging, None)]
    #[case::real_books_from_a_rehearsal(&["ZH01-1"], Environment::Test, Some("ZH01-1"))]
    #[case::a_rehearsals_books(&["ZH01-1 [staging]"], Environment::Production, Some("ZH01-1 [staging]"))]
    fn a_store_of_another_environment_is_in_the_wrong_place(
        #[case] names: &[&str],
        #[case] environment: Environment,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(misplaced(names, environment), expected);
    }
}
