//! Where people talk, and who is a member.

use syncline_engine::protocol::Subject;
use syncline_engine::{ApplyContext, CheckContext, Query, Rejection, Sql, SqlError};

use crate::{ChannelKind, ChatEvent, Reason, people};

const NAME_CHARACTERS: usize = 40;

fn is_channel_name(name: &str) -> bool {
    let lower_case = |c: char| c.is_alphanumeric() && !c.is_uppercase();
    (1..=NAME_CHARACTERS).contains(&name.chars().count())
        && name.chars().all(|c| c == '-' || lower_case(c))
        && !name.starts_with('-')
        && !name.ends_with('-')
}

impl ChannelKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Announcements => "announcements",
            Self::Private => "private",
        }
    }
}

pub(crate) fn check_created(
    name: &str,
    kind: ChannelKind,
    cx: &CheckContext<'_>,
    db: &dyn Query,
) -> Result<(), Rejection> {
    if !is_channel_name(name) {
        return Err(Reason::BadChannelName.into());
    }
    if kind == ChannelKind::Announcements {
        return people::check_admin(cx.author, db);
    }
    if people::role_of(cx.author.as_str(), db)?.is_none() {
        return Err(Reason::NotJoined.into());
    }
    Ok(())
}

pub(crate) fn create(
    id: &str,
    name: &str,
    topic: Option<&str>,
    kind: ChannelKind,
    category: Option<&str>,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO channels (id, name, topic, kind, category, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            id.into(),
            name.into(),
            topic.into(),
            kind.as_str().into(),
            category.into(),
            cx.author.as_str().into(),
        ],
    )?;
    join(id, cx.author.as_str(), db)
}

pub(crate) fn check_changed(channel: &str, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    let by: Option<String> = db.value("SELECT created_by FROM channels WHERE id = ?1", &[channel.into()])?;
    if by.ok_or(Reason::NoSuchChannel)? == cx.author.as_str() {
        return Ok(());
    }
    people::check_admin(cx.author, db)
}

pub(crate) fn change(
    channel: &str,
    topic: Option<&str>,
    category: Option<&str>,
    db: &mut dyn Sql,
) -> Result<(), SqlError> {
    db.execute(
        "UPDATE channels SET topic = ?2, category = ?3 WHERE id = ?1",
        &[channel.into(), topic.into(), category.into()],
    )
}

/// The event by which it would be again as it is.
pub(crate) fn as_it_is(channel: &str, db: &dyn Query) -> Result<Option<ChatEvent>, SqlError> {
    let row = db.first("SELECT topic, category FROM channels WHERE id = ?1", &[channel.into()])?;
    row.map(|row| {
        let (topic, category) = (row.get(0)?, row.get(1)?);
        Ok(ChatEvent::ChannelChanged { channel: channel.to_owned(), topic, category })
    })
    .transpose()
}

pub(crate) fn check_joined(channel: &str, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
    let found = db
        .first(
            "SELECT EXISTS (SELECT 1 FROM people WHERE id = ?1),
                    EXISTS (SELECT 1 FROM channels WHERE id = ?2),
                    EXISTS (SELECT 1 FROM channels WHERE id = ?2 AND kind = 'private')
                      AND NOT EXISTS (SELECT 1 FROM members WHERE channel = ?2 AND person = ?1)",
            &[cx.author.as_str().into(), channel.into()],
        )?
        .unwrap_or_default();
    if !found.get::<bool>(0)? {
        return Err(Reason::NotJoined.into());
    }
    if !found.get::<bool>(1)? {
        return Err(Reason::NoSuchChannel.into());
    }
    if found.get::<bool>(2)? {
        return Err(Reason::PrivateChannel.into());
    }
    Ok(())
}

pub(crate) fn join(channel: &str, person: &str, db: &mut dyn Sql) -> Result<(), SqlError> {
    db.execute(
        "INSERT INTO members (channel, person) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &[channel.into(), person.into()],
    )
}

pub(crate) fn check_added(
    channel: &str,
    person: &str,
    cx: &CheckContext<'_>,
    db: &dyn Query,
) -> Result<(), Rejection> {
    check_left(channel, cx, db)?;
    let is_known = people::role_of(person, db)?.is_some();
    if is_known { Ok(()) } else { Err(Reason::NoSuchPerson.into()) }
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
