//! How the log comes to its readers: pages, the live stream, cursors.

use chat_model::ChatEvent;
use syncline_engine::protocol::{
    Ack, Chain, ClientMessage, Code, Cursor, Digest, Incarnation, MAX_NUMBER, Seq, StoreId,
};

use crate::client::{Client, joined, member, message, read_log};
use crate::failure::{Done, ensure, same};
use crate::log::Log;
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    two_sockets_see_one_order,
    a_long_log_is_read_page_after_page,
    a_page_never_divides_a_commit,
    a_socket_is_live_only_once_it_has_read_to_the_head,
    a_cursor_goes_on_where_it_stands,
    a_cursor_at_the_head_is_live_at_once,
    a_cursor_of_another_log_is_refused,
    a_cursor_at_the_beginning_fits_any_log,
    an_ack_is_taken_without_an_answer,
];

fn two_sockets_see_one_order(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    let commit = ben.commit([joined("ben"), member()])?;
    ben.accepted(vec![commit])?;
    ann.follow_to(ben.log.head())?;
    for round in 0..20 {
        // Both at once; then each reads until it has both.
        let a = ann.commit([message(&format!("a{round}"), "of ann")])?;
        let b =
            ben.commit([message(&format!("b{round}"), "of ben"), message(&format!("c{round}"), "of ben")])?;
        ann.send(vec![a])?;
        ben.send(vec![b])?;
        ann.decided()?;
        ben.decided()?;
        let head = ann.log.head().max(ben.log.head());
        ann.follow_to(head)?;
        ben.follow_to(head)?;
        same("what both have seen", &ann.log.entries, &ben.log.entries)?;
    }
    same("the log", ann.log.chain(), read_log(server, &store, "cat")?.chain())
}

/// A log of more than a page: so many entries with this much text in each, in commits of `size`.
pub(super) fn long_log(
    server: &Server,
    store: &StoreId,
    entries: usize,
    text: usize,
    size: usize,
) -> Done<Client> {
    let mut ann = Client::founder(server, store, "ann")?;
    let mut commits = Vec::new();
    let text = "t".repeat(text);
    for commit in 0..entries.div_ceil(size) {
        let ids =
            (commit * size..entries.min((commit + 1) * size)).map(|id| message(&format!("m{id}"), &text));
        commits.push(ann.commit(ids)?);
    }
    let bytes = size * (text.len() + 200);
    let limits = ann.welcome.limits;
    let each = (limits.message_bytes / bytes).min(limits.push_events / size).min(limits.push_commits);
    for push in commits.chunks(each.max(1)) {
        ann.accepted(push.to_vec())?;
    }
    Ok(ann)
}

fn a_long_log_is_read_page_after_page(server: &Server) -> Done {
    let store = server.store()?;
    let ann = long_log(server, &store, 4_000, 150, 10)?;
    let mut reader = Client::greet(server, server.hello(&store, "ben")?)?;
    let (mut log, mut pages) = (Log::default(), 0);
    let mut page = reader.socket.entries()?;
    loop {
        pages += 1;
        let gap = log.take(&page)?;
        ensure(!gap && !page.entries.is_empty(), "a page right after the cursor", (page.after, log.head()))?;
        if log.head() == page.head {
            break;
        }
        page = reader.socket.pull(log.head())?;
    }
    ensure(pages > 1, "a log of a megabyte in more than one page", pages)?;
    same("what was read", ann.log.entries, log.entries)
}

fn a_page_never_divides_a_commit(server: &Server) -> Done {
    let store = server.store()?;
    let ann = long_log(server, &store, 1_200, 900, 240)?;
    let mut reader = Client::join(server, &store, "ben")?;
    // From everywhere, also from within a commit: the log checks what comes.
    for after in (0..ann.log.head().get()).step_by(97) {
        let page = reader.socket.pull(Seq::new(after).map_err(own)?)?;
        let (first, last) = (page.entries.first(), page.entries.last());
        ensure(first.is_some_and(|entry| entry.index == 0), "a page that begins with a commit", page.after)?;
        ensure(last.is_some_and(|entry| entry.ends_commit()), "a page that ends with a commit", page.after)?;
        let covers = page.after.get() <= after && last.is_some_and(|entry| entry.seq.get() > after);
        ensure(
            covers,
            format!("a page that goes on after {after}"),
            (page.after, last.map(|last| last.seq)),
        )?;
    }
    Ok(())
}

