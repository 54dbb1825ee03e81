//! Snapshots: the state at a place of the log, in parts, with a digest.

use std::time::{Duration, Instant};

use syncline_engine::protocol::{
    ClientMessage, Code, Hasher, Pull, SchemaHash, Seq, ServerMessage, Snapshot, SnapshotOffer, StoreId,
};

use super::live::long_log;
use crate::client::Client;
use crate::failure::{Done, Failure, ensure, same, some};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};
use crate::socket::Came;

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    a_long_log_gets_a_snapshot_that_is_what_its_digest_says,
    a_snapshot_that_is_not_there_is_gone,
];

/// As many entries lead to a snapshot, by docs/protocol.md.
const ENTRIES: usize = 5_000;

/// A host makes it while nobody waits.
const IN_TIME: Duration = Duration::from_secs(60);

/// So long nobody asks anything, between two questions: longer than it takes a host to notice that.
const PAUSE: Duration = Duration::from_secs(3);

fn a_long_log_gets_a_snapshot_that_is_what_its_digest_says(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = long_log(server, &store, ENTRIES, 300, 100)?;
    let offer = offered(server, &store)?;
    ensure(
        offer.seq <= ann.log.head() && offer.parts > 1,
        "an offer of more than one part, of this log",
        offer,
    )?;
    same("the chain of the log there", ann.log.chain_at(offer.seq), offer.chain)?;
    let commit = ann.commit([crate::client::message("tail", "after the snapshot")])?;
    ann.accepted(vec![commit])?;

    // Who asks for snapshots gets no page in its place.
    let mut hello = server.hello(&store, "ben")?;
    hello.snapshots = true;
    let mut ben = Client::greet(server, hello)?;
    same("the offer", Some(offer), ben.welcome.snapshot)?;
    ben.socket.nothing_more()?;
    let (mut hasher, mut lines) = (Hasher::default(), 0);
    for part in 0..offer.parts {
        let snapshot = pull_part(&mut ben, offer.seq, part)?;
        let Snapshot { seq, chain, schema_hash, digest, part: number, of, data } = snapshot;
        same("what the part says of itself", (offer.seq, offer.chain, offer.digest), (seq, chain, digest))?;
        same("which part of how many", (part, offer.parts), (number, of))?;
        same("its tables", server.schema_hash(), &schema_hash)?;
        ensure(data.len() < 4 << 20, "a part of about a megabyte", data.len())?;
        hasher.add(data.as_bytes());
        for line in data.lines() {
            let value: serde_json::Value = serde_json::from_str(line)
                .map_err(|error| Failure::new("a line of JSON", format!("{error}: {line}")))?;
            lines += usize::from(value.is_array());
        }
    }
    same("the digest of all parts", offer.digest, hasher.finish())?;
    // A person, a channel and a member, and each message before the seq.
    let rows = usize::try_from(offer.seq.get()).map_err(own)? - 2 + 3;
    same("how many rows there are", rows, lines)?;

    let page = ben.socket.pull(offer.seq)?;
    let tail = page.entries.last().map(|entry| entry.seq);
    same("the tail, after the snapshot", Some(ann.log.head()), tail)
}

fn a_snapshot_that_is_not_there_is_gone(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    for (seq, part) in [(0, 0), (2, 0), (2, u32::MAX)] {
        gone(&mut ann, Seq::new(seq).map_err(own)?, part)?;
    }
    let store = server.store()?;
    let mut ann = long_log(server, &store, ENTRIES, 100, 500)?;
    let offer = offered(server, &store)?;
    gone(&mut ann, offer.seq, offer.parts)?;
    gone(&mut ann, offer.seq.before(), 0)?;
    gone(&mut ann, offer.seq.next(), 0)?;
    // It is of these tables, and of no others.
    let mut hello = server.hello(&store, "ben")?;
    hello.schema_hash = SchemaHash::parse("of-other-tables").map_err(own)?;
    hello.snapshots = true;
    let mut ben = Client::greet(server, hello)?;
    same("an offer to who has other tables", None, ben.welcome.snapshot)?;
    ben.catch_up()?;
    same("its log", ann.log.chain(), ben.log.chain())
}

/// Comes anew until a snapshot is offered.
fn offered(server: &Server, store: &StoreId) -> Done<SnapshotOffer> {
    let deadline = Instant::now() + IN_TIME;
    loop {
        let mut hello = server.hello(store, "cat")?;
        hello.snapshots = true;
        let mut client = Client::greet(server, hello)?;
        if let Some(offer) = client.welcome.snapshot {
            return Ok(offer);
        }
        if Instant::now() > deadline {
            return some(None, "a snapshot is offered within a minute");
        }
        client.catch_up()?;
        let came = client.socket.next_within(PAUSE)?;
        ensure(matches!(came, Came::Nothing), "nothing, while nobody pushes", &came)?;
    }
}

fn pull_part(client: &mut Client, seq: Seq, part: u32) -> Done<Snapshot> {
    client.socket.send(&ClientMessage::Pull(Pull { after: seq, part: Some(part) }))?;
    let came = client.socket.message("a part of the snapshot")?;
    let ServerMessage::Snapshot(snapshot) = came else {
        return Err(Failure::new("a part of the snapshot", came.encode()));
    };
    Ok(snapshot)
}

fn gone(client: &mut Client, seq: Seq, part: u32) -> Done {
    client.socket.send(&ClientMessage::Pull(Pull { after: seq, part: Some(part) }))?;
    client.socket.error(Code::SnapshotGone).map(drop)
}
