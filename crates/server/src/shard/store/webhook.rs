//! The webhook of a store: one delivery at a time, after what it tells is durable.

use syncline_engine::Webhook;
use syncline_engine::protocol::Millis;
use tracing::error;

use super::super::Context;
use super::Store;
use crate::clock;
use crate::webhook::{Refused, Sent};

/// A store that cannot be opened is not tried again for this before then.
const REOPEN_AFTER_MS: u64 = 60_000;

/// What is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hook {
    /// The room has to be asked.
    #[default]
    Unknown,
    /// Everything was taken, or an operator has to say that it goes on.
    Idle,
    /// Not before this.
    Due(Millis),
    /// A delivery is on its way.
    Flying,
}

impl Store {
    /// Sends what there is to be sent, if everything of this store is durable.
    pub(in super::super) fn deliver(&mut self, cx: &Context) {
        let Some(receiver) = cx.receiver.as_ref().filter(|_| self.has_to_deliver()) else { return };
        if self.has_to_settle() {
            return;
        }
        if !self.is_open() && !cx.directory.store(&self.id).exists() {
            self.hook = Hook::Idle;
            return;
        }
        let Ok(open) = self.take_open(cx) else {
            self.hook = Hook::Due(clock::now().plus(REOPEN_AFTER_MS));
            return;
        };
        let due = open.room.webhook(&open.db, clock::now());
        self.put_back(open);
        self.hook = match due {
            Ok(Webhook::Send(delivery)) => {
                receiver.send(self.id.clone(), delivery);
                Hook::Flying
            }
            Ok(Webhook::Wait(until)) => Hook::Due(until),
            Ok(Webhook::Idle | Webhook::Stopped) => Hook::Idle,
            Err(error) => {
                error!(store = %self.id, "nothing is sent to the webhook: {error}");
                Hook::Idle
            }
        };
    }

    pub(in super::super) fn has_to_deliver(&self) -> bool {
        match self.hook {
            Hook::Unknown => true,
            Hook::Due(when) => when <= clock::now(),
            Hook::Idle | Hook::Flying => false,
        }
    }

    /// There may be something new to send.
    pub(super) fn look_at_webhook(&mut self) {
        if self.hook != Hook::Flying {
            self.hook = Hook::Unknown;
        }
    }

    /// Notes what came of a delivery. A crash before that is durable sends it again.
    pub(super) fn note_delivery(&mut self, cx: &Context, Sent { delivery, outcome }: &Sent) {
        self.hook = Hook::Unknown;
        cx.metrics.delivered(outcome.is_ok());
        let Ok(mut open) = self.take_open(cx) else { return };
        let noted = match outcome {
            Ok(()) => open.room.webhook_taken(&mut open.db, delivery),
            Err(Refused { why, gone }) => {
                open.room.webhook_failed(&mut open.db, clock::now(), delivery, why, *gone)
            }
        };
        self.put_back(open);
        self.dirty = true;
        if let Err(error) = noted {
            error!(store = %self.id, "the webhook's place is not kept, so it is sent again: {error}");
        }
    }

    /// Whether it is still to be known of, though nobody uses it.
    pub(super) const fn awaits_webhook(&self, cx: &Context) -> bool {
        cx.receiver.is_some() && !matches!(self.hook, Hook::Idle)
    }
}
