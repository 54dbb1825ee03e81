//! What docs/operations.md says of the command line: its drill is run, and its tables are those of `--help`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Asked, OPERATOR, finish, run};
use crate::client::Client;
use crate::host::Process;

fn operations() -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    std::fs::read_to_string(docs).unwrap()
}

/// The first words of the rows of the table under a heading.
fn column(text: &str, head: &str) -> Vec<String> {
    let rows = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let cell = |line: &str| line.split('|').nth(1).unwrap().trim().trim_matches('`').to_owned();
    rows.take_while(|line| line.starts_with('|')).map(cell).collect()
}

#[test]
fn the_drill_of_the_docs_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let server = Asked::start(&folder.path().join("data"));
    server.say("team-1", "ann", &["one", "two"]);
    server.say("team-2", "ann", &["one"]);
    let text = operations();
    let drill = text.split("cli/drill.rs -->\n```sh\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(drill.contains("--since") && drill.contains("--check") && drill.contains("verify"), "{drill}");
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_syncline"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    std::fs::create_dir(folder.path().join("backups")).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", drill]).current_dir(folder.path()).env("PATH", path);
    shell.env("SYNCLINE_URL", format!("http://{}", server.address())).env("SYNCLINE_TOKEN", OPERATOR);
    let shell = shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let done = finish(shell);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("2 of them unchanged"), "{}", done.out);
    assert!(done.out.lines().last().unwrap().contains("\"text\":\"two\""), "{}", done.out);
    server.process.kill();
    let restored = Process::start(&folder.path().join("restored"), &[]);
    let mut ann = Client::connect(restored.address, "team-1", "ann");
    assert_eq!(ann.counter, 2, "what was decided is known");
    ann.say("three");
    restored.kill();
}

#[test]
fn the_docs_have_every_command_and_exit_code() {
    let (help, text) = (run(&["--help"]).out, operations());
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(column(&text, "| Command |"), commands);
    for command in &commands {
        let help = run(&[command, "--help"]).out;
        assert!(*command == "serve" || help.contains("Examples:\n"), "{command}: {help}");
    }
    let codes = help.split("Exit codes:\n").nth(1).unwrap();
    let codes: Vec<String> = codes
        .lines()
        .map(|line| line.trim().split_once("  ").map(|(code, why)| format!("| {code} | {why} |")).unwrap())
        .collect();
    assert_eq!(codes.len(), 12);
    for row in codes {
        let told = text.replace('`', "");
        assert!(told.contains(&row.replace('`', "")), "{row}");
    }
}
