//! How large things may be: what is at a limit passes, what is one beyond it does not.

use chat_model::ChatEvent;
use syncline_engine::protocol::{Args, Code, Commit, RawEvent};

use crate::client::{Client, message};
use crate::failure::{Done, same};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::{Server, own};

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::Nothing;
    a_message_of_the_largest_size_passes_and_one_byte_more_does_not,
    a_message_is_measured_in_bytes_not_in_characters,
    a_message_that_is_too_large_decides_nothing,
    a_commit_of_the_largest_size_passes_and_one_byte_more_does_not,
    a_commit_of_the_most_events_passes_and_one_more_does_not,
    a_push_of_the_most_commits_passes_and_one_more_does_not,
    a_push_of_the_most_events_passes_and_one_more_does_not,
];

/// A pull of exactly so many bytes.
fn pull_of(bytes: usize, pad: &str) -> String {
    let mut text = r#"{"type":"pull","after":0,"pad":""#.to_owned();
    while text.len() + pad.len() + 2 <= bytes {
        text.push_str(pad);
    }
    while text.len() + 2 < bytes {
        text.push('.');
    }
    text.push_str("\"}");
    text
}

fn a_message_of_the_largest_size_passes_and_one_byte_more_does_not(server: &Server) -> Done {
    let mut ann = Client::founder(server, &server.store()?, "ann")?;
    let limit = ann.welcome.limits.message_bytes;
    ann.socket.send_text(pull_of(limit, "x"))?;
    same("the answer to a pull at the limit", 2, ann.socket.entries()?.entries.len())?;
    ann.socket.send_text(pull_of(limit + 1, "x"))?;
    ann.socket.error(Code::MessageTooLarge)?;
    ann.socket.send_text(pull_of(limit * 4, "x"))?;
    ann.socket.error(Code::MessageTooLarge)?;
    ann.socket.nothing_more()
}

fn a_message_is_measured_in_bytes_not_in_characters(server: &Server) -> Done {
    let mut ann = Client::founder(server, &server.store()?, "ann")?;
    let limit = ann.welcome.limits.message_bytes;
    for pad in ["é", "€", "😀"] {
        ann.socket.send_text(pull_of(limit, pad))?;
        same("the answer to a pull at the limit", 2, ann.socket.entries()?.entries.len())?;
        ann.socket.send_text(pull_of(limit + 1, pad))?;
        ann.socket.error(Code::MessageTooLarge)?;
    }
    Ok(())
}

fn a_message_that_is_too_large_decides_nothing(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let limits = ann.welcome.limits;
    let mut commits = Vec::new();
    let events_of_one = limits.commit_bytes / 4_000;
    let many = limits.message_bytes / (events_of_one * 4_000) + 1;
    for number in 0..many {
        let events =
            (0..events_of_one).map(|event| message(&format!("{number}-{event}"), &"t".repeat(3_900)));
        commits.push(ann.commit(events)?);
    }
    ann.send(commits.clone())?;
    ann.socket.error(Code::MessageTooLarge)?;
    ann.socket.nothing_more()?;
    for commit in commits {
        ann.accepted(vec![commit])?;
    }
    Ok(())
}

/// An event of exactly so many bytes: there may be space in JSON.
fn event_of(bytes: usize, id: &str) -> Done<RawEvent> {
    let event = crate::client::raw(&message(id, "with space"))?;
    let args = event.args.get().strip_suffix('}').unwrap_or_default();
    let space = " ".repeat(bytes.saturating_sub(event.name.len() + args.len() + 1));
    Ok(RawEvent { args: Args::parse(format!("{args}{space}}}")).map_err(own)?, ..event })
}

fn a_commit_of_the_largest_size_passes_and_one_byte_more_does_not(server: &Server) -> Done {
    let mut ann = Client::founder(server, &server.store()?, "ann")?;
    let limit = ann.welcome.limits.commit_bytes;
    let commit = ann.raw_commit(vec![event_of(limit, "a")?])?;
    ann.accepted(vec![commit])?;
    let commit = ann.raw_commit(vec![event_of(limit + 1, "b")?])?;
    ann.rejected(commit, "commit-too-large")?;
    let commit = ann.raw_commit(vec![event_of(limit / 2, "b")?, event_of(limit - limit / 2, "c")?])?;
    ann.accepted(vec![commit])?;
    let commit = ann.raw_commit(vec![event_of(limit / 2, "d")?, event_of(limit - limit / 2 + 1, "e")?])?;
    ann.rejected(commit, "commit-too-large").map(drop)
}

fn again(times: usize) -> impl Iterator<Item = ChatEvent> {
    (0..times).map(|_| ChatEvent::ChannelJoined { channel: "general".to_owned() })
}

fn a_commit_of_the_most_events_passes_and_one_more_does_not(server: &Server) -> Done {
    let mut ann = Client::founder(server, &server.store()?, "ann")?;
    let limit = ann.welcome.limits.commit_events;
    let commit = ann.commit(again(limit))?;
    ann.accepted(vec![commit])?;
    let commit = ann.commit(again(limit + 1))?;
    ann.rejected(commit, "commit-too-large").map(drop)
}

fn commits_of(ann: &mut Client, commits: usize, events: usize) -> Done<Vec<Commit>> {
    let (each, more) = (events / commits, events % commits);
    (0..commits).map(|place| ann.commit(again(each + usize::from(place < more)))).collect()
}

fn a_push_of_the_most_commits_passes_and_one_more_does_not(server: &Server) -> Done {
    let mut ann = Client::founder(server, &server.store()?, "ann")?;
    let limit = ann.welcome.limits.push_commits;
    let mut commits = commits_of(&mut ann, limit + 1, limit + 1)?;
    ann.send(commits.clone())?;
    ann.socket.error(Code::PushTooLarge)?;
    commits.truncate(limit);
    ann.accepted(commits).map(drop)
}

fn a_push_of_the_most_events_passes_and_one_more_does_not(server: &Server) -> Done {
    let mut ann = Client::founder(server, &server.store()?, "ann")?;
    let limits = ann.welcome.limits;
    let (events, commits) = (limits.push_events, limits.push_events / limits.commit_events + 1);
    let passes = commits_of(&mut ann, commits, events)?;
    ann.accepted(passes)?;
    let head = ann.log.head();
    let refused = commits_of(&mut ann, commits, events + 1)?;
    ann.send(refused)?;
    ann.socket.error(Code::PushTooLarge)?;
    ann.socket.nothing_more()?;
    same("the head, as nothing was decided", head, ann.again(server)?.welcome.head)
}
