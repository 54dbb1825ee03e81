//! Messages and codes.

use syncline_codegen::{render_error_catalogue, render_protocol};
use syncline_engine::protocol::{CODES, Counter, MAX_NUMBER, Millis, Seq};

use crate::file;

#[test]
fn messages_are_unions_that_narrow_by_their_type() {
    let text = file(render_protocol().unwrap(), "messages.ts");
    for part in [
        "export const PROTOCOL_VERSION = 1\n",
        "\
/** From client to server. */
export type ClientMessage =
  /** The first message on a socket. */
  | ({ type: 'hello' } & Hello)
  /** Commits to be decided. */
  | ({ type: 'push' } & Push)
",
        "\
export interface Verdicts {
  /** The head that the decisions follow. */
  head: Seq
  /** In the order of the counters. */
  verdicts: Verdict[]
}
",
        "export type Seq = number\n",
        "export type Args = unknown\n",
        "  /** When trying again makes sense. */\n  retryAfterMs?: number | null\n",
        "\nexport type ServerMessage =\n  /** The answer to `hello`. */\n  | ({ type: 'welcome' } & Welcome)\n",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn a_verdict_is_accepted_or_rejected() {
    let text = file(render_protocol().unwrap(), "messages.ts");
    let verdict = text.split_once("export type Verdict = ").unwrap().1;
    assert!(
        verdict.starts_with(
            "{\n  /** The client's own number for the commit. */\n  counter: Counter\n} & ({\n  /** The seq of"
        ),
        "{verdict}"
    );
    assert!(
        verdict.contains("  status: 'accepted'\n} | ({ status: 'rejected' } & Rejection))\n"),
        "{verdict}"
    );
}

#[test]
fn the_numbers_of_the_protocol_decode_no_further_than_a_double_is_exact() {
    let beyond = (MAX_NUMBER + 1).to_string();
    serde_json::from_str::<Seq>(&beyond).unwrap_err();
    serde_json::from_str::<Counter>(&beyond).unwrap_err();
    serde_json::from_str::<Millis>(&beyond).unwrap_err();
}

#[test]
fn every_code_is_in_the_list_and_in_the_catalogue() {
    let list = file(render_protocol().unwrap(), "codes.ts");
    let catalogue = render_error_catalogue();
    for info in CODES {
        let named = [format!("\n  '{}': ", info.code), format!("\n  {}: ", info.code)];
        let times = usize::from(info.kind != "verdict");
        assert_eq!(
            named.iter().map(|name| list.matches(name).count()).sum::<usize>(),
            times,
            "{}",
            info.code
        );
        let row = format!("| <a id=\"{0}\"></a>`{0}` | {1} | {2} |\n", info.code, info.meaning, info.action);
        assert_eq!(catalogue.matches(&row).count(), 1, "{row}");
    }
    assert!(list.contains("\n  unauthorized: 'The token is missing or wrong.',\n"));
}

#[test]
fn the_same_input_gives_the_same_files() {
    assert_eq!(render_protocol().unwrap(), render_protocol().unwrap());
    assert_eq!(render_error_catalogue(), render_error_catalogue());
}
