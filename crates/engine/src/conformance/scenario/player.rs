//! The room on its stage: sockets by name, a clock that is told, and what came of each frame in a line.

use std::collections::BTreeMap;

use syncline_protocol::{
    Chain, ClientMessage, Cursor, Incarnation, Millis, Outcome, Seq, ServerMessage, Verdict, decode_server,
};

use super::{Case, Result, case, script};
use crate::{Connection, Output, Room, Rules, SharedToken, Sql};

pub(super) struct Stage<'a> {
    pub(super) db: &'a mut dyn Sql,
    pub(super) room: Room,
    pub(super) now: u64,
    pub(super) cases: &'a mut Vec<Case>,
    sockets: BTreeMap<&'static str, Socket>,
}

/// One socket, and all frames that came on it.
struct Socket {
    connection: Connection,
    heard: Vec<String>,
}

impl<'a> Stage<'a> {
    pub(super) fn open(db: &'a mut dyn Sql, rules: Rules, cases: &'a mut Vec<Case>) -> Result<Self> {
        let room = Room::open(db, rules, script::store()?, Incarnation::parse("first")?)?;
        Ok(Self { db, room, now: 1_000, cases, sockets: BTreeMap::new() })
    }

    /// The room ends, and opens again with nothing but its database.
    pub(super) fn hibernate(&mut self, rules: Rules) -> Result<()> {
        self.room = Room::open(self.db, rules, script::store()?, Incarnation::parse("unused")?)?;
        Ok(())
    }

    /// A frame from a socket, a millisecond later; what the room does about it is a case.
    pub(super) fn say(
        &mut self,
        socket: &'static str,
        message: &ClientMessage,
        expected: &str,
    ) -> Result<()> {
        self.now += 1;
        let now = Millis::new(self.now)?;
        let from = self
            .sockets
            .entry(socket)
            .or_insert_with(|| Socket { connection: Connection::new(None), heard: Vec::new() });
        let text = message.encode();
        let auth = SharedToken::new(script::TOKEN);
        let outputs = self.room.receive(self.db, now, &mut from.connection, &text, &auth);
        let mut lines = Vec::new();
        for output in outputs {
            match output {
                Output::Reply(text) => {
                    lines.push(line(&decode_server(&text)?));
                    if let Some(from) = self.sockets.get_mut(socket) {
                        from.heard.push(text);
                    }
                }
                Output::Publish(text) => {
                    lines.push(format!("to all: {}", line(&decode_server(&text)?)));
                    let live = self.sockets.values_mut().filter(|socket| socket.connection.is_live());
                    live.for_each(|socket| socket.heard.push(text.clone()));
                }
                // Nobody has a value here, and nothing was released.
                Output::Others(_) | Output::Present | Output::Released(_) => {}
                Output::Close(code) => lines.push(format!("closed: {}", code.as_str())),
            }
        }
        let what = kind(message);
        self.expect(&format!("{socket}: {what}"), expected, lines.join(" | "));
        Ok(())
    }

    pub(super) fn expect(&mut self, name: &str, expected: &str, seen: String) {
        self.cases.push(case(name, expected, seen));
    }

    /// The socket is gone, and all that came on it is returned.
    pub(super) fn leave(&mut self, socket: &str) -> Vec<String> {
        self.sockets.remove(socket).map(|socket| socket.heard).unwrap_or_default()
    }

    /// How many frames have come on a socket.
    pub(super) fn heard(&self, socket: &str) -> usize {
        self.sockets.get(socket).map_or(0, |socket| socket.heard.len())
    }

    /// The cursor of a client that has followed what came on a socket, up to a seq.
    pub(super) fn cursor(&self, socket: &str, upto: u64) -> Result<Cursor> {
        let (mut seq, mut chain) = (Seq::ZERO, Chain::GENESIS);
        for text in self.sockets.get(socket).into_iter().flat_map(|socket| &socket.heard) {
            if let ServerMessage::Entries(frame) = decode_server(text)? {
                for entry in frame.entries.iter().filter(|entry| entry.seq > seq && entry.seq.get() <= upto) {
                    chain = chain.after(entry, &entry.args_digest());
                }
                seq = seq.max(frame.entries.last().map_or(seq, |last| last.seq)).min(Seq::new(upto)?);
            }
        }
        Ok(Cursor { incarnation: Incarnation::parse("first")?, seq, chain })
    }
}

const fn kind(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Hello(_) => "hello",
        ClientMessage::Push(_) => "push",
        ClientMessage::Pull(_) => "pull",
        ClientMessage::Ack(_) => "ack",
        ClientMessage::Presence(_) => "presence",
        ClientMessage::Auth(_) => "auth",
    }
}

/// What a frame says, without what may be added to it one day.
fn line(message: &ServerMessage) -> String {
    match message {
        ServerMessage::Welcome(welcome) => {
            format!("welcome to {}, decided {}", welcome.head, welcome.decided)
        }
        ServerMessage::Entries(frame) => {
            let seqs: Vec<String> = frame.entries.iter().map(|entry| entry.seq.to_string()).collect();
            format!("entries {}", seqs.join(" "))
        }
        ServerMessage::Verdicts(frame) => frame.verdicts.iter().map(verdict).collect::<Vec<_>>().join(", "),
        ServerMessage::Error(error) => format!("error {}", error.code.as_str()),
        ServerMessage::Redacted(redacted) => format!("redacted {}", redacted.entry.seq),
        ServerMessage::Snapshot(_) => "snapshot".to_owned(),
        ServerMessage::Presence(_) => "presence".to_owned(),
    }
}

fn verdict(verdict: &Verdict) -> String {
    let counter = verdict.counter;
    match &verdict.outcome {
        Outcome::Accepted { first, last } => format!("{counter} at {first}-{last}"),
        Outcome::Rejected(why) => format!("{counter} not: {}", why.code),
    }
}