fn a_socket_is_live_only_once_it_has_read_to_the_head(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = long_log(server, &store, 2_000, 400, 10)?;
    let mut reader = Client::greet(server, server.hello(&store, "ben")?)?;
    let first = reader.socket.entries()?;
    reader.log.take(&first)?;
    ensure(reader.log.head() < first.head, "a first page that does not reach the head", reader.log.head())?;
    let commit = ann.commit([message("late", "while somebody reads")])?;
    ann.accepted(vec![commit])?;
    reader.socket.nothing_more()?;
    while reader.log.head() < ann.log.head() {
        let page = reader.socket.pull(reader.log.head())?;
        ensure(!reader.log.take(&page)?, "a page right after the cursor", page.after)?;
    }
    let commit = ann.commit([message("later", "now it is live")])?;
    ann.accepted(vec![commit])?;
    let published = reader.socket.entries()?;
    same("what is published to it", ann.log.head().before(), published.after)?;
    reader.log.take(&published)?;
    same("its log", ann.log.chain(), reader.log.chain())
}

fn a_cursor_goes_on_where_it_stands(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let reader = Client::join(server, &store, "ben")?;
    let mut commits = Vec::new();
    for place in 0..10 {
        commits.push(ann.commit([message(&format!("m{place}"), "while the reader is away")])?);
    }
    ann.accepted(commits)?;
    let at = reader.log.head();
    let mut reader = reader.again(server)?;
    same("the head that it is told", ann.log.head(), reader.welcome.head)?;
    let page = reader.socket.entries()?;
    ensure(page.after <= at, "a page that goes on after the cursor", page.after)?;
    ensure(!reader.log.take(&page)?, "a page that goes on after the cursor", page.after)?;
    same("its log", &ann.log.entries, &reader.log.entries)?;
    let commit = ann.commit([message("live", "now it is there")])?;
    ann.accepted(vec![commit])?;
    reader.follow_to(ann.log.head())
}

fn a_cursor_at_the_head_is_live_at_once(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut reader = Client::join(server, &store, "ben")?.again(server)?;
    reader.socket.nothing_more()?;
    let commit = ann.commit([message("m", "live")])?;
    ann.accepted(vec![commit])?;
    same("what is published", ann.log.head(), reader.socket.entries()?.head)
}

fn a_cursor_of_another_log_is_refused(server: &Server) -> Done {
    let store = server.store()?;
    let ann = Client::founder(server, &store, "ann")?;
    let right = ann.log.cursor(&ann.welcome.incarnation);
    let other_life = Incarnation::parse("another-life").map_err(own)?;
    let chain: Chain = Digest::of(b"another log").to_string().parse().map_err(own)?;
    let wrong = [
        Cursor { incarnation: other_life, ..right.clone() },
        Cursor { chain, ..right.clone() },
        Cursor { chain, seq: Seq::ZERO.next(), ..right.clone() },
        Cursor { seq: right.seq.next(), ..right.clone() },
        Cursor { seq: right.seq.before(), ..right.clone() },
        Cursor { seq: Seq::new(MAX_NUMBER).map_err(own)?, ..right.clone() },
    ];
    for cursor in wrong {
        let mut hello = server.hello(&store, "ben")?;
        hello.cursor = Some(cursor);
        let mut socket = server.socket(&store)?;
        socket.send(&ClientMessage::Hello(hello))?;
        socket.refusal(Code::LogDiverged)?;
    }
    let mut hello = server.hello(&store, "ben")?;
    hello.cursor = Some(right);
    server.socket(&store)?.greet(hello).map(drop)
}

fn a_cursor_at_the_beginning_fits_any_log(server: &Server) -> Done {
    let store = server.store()?;
    let ann = Client::founder(server, &store, "ann")?;
    let mut hello = server.hello(&store, "ben")?;
    let incarnation = Incarnation::parse("another-life").map_err(own)?;
    hello.cursor = Some(Cursor { incarnation, seq: Seq::ZERO, chain: Chain::GENESIS });
    let mut ben = Client::greet(server, hello)?;
    ben.catch_up()?;
    same("its log", ann.log.entries, ben.log.entries)
}

fn an_ack_is_taken_without_an_answer(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    for seq in [0, 1, 2, 3, MAX_NUMBER] {
        ann.socket.send(&ClientMessage::Ack(Ack { seq: Seq::new(seq).map_err(own)? }))?;
    }
    ann.socket.nothing_more()?;
    let commit = ann.commit([ChatEvent::ChannelLeft { channel: "general".to_owned() }])?;
    ann.accepted(vec![commit]).map(drop)
}
