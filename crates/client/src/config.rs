//! What a store is opened with.

use std::path::PathBuf;

use syncline_engine::protocol::{Args, StoreId, Subject};
pub use syncline_sqlite::Durability;

/// What a store is opened with: where its server is, which store, and who is signed in.
#[derive(Clone)]
pub struct Config {
    pub(crate) url: String,
    pub(crate) store: StoreId,
    pub(crate) subject: Subject,
    pub(crate) token: Option<String>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) durability: Durability,
    pub(crate) whole_log: bool,
    pub(crate) payload: Option<Args>,
}

impl Config {
    /// For a server's URL, such as `https://chat.example.org`. Storage is memory until [`Config::folder`].
    #[must_use]
    pub fn new(url: impl Into<String>, store: StoreId, subject: Subject) -> Self {
        Self {
            url: url.into(),
            store,
            subject,
            token: None,
            folder: None,
            durability: Durability::Normal,
            whole_log: false,
            payload: None,
        }
    }

    /// What the server knows the subject by.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Keeps log and outbox in files below this folder: each store and subject in a folder of its own, which
    /// one process at a time has open.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// What `persisted` is to survive: the end of the process, or with [`Durability::Full`] of the machine.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Reads the log from its first entry on, and never a snapshot in its place: for a consumer that begins
    /// at the start.
    #[must_use]
    pub const fn whole_log(mut self) -> Self {
        self.whole_log = true;
        self
    }

    /// What a hook of the server wants to know at connect.
    #[must_use]
    pub fn payload(mut self, payload: Args) -> Self {
        self.payload = Some(payload);
        self
    }

    /// Where the store's WebSocket is.
    pub(crate) fn socket_url(&self) -> String {
        let base = self.url.trim_end_matches('/');
        let base = base.strip_prefix("http").map_or_else(|| base.to_owned(), |rest| format!("ws{rest}"));
        format!("{base}/stores/{}/sync", self.store)
    }
}
