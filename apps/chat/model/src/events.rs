//! What can happen in the chat.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_engine::protocol::Millis;

/// What somebody may do in the workspace. The first who comes is the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Talks.
    Member,
    /// Changes the workspace and its channels, and invites others.
    Admin,
    /// Makes others owners, too.
    Owner,
}

/// Who comes into a channel, and who writes there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChannelKind {
    /// Everybody.
    #[default]
    Open,
    /// Everybody, and only admins write.
    Announcements,
    /// Whom a member adds. It is out of the way of the others, not secret: who has the store has its log.
    Private,
}

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
        /// The code of an invite, where the workspace asks for one.
        invite: Option<String>,
    },
    /// An admin gave somebody a role.
    RoleGiven {
        /// Whose it is.
        person: String,
        /// Which one.
        role: Role,
    },
    /// An admin changed what is true of the workspace as a whole.
    WorkspaceChanged {
        /// What it is called: 1 to 40 characters.
        name: Option<String>,
        /// Whether somebody new needs an invite.
        invite_only: bool,
    },
    /// An admin made an invite.
    InviteCreated {
        /// Made by the client: 8 to 64 characters, unique, and not to be guessed.
        code: String,
        /// Good until then, by the server's clock; milliseconds since 1970-01-01T00:00Z.
        expires_at: Option<Millis>,
        /// Good for so many people.
        uses: Option<u32>,
    },
    /// An admin took an invite back.
    InviteRevoked {
        /// The invite's code.
        code: String,
    },
    /// Somebody opened a channel, and is its first member.
    ChannelCreated {
        /// Made by the client: unique, and best in the order of time, such as a UUID of version 7.
        id: String,
        /// Unique: 1 to 40 lower-case letters, digits and hyphens.
        name: String,
        /// What it is about.
        topic: Option<String>,
        /// Who comes into it, and who writes there; only admins open channels for announcements.
        #[serde(default)]
        kind: ChannelKind,
        /// What it stands under: 1 to 40 characters.
        category: Option<String>,
    },
    /// An admin, or who opened it, changed what a channel is about, and where it stands.
    ChannelChanged {
        /// The channel's id.
        channel: String,
        /// What it is about.
        topic: Option<String>,
        /// What it stands under: 1 to 40 characters.
        category: Option<String>,
    },
    /// A member of a channel made somebody else one.
    MemberAdded {
        /// The channel's id.
        channel: String,
        /// Who it is.
        person: String,
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
    /// The author of a message took it back, or an admin did: its text and reactions are gone, its place stays.
    MessageDeleted {
        /// The message's id.
        id: String,
    },
    /// A member put a message where all of the channel find it.
    MessagePinned {
        /// The message's id.
        id: String,
    },
    /// A member took it from there.
    MessageUnpinned {
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
