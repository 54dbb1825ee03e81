//! An entry whose args are replaced.

use syncline_engine::protocol::{Seq, decode_entries};
use syncline_engine::{Output, Query, RedactError};

use super::{World, host};
use crate::model::Fact;
use crate::oracle::Violation;
use crate::tally::Event;

impl World {
    pub(super) fn redact(&mut self, seq: u8, facts: &[Fact]) -> Result<bool, Violation> {
        let seq = Seq::new(seq.into()).unwrap_or_default();
        let Some(event) = self.oracle.event_at(seq).filter(|_| self.server.is_ready()) else {
            return Ok(false);
        };
        let mut instead = facts.iter().map(|fact| fact.made(event.id, self.server.version));
        let Some(instead) = instead.find(|made| made.raw.name == event.raw.name) else { return Ok(false) };
        let done = self.server.redact(seq, instead.raw.args.clone());
        let killed = self.after_server(!matches!(done, Err(RedactError::Host(_))))?;
        // Of a process that was killed nobody hears whether it was durable before.
        if self.args_of(seq)?.as_deref() == Some(instead.raw.args.get()) {
            self.oracle.redacted(&instead);
            self.tally.add(Event::Redactions);
        }
        for output in done.unwrap_or_default() {
            if let (Output::Publish(text), false) = (&output, killed) {
                self.publish(text);
            }
        }
        Ok(true)
    }

    /// What an entry of the server's log says.
    fn args_of(&self, seq: Seq) -> Result<Option<String>, Violation> {
        let db: &dyn Query = self.server.disk.look();
        let sql = "SELECT entries FROM syncline_log WHERE first <= ?1 AND last >= ?1";
        let text: Option<String> = db.value(sql, &[seq.into()]).map_err(host)?;
        let text = text.filter(|text| text.starts_with('{'));
        let entries = text.map_or(Ok(Vec::new()), |text| decode_entries(&text));
        let mut entries =
            entries.map_err(|error| Violation::new("always-boots", error.to_string()))?.into_iter();
        Ok(entries.find(|entry| entry.seq == seq).map(|entry| entry.args.get().to_owned()))
    }
}
