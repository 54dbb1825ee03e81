//! Syncline in a native process: Tauri, CLIs, agents and servers. A thin shell over the engine's leader and
//! session.
//!
//! ```
//! use syncline_client::{Config, Store};
//! use syncline_client::engine::{*, protocol::{StoreId, Subject}};
//! # use {schemars::JsonSchema, serde::{Deserialize, Serialize}};
//! # struct Tally;
//! # #[derive(Serialize, Deserialize, JsonSchema)]
//! # #[serde(tag = "name", content = "args", rename_all = "camelCase")]
//! # enum Event { Counted { n: i64 } }
//! # impl Model for Tally {
//! #     type Event = Event;
//! #     const TABLES: &'static str = "CREATE TABLE tally (n INTEGER NOT NULL CHECK (n > 0)) STRICT;";
//! #     const VERSION: u32 = 1;
//! #     fn check(_: &Event, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> { Ok(()) }
//! #     fn apply(event: &Event, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
//! #         let Event::Counted { n } = event;
//! #         Ok(db.execute("INSERT INTO tally (n) VALUES (?1)", &[(*n).into()])?)
//! #     }
//! # }
//!
//! #[derive(Deserialize)]
//! struct Row { n: i64 }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! # let folder = tempfile::tempdir()?;
//! let config = Config::new("http://localhost:8787", StoreId::parse("team-1")?, Subject::parse("ann")?);
//! let store = Store::<Tally>::open(config.token("secret").folder(folder.path())).await?;
//!
//! let mut changes = store.subscribe::<Row>("SELECT n FROM tally ORDER BY n", &[])?;
//! assert!(changes.next().await.expect("the store is open")?.is_empty());
//!
//! let receipt = store.commit([Event::Counted { n: 3 }])?;                  // applied now, offline or not
//! assert_eq!(changes.next().await.expect("the store is open")?[0].n, 3);
//! receipt.persisted().await?;                                             // survives this process
//! // receipt.confirmed().await? returns its place in the log, or the server's verdict as an error.
//!
//! let refused = store.commit([Event::Counted { n: -1 }]).err().expect("the rules say no");
//! assert_eq!(refused.code(), "constraint-check");
//! store.status().wait_for(|status| status.pending == 1).await?;
//! store.close().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod backoff;
mod config;
mod connection;
mod consumer;
mod disk;
mod error;
mod event;
mod front;
mod host;
mod presence;
mod receipt;
mod socket;
mod status;
mod store;
mod subscription;

pub use config::{Config, Durability};
pub use connection::{Connection, Happening};
pub use consumer::{Consumer, Delivery};
pub use error::Error;
pub use presence::Present;
pub use receipt::{Confirmation, Receipt};
pub use status::{State, Status, Storage};
pub use store::Store;
pub use subscription::Subscription;
pub use syncline_engine as engine;
pub use syncline_engine::Begin;
