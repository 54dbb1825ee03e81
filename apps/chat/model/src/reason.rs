//! Every reason of the chat to say no.

use syncline_engine::Rejection;

/// Why the chat's rules reject an event. The tables' constraints have their own codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The author is not one of the people yet.
    NotJoined,
    /// A person's name begins or ends with a space, or holds a control character.
    BadName,
    /// The workspace asks for an invite, and there is none, or none that is good.
    BadInvite,
    /// Only an admin can do it.
    NotAnAdmin,
    /// Only an owner can do it.
    NotAnOwner,
    /// There would be no owner any more.
    LastOwner,
    /// There is no such person.
    NoSuchPerson,
    /// A channel's name is not made of lower-case letters, digits and hyphens.
    BadChannelName,
    /// There is no such channel.
    NoSuchChannel,
    /// The channel is private, and nobody has added the author.
    PrivateChannel,
    /// The author is not a member of the channel.
    NotAMember,
    /// There is no such message.
    NoSuchMessage,
    /// The message that is answered is not in this channel.
    NoSuchReply,
    /// The message was deleted.
    MessageDeleted,
    /// The message is somebody else's.
    NotTheAuthor,
    /// The author's clock is wrong.
    ClockAhead,
    /// The author has not reacted so.
    NoSuchReaction,
}

impl Reason {
    /// Stable, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotJoined => "not-joined",
            Self::BadName => "bad-name",
            Self::BadInvite => "bad-invite",
            Self::NotAnAdmin => "not-an-admin",
            Self::NotAnOwner => "not-an-owner",
            Self::LastOwner => "last-owner",
            Self::NoSuchPerson => "no-such-person",
            Self::BadChannelName => "bad-channel-name",
            Self::PrivateChannel => "private-channel",
            Self::NoSuchChannel => "no-such-channel",
            Self::NotAMember => "not-a-member",
            Self::NoSuchMessage => "no-such-message",
            Self::NoSuchReply => "no-such-reply",
            Self::MessageDeleted => "message-deleted",
            Self::NotTheAuthor => "not-the-author",
            Self::ClockAhead => "clock-ahead",
            Self::NoSuchReaction => "no-such-reaction",
        }
    }

    /// For people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotJoined => "You have not joined the chat yet.",
            Self::BadName => "A name has no space at its ends, and no control characters.",
            Self::BadInvite => {
                "This workspace is by invitation, and the invite is not good, or not any more."
            }
            Self::NotAnAdmin => "Only admins can do that.",
            Self::NotAnOwner => "Only an owner can do that.",
            Self::LastOwner => "A workspace has an owner: make somebody else one first.",
            Self::NoSuchPerson => "There is no such person here.",
            Self::PrivateChannel => "The channel is private: somebody in it has to add you.",
            Self::BadChannelName => {
                "A channel's name is 1 to 40 lower-case letters, digits and hyphens, and begins and ends with no hyphen."
            }
            Self::NoSuchChannel => "There is no such channel.",
            Self::NotAMember => "Only members of the channel can do that.",
            Self::NoSuchMessage => "There is no such message.",
            Self::NoSuchReply => "The message that this answers is not in the channel.",
            Self::MessageDeleted => "The message was deleted.",
            Self::NotTheAuthor => "Only its author can change a message.",
            Self::ClockAhead => "The clock of this device is more than an hour ahead.",
            Self::NoSuchReaction => "You have not reacted so to this message.",
        }
    }
}

impl From<Reason> for Rejection {
    fn from(reason: Reason) -> Self {
        Self::new(reason.code(), reason.message())
    }
}
