//! What people say.

use syncline_engine::protocol::Millis;
use syncline_engine::{ApplyContext, CheckContext, Query, Rejection, Sql, SqlError};

use crate::{Reason, Role, people};

/// Messages are shown by the time they were posted: one from far ahead would stay below all others.
const CLOCK_TOLERANCE_MS: u64 = 60 * 60 * 1000;

pub(crate) fn check_posted(
    channel: &str,
    posted_at: Millis,
    reply_to: Option<&str>,
    cx: &CheckContext<'_>,
    db: &dyn Query,
) -> Result<(), Rejection> {
    if posted_at > cx.now.plus(CLOCK_TOLERANCE_MS) {
        return Err(Reason::ClockAhead.into());
    }
    let found = db
        .first(
            "SELECT EXISTS (SELECT 1 FROM members WHERE channel = ?1 AND person = ?2),
                    EXISTS (SELECT 1 FROM channels WHERE id = ?1),
                    ?3 IS NULL OR EXISTS (SELECT 1 FROM messages WHERE id = ?3 AND channel = ?1),
                    EXISTS (SELECT 1 FROM channels WHERE id = ?1 AND kind = 'announcements')
                      AND EXISTS (SELECT 1 FROM people WHERE id = ?2 AND role = 'member')",
            &[channel.into(), cx.author.as_str().into(), reply_to.into()],
        )?
        .unwrap_or_default();
    if !found.get::<bool>(1)? {
        return Err(Reason::NoSuchChannel.into());
    }
    if !found.get::<bool>(0)? {
        return Err(Reason::NotAMember.into());
    }
    if !found.get::<bool>(2)? {
        return Err(Reason::NoSuchReply.into());
    }
    if found.get::<bool>(3)? {
        return Err(Reason::NotAnAdmin.into());
    }
    Ok(())
}

pub(crate) fn post(
    id: &str,
    channel: &str,
    text: &str,
    posted_at: Millis,
    reply_to: Option<&str>,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO messages (id, channel, author, text, posted_at, reply_to)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            id.into(),
            channel.into(),
            cx.author.as_str().into(),
            text.into(),
            posted_at.into(),
            reply_to.into(),
        ],
    )
}

/// Its author.
pub(crate) fn check_edited(id: &str, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    check_changed(id, cx, db, false)
}

/// Its author, or an admin.
pub(crate) fn check_deleted(id: &str, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    check_changed(id, cx, db, people::role_of(cx.author.as_str(), db)? > Some(Role::Member))
}

fn check_changed(id: &str, cx: &CheckContext<'_>, db: &dyn Query, any: bool) -> Result<(), Rejection> {
    let message = db
        .first("SELECT author, deleted FROM messages WHERE id = ?1", &[id.into()])?
        .ok_or(Reason::NoSuchMessage)?;
    if !any && message.get::<String>(0)? != cx.author.as_str() {
        return Err(Reason::NotTheAuthor.into());
    }
    if message.get::<bool>(1)? {
        return Err(Reason::MessageDeleted.into());
    }
    Ok(())
}

/// Not deleted, and in a channel that the author is a member of.
pub(crate) fn check_member(message: &str, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    let found = db
        .first(
            "SELECT deleted, EXISTS (
               SELECT 1 FROM members WHERE channel = messages.channel AND person = ?2
             ) FROM messages WHERE id = ?1",
            &[message.into(), cx.author.as_str().into()],
        )?
        .ok_or(Reason::NoSuchMessage)?;
    if found.get::<bool>(0)? {
        return Err(Reason::MessageDeleted.into());
    }
    if !found.get::<bool>(1)? {
        return Err(Reason::NotAMember.into());
    }
    Ok(())
}

pub(crate) fn pin(id: &str, pinned: bool, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("UPDATE messages SET pinned = ?2 WHERE id = ?1", &[id.into(), i64::from(pinned).into()])
}

pub(crate) fn is_pinned(id: &str, db: &dyn Query) -> Result<bool, SqlError> {
    Ok(db.value("SELECT pinned FROM messages WHERE id = ?1", &[id.into()])?.unwrap_or_default())
}

pub(crate) fn text_of(id: &str, db: &dyn Query) -> Result<Option<String>, SqlError> {
    db.value("SELECT text FROM messages WHERE id = ?1", &[id.into()])
}

pub(crate) fn edit(id: &str, text: &str, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("UPDATE messages SET text = ?2, edited = 1 WHERE id = ?1", &[id.into(), text.into()])
}

pub(crate) fn delete(id: &str, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("UPDATE messages SET text = '', deleted = 1, pinned = 0 WHERE id = ?1", &[id.into()])?;
    db.execute("DELETE FROM reactions WHERE message = ?1", &[id.into()])
}
