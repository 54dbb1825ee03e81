//! What is true of the workspace as a whole, and who may come into it.

use syncline_engine::protocol::Millis;
use syncline_engine::{ApplyContext, Query, Rejection, Sql, SqlError};

use crate::{ChatEvent, Reason};

pub(crate) fn is_invite_only(db: &dyn Query) -> Result<bool, SqlError> {
    Ok(db.value("SELECT invite_only FROM workspace", &[])?.unwrap_or_default())
}

pub(crate) fn change(name: Option<&str>, invite_only: bool, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO workspace (id, name, invite_only) VALUES (1, ?1, ?2)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, invite_only = excluded.invite_only",
        &[name.into(), i64::from(invite_only).into()],
    )
}

/// The event by which it would be again as it is.
pub(crate) fn as_it_is(db: &dyn Query) -> Result<ChatEvent, SqlError> {
    let row = db.first("SELECT name, invite_only FROM workspace", &[])?;
    let (name, invite_only) = match row {
        Some(row) => (row.get(0)?, row.get(1)?),
        None => (None, false),
    };
    Ok(ChatEvent::WorkspaceChanged { name, invite_only })
}

/// Whether it lets somebody in now.
pub(crate) fn is_good(code: Option<&str>, now: Millis, db: &dyn Query) -> Result<bool, SqlError> {
    db.exists(
        "SELECT 1 FROM invites
         WHERE code = ?1 AND ifnull(expires_at > ?2, TRUE) AND ifnull(uses_left > 0, TRUE)",
        &[code.into(), now.into()],
    )
}

pub(crate) fn invite(
    code: &str,
    expires_at: Option<Millis>,
    uses: Option<u32>,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO invites (code, created_by, expires_at, uses_left) VALUES (?1, ?2, ?3, ?4)",
        &[code.into(), cx.author.as_str().into(), expires_at.into(), uses.map(i64::from).into()],
    )
}

pub(crate) fn use_up(code: &str, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("UPDATE invites SET uses_left = max(uses_left - 1, 0) WHERE code = ?1", &[code.into()])
}

pub(crate) fn check_revoked(code: &str, db: &dyn Query) -> Result<(), Rejection> {
    let is_there = db.exists("SELECT 1 FROM invites WHERE code = ?1", &[code.into()])?;
    if is_there { Ok(()) } else { Err(Reason::BadInvite.into()) }
}

pub(crate) fn revoke(code: &str, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("DELETE FROM invites WHERE code = ?1", &[code.into()])
}
