//! What people think of what others say.

use syncline_engine::{ApplyContext, CheckContext, Query, Rejection, Sql, SqlError};

use crate::Reason;

pub(crate) fn add(
    message: &str,
    emoji: &str,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO reactions (message, emoji, person) VALUES (?1, ?2, ?3)",
        &[message.into(), emoji.into(), cx.author.as_str().into()],
    )
}

pub(crate) fn check_removed(
    message: &str,
    emoji: &str,
    cx: &CheckContext<'_>,
    db: &dyn Query,
) -> Result<(), Rejection> {
    let has_reacted = db.exists(
        "SELECT 1 FROM reactions WHERE message = ?1 AND emoji = ?2 AND person = ?3",
        &[message.into(), emoji.into(), cx.author.as_str().into()],
    )?;
    if has_reacted { Ok(()) } else { Err(Reason::NoSuchReaction.into()) }
}

pub(crate) fn remove(
    message: &str,
    emoji: &str,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    db.execute(
        "DELETE FROM reactions WHERE message = ?1 AND emoji = ?2 AND person = ?3",
        &[message.into(), emoji.into(), cx.author.as_str().into()],
    )
}
