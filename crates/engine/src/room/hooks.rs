//! What an app may refuse beside its rules: connections, pulls and pushes.

use std::fmt;

use syncline_protocol::{Args, ClientId, Code, Commit, ErrorFrame, Millis, Seq, StoreId, Subject};

use crate::Rejection;

/// How long a client waits before it sends again what a hook has refused.
const RETRY_AFTER_MS: u32 = 30_000;

/// Whose input it is that a hook is asked about.
#[derive(Clone, Copy, Debug)]
pub struct HookContext<'a> {
    /// The store.
    pub store: &'a StoreId,
    /// The client.
    pub client: &'a ClientId,
    /// Who is signed in.
    pub subject: &'a Subject,
    /// The server's clock.
    pub now: Millis,
}

/// What an app may refuse on its server, whatever the log says: a payment that is missing, a store that is
/// closed. It decides no commit: what depends on events and state is a matter of the model's `check`, which
/// holds on every client, too. A refusal's code is the app's own.
pub trait Hooks: Sync {
    /// May it connect? `payload` is what its `hello` carries for this.
    ///
    /// # Errors
    /// Why not: the client is told `connect-refused`, and the socket is closed.
    fn connect(&self, _: &HookContext<'_>, _payload: Option<&Args>) -> Result<(), Rejection> {
        Ok(())
    }

    /// May these commits be decided now?
    ///
    /// # Errors
    /// Why not: the client is told `push-refused`; its commits stay in its outbox, and come again.
    fn push(&self, _: &HookContext<'_>, _commits: &[Commit]) -> Result<(), Rejection> {
        Ok(())
    }

    /// May it read the log after this seq?
    ///
    /// # Errors
    /// Why not: the client is told `connect-refused`, and the socket is closed.
    fn pull(&self, _: &HookContext<'_>, _after: Seq) -> Result<(), Rejection> {
        Ok(())
    }
}

/// Refuses nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoHooks;

impl Hooks for NoHooks {}

impl fmt::Debug for dyn Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

pub(super) fn connect_refused(why: Rejection) -> ErrorFrame {
    ErrorFrame::new(Code::ConnectRefused, worded(why))
}

pub(super) fn push_refused(why: Rejection) -> ErrorFrame {
    ErrorFrame { retry_after_ms: Some(RETRY_AFTER_MS), ..ErrorFrame::new(Code::PushRefused, worded(why)) }
}

fn worded(Rejection { code, message }: Rejection) -> String {
    format!("{code}: {message}")
}
