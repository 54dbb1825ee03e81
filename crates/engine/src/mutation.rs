//! Deliberate bugs, one at a time, to see that the simulation finds them; never in an app.

use crate::sql::nested;
use crate::{Sql, SqlError};

macro_rules! mutations {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A bug, and the promise that it breaks.
        #[cfg_attr(not(feature = "mutations"), allow(dead_code, unreachable_pub, reason = "bugs that are not built in"))]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutation {
            $($(#[$doc])* $name,)*
        }

        #[cfg(feature = "mutations")]
        impl Mutation {
            /// Every bug.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

mutations! {
    /// The leader says that it has taken a commit which it has not stored (exactly-once).
    AckWithoutOutbox,
    /// The leader forgets which numbers of a session it has taken: handed over again, they are taken again
    /// (exactly-once).
    ResendTakenAgain,
    /// The leader does not keep that a counter was used (exactly-once).
    CounterReused,
    /// The leader drops a commit at its verdict, before its entries are there (together).
    OutboxClearedAtVerdict,
    /// The leader keeps a commit whose entries have come (together).
    OutboxNotCleared,
    /// The leader moves its cursor and chain, and does not write the entries (together).
    CursorWithoutEntries,
    /// The leader does not tell the session that a commit was rejected (nothing-silent).
    RejectionUntold,
    /// The leader does not keep a rejected commit for sessions to come (nothing-silent).
    RejectionNotKept,
    /// Of a diverged log's client the outbox goes, too (exactly-once).
    AsideLosesOutbox,
    /// An acceptance counts on the next connection, to a server that may have forgotten it (exactly-once).
    AcceptanceOutlivesServer,
    /// The room forgets its verdicts: what is sent again is decided again (exactly-once).
    VerdictForgotten,
    /// The room does not compare what a commit under a known counter says (exactly-once).
    CopyNotNoticed,
    /// The room takes commits of another author than the socket's (own-name).
    AuthorUnchecked,
    /// What a rejected commit wrote stays in the room's state (together).
    RejectedWritesStay,
    /// The room logs each event of a commit as a commit (whole-commits).
    CommitDivided,
    /// A socket that was live is not after hibernation: it gets nothing that is published (one-order).
    HibernationForgetsLive,
    /// A socket that had said hello has not after hibernation (one-order).
    HibernationForgetsHello,
    /// A page goes on behind entries that are in the archive alone (one-order).
    ReleasedSkipped,
    /// A segment lacks the last entry of the commits in it that have several (one-order).
    SegmentLosesEntry,
    /// A page of the log begins one entry late (one-order).
    PageBeginsLate,
    /// A snapshot names the seq before its own (one-order).
    SnapshotOffByOne,
    /// The session confirms whichever pending commit the log has next, in order or not (one-order).
    ConfirmedOutOfOrder,
    /// A commit counts as the pending one with its counter, whatever it says (one-order).
    ConfirmedUnread,
    /// A rebase leaves pending commits out of the view (one-order).
    RebaseSkipsPending,
    /// A rebase does not go back to the point (one-order).
    PointNotRewound,
    /// The leader takes a commit in several transactions (together).
    HandOverTorn,
    /// The room writes state, log and verdicts in a transaction each (together).
    DecisionTorn,
    /// The rows of a replica move in one transaction, and the seq that they stand at in another (together).
    StateTorn,
}

/// In one transaction, where the bug is not on.
pub(crate) fn together<T, E: From<SqlError>>(
    bug: Mutation,
    db: &mut dyn Sql,
    body: impl FnOnce(&mut dyn Sql) -> Result<T, E>,
) -> Result<T, E> {
    if is_on(bug) { body(db) } else { nested(db, body) }
}

#[cfg(feature = "mutations")]
thread_local! {
    static ON: std::cell::Cell<Option<Mutation>> = const { std::cell::Cell::new(None) };
}

/// Which bug this thread has from now on.
#[cfg(feature = "mutations")]
pub fn set(mutation: Option<Mutation>) {
    ON.set(mutation);
}

#[cfg(feature = "mutations")]
pub(crate) fn is_on(mutation: Mutation) -> bool {
    ON.get() == Some(mutation)
}

#[cfg(not(feature = "mutations"))]
#[inline(always)]
pub(crate) const fn is_on(_: Mutation) -> bool {
    false
}
