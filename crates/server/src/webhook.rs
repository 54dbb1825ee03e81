//! The webhook's receiver: where the entries of all stores are sent, and what they are signed with.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use syncline_engine::Delivery;
use syncline_engine::protocol::StoreId;
use syncline_http::{DELIVERY, SIGNATURE, signature};
use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::clock;
use crate::outward;
use crate::shard::Shards;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What came of a delivery.
pub(crate) struct Sent {
    pub(crate) delivery: Delivery,
    pub(crate) outcome: Result<(), Refused>,
}

pub(crate) struct Refused {
    pub(crate) why: String,
    /// It says that it will never take anything more.
    pub(crate) gone: bool,
}

/// Sends in the background: a shard never waits for it.
pub(crate) struct Receiver {
    url: String,
    secret: String,
    agent: ureq::Agent,
    runtime: Handle,
    shards: OnceLock<Weak<Shards>>,
}

impl Receiver {
    /// # Panics
    /// Outside of a runtime.
    pub(crate) fn new(url: String, secret: String) -> Self {
        let (agent, runtime) = (outward::agent(PATIENCE), Handle::current());
        Self { url, secret, agent, runtime, shards: OnceLock::new() }
    }

    /// Whom to tell what came of it.
    pub(crate) fn tells(&self, shards: &Arc<Shards>) {
        // It is said once.
        let _ = self.shards.set(Arc::downgrade(shards));
    }

    pub(crate) fn send(self: &Arc<Self>, store: StoreId, delivery: Delivery) {
        let receiver = Arc::clone(self);
        self.runtime.spawn_blocking(move || {
            let outcome = receiver.post(&delivery);
            match &outcome {
                Ok(()) => {
                    info!(%store, delivery = delivery.id, last = %delivery.last, "the webhook has taken it")
                }
                Err(Refused { why, gone }) => {
                    warn!(%store, delivery = delivery.id, gone, "the webhook does not take it: {why}");
                }
            }
            if let Some(shards) = receiver.shards.get().and_then(Weak::upgrade) {
                shards.sent(&store, Sent { delivery, outcome });
            }
        });
    }

    fn post(&self, delivery: &Delivery) -> Result<(), Refused> {
        let sent = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header(DELIVERY, &delivery.id)
            .header(SIGNATURE, signature(&self.secret, clock::now(), &delivery.body))
            .send(&delivery.body);
        match sent.map(|answer| answer.status().as_u16()) {
            Ok(200..=299) => Ok(()),
            Ok(status) => Err(Refused { why: format!("HTTP {status}"), gone: status == 410 }),
            Err(error) => Err(Refused { why: error.to_string(), gone: false }),
        }
    }
}
