//! The room's part: conflicts, resends, a copy, hibernation, an upgrade, and who comes late.

use serde_json::json;
use syncline_protocol::{Chain, ClientMessage, Cursor, Pull, Seq};

use super::player::Stage;
use super::script::{TOKEN, added, anns, commit, commits, event, hello, joined, push, taken};
use super::shelf::{later_rules, rules};
use super::{Case, Result, state};
use crate::{Query, Sql};

const BULK: u64 = 7;

/// What came on Ann's two sockets, and how much of it before the upgrade.
pub(super) struct Heard {
    pub(super) first: Vec<String>,
    pub(super) second: Vec<String>,
    pub(super) before_upgrade: usize,
}

/// The states that everybody reaches, before the upgrade and after it.
pub(super) const STATE: &str = "79315c62e2e7590b; quarantined: nothing";
pub(super) const LATER_STATE: &str = "18e5887098caed5a; quarantined: 7 unlucky, 8 constraint-check";

pub(super) fn play(db: &mut dyn Sql, cases: &mut Vec<Case>) -> Result<Heard> {
    let mut stage = Stage::open(db, rules(), cases)?;
    stage.say("ann", &hello("ann", &rules(), TOKEN, None)?, "welcome to 0, decided 0")?;
    stage.say("bob", &hello("bob", &rules(), TOKEN, None)?, "welcome to 0, decided 0")?;
    stage.say("eve", &hello("eve", &rules(), "wrong", None)?, "error unauthorized | closed: unauthorized")?;
    conflicts(&mut stage)?;
    let first = memory(&mut stage)?;
    refusals(&mut stage)?;
    bulk(&mut stage)?;
    let before_upgrade = stage.heard("ann again");
    newcomers(&mut stage)?;
    stage.expect("the room's state", STATE, state::summary(stage.db)?);
    upgrade(&mut stage)?;
    stage.expect("the room's state after the upgrade", LATER_STATE, state::summary(stage.db)?);
    let chain = chain(stage.db)?;
    stage.expect(
        "the log's chain",
        "01db63af404701acc8fa0567965b276237383b32583042ec261636435b54a3ab",
        chain,
    );
    Ok(Heard { first, second: stage.leave("ann again"), before_upgrade })
}

/// Ann has not heard of Bob's clock when she adds one: the commit is rejected whole.
fn conflicts(stage: &mut Stage<'_>) -> Result<()> {
    stage.say("bob", &push(commits(1, "bob", vec![vec![added("b0", "cup", 1)?]])?), "1 not: not-a-member")?;
    let bobs = vec![vec![joined()?], vec![added("b1", "clock", 5)?]];
    stage.say("bob", &push(commits(2, "bob", bobs)?), "to all: entries 1 2 | 2 at 1-1, 3 at 2-2")?;
    stage.say(
        "ann",
        &push(commits(1, "ann", anns()?)?),
        "to all: entries 3 4 5 6 | 1 at 3-3, 2 at 4-5, 3 not: constraint-unique, 4 at 6-6",
    )
}

/// Ann's socket broke before the verdicts came. The room has slept, and answers as it did.
fn memory(stage: &mut Stage<'_>) -> Result<Vec<String>> {
    let cursor = stage.cursor("ann", 2)?;
    let first = stage.leave("ann");
    stage.hibernate(rules())?;
    stage.say(
        "ann again",
        &hello("ann", &rules(), TOKEN, Some(cursor))?,
        "welcome to 6, decided 4 | entries 3 4 5 6",
    )?;
    stage.say(
        "ann again",
        &push(commits(1, "ann", anns()?)?),
        "1 at 3-3, 2 at 4-5, 3 not: constraint-unique, 4 at 6-6",
    )?;
    stage.say(
        "copy",
        &hello("ann", &rules(), TOKEN, None)?,
        "welcome to 6, decided 4 | entries 1 2 3 4 5 6",
    )?;
    stage.say(
        "copy",
        &push(commits(4, "ann", vec![vec![added("a9", "copied", 1)?]])?),
        "error commit-mismatch",
    )?;
    stage.leave("copy");
    Ok(first)
}

