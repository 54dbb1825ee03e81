//! `syncline-bench PUSHES EVENTS`: pushes of so many messages each into a room of the chat, over a database
//! in memory, where nothing else costs much. Prints the nanoseconds of CPU that one has taken.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use chat_model::Chat;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use syncline_engine::protocol::{Incarnation, Millis, StoreId};
use syncline_engine::{Connection, Grant, Output, Room, Rules, SharedToken};
use syncline_sqlite::Database;

/// Pushes before the clock is looked at: statements are prepared, tables are not empty.
const WARM: u32 = 20;

fn main() -> Result<()> {
    let args: Vec<u32> = std::env::args().skip(1).map(|arg| arg.parse()).collect::<Result<_, _>>()?;
    let [pushes, events] = args.as_slice() else { bail!("usage: syncline-bench PUSHES EVENTS") };
    let mut bench = Bench::open()?;
    let texts: Vec<String> = (0..WARM + pushes).map(|n| push(u64::from(n) + 2, *events)).collect();
    let (warm, measured) = texts.split_at(WARM as usize);
    warm.iter().try_for_each(|text| bench.receive(text))?;
    let before = cpu();
    measured.iter().try_for_each(|text| bench.receive(text))?;
    let took = cpu().saturating_sub(before);
    println!("{}", took.as_nanos() / u128::from((*pushes).max(1)));
    Ok(())
}

struct Bench {
    db: Database,
    room: Room,
    socket: Connection,
    token: SharedToken,
}

impl Bench {
    /// A room with a channel, and a client in it.
    fn open() -> Result<Self> {
        let mut db = Database::open_memory()?;
        let (store, life) = (StoreId::parse("bench")?, Incarnation::parse("life")?);
        let room = Room::open(&mut db, Rules::of::<Chat>(), store, life)?;
        let (socket, token) = (Connection::new(Some(Grant::TRUSTED)), SharedToken::new(""));
        let mut bench = Self { db, room, socket, token };
        let hello = json!({ "type": "hello", "protocol": 1, "store": "bench", "client": "ann", "subject": "ann",
            "modelVersion": Rules::of::<Chat>().version(), "schemaHash": Rules::of::<Chat>().schema_hash()? });
        bench.receive(&hello.to_string())?;
        let events = [
            json!({ "name": "personJoined", "args": { "name": "Ann", "avatar": null } }),
            json!({ "name": "channelCreated", "args": { "id": "c", "name": "general", "topic": null } }),
        ];
        bench.receive(&commit(1, &events))?;
        Ok(bench)
    }

    fn receive(&mut self, text: &str) -> Result<()> {
        let now = Millis::new(1_704_067_200_000).context("a time of today")?;
        let outputs = self.room.receive(&mut self.db, now, &mut self.socket, text, &self.token);
        let refused = outputs.iter().find(|output| match output {
            Output::Reply(text) | Output::Publish(text) => {
                text.contains("\"rejected\"") || text.starts_with("{\"type\":\"error\"")
            }
            Output::Others(_) | Output::Present => false,
            Output::Close(_) | Output::Released(_) => true,
        });
        ensure!(refused.is_none(), "the room does not take it: {refused:?}");
        Ok(())
    }
}

/// A commit of messages.
fn push(counter: u64, events: u32) -> String {
    let message = |n: u32| {
        let text =
            format!("This is message {n} of commit {counter}, about as long as messages are in a chat.");
        json!({ "name": "messagePosted", "args": { "id": format!("018c-{counter:08}-{n:04}"), "channel": "c",
            "text": text, "postedAt": 1_704_067_200_000_u64, "replyTo": null } })
    };
    commit(counter, &(0..events).map(message).collect::<Vec<_>>())
}

fn commit(counter: u64, events: &[Value]) -> String {
    let version = Rules::of::<Chat>().version();
    let commit = json!({ "counter": counter, "author": "ann", "modelVersion": version, "events": events });
    json!({ "type": "push", "commits": [commit] }).to_string()
}

/// What this process has used.
fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(used.tv_sec), u32::try_from(used.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
}
