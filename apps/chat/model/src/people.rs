//! Who is in the chat.

use syncline_engine::{ApplyContext, Rejection, Sql, SqlError};

use crate::Reason;

pub(crate) fn check_joined(name: &str) -> Result<(), Rejection> {
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err(Reason::BadName.into());
    }
    Ok(())
}

pub(crate) fn join(
    name: &str,
    avatar: Option<&str>,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO people (id, name, avatar) VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, avatar = excluded.avatar",
        &[cx.author.as_str().into(), name.into(), avatar.into()],
    )
}
