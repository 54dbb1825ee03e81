//! Ann's session, over a database with a rewind point: it hands over what the script did, and meets in
//! the log what Bob did before her.

use syncline_protocol::Millis;

use super::client::Told;
use super::room::STATE;
use super::script::{self, anns};
use super::shelf::rules;
use super::{Case, Result, case, state};
use crate::{Effects, Refusal, Rewind, Session};

pub(super) fn play(db: &mut dyn Rewind, told: &Told, cases: &mut Vec<Case>) -> Result<()> {
    let now = Millis::new(1_000)?;
    let mut session = Session::open(db, rules(), script::session()?, now, &told.opened)?;
    let mut made = Vec::new();
    for events in anns()? {
        made.push(match session.commit(db, now, events) {
            Ok(number) => number.to_string(),
            Err(Refusal::Rejected(why)) => why.code,
            Err(Refusal::Host(error)) => return Err(error.into()),
        });
    }
    cases.push(case("the session commits", "1 2 3 4", made.join(" ")));
    cases.push(case(
        "what it sees before anybody has heard of it",
        "fdb268ee77dbb868; quarantined: nothing",
        state::summary(&*db)?,
    ));
    let handed = session.take_hand_over().unwrap_or_default();
    let same = if handed == script::hand_over()? { "what the script does" } else { &handed };
    cases.push(case("the session hands over", "what the script does", same.to_owned()));

    let mut all = Effects::default();
    for message in &told.messages {
        let effects = session.receive(db, now, message)?;
        all.persisted.extend(effects.persisted);
        all.confirmed.extend(effects.confirmed);
        all.rejected.extend(effects.rejected);
    }
    cases.push(case(
        "what the session is told",
        "persisted 1 2 3 4; confirmed 1 at 3-3, 2 at 4-5, 4 at 6-6; rejected 3 constraint-unique",
        effects(&all),
    ));
    let (pending, cursor) = (session.pending().count(), session.cursor());
    cases.push(case("the session stands", "at 19, 0 pending", format!("at {cursor}, {pending} pending")));
    cases.push(case("the session's state", STATE, state::summary(&*db)?));
    Ok(())
}

fn effects(effects: &Effects) -> String {
    let persisted: Vec<String> = effects.persisted.iter().map(ToString::to_string).collect();
    let confirmed: Vec<String> = effects
        .confirmed
        .iter()
        .map(|confirmed| format!("{} at {}-{}", confirmed.number, confirmed.first, confirmed.last))
        .collect();
    let rejected: Vec<String> =
        effects.rejected.iter().map(|rejected| format!("{} {}", rejected.number, rejected.code)).collect();
    format!(
        "persisted {}; confirmed {}; rejected {}",
        persisted.join(" "),
        confirmed.join(", "),
        rejected.join(", ")
    )
}
