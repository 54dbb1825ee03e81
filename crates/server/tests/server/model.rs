//! Everything may be said, but for some things: one crashes who applies it, one is against the rules.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syncline_engine::{ApplyContext, ApplyError, CheckContext, Model, Query, Rejection, Sql};

pub(crate) struct Sayings;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", content = "args", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Event {
    Said { text: String },
}

impl Model for Sayings {
    type Event = Event;
    const TABLES: &'static str = "CREATE TABLE said (text TEXT NOT NULL) STRICT;";
    const VERSION: u32 = 1;

    fn check(event: &Event, _: &CheckContext<'_>, _: &dyn Query) -> Result<(), Rejection> {
        let Event::Said { text } = event;
        if text == "rude" { Err(Rejection::new("rude", "Not here.")) } else { Ok(()) }
    }

    fn apply(event: &Event, _: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), ApplyError> {
        let Event::Said { text } = event;
        db.execute("INSERT INTO said (text) VALUES (?1)", &[text.into()])?;
        assert_ne!(text, "boom", "nobody thought of that");
        Ok(())
    }
}
