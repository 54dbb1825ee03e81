//! What is not a message is refused with its code; what is one is read as it is.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by a panic")]

use syncline_protocol::*;

const LIMIT: usize = Limits::DEFAULT.message_bytes;

const CHAIN: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn push(args: &str) -> String {
    format!(
        r#"{{"type":"push","commits":[{{"counter":1,"author":"ada","modelVersion":1,"events":[{{"name":"e","args":{args}}}]}}]}}"#
    )
}

fn hello(store: &str, client: &str, chain: &str) -> String {
    format!(
        r#"{{"type":"hello","protocol":1,"store":{store},"client":{client},"modelVersion":1,"schemaHash":"h","cursor":{{"incarnation":"i","seq":1,"chain":{chain}}}}}"#
    )
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// The args of the one event of a push.
fn args_of(text: &str) -> String {
    let ClientMessage::Push(push) = decode_client(text, LIMIT).unwrap() else { panic!("no push") };
    push.commits[0].events[0].args.get().to_owned()
}

fn refused_of_client(text: &str) -> DecodeError {
    match decode_client(text, LIMIT) {
        Ok(message) => panic!("{text:.200} decodes to {message:?}"),
        Err(error) => error,
    }
}

#[test]
fn a_clients_frame_that_is_no_message_is_refused_as_a_bad_message() {
    let deep = format!(r#"{{"type":"ack","seq":{}}}"#, nested(100_000));
    let deep_type = format!(r#"{{"type":{}}}"#, nested(100_000));
    let (id, chain) = (r#""a""#, format!(r#""{CHAIN}""#));
    let cases = [
        // Not JSON, or not an object.
        "",
        " ",
        "\0",
        "hello",
        "null",
        "true",
        "1",
        r#""ack""#,
        "[]",
        "{}",
        "\u{feff}{}",
        "ping",
        r#"[{"type":"ack","seq":1}]"#,
        // Truncated, or too long.
        r#"{"#,
        r#"{"type"#,
        r#"{"type":"#,
        r#"{"type":"ack"#,
        r#"{"type":"ack""#,
        r#"{"type":"ack","seq":1"#,
        r#"{"type":"ack","seq":1}}"#,
        r#"{"type":"ack","seq":1} x"#,
        r#"{"type":"ack",,"seq":1}"#,
        r#"{"type":"ack","seq":1,}"#,
        r#"{'type':'ack','seq':1}"#,
        // No type, or an unknown one.
        r#"{"seq":1}"#,
        r#"{"type":null,"seq":1}"#,
        r#"{"type":1,"seq":1}"#,
        r#"{"type":"","seq":1}"#,
        r#"{"type":"Ack","seq":1}"#,
        r#"{"type":"ack ","seq":1}"#,
        r#"{"type":"welcome"}"#,
        r#"{"Type":"ack","seq":1}"#,
        // A field is missing.
        r#"{"type":"hello"}"#,
        r#"{"type":"push"}"#,
        r#"{"type":"pull"}"#,
        r#"{"type":"ack"}"#,
        r#"{"type":"presence"}"#,
        r#"{"type":"auth"}"#,
        r#"{"type":"push","commits":[{}]}"#,
        r#"{"type":"push","commits":[{"counter":1,"author":"a","modelVersion":1,"events":[{"name":"e"}]}]}"#,
        r#"{"type":"push","commits":[{"counter":1,"author":"a","modelVersion":1,"events":[{"args":{}}]}]}"#,
        // A field is of the wrong type.
        r#"{"type":"ack","seq":"1"}"#,
        r#"{"type":"ack","seq":null}"#,
        r#"{"type":"ack","seq":[1]}"#,
        r#"{"type":"push","commits":{}}"#,
        r#"{"type":"push","commits":[1]}"#,
        r#"{"type":"auth","token":7}"#,
        r#"{"type":"push","commits":[{"counter":1,"author":"a","modelVersion":1,"events":[{"name":7,"args":{}}]}]}"#,
        r#"{"type":"push","commits":[{"counter":1,"author":"a","modelVersion":-1,"events":[]}]}"#,
        r#"{"type":"push","commits":[{"counter":1,"author":"a","modelVersion":4294967296,"events":[]}]}"#,
        // A number that not every host carries exactly.
        r#"{"type":"ack","seq":9007199254740992}"#,
        r#"{"type":"ack","seq":18446744073709551616}"#,
        r#"{"type":"ack","seq":-1}"#,
        r#"{"type":"ack","seq":1.0}"#,
        r#"{"type":"ack","seq":1e3}"#,
        r#"{"type":"ack","seq":1e400}"#,
        r#"{"type":"ack","seq":NaN}"#,
        r#"{"type":"ack","seq":01}"#,
        // A key twice.
        r#"{"type":"ack","seq":1,"seq":2}"#,
        r#"{"seq":1,"type":"ack","type":"ack"}"#,
        // Lone surrogates outside of args.
        r#"{"type":"auth","token":"\ud800"}"#,
        r#"{"type":"\ud800","seq":1}"#,
        r#"{"seq":1,"type":"\udc00"}"#,
        // Deeper than any message.
        &deep,
        &deep_type,
        // Args that are no JSON value.
        &push(""),
        &push("1 2"),
        &push("{"),
        &push("undefined"),
        &push("\"\n\""),
        &push(r#""\x""#),
        // Ids that break their rule.
        &hello(r#""a b""#, id, &chain),
        &hello(r#""""#, id, &chain),
        &hello(id, r#""../etc""#, &chain),
        &hello(id, &format!("{:?}", "x".repeat(129)), &chain),
        &hello("7", id, &chain),
        &hello(id, id, r#""abc""#),
        &hello(id, id, &format!("{:?}", "g".repeat(64))),
        &hello(id, id, &format!("{:?}", "é".repeat(32))),
        &push("{}").replace("\"ada\"", r#""a\nb""#),
        &push("{}").replace("\"ada\"", r#""""#),
    ];
    for text in cases {
        let error = refused_of_client(text);
        assert_eq!(error.code(), Code::BadMessage, "{text:.200}");
        let frame = error.frame();
        assert_eq!(frame.code, Code::BadMessage);
        assert!(!frame.message.is_empty() && frame.message.len() < 1_000, "{}", frame.message);
        assert!(!error.code().closes());
    }
    decode_client(&hello(id, id, &chain), LIMIT).unwrap();
    decode_client(&push("{}"), LIMIT).unwrap();
}

#[test]
fn a_servers_frame_that_is_no_message_is_refused_as_a_bad_message() {
    let entry = |rest: &str| {
        format!(
            r#"{{"type":"entries","after":0,"head":1,"entries":[{{"seq":1,"client":"c","counter":1,"author":"a","time":1,"name":"e"{rest}}}]}}"#
        )
    };
    let cases = [
        "",
        "pong",
        "null",
        r#"{"type":"hello"}"#,
        r#"{"type":"push","commits":[]}"#,
        r#"{"type":"entries","after":0,"head":1}"#,
        r#"{"type":"entries","after":0,"head":1,"entries":null}"#,
        &entry(""),
        &entry(r#","args":{},"index":-1"#),
        &entry(r#","args":{},"of":4294967296"#),
        &entry(r#","args":{},"args":{}"#),
        &entry(r#","args":}"#),
        r#"{"type":"verdicts","head":1,"verdicts":[{"counter":1}]}"#,
        r#"{"type":"verdicts","head":1,"verdicts":[{"counter":1,"status":"maybe"}]}"#,
        r#"{"type":"verdicts","head":1,"verdicts":[{"counter":1,"status":"accepted"}]}"#,
        r#"{"type":"verdicts","head":1,"verdicts":[{"counter":1,"status":"rejected","code":"x"}]}"#,
        r#"{"type":"verdicts","head":1,"verdicts":[{"counter":1,"status":"accepted","first":1,"last":9007199254740992}]}"#,
        r#"{"type":"error","code":"no-such-code","message":""}"#,
        r#"{"type":"error","code":"unauthorized","message":"","retryAfterMs":-1}"#,
        r#"{"type":"welcome","incarnation":"i","head":1,"decided":0,"modelVersion":1}"#,
        r#"{"type":"presence","client":"c"}"#,
    ];
    for text in cases {
        match decode_server(text) {
            Ok(message) => panic!("{text} decodes to {message:?}"),
            Err(error) => assert_eq!(error.code(), Code::BadMessage, "{text}"),
        }
    }
    decode_server(&entry(r#","args":{}"#)).unwrap();
}

#[test]
fn a_frame_over_the_limit_is_refused_before_it_is_read() {
    let text = r#"{"type":"ack","seq":1}"#;
    decode_client(text, text.len()).unwrap();
    let error = decode_client(text, text.len() - 1).unwrap_err();
    assert_eq!(error.code(), Code::MessageTooLarge);
    assert_eq!(error.to_string(), "the message has 22 bytes, the limit is 21");
    assert_eq!(decode_client(&"[".repeat(LIMIT + 1), LIMIT).unwrap_err().code(), Code::MessageTooLarge);
}

#[test]
fn an_unknown_type_is_named_but_not_at_any_length() {
    let error = refused_of_client(&format!(r#"{{"type":"{}"}}"#, "é".repeat(10_000)));
    assert!(matches!(&error, DecodeError::UnknownType(name) if *name == "é".repeat(64)), "{error}");
}

#[test]
fn what_is_wrong_with_a_frame_is_told_without_all_of_it() {
    for text in
        [format!("{:?}", "é".repeat(10_000)), format!(r#"{{"type":"ack","seq":{:?}}}"#, "x".repeat(10_000))]
    {
        let message = refused_of_client(&text).frame().message;
        assert!(message.starts_with("invalid type: string") && message.len() < 1_000, "{message:.200}");
    }
}

#[test]
fn a_message_is_read_wherever_its_type_stands_and_however_it_is_written() {
    let ack = ClientMessage::Ack(Ack { seq: Seq::new(7).unwrap() });
    for text in [
        r#"{"type":"ack","seq":7}"#,
        r#"{"seq":7,"type":"ack"}"#,
        r#"{"type":"\u0061ck","seq":7}"#,
        r#"{"t\u0079pe":"ack","seq":7}"#,
        r#"{"seq":7,"type":"a\u0063k"}"#,
        " {\t\"type\" :\r\n\"ack\" , \"seq\" : 7 } \n",
        r#"{"type":"ack","seq":7,"new":{"a":[1,null]}}"#,
        r#"{"new":"\ud800","type":"ack","seq":7}"#,
    ] {
        assert_eq!(decode_client(text, LIMIT).unwrap(), ack, "{text}");
    }
    let deep = format!(r#"{{"new":{},"type":"ack","seq":7}}"#, nested(100_000));
    assert_eq!(decode_client(&deep, LIMIT).unwrap(), ack);
}

#[test]
fn args_are_kept_byte_for_byte() {
    for args in [
        r#"{ "b" : 1 ,"a":[ ] }"#,
        "1e400",
        "-0",
        "1.10",
        "123456789012345678901234567890",
        "0.1000000000000000055511151231257827",
        r#"{"a":1,"a":2}"#,
        r#""\u0041\/\ud83d\ude00""#,
        r#""\ud800""#,
        "\"\u{2028}\u{7f}é👋\"",
        "null",
        "\"\"",
        "{\n  \"a\": 1\r\n}",
        "[1,\t2]",
    ] {
        let text = push(args);
        assert_eq!(args_of(&text), args);
        assert_eq!(decode_client(&text, LIMIT).unwrap().encode(), text);
        let segment =
            format!(r#"{{"seq":1,"client":"c","counter":1,"author":"a","time":1,"name":"e","args":{args}}}"#);
        assert_eq!(encode_segment(&decode_entries(&segment).unwrap()), segment);
    }
}

#[test]
fn args_of_any_depth_are_carried_unread() {
    let deep = nested(100_000);
    assert_eq!(args_of(&push(&deep)), deep);
    assert_eq!(refused_of_client(&push(&"[".repeat(100_000))).code(), Code::BadMessage);
}

#[test]
fn an_ill_formed_segment_is_refused() {
    decode_entries("").unwrap();
    for segment in ["null", "{}", ",", "1,", "]", "[", "[]"] {
        assert_eq!(decode_entries(segment).unwrap_err().code(), Code::BadMessage, "{segment}");
    }
    for frame in [
        "",
        "{}",
        r#"{"type":"entries","after":0,"head":0}"#,
        r#"{"type":"entries","after":0,"head":9,"entries":8}"#,
        r#"{"type":"entries","after":0,"head":9,"entries":{}}"#,
        r#"{"type":"entries","after":0,"head":9,"entries":"[]"}"#,
    ] {
        assert_eq!(LeaderFrame::decode(frame).unwrap_err().code(), Code::BadMessage, "{frame}");
    }
}

#[test]
fn the_token_of_a_frame_is_found_before_it_is_decoded() {
    let auth = r#"{"type":"auth","token":"t"}"#;
    assert_eq!(token_of(auth).as_deref(), Some("t"));
    assert_eq!(token_of(r#"{ "token": "t", "type": "hello" }"#).as_deref(), Some("t"));
    for none in [
        "",
        "t",
        "[]",
        r#"{"type":"hello"}"#,
        r#"{"type":"push","token":"t"}"#,
        r#"{"type":"auth","token":7}"#,
    ] {
        assert_eq!(token_of(none), None, "{none}");
    }
}
