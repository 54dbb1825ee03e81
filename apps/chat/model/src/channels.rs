//! Where people talk, and who is a member.

use syncline_engine::protocol::Subject;
use syncline_engine::{ApplyContext, CheckContext, Query, Rejection, Sql, SqlError};

use crate::Reason;

const NAME_CHARACTERS: usize = 40;

fn is_channel_name(name: &str) -> bool {
    let lower_case = |c: char| c.is_alphanumeric() && !c.is_uppercase();
    (1..=NAME_CHARACTERS).contains(&name.chars().count())
        && name.chars().all(|c| c == '-' || lower_case(c))
        && !name.starts_with('-')
        && !name.ends_with('-')
}

pub(crate) fn check_created(name: &str, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    if !is_channel_name(name) {
        return Err(Reason::BadChannelName.into());
    }
    if !db.exists("SELECT 1 FROM people WHERE id = ?1", &[cx.author.as_str().into()])? {
        return Err(Reason::NotJoined.into());
    }
    Ok(())
}

pub(crate) fn create(
    id: &str,
    name: &str,
    topic: Option<&str>,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO channels (id, name, topic, created_by) VALUES (?1, ?2, ?3, ?4)",
        &[id.into(), name.into(), topic.into(), cx.author.as_str().into()],
    )?;
    join(id, cx, db)
}

pub(crate) fn check_joined(channel: &str, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    let found = db
        .first(
            "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?1),
                    EXISTS (SELECT 1 FROM channels WHERE id = ?2)",
            &[cx.author.as_str().into(), channel.into()],
        )?
        .unwrap_or_default();
    if !found.get::<bool>(0)? {
        return Err(Reason::NotJoined.into());
    }
    if !found.get::<bool>(1)? {
        return Err(Reason::NoSuchChannel.into());
    }
    Ok(())
}

pub(crate) fn join(channel: &str, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO members (channel, person) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &[channel.into(), cx.author.as_str().into()],
    )
}

pub(crate) fn check_left(channel: &str, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    if is_member(channel, cx.author, db)? { Ok(()) } else { Err(Reason::NotAMember.into()) }
}

pub(crate) fn is_member(channel: &str, person: &Subject, db: &dyn Query) -> Result<bool, SqlError> {
    let sql = "SELECT 1 FROM members WHERE channel = ?1 AND person = ?2";
    db.exists(sql, &[channel.into(), person.as_str().into()])
}

pub(crate) fn leave(channel: &str, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute(
        "DELETE FROM members WHERE channel = ?1 AND person = ?2",
        &[channel.into(), cx.author.as_str().into()],
    )
}
