//! The chat of a later version, written by somebody who unwraps: shows on a real host that a commit which
//! crashes it is contained. For tests, never for a deployment.

use chat_model::{Chat, ChatEvent};
use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql};

/// What crashes the host, as the text of a message.
const FATAL: &str = "the straw that breaks the camel's back";

pub(crate) struct Brittle;

impl Model for Brittle {
    type Event = ChatEvent;

    const TABLES: &'static str = Chat::TABLES;

    const VERSION: u32 = Chat::VERSION + 1;

    fn check(event: &ChatEvent, cx: &CheckContext<'_>, db: &dyn Query) -> Result<(), Rejection> {
        Chat::check(event, cx, db)
    }

    fn apply(event: &ChatEvent, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        Chat::apply(event, cx, db)?;
        if let ChatEvent::MessagePosted { text, .. } = event {
            assert_ne!(text, FATAL, "as the test wants it");
        }
        Ok(())
    }
}
