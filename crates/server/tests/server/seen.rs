//! What an operator reads: a line for each thing that has happened, without a token or anything of what was said.

use serde_json::Value;

use super::client::{Client, Heard, TOKEN};
use super::host::Process;

const SAID: &str = "nobody's business";

#[test]
fn each_socket_request_and_push_has_a_line_without_tokens_or_payloads() {
    let data = tempfile::tempdir().unwrap();
    let server = Process::start(data.path(), &["--log", "debug", "--log-format", "json"]);
    let mut ann = Client::connect_as(server.address, "s", "laptop", "ann");
    ann.counter += 1;
    let mut commit = super::client::commit("laptop", ann.counter, &[SAID.to_owned()]);
    commit["author"] = "ann".into();
    ann.send(&super::client::push(&[commit]));
    ann.expect("verdicts");
    let (status, _) = super::routes::ask(server.address, "GET /stores/s/log?after=0", TOKEN, "");
    assert_eq!(status, 200);
    ann.socket.close(None).unwrap();
    while let Heard::Frame(_) = ann.hear() {}
    let (_, lines) = server.terminate();
    let json: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = |message: &str| {
        let found = json.iter().find(|line| line["message"] == message);
        found.unwrap_or_else(|| panic!("{message}: {lines:#?}")).clone()
    };
    let push = line("decided a push");
    assert_eq!((&push["store"], &push["subject"]), (&"s".into(), &"ann".into()), "{push}");
    assert_eq!((&push["accepted"], &push["rejected"]), (&1.into(), &0.into()), "{push}");
    assert!(push["micros"].is_u64(), "{push}");
    let opened = json.iter().find(|line| line["message"] == "opened" && line["socket"] == push["socket"]);
    assert_eq!(opened.unwrap()["store"], "s", "the numbers are those of the socket");
    assert!(line("closed")["seconds"].is_u64());
    let answered = line("answered");
    assert_eq!(
        (&answered["path"], &answered["status"]),
        (&"/stores/s/log".into(), &200.into()),
        "{answered}"
    );
    for line in &lines {
        assert!(!line.contains(TOKEN) && !line.contains(SAID) && !line.contains("after=0"), "{line}");
    }
}
