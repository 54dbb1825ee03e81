//! A room, and whatever a LiveStore client sends it.

use serde_json::Value;
use syncline_engine::protocol::Millis;
use syncline_engine::{Grant, Output};
use syncline_livestore::{Connection, LiveStore};

use crate::model::{memory, room};

/// Each line is a frame on one socket. What its pulls are told has no gap and nothing twice.
pub(crate) fn receive(text: &str) {
    let mut db = memory();
    let mut room = room(&mut db);
    let mut livestore = LiveStore::default();
    let mut socket = Connection::new(Grant::TRUSTED);
    let mut told: Vec<(Value, u64)> = Vec::new();
    for line in text.lines() {
        let head = room.head();
        let mut frames = Vec::new();
        for output in livestore.receive(&mut room, &mut db, Millis::default(), &mut socket, line) {
            match output {
                Output::Reply(frame) => frames.push(frame),
                Output::Publish(frame) => {
                    let chunks = livestore.published(&room, &frame).expect("entries are published");
                    frames.extend(socket.published(&chunks));
                }
                Output::Close(_) | Output::Others(_) | Output::Present | Output::Released(_) => {}
            }
        }
        for frame in frames {
            let frame: Value = serde_json::from_str(&frame).expect("what is said is JSON");
            if frame.get("_tag").and_then(Value::as_str) == Some("Chunk") {
                check_chunk(&frame, &mut told);
            }
        }
        assert!(room.head() >= head, "one-order: nothing is taken back");
        let attachment = serde_json::to_string(&socket).expect("facts have text keys");
        assert!(attachment.encode_utf16().count() < 8_000, "an object may keep 16 KiB of it");
        socket = serde_json::from_str(&attachment).expect("what was encoded decodes");
    }
}

/// In one pull each event follows the one before it; a pull of the same id begins anew with a smaller number.
fn check_chunk(frame: &Value, told: &mut Vec<(Value, u64)>) {
    let id = frame.get("requestId").expect("a chunk names its pull").clone();
    let batch = frame.pointer("/values/0/batch").and_then(Value::as_array).expect("a chunk has a batch");
    for event in batch {
        let number = |path: &str| event.pointer(path).and_then(Value::as_u64).expect("it is numbered");
        let (number, parent) = (number("/eventEncoded/seqNum"), number("/eventEncoded/parentSeqNum"));
        assert!(parent < number, "numbers grow");
        match told.iter_mut().find(|(known, _)| *known == id) {
            Some((_, last)) => {
                assert!(parent == *last || number <= *last, "{number} on {parent} follows {last}");
                *last = number;
            }
            None => told.push((id.clone(), number)),
        }
    }
}
