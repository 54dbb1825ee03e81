//! What is no message.

use syncline_engine::protocol::{ClientMessage, Code, MAX_NUMBER, Pull, Seq};
use tungstenite::Message;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::client::{Client, message, written};
use crate::failure::{Done, ensure, same};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};
use crate::socket::Came;

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    a_ping_is_answered_at_any_time,
    what_is_not_a_message_is_refused_and_ignored,
    what_is_not_a_message_does_not_end_a_socket_that_waits_for_hello,
    a_binary_frame_is_refused_and_ignored,
    a_frame_that_is_not_utf_8_hurts_nobody_else,
    a_message_may_come_in_fragments,
    a_number_that_a_double_cannot_carry_is_refused,
    the_largest_numbers_are_taken,
    json_as_deep_as_it_likes_breaks_nothing,
    any_text_goes_through_the_log_as_it_was_written,
];

fn a_ping_is_answered_at_any_time(server: &Server) -> Done {
    let store = server.store()?;
    let mut socket = server.socket(&store)?;
    socket.send_text("ping")?;
    same("the answer to a ping", "pong", &socket.text("pong")?)?;
    socket.greet(server.hello(&store, "ann")?)?;
    socket.send_text("ping")?;
    same("the answer to a ping", "pong", &socket.text("pong")?)
}

fn what_is_not_a_message_is_refused_and_ignored(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    for text in NO_MESSAGES {
        ann.socket.send_text(text)?;
        ann.socket.error(Code::BadMessage)?;
    }
    let commit = ann.commit([message("m", "after all of it")])?;
    ann.accepted(vec![commit]).map(drop)
}

const NO_MESSAGES: [&str; 24] = [
    "",
    " ",
    "{",
    "hello",
    "null",
    "1",
    "\"push\"",
    "[]",
    "[\"pull\",{\"after\":0}]",
    "{}",
    "{\"type\":null}",
    "{\"type\":1}",
    "{\"type\":\"\"}",
    "{\"type\":\"Pull\",\"after\":0}",
    "{\"type\":\"nothing-like-it\"}",
    "{\"type\":\"pull\"}",
    "{\"type\":\"pull\",\"after\":\"0\"}",
    "{\"type\":\"pull\",\"after\":0}{}",
    "{\"type\":\"pull\",\"after\":0,\"after\":1}",
    "{\"type\":\"push\",\"commits\":{}}",
    "{\"type\":\"push\",\"commits\":[{}]}",
    "{\"type\":\"push\",\"commits\":[{\"counter\":2,\"author\":\"\",\"modelVersion\":1,\"events\":[]}]}",
    "{\"type\":\"push\",\"commits\":[{\"counter\":2,\"author\":\"ann\",\"modelVersion\":1,\"events\":[{\"name\":\"a\"}]}]}",
    "{\"type\":\"welcome\"}",
];

fn what_is_not_a_message_does_not_end_a_socket_that_waits_for_hello(server: &Server) -> Done {
    let store = server.store()?;
    let mut socket = server.socket(&store)?;
    for text in ["", "{", "{\"type\":\"nothing-like-it\"}"] {
        socket.send_text(text)?;
        socket.error(Code::BadMessage)?;
    }
    socket.greet(server.hello(&store, "ann")?).map(drop)
}

fn a_binary_frame_is_refused_and_ignored(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let pull = ClientMessage::Pull(Pull { after: Seq::ZERO, part: None }).encode();
    for bytes in [Vec::new(), vec![0, 255], pull.into_bytes()] {
        ann.socket.send_frame(Message::Binary(bytes.into()))?;
        ann.socket.error(Code::BadMessage)?;
    }
    let commit = ann.commit([message("m", "after all of it")])?;
    ann.accepted(vec![commit]).map(drop)
}

