//! The decoders of `syncline-protocol`, and of what a page journals.

use syncline_engine::HandOver;
use syncline_engine::protocol::{
    Chain, DecodeError, Digest, Entries, LeaderFrame, Limits, Seq, ServerMessage, decode_client,
    decode_entries, decode_server, encode_entries, encode_segment,
};

const LIMIT: usize = Limits::DEFAULT.message_bytes;

pub(crate) fn client_message(text: &str) {
    match decode_client(text, LIMIT) {
        Ok(message) => {
            let encoded = message.encode();
            let again = decode_client(&encoded, usize::MAX).expect("what was encoded decodes");
            assert_eq!(again, message);
            assert_eq!(again.encode(), encoded);
            let limited = decode_client(text, text.len() - 1);
            assert!(matches!(limited, Err(DecodeError::TooLarge { .. })));
        }
        Err(error) => refusal(&error),
    }
}

pub(crate) fn server_message(text: &str) {
    match decode_server(text) {
        Ok(message) => {
            let encoded = message.encode();
            let again = decode_server(&encoded).expect("what was encoded decodes");
            assert_eq!(again, message);
            assert_eq!(again.encode(), encoded);
        }
        Err(error) => refusal(&error),
    }
}

/// What an error says to the one who caused it: bounded, and itself a message.
fn refusal(error: &DecodeError) {
    let frame = error.frame();
    assert!(!frame.message.is_empty() && frame.message.len() < 2_000, "{}", frame.message);
    let message = ServerMessage::Error(frame);
    assert_eq!(decode_server(&message.encode()).expect("what was encoded decodes"), message);
}

/// A leader reads frames by a way of its own: it must see what everybody else sees.
pub(crate) fn leader_frame(text: &str) {
    let message = decode_server(text);
    let frame = match LeaderFrame::decode(text) {
        Ok(frame) => frame,
        Err(error) => {
            refusal(&error);
            assert!(message.is_err(), "a leader refuses {message:?}");
            return;
        }
    };
    match (frame, message) {
        (LeaderFrame::Welcome(ours), Ok(ServerMessage::Welcome(theirs))) => assert_eq!(ours, theirs),
        (LeaderFrame::Snapshot(ours), Ok(ServerMessage::Snapshot(theirs))) => assert_eq!(ours, theirs),
        (LeaderFrame::Verdicts(ours), Ok(ServerMessage::Verdicts(theirs))) => assert_eq!(ours, theirs),
        (LeaderFrame::Redacted(ours), Ok(ServerMessage::Redacted(theirs))) => assert_eq!(ours, theirs),
        (LeaderFrame::Error(ours), Ok(ServerMessage::Error(theirs))) => assert_eq!(ours, theirs),
        (LeaderFrame::Entries(frame), Ok(ServerMessage::Entries(theirs))) => {
            let entries = decode_entries(frame.segment()).expect("the entries of a message decode");
            assert_eq!(Entries { after: frame.after, head: frame.head, entries }, theirs);
        }
        (LeaderFrame::Entries(frame), Err(_)) => {
            assert!(decode_entries(frame.segment()).is_err(), "a leader takes {text}");
        }
        (LeaderFrame::Presence(ours), Ok(ServerMessage::Presence(theirs))) => assert_eq!(ours, theirs),
        (_, message) => panic!("a leader takes {text} for something else than {message:?}"),
    }
}

pub(crate) fn segment(text: &str) {
    let Ok(entries) = decode_entries(text) else { return };
    let stored = encode_segment(&entries);
    assert_eq!(decode_entries(&stored).expect("what was encoded decodes"), entries);
    let frame = encode_entries(Seq::ZERO, Seq::ZERO, &[&stored]);
    let LeaderFrame::Entries(frame) = LeaderFrame::decode(&frame).expect("what was encoded decodes") else {
        panic!("{frame} is a frame of entries");
    };
    assert_eq!(frame.segment(), stored);
    let mut chain = Chain::GENESIS;
    for entry in &entries {
        let next = chain.after(entry, &Digest::of(entry.args.get().as_bytes()));
        assert!(next != chain, "each entry changes the chain");
        chain = next;
    }
    let commits = entries.chunk_by(|entry, _| !entry.ends_commit());
    assert_eq!(commits.map(<[_]>::len).sum::<usize>(), entries.len());
}

pub(crate) fn journal_entry(text: &str) {
    let Ok(entry) = serde_json::from_str::<HandOver>(text) else { return };
    let encoded = serde_json::to_string(&entry).expect("an entry of the journal has text keys");
    assert_eq!(serde_json::from_str::<HandOver>(&encoded).expect("what was encoded decodes"), entry);
}
