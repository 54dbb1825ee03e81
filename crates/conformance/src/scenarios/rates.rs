//! A server that lets a client push a few events per second.

use std::time::{Duration, Instant};

use syncline_engine::protocol::Code;

use crate::client::{Client, message, read_log};
use crate::failure::{Done, Failure, ensure, same, some};
use crate::scenario::{Needs, Scenario, scenarios};
use crate::server::Server;
use crate::socket::Came;

pub(super) const SCENARIOS: &[Scenario] = scenarios![Needs::SmallRates;
    a_client_that_pushes_too_much_is_held_back_and_loses_nothing,
    a_client_that_pushes_too_much_holds_back_nobody_else,
];

/// More than any small rate lets pass at once.
const MANY: usize = 500;

/// Pushes until one is refused: that commit, and how long it has to wait.
fn until_limited(ann: &mut Client) -> Done<(syncline_engine::protocol::Commit, Duration)> {
    for number in 0..MANY {
        let commit = ann.commit([message(&format!("m{number}"), "one of many")])?;
        ann.send(vec![commit.clone()])?;
        if let Some(wait) = limited(ann)? {
            return Ok((commit, wait));
        }
    }
    Err(Failure::new(format!("rate-limited, before {MANY} commits"), "a verdict on each"))
}

/// Reads what comes of a push: how long to wait, where it was refused.
fn limited(ann: &mut Client) -> Done<Option<Duration>> {
    let Err(frame) = ann.answer()? else { return Ok(None) };
    same("the error in place of verdicts", Code::RateLimited, frame.code)?;
    let wait = some(frame.retry_after_ms.filter(|ms| *ms > 0), "rate-limited says how long to wait")?;
    Ok(Some(Duration::from_millis(wait.into())))
}

fn a_client_that_pushes_too_much_is_held_back_and_loses_nothing(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let (commit, wait) = until_limited(&mut ann)?;
    let before = ann.log.head();
    let undecided = ann.again(server)?.welcome.decided;
    same(
        "the last decided counter: not that of the commit that was refused",
        true,
        undecided < commit.counter,
    )?;
    // As long as it was told, nothing comes of the commit by itself.
    let came = ann.socket.next_within(wait)?;
    ensure(matches!(came, Came::Nothing), "nothing, before it is sent again", &came)?;
    let deadline = Instant::now() + server.setup.patience;
    loop {
        ann.send(vec![commit.clone()])?;
        match limited(&mut ann)? {
            None => break,
            Some(wait) if Instant::now() + wait < deadline => drop(ann.socket.next_within(wait)?),
            Some(wait) => {
                return Err(Failure::new("the commit is decided after the wait", format!("{wait:?} more")));
            }
        }
    }
    same("the head, with the commit", before.next(), ann.log.head())?;
    same("what is logged", ann.log.entries, read_log(server, &store, "ben")?.entries)
}

fn a_client_that_pushes_too_much_holds_back_nobody_else(server: &Server) -> Done {
    let store = server.store()?;
    let mut ann = Client::founder(server, &store, "ann")?;
    let mut ben = Client::join(server, &store, "ben")?;
    until_limited(&mut ann)?;
    ben.follow_to(ann.log.head())?;
    let commit = ben.commit([crate::client::joined("ben")])?;
    ben.accepted(vec![commit])?;
    ann.follow_to(ben.log.head())
}