fn refusals(stage: &mut Stage<'_>) -> Result<()> {
    let bobs = vec![
        vec![taken("a1", 99)?],
        vec![taken("a1", 13)?],
        vec![added("b2", "a title that is long", 2)?],
        vec![event("itemDropped", &json!({ "id": "b1" }))?],
        vec![added("b3", "clock", 9_007_199_254_740_991)?],
        Vec::new(),
        vec![event("itemEaten", &json!({ "id": "b1" }))?],
        vec![event("itemTaken", &json!({ "id": "b1" }))?],
        vec![
            added("b4", "no picture", 1)?,
            event("itemAdded", &json!({ "id": "b5", "title": "é😀", "count": 0, "weight": 1e300 }))?,
        ],
    ];
    stage.say(
        "bob",
        &push(commits(4, "bob", bobs)?),
        "to all: entries 7 8 9 10 11 12 | 4 not: constraint-check, 5 at 7-7, 6 at 8-8, 7 at 9-9, 8 at 10-10, \
            9 not: empty-commit, 10 not: unknown-event, 11 not: bad-args, 12 at 11-12",
    )?;
    stage.say("bob", &push(vec![commit(13, "ann", 1, vec![joined()?])?]), "error author-mismatch")?;
    stage.say("bob", &push(vec![commit(13, "bob", 2, vec![tagged()?])?]), "error server-behind")?;
    stage.now = 9_500;
    stage.say("bob", &push(vec![commit(13, "bob", 1, vec![taken("a1", 1)?])?]), "13 not: closed")
}

/// More than one step of a rebuild takes.
fn bulk(stage: &mut Stage<'_>) -> Result<()> {
    stage.now = 2_000;
    for counter in 14..14 + BULK {
        let picture = format!("{counter:02}").repeat(100_000);
        let id = format!("bulk {counter}");
        let args = json!({ "id": id, "title": id, "count": counter, "picture": picture });
        let bulky = commit(counter, "bob", 1, vec![event("itemAdded", &args)?])?;
        let seq = counter - 1;
        stage.say("bob", &push(vec![bulky]), &format!("to all: entries {seq} | {counter} at {seq}-{seq}"))?;
    }
    Ok(())
}

fn tagged() -> Result<syncline_protocol::RawEvent> {
    event("itemTagged", &json!({ "id": "a1", "tag": "old" }))
}

/// Who has nothing gets the log; who has followed another one is told so.
fn newcomers(stage: &mut Stage<'_>) -> Result<()> {
    stage.say(
        "carl",
        &hello("carl", &rules(), TOKEN, None)?,
        "welcome to 19, decided 0 | entries 1 2 3 4 5 6 7 8 9 10 11 12 13",
    )?;
    let cursor = stage.cursor("carl", 5)?;
    stage.leave("carl");
    stage.say(
        "carl again",
        &hello("carl", &rules(), TOKEN, Some(cursor.clone()))?,
        "welcome to 19, decided 0 | entries 3 4 5 6 7 8 9 10 11 12 13",
    )?;
    stage.leave("carl again");
    let forked = Cursor { chain: Chain::GENESIS, ..cursor };
    stage.say(
        "dora",
        &hello("dora", &rules(), TOKEN, Some(forked))?,
        "error log-diverged | closed: log-diverged",
    )?;
    stage.leave("dora");
    Ok(())
}

/// The state is made anew while clients read; then what had to wait is decided, and old names still hold.
fn upgrade(stage: &mut Stage<'_>) -> Result<()> {
    stage.hibernate(later_rules())?;
    let next = 14 + BULK;
    let waiting = push(vec![commit(next, "bob", 2, vec![tagged()?])?]);
    stage.say("bob", &waiting, "error rebuilding")?;
    stage.say(
        "bob",
        &ClientMessage::Pull(Pull { after: Seq::new(3)?, part: None }),
        "entries 3 4 5 6 7 8 9 10 11 12 13",
    )?;
    while !stage.room.rebuild_step(stage.db)? {}
    stage.say("bob", &waiting, "to all: entries 20 | 21 at 20-20")?;
    let old = commit(next + 1, "bob", 1, vec![event("itemDropped", &json!({ "id": "b3" }))?])?;
    let unlucky = commit(next + 2, "bob", 2, vec![taken("a1", 13)?])?;
    stage.say("bob", &push(vec![old, unlucky]), "to all: entries 21 | 22 at 21-21, 23 not: unlucky")
}

fn chain(db: &dyn Query) -> Result<String> {
    Ok(db.value("SELECT chain FROM syncline_log ORDER BY first DESC LIMIT 1", &[])?.unwrap_or_default())
}
