//! Nothing that arrives can make a decoder panic, and what was encoded decodes to the same.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use proptest::prelude::*;
use syncline_protocol::*;

const LIMIT: usize = Limits::DEFAULT.message_bytes;

/// Every golden frame, the client's and the server's.
fn golden_frames() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort_unstable();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Decodes the text as everything that it could be. What decodes must encode to what decodes alike.
fn decode_as_anything(text: &str) {
    if let Ok(message) = decode_client(text, LIMIT) {
        assert_eq!(decode_client(&message.encode(), LIMIT).unwrap(), message);
    }
    if let Ok(message) = decode_server(text) {
        assert_eq!(decode_server(&message.encode()).unwrap(), message);
    }
    if let Ok(entries) = decode_entries(text) {
        assert_eq!(decode_entries(&encode_segment(&entries)).unwrap(), entries);
    }
    if let Ok(LeaderFrame::Entries(frame)) = LeaderFrame::decode(text) {
        let _ = decode_entries(frame.segment());
    }
}

/// Pieces that JSON and our messages are made of.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\\",
            "\\u",
            "\\ud800",
            "null",
            "-1",
            "9007199254740992",
            "1e999",
            "\0",
            "é",
            "\"type\":",
            "\"seq\":",
            "\"args\":",
            "\"entries\":",
            "\"status\":\"rejected\"",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        Just(Vec::new()),
    ]
}

/// A golden frame with some of its bytes replaced.
fn mutated() -> impl Strategy<Value = String> {
    let cut = (any::<prop::sample::Index>(), 0_usize..8, piece());
    (prop::sample::select(golden_frames()), prop::collection::vec(cut, 1..4)).prop_map(|(frame, cuts)| {
        let mut bytes = frame.into_bytes();
        for (at, length, piece) in cuts {
            let start = at.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, piece);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<i128>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("JSON has no NaN", |x| x.is_finite()).prop_map(|x| format!("{x:e}")),
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(|items| format!("[ {} ]", items.join(" ,")))
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    (
        (0..=MAX_NUMBER, 0..=MAX_NUMBER, 0..=MAX_NUMBER),
        ("[A-Za-z0-9_-]{1,64}", "[^\\p{Cc}]{1,32}", any::<String>()),
        (any::<u32>(), any::<u32>()),
        json(),
    )
        .prop_map(|(numbers, texts, place, args)| Entry {
            seq: Seq::new(numbers.0).unwrap(),
            client: ClientId::parse(texts.0).unwrap(),
            counter: Counter::new(numbers.1).unwrap(),
            index: place.0,
            of: place.1,
            author: Subject::parse(texts.1).unwrap(),
            time: Millis::new(numbers.2).unwrap(),
            name: texts.2,
            args: Args::parse(args).unwrap(),
            redacted: None,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn random_text_never_makes_a_decoder_panic(text in any::<String>()) {
        decode_as_anything(&text);
    }

    #[test]
    fn random_bytes_never_make_a_decoder_panic(bytes in prop::collection::vec(piece(), 0..64)) {
        decode_as_anything(&String::from_utf8_lossy(&bytes.concat()));
    }

    #[test]
    fn a_mutated_frame_never_makes_a_decoder_panic(text in mutated()) {
        decode_as_anything(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn stored_segments_make_the_frame_that_their_entries_make(
        segments in prop::collection::vec(prop::collection::vec(entry(), 1..4), 0..4),
        after in 0..=MAX_NUMBER,
        head in 0..=MAX_NUMBER,
    ) {
        let (after, head) = (Seq::new(after).unwrap(), Seq::new(head).unwrap());
        let stored: Vec<_> = segments.iter().map(|entries| encode_segment(entries)).collect();
        let frame = encode_entries(after, head, &stored);

        let message = ServerMessage::Entries(Entries { after, head, entries: segments.concat() });
        prop_assert_eq!(&message.encode(), &frame);
        prop_assert_eq!(decode_server(&frame).unwrap(), message);

        let LeaderFrame::Entries(undecoded) = LeaderFrame::decode(&frame).unwrap() else { panic!() };
        prop_assert_eq!((undecoded.after, undecoded.head), (after, head));
        prop_assert_eq!(undecoded.segment(), stored.join(","));
        prop_assert_eq!(decode_entries(undecoded.segment()).unwrap(), segments.concat());
    }
}
