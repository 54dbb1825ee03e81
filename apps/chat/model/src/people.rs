//! Who is in the chat.

use syncline_engine::protocol::Subject;
use syncline_engine::{ApplyContext, CheckContext, Query, Rejection, Sql, SqlError};

use crate::{Reason, Role, workspace};

impl Role {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// The role of somebody who has joined.
pub(crate) fn role_of(person: &str, db: &dyn Query) -> Result<Option<Role>, SqlError> {
    let role: Option<String> = db.value("SELECT role FROM people WHERE id = ?1", &[person.into()])?;
    Ok(role.map(|role| match role.as_str() {
        "owner" => Role::Owner,
        "admin" => Role::Admin,
        _ => Role::Member,
    }))
}

pub(crate) fn check_admin(author: &Subject, db: &dyn Query) -> Result<(), Rejection> {
    match role_of(author.as_str(), db)? {
        Some(Role::Owner | Role::Admin) => Ok(()),
        Some(Role::Member) => Err(Reason::NotAnAdmin.into()),
        None => Err(Reason::NotJoined.into()),
    }
}

pub(crate) fn check_joined(
    name: &str,
    invite: Option<&str>,
    cx: &CheckContext<'_>,
    db: &dyn Query,
) -> Result<(), Rejection> {
    if name.trim() != name || name.chars().any(char::is_control) {
        return Err(Reason::BadName.into());
    }
    if workspace::is_invite_only(db)?
        && role_of(cx.author.as_str(), db)?.is_none()
        && !workspace::is_good(invite, cx.now, db)?
    {
        return Err(Reason::BadInvite.into());
    }
    Ok(())
}

pub(crate) fn join(
    name: &str,
    avatar: Option<&str>,
    invite: Option<&str>,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    let author = cx.author.as_str();
    if let Some(code) = invite
        && role_of(author, &*db)?.is_none()
    {
        workspace::use_up(code, db)?;
    }
    db.execute(
        "INSERT INTO people (id, name, avatar, role)
         VALUES (?1, ?2, ?3, iif(EXISTS (SELECT 1 FROM people), 'member', 'owner'))
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, avatar = excluded.avatar",
        &[author.into(), name.into(), avatar.into()],
    )
}

pub(crate) fn check_role(
    person: &str,
    role: Role,
    cx: &CheckContext<'_>,
    db: &dyn Query,
) -> Result<(), Rejection> {
    check_admin(cx.author, db)?;
    let old = role_of(person, db)?.ok_or(Reason::NoSuchPerson)?;
    let is_owner = role_of(cx.author.as_str(), db)? == Some(Role::Owner);
    if (role == Role::Owner || old == Role::Owner) && !is_owner {
        return Err(Reason::NotAnOwner.into());
    }
    let sql = "SELECT 1 FROM people WHERE role = 'owner' AND id <> ?1";
    if role != Role::Owner && old == Role::Owner && !db.exists(sql, &[person.into()])? {
        return Err(Reason::LastOwner.into());
    }
    Ok(())
}

pub(crate) fn give(person: &str, role: Role, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute("UPDATE people SET role = ?2 WHERE id = ?1", &[person.into(), role.as_str().into()])
}
