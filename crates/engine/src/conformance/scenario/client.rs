//! Ann's leader and replica: they are told what the room said, and say what the script did.

use syncline_protocol::{ClientId, ClientMessage, Commit, Seq, Subject, decode_client};

use super::room::{Heard, LATER_STATE, STATE};
use super::script::{self, TOKEN, anns, commits};
use super::shelf::{later_rules, rules};
use super::{Case, Result, case, state};
use crate::{Leader, LeaderConfig, Replica, Sql};

const MESSAGE_BYTES: usize = 1 << 20;

/// What Ann's session starts from, and what it is told, up to the upgrade.
pub(super) struct Told {
    pub(super) opened: String,
    pub(super) messages: Vec<String>,
}

pub(super) fn play(
    log: &mut dyn Sql,
    state: &mut dyn Sql,
    heard: &Heard,
    cases: &mut Vec<Case>,
) -> Result<Told> {
    let config =
        LeaderConfig::new(&rules(), script::store()?, Subject::parse("ann")?, ClientId::parse("ann")?)?;
    let mut leader = Leader::open(log, config.clone())?;
    let opened = leader.opened(log, &script::session()?, Seq::ZERO)?;
    leader.hand_over(log, &script::hand_over()?)?;

    // The first socket breaks when Bob's entries have come, and no verdict.
    leader.connected(Some(TOKEN.to_owned()));
    cases.push(case("the leader says", "hello from 0", spoken(&mut leader)?));
    let mut first = heard.first.iter();
    tell(&mut leader, log, first.by_ref().take(1))?;
    cases.push(case("the leader, welcomed, says", "pushes 1 2 3 4 as the script", spoken(&mut leader)?));
    tell(&mut leader, log, first.take(1))?;
    leader.disconnected();

    let mut messages = Vec::new();
    let session = script::session()?;
    let mut collect =
        |leader: &mut Leader| messages.extend(std::iter::from_fn(|| leader.poll_session(&session)));
    collect(&mut leader);
    leader.connected(Some(TOKEN.to_owned()));
    cases.push(case("the leader, reconnected, says", "hello from 2", spoken(&mut leader)?));
    let (before, after) = heard.second.split_at(heard.before_upgrade);
    tell(&mut leader, log, before.iter())?;
    cases.push(case("the leader pushes again", "pushes 1 2 3 4 as the script", spoken(&mut leader)?));
    collect(&mut leader);
    cases.push(case(
        "the leader stands",
        "at 19, chain 12897e0e046d2716, 0 pending, rejected: 3 constraint-unique",
        standing(&leader, log)?,
    ));

    let mut replica = Replica::open(state, rules())?;
    leader.advance(log, &mut replica, state)?;
    cases.push(case("the replica's state", STATE, state::summary(state)?));

    tell(&mut leader, log, after.iter())?;
    leader.advance(log, &mut replica, state)?;
    cases.push(case(
        "a replica that lags behind the model",
        "fd1bf4a73c753fdd; quarantined: 20 unknown-event",
        state::summary(state)?,
    ));

    // The app is upgraded, and opens what is in its files.
    let config = LeaderConfig {
        model_version: later_rules().version(),
        schema_hash: later_rules().schema_hash()?,
        ..config
    };
    let mut leader = Leader::open(log, config)?;
    cases.push(case(
        "the leader stands, opened again",
        "at 21, chain 01db63af404701ac, 0 pending, rejected: 3 constraint-unique",
        standing(&leader, log)?,
    ));
    let mut replica = Replica::open(state, later_rules())?;
    leader.advance(log, &mut replica, state)?;
    cases.push(case("the replica's state after the upgrade", LATER_STATE, state::summary(state)?));
    Ok(Told { opened, messages })
}

fn tell<'a>(leader: &mut Leader, log: &mut dyn Sql, frames: impl Iterator<Item = &'a String>) -> Result<()> {
    for frame in frames {
        leader.receive(log, frame)?;
    }
    Ok(())
}

/// What the leader has for the server.
fn spoken(leader: &mut Leader) -> Result<String> {
    let mut lines = Vec::new();
    let script: Vec<Commit> = commits(1, "ann", anns()?)?;
    while let Some(text) = leader.poll_server() {
        lines.push(match decode_client(&text, MESSAGE_BYTES)? {
            ClientMessage::Hello(hello) => {
                format!("hello from {}", hello.cursor.map_or(Seq::ZERO, |cursor| cursor.seq))
            }
            ClientMessage::Push(push) => {
                let counters: Vec<String> =
                    push.commits.iter().map(|commit| commit.counter.to_string()).collect();
                let same = if push.commits == script { "as the script" } else { "with other commits" };
                format!("pushes {} {same}", counters.join(" "))
            }
            ClientMessage::Pull(pull) => format!("pulls after {}", pull.after),
            ClientMessage::Ack(_) | ClientMessage::Presence(_) | ClientMessage::Auth(_) => {
                "something else".to_owned()
            }
        });
    }
    Ok(lines.join(" | "))
}

fn standing(leader: &Leader, log: &dyn Sql) -> Result<String> {
    let chain: Option<String> =
        log.value("SELECT chain FROM syncline_log ORDER BY first DESC LIMIT 1", &[])?;
    let rejected = log.query("SELECT counter, code FROM syncline_rejected ORDER BY counter", &[])?;
    let rejected = rejected.iter().map(|row| Ok(format!("{} {}", row.get::<i64>(0)?, row.get::<String>(1)?)));
    let rejected: Vec<String> = rejected.collect::<Result<_>>()?;
    let pending = log.value::<i64>("SELECT count(*) FROM syncline_outbox", &[])?.unwrap_or_default();
    let mut chain = chain.unwrap_or_default();
    chain.truncate(16);
    Ok(format!("at {}, chain {chain}, {pending} pending, rejected: {}", leader.cursor(), rejected.join(", ")))
}
