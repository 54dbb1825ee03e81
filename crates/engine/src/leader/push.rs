//! What goes to the server: the commits that wait, and the pages that are asked for.

use syncline_protocol::{Counter, Pull};

use super::{Leader, Link, tables};
use crate::{Query, SqlError};

impl Leader {
    /// Offers again what the server would not take for now: once the time has passed that it named.
    ///
    /// # Errors
    /// [`SqlError`] of the host.
    pub fn push_again(&mut self, db: &dyn Query) -> Result<(), SqlError> {
        if let Link::Up(up) = &mut self.link
            && up.held.take().is_some()
        {
            (up.in_flight, up.pushed) = (None, Counter::NONE);
        }
        self.push(db)
    }

    /// One push carries all that waits, within the limits; the next follows its verdicts.
    pub(super) fn push(&mut self, db: &dyn Query) -> Result<(), SqlError> {
        // What the former log is to be offered from comes first: later commits may build on it.
        if self.former {
            return Ok(());
        }
        let Link::Up(up) = &mut self.link else {
            return Ok(());
        };
        if up.in_flight.is_some() || up.held.is_some() {
            return Ok(());
        }
        let waiting = tables::to_push(db, up.pushed, up.limits.push_commits)?;
        let mut frame = String::from(r#"{"type":"push","commits":["#);
        let (mut last, mut events) = (None, 0);
        for (counter, encoded) in waiting {
            // Every event names itself once: an upper bound that needs no decoding.
            let more = encoded.matches("\"name\":").count();
            let fits = frame.len() + encoded.len() + 3 <= up.limits.message_bytes
                && events + more <= up.limits.push_events;
            if last.is_some() {
                if !fits {
                    break;
                }
                frame.push(',');
            }
            frame.push_str(&encoded);
            events += more;
            last = Some(counter);
        }
        if let Some(last) = last {
            frame.push_str("]}");
            up.in_flight = Some(last);
            up.pushed = last;
            self.to_server.push_back(frame);
        }
        Ok(())
    }

    pub(super) fn pull(&mut self) {
        let after = self.cursor;
        if let Link::Up(up) = &mut self.link
            && up.head > after
            && !up.pulling
            && up.fetching.is_none()
        {
            up.pulling = true;
            self.to_server.push_back(Pull { after, part: None }.encode());
        }
    }
}
