//! The chat, once for every host: its events, its tables, its rules.

#![forbid(unsafe_code)]

mod channels;
mod events;
mod messages;
mod people;
mod reactions;
mod reason;
mod workspace;

use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql, SqlError};

pub use events::{ChannelKind, ChatEvent, Role};
pub use reason::Reason;

/// The chat: people talk in channels.
#[derive(Clone, Copy, Debug)]
pub struct Chat;

impl Model for Chat {
    type Event = ChatEvent;

    const TABLES: &'static str = include_str!("tables.sql");

    const VERSION: u32 = 1;

    fn check(event: &ChatEvent, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        match event {
            ChatEvent::PersonJoined { name, invite, avatar: _ } => {
                people::check_joined(name, invite.as_deref(), cx, db)
            }
            ChatEvent::RoleGiven { person, role } => people::check_role(person, *role, cx, db),
            ChatEvent::WorkspaceChanged { .. } | ChatEvent::InviteCreated { .. } => {
                people::check_admin(cx.author, db)
            }
            ChatEvent::InviteRevoked { code } => {
                people::check_admin(cx.author, db)?;
                workspace::check_revoked(code, db)
            }
            ChatEvent::ChannelCreated { name, kind, id: _, topic: _, category: _ } => {
                channels::check_created(name, *kind, cx, db)
            }
            ChatEvent::ChannelChanged { channel, topic: _, category: _ } => {
                channels::check_changed(channel, cx, db)
            }
            ChatEvent::MemberAdded { channel, person } => channels::check_added(channel, person, cx, db),
            ChatEvent::ChannelJoined { channel } => channels::check_joined(channel, cx, db),
            ChatEvent::ChannelLeft { channel } => channels::check_left(channel, cx, db),
            ChatEvent::MessagePosted { channel, posted_at, reply_to, id: _, text: _ } => {
                messages::check_posted(channel, *posted_at, reply_to.as_deref(), cx, db)
            }
            ChatEvent::MessageEdited { id, text: _ } => messages::check_edited(id, cx, db),
            ChatEvent::MessageDeleted { id } => messages::check_deleted(id, cx, db),
            ChatEvent::MessagePinned { id: message }
            | ChatEvent::MessageUnpinned { id: message }
            | ChatEvent::ReactionAdded { message, emoji: _ } => messages::check_member(message, cx, db),
            ChatEvent::ReactionRemoved { message, emoji } => reactions::check_removed(message, emoji, cx, db),
        }
    }

    fn apply(event: &ChatEvent, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            ChatEvent::PersonJoined { name, avatar, invite } => {
                people::join(name, avatar.as_deref(), invite.as_deref(), cx, db)
            }
            ChatEvent::RoleGiven { person, role } => people::give(person, *role, db),
            ChatEvent::WorkspaceChanged { name, invite_only } => {
                workspace::change(name.as_deref(), *invite_only, db)
            }
            ChatEvent::InviteCreated { code, expires_at, uses } => {
                workspace::invite(code, *expires_at, *uses, cx, db)
            }
            ChatEvent::InviteRevoked { code } => workspace::revoke(code, db),
            ChatEvent::ChannelCreated { id, name, topic, kind, category } => {
                channels::create(id, name, topic.as_deref(), *kind, category.as_deref(), cx, db)
            }
            ChatEvent::ChannelChanged { channel, topic, category } => {
                channels::change(channel, topic.as_deref(), category.as_deref(), db)
            }
            ChatEvent::MemberAdded { channel, person } => channels::join(channel, person, db),
            ChatEvent::ChannelJoined { channel } => channels::join(channel, cx.author.as_str(), db),
            ChatEvent::ChannelLeft { channel } => channels::leave(channel, cx, db),
            ChatEvent::MessagePosted { id, channel, text, posted_at, reply_to } => {
                messages::post(id, channel, text, *posted_at, reply_to.as_deref(), cx, db)
            }
            ChatEvent::MessageEdited { id, text } => messages::edit(id, text, db),
            ChatEvent::MessageDeleted { id } => messages::delete(id, db),
            ChatEvent::MessagePinned { id } => messages::pin(id, true, db),
            ChatEvent::MessageUnpinned { id } => messages::pin(id, false, db),
            ChatEvent::ReactionAdded { message, emoji } => reactions::add(message, emoji, cx, db),
            ChatEvent::ReactionRemoved { message, emoji } => reactions::remove(message, emoji, cx, db),
        }
        .map_err(ApplyError::from)
    }

    fn inverse(
        event: &ChatEvent,
        cx: &ApplyContext<'_>,
        before: &dyn Query,
    ) -> Result<Vec<ChatEvent>, SqlError> {
        let inverse = match event {
            ChatEvent::RoleGiven { person, role: _ } => people::role_of(person, before)?
                .map(|role| ChatEvent::RoleGiven { person: person.clone(), role }),
            ChatEvent::WorkspaceChanged { .. } => Some(workspace::as_it_is(before)?),
            ChatEvent::InviteCreated { code, .. } => Some(ChatEvent::InviteRevoked { code: code.clone() }),
            ChatEvent::ChannelChanged { channel, .. } => channels::as_it_is(channel, before)?,
            ChatEvent::MessagePinned { id } => {
                let is_new = !messages::is_pinned(id, before)?;
                is_new.then(|| ChatEvent::MessageUnpinned { id: id.clone() })
            }
            ChatEvent::MessageUnpinned { id } => {
                messages::is_pinned(id, before)?.then(|| ChatEvent::MessagePinned { id: id.clone() })
            }
            ChatEvent::ChannelJoined { channel } => {
                let is_new = !channels::is_member(channel, cx.author, before)?;
                is_new.then(|| ChatEvent::ChannelLeft { channel: channel.clone() })
            }
            ChatEvent::ChannelLeft { channel } => Some(ChatEvent::ChannelJoined { channel: channel.clone() }),
            ChatEvent::MessagePosted { id, .. } => Some(ChatEvent::MessageDeleted { id: id.clone() }),
            ChatEvent::MessageEdited { id, text: _ } => {
                messages::text_of(id, before)?.map(|text| ChatEvent::MessageEdited { id: id.clone(), text })
            }
            ChatEvent::ReactionAdded { message, emoji } => {
                Some(ChatEvent::ReactionRemoved { message: message.clone(), emoji: emoji.clone() })
            }
            ChatEvent::ReactionRemoved { message, emoji } => {
                Some(ChatEvent::ReactionAdded { message: message.clone(), emoji: emoji.clone() })
            }
            // Others build on a person and on a channel; what was deleted or revoked is gone.
            ChatEvent::PersonJoined { .. }
            | ChatEvent::ChannelCreated { .. }
            | ChatEvent::MemberAdded { .. }
            | ChatEvent::InviteRevoked { .. }
            | ChatEvent::MessageDeleted { .. } => None,
        };
        Ok(inverse.into_iter().collect())
    }
}

/// The samples of the README that are not excerpts of a file.
#[cfg(doctest)]
#[doc = include_str!("../../../../README.md")]
struct Readme;
