//! A room, and whatever sockets send it.

use syncline_engine::protocol::{
    Chain, Digest, Entry, Millis, Seq, ServerMessage, decode_entries, decode_server,
};
use syncline_engine::{Connection, Output, Query, Room, SharedToken};
use syncline_sqlite::Database;

use crate::model::{TOKEN, memory, room, rows, store};

const TABLES: [&str; 3] = ["syncline_log", "syncline_decisions", "notes"];

const HELLO: &str = r#"{"type":"hello","protocol":1,"store":"team-1","client":"client-A","subject":"ann","modelVersion":1,"schemaHash":"h","token":"secret"}"#;

/// Each line is a frame on one of two sockets: the first, welcomed, unless it begins with a space.
pub(crate) fn receive(text: &str) {
    let mut db = memory();
    let mut room = room(&mut db);
    let (auth, store) = (SharedToken::new(TOKEN), store());
    let mut sockets = [Connection::new(None), Connection::new(None)];
    let [welcomed, _] = &mut sockets;
    room.receive(&mut db, Millis::default(), welcomed, HELLO, &auth);
    for line in text.lines() {
        let [first, second] = &mut sockets;
        let socket = if line.starts_with(' ') { second } else { first };
        let (head, stranger) =
            (room.head(), Room::refuse_stranger(socket, &store, Millis::default(), line, &auth).is_some());
        let before = stranger.then(|| rows(&db, &TABLES));
        let outputs = room.receive(&mut db, Millis::default(), socket, line, &auth);
        check_outputs(&outputs, head, &room);
        if let Some(before) = before {
            assert!(!socket.is_live() && rows(&db, &TABLES) == before, "a stranger changes nothing: {line}");
        }
        // A socket's facts outlive hibernation.
        let attachment = serde_json::to_string(socket).expect("facts have text keys");
        assert!(attachment.encode_utf16().count() < 8_000, "an object may keep 16 KiB of it");
        *socket = serde_json::from_str(&attachment).expect("what was encoded decodes");
    }
    check_log(&mut db, &room);
}

fn check_outputs(outputs: &[Output], head: Seq, room: &Room) {
    let mut published = head;
    for output in outputs {
        let (Output::Reply(text) | Output::Publish(text) | Output::Others(text)) = output else { continue };
        let message = decode_server(text).expect("what a room says decodes");
        if let (Output::Publish(_), ServerMessage::Entries(entries)) = (output, &message) {
            assert_eq!(entries.after, published, "one-order");
            for entry in &entries.entries {
                published = published.next();
                assert_eq!(entry.seq, published, "one-order");
                assert_eq!(entry.author.as_str(), "ann", "own-name: nobody else is signed in");
            }
        }
    }
    assert_eq!(published, room.head(), "what is logged is published");
}

/// The log is gapless and of whole commits, and the next life of the room goes on where this one stands.
fn check_log(db: &mut Database, opened: &Room) {
    let mut log: Vec<Entry> = Vec::new();
    let stored = db.query("SELECT entries FROM syncline_log ORDER BY first", &[]).expect("the log is there");
    for row in stored {
        let segment =
            decode_entries(&row.get::<String>(0).expect("a text")).expect("what was stored decodes");
        assert!(segment.last().is_some_and(Entry::ends_commit), "whole-commits");
        log.extend(segment);
    }
    let (mut chain, mut seq) = (Chain::GENESIS, Seq::ZERO);
    for entry in &log {
        seq = seq.next();
        assert_eq!(entry.seq, seq, "one-order");
        chain = chain.after(entry, &Digest::of(entry.args.get().as_bytes()));
    }
    assert_eq!(seq, opened.head());
    let stored: Option<String> = {
        let db: &dyn Query = db;
        db.value("SELECT chain FROM syncline_log ORDER BY first DESC LIMIT 1", &[]).expect("the log is there")
    };
    assert_eq!(stored.unwrap_or_else(|| Chain::GENESIS.to_string()), chain.to_string());
    assert_eq!(room(db).head(), seq, "together");
}