/// A server may close such a socket (RFC 6455 says 1007), or refuse the text that it made of it.
fn a_frame_that_is_not_utf_8_hurts_nobody_else(server: &Server) -> Done {
    let store = server.store()?;
    let mut other = Client::founder(server, &store, "ben")?;
    let mut ann = Client::join(server, &store, "ann")?;
    let frame = Frame::message(b"{\"type\":\"\xff\xfe\"}".to_vec(), OpCode::Data(Data::Text), true);
    ann.socket.send_frame(Message::Frame(frame))?;
    let came = ann.socket.next()?;
    let refused = match &came {
        Came::Text(text) => text.contains("bad-message"),
        Came::Closed(_) => true,
        Came::Nothing => false,
    };
    ensure(refused, "a close, or bad-message", came)?;
    let commit = other.commit([message("m", "after all of it")])?;
    other.accepted(vec![commit]).map(drop)
}

fn a_message_may_come_in_fragments(server: &Server) -> Done {
    let store = server.store()?;
    let mut socket = server.socket(&store)?;
    let hello = ClientMessage::Hello(server.hello(&store, "Zoë")?).encode().into_bytes();
    let last = hello.len() / 7;
    for (place, part) in hello.chunks(7).enumerate() {
        let kind = if place == 0 { Data::Text } else { Data::Continue };
        let is_last = place == last || (place + 1) * 7 == hello.len();
        socket.send_frame(Message::Frame(Frame::message(part.to_vec(), OpCode::Data(kind), is_last)))?;
        if is_last {
            break;
        }
    }
    let came = socket.text("welcome")?;
    ensure(came.contains("\"welcome\""), "welcome", came)
}

fn a_number_that_a_double_cannot_carry_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    for number in ["9007199254740992", "18446744073709551616", "-1", "1.5", "1e400", "1e3", "0x1", "NaN"] {
        ann.socket.send_text(format!("{{\"type\":\"pull\",\"after\":{number}}}"))?;
        ann.socket.error(Code::BadMessage)?;
        let commit = format!("{{\"counter\":{number},\"author\":\"ann\",\"modelVersion\":1,\"events\":[]}}");
        ann.socket.send_text(format!("{{\"type\":\"push\",\"commits\":[{commit}]}}"))?;
        ann.socket.error(Code::BadMessage)?;
    }
    ann.socket.nothing_more()
}

fn the_largest_numbers_are_taken(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let far = ann.socket.pull(Seq::new(MAX_NUMBER).map_err(own)?)?;
    same("what is after the end", 0, far.entries.len())?;
    let mut last = ann.commit([message("m", "with the last counter")])?;
    last.counter = syncline_engine::protocol::Counter::new(MAX_NUMBER).map_err(own)?;
    ann.accepted(vec![last]).map(drop)
}

fn json_as_deep_as_it_likes_breaks_nothing(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let deep = |brackets: usize| format!("{}{}", "[".repeat(brackets), "]".repeat(brackets));
    for brackets in [200, 100_000] {
        let deep = deep(brackets);
        ann.socket.send_text(deep.clone())?;
        ann.socket.error(Code::BadMessage)?;
        ann.socket.send_text(format!("{{\"type\":{deep}}}"))?;
        ann.socket.error(Code::BadMessage)?;
        let args = format!("{{\"name\":\"ann\",\"avatar\":{deep}}}");
        let commit = ann.raw_commit(vec![written("personJoined", args)?])?;
        ann.rejected(commit, "bad-args")?;
    }
    ann.socket.nothing_more()
}

fn any_text_goes_through_the_log_as_it_was_written(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut commits = Vec::new();
    let texts = [
        "a \\u00e9 é 😀 \\ud83d\\ude00",
        "\\\\ \\\" \\/ \\b\\f\\n",
        "'; DROP TABLE messages; --",
        "\u{2028} %s {}",
    ];
    for (place, text) in texts.iter().enumerate() {
        let args = format!(
            "{{ \"text\" : \"{text}\",\n\t\"id\":\"m{place}\",\"postedAt\":0.0e0, \"channel\":\"general\" , \"later\":[ 1 ] }}"
        );
        let args = args.replace("0.0e0", "0");
        commits.push(ann.raw_commit(vec![written("messagePosted", args)?])?);
    }
    ann.accepted(commits)?;
    let read = crate::client::read_log(server, &store, "ben")?;
    same("what somebody else reads", ann.log.entries, read.entries)
}
