//! What can happen in the chat.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_engine::protocol::Millis;

/// A fact about the chat. Who it is about is the author of the commit: nobody can join, post or react
/// for somebody else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ChatEvent {
    /// Somebody came into the chat, or came again with another name or avatar.
    PersonJoined {
        /// What others call them: unique, 1 to 40 characters.
        name: String,
        /// An emoji.
        avatar: Option<String>,
    },
    /// Somebody opened a channel, and is its first member.
    ChannelCreated {
        /// Made by the client: unique, and best in the order of time, such as a UUID of version 7.
        id: String,
        /// Unique: 1 to 40 lower-case letters, digits and hyphens.
        name: String,
        /// What it is about.
        topic: Option<String>,
    },
    /// Somebody became a member of a channel.
    ChannelJoined {
        /// The channel's id.
        channel: String,
    },
    /// Somebody is no longer a member of a channel. What they posted stays.
    ChannelLeft {
        /// The channel's id.
        channel: String,
    },
    /// A member said something in a channel.
    MessagePosted {
        /// Made by the client: unique, and best in the order of time, such as a UUID of version 7.
        id: String,
        /// The channel's id.
        channel: String,
        /// 1 to 4000 characters.
        text: String,
        /// By the clock of the device; milliseconds since 1970-01-01T00:00Z.
        posted_at: Millis,
        /// The id of the message, in the same channel, that it answers.
        reply_to: Option<String>,
    },
    /// The author of a message changed its text.
    MessageEdited {
        /// The message's id.
        id: String,
        /// 1 to 4000 characters.
        text: String,
    },
    /// The author of a message took it back: its text and reactions are gone, its place stays.
    MessageDeleted {
        /// The message's id.
        id: String,
    },
    /// A member reacted to a message.
    ReactionAdded {
        /// The message's id.
        message: String,
        /// Which reaction; once for each person.
        emoji: String,
    },
    /// Somebody took a reaction back.
    ReactionRemoved {
        /// The message's id.
        message: String,
        /// Which reaction.
        emoji: String,
    },
}
