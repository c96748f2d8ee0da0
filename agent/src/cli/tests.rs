//! What the command line promises as a whole: which commands there are, that each says how it is used, exit codes.

use clap::CommandFactory;
use rstest::rstest;

use super::*;

/// Every command with its full name, parents before children.
fn commands() -> Vec<(String, clap::Command)> {
    fn add(command: &clap::Command, before: &str, all: &mut Vec<(String, clap::Command)>) {
        let name = format!("{before}{}", command.get_name());
        all.push((name.clone(), command.clone()));
        for child in command
            .get_subcommands()
            .filter(|child| child.get_name() != "help")
        {
            add(child, &format!("{name} "), all);
        }
    }
    let mut root = Arguments::command();
    root.build();
    let mut all = Vec::new();
    add(&root, "", &mut all);
    all
}

#[test]
fn every_command_says_how_it_is_used() {
    let mut text = String::new();
    for (name, mut command) in commands() {
        let help = command.render_long_help().to_string();
        text += &format!("$ {name} --help\n{}\n\n", help.trim_end());
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn every_command_gives_an_example() {
    for (name, mut command) in commands() {
        let help = command.render_long_help().to_string();
        assert!(help.contains(&format!("Example:\n  {name}")), "{name}");
    }
}

#[rstest]
#[case(&["--help"], Exit::Done)]
#[case(&["--version"], Exit::Done)]
#[case(&["till", "add", "--help"], Exit::Done)]
#[case(&[], Exit::Usage)]
#[case(&["nonsense"], Exit::Usage)]
#[case(&["submit"], Exit::Usage)]
#[case(&["documents", "withdraw", "1"], Exit::Usage)]
#[case(&["documents", "list", "--limit", "1001"], Exit::Usage)]
#[case(&["proof", "--date", "yesterday"], Exit::Usage)]
#[case(&["login", "set", "boss"], Exit::Usage)]
fn a_wrong_call_is_not_a_no(#[case] arguments: &[&str], #[case] expected: Exit) {
    let arguments = std::iter::once("tillpost").chain(arguments.iter().copied());
    let error = Arguments::try_parse_from(arguments).unwrap_err();
    assert_eq!(told(&error), expected);
}

#[test]
fn config_and_json_may_stand_anywhere() {
    for arguments in [
        ["tillpost", "--json", "--config", "a.toml", "till", "list"],
        ["tillpost", "till", "list", "--config", "a.toml", "--json"],
    ] {
        let read = Arguments::try_parse_from(arguments).unwrap();
        assert!(read.json && read.config == Some("a.toml".into()));
    }
}

#[test]
fn the_exit_codes_are_the_ones_that_scripts_know() {
    let exits = [
        Exit::Done,
        Exit::No,
        Exit::Usage,
        Exit::Unreachable,
        Exit::Bug,
        Exit::Config,
    ];
    assert_eq!(exits.map(Exit::code), [0, 1, 64, 69, 70, 78]);
    assert_eq!(ended(Err(Failure::config("x"))), Exit::Config);
    assert_eq!(ended(Err(Failure::reader_gone())), Exit::Done);
}
