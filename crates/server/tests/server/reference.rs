//! The reference of settings in docs/operations.md is what the code says.

use clap::{Args, Command};
use syncline_server::Settings;

const DOCS: &str = include_str!("../../../../docs/operations.md");

/// A row of each setting: its flag, its variable, its name in the file, what it is, and what it is by itself.
fn rows() -> String {
    let command = Settings::augment_args(Command::new("serve"));
    let rows = command.get_arguments().map(|arg| {
        let flag = arg.get_long().unwrap();
        let variable = arg.get_env().unwrap().to_str().unwrap();
        let in_file = match flag {
            // There it is a table with all that belongs to it.
            "auth" | "token" => "`[auth]`".to_owned(),
            name => format!("`{name}`"),
        };
        let help = arg.get_help().unwrap().to_string();
        let (what, default) = match help.split_once(" [default: ") {
            Some((what, default)) => (what.to_owned(), default.trim_end_matches(']').to_owned()),
            None => (help, "–".to_owned()),
        };
        let values: Vec<_> =
            arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
        let values = if values.is_empty() { String::new() } else { format!(": `{}`", values.join("`, `")) };
        format!("| `--{flag}` | `{variable}` | {in_file} | {what}{values} | {default} |\n")
    });
    rows.collect()
}

#[test]
fn the_docs_name_every_setting_as_it_is() {
    let (_, rest) = DOCS.split_once("<!-- settings:start -->\n").unwrap();
    let (written, _) = rest.split_once("<!-- settings:end -->").unwrap();
    let head =
        "| Flag | Variable | In the file | What it is | By itself |\n| --- | --- | --- | --- | --- |\n";
    let expected = format!("{head}{}", rows());
    assert!(
        written == expected,
        "docs/operations.md, between settings:start and settings:end, is to be:\n{expected}"
    );
}

#[test]
fn every_setting_is_taken_from_the_file_under_the_name_that_the_docs_give() {
    let command = Settings::augment_args(Command::new("serve"));
    for arg in command.get_arguments() {
        let flag = arg.get_long().unwrap();
        let variable = arg.get_env().unwrap().to_str().unwrap();
        assert_eq!(variable, format!("SYNCLINE_{}", flag.to_uppercase().replace('-', "_")));
        // A value of no type is refused for its type, and a name that there is not for its name.
        let refused = toml::from_str::<Settings>(&format!("{flag} = [[]]")).unwrap_err().to_string();
        assert_eq!(refused.contains("unknown field"), flag == "token", "{flag}: {refused}");
    }
}
