//! The chat, once for every host: its events, its tables, its rules.

#![forbid(unsafe_code)]

mod channels;
mod events;
mod messages;
mod people;
mod reactions;
mod reason;

use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql, SqlError};

pub use events::ChatEvent;
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
            ChatEvent::PersonJoined { name, avatar: _ } => people::check_joined(name),
            ChatEvent::ChannelCreated { name, id: _, topic: _ } => channels::check_created(name, cx, db),
            ChatEvent::ChannelJoined { channel } => channels::check_joined(channel, cx, db),
            ChatEvent::ChannelLeft { channel } => channels::check_left(channel, cx, db),
            ChatEvent::MessagePosted { channel, posted_at, reply_to, id: _, text: _ } => {
                messages::check_posted(channel, *posted_at, reply_to.as_deref(), cx, db)
            }
            ChatEvent::MessageEdited { id, text: _ } | ChatEvent::MessageDeleted { id } => {
                messages::check_own(id, cx, db)
            }
            ChatEvent::ReactionAdded { message, emoji: _ } => reactions::check_added(message, cx, db),
            ChatEvent::ReactionRemoved { message, emoji } => reactions::check_removed(message, emoji, cx, db),
        }
    }

    fn apply(event: &ChatEvent, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        match event {
            ChatEvent::PersonJoined { name, avatar } => people::join(name, avatar.as_deref(), cx, db),
            ChatEvent::ChannelCreated { id, name, topic } => {
                channels::create(id, name, topic.as_deref(), cx, db)
            }
            ChatEvent::ChannelJoined { channel } => channels::join(channel, cx, db),
            ChatEvent::ChannelLeft { channel } => channels::leave(channel, cx, db),
            ChatEvent::MessagePosted { id, channel, text, posted_at, reply_to } => {
                messages::post(id, channel, text, *posted_at, reply_to.as_deref(), cx, db)
            }
            ChatEvent::MessageEdited { id, text } => messages::edit(id, text, db),
            ChatEvent::MessageDeleted { id } => messages::delete(id, db),
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
            // Others build on a person and on a channel; what was deleted is gone.
            ChatEvent::PersonJoined { .. }
            | ChatEvent::ChannelCreated { .. }
            | ChatEvent::MessageDeleted { .. } => None,
        };
        Ok(inverse.into_iter().collect())
    }
}

/// The samples of the README that are not excerpts of a file.
#[cfg(doctest)]
#[doc = include_str!("../../../../README.md")]
struct Readme;
