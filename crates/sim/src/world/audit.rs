//! Looking at whole states: dear, so not at each step.

use std::fmt::Display;

use syncline_engine::Query;
use syncline_engine::protocol::{Seq, decode_entries};

use super::{World, host};
use crate::client::{Client, Live, Page, has_tables};
use crate::disk::Disk;
use crate::model::ModelNo;
use crate::oracle::{Aside, Decided, Violation, promise};
use crate::reference::{self, Reference};
use crate::tally::Event;

impl World {
    /// Compares the states of the server and of every session with what the reference makes of the same
    /// log and the same pending commits, and every outbox with the log beside it.
    ///
    /// # Errors
    /// [`Violation`] of a promise.
    pub fn check(&self) -> Result<(), Violation> {
        if self.server.is_ready() {
            let seen = reference::dump(self.server.disk.look(), self.server.version).map_err(host)?;
            let aside = self.aside(self.server.disk.look())?;
            let (version, head) = (self.server.version, self.oracle.mirror.head);
            let expected = self.oracle.state_at(version, head, &aside).text(version);
            same("together", &"the server", &seen, &expected)?;
        }
        for client in &self.clients {
            if let Some(page) = client.page.as_ref().filter(|page| !page.broken)
                && let Some(live) = &page.live
            {
                self.check_session(page, live)?;
            }
            self.check_outbox(client)?;
        }
        Ok(())
    }

    /// What a replica has set aside: it may, where hosts crash.
    fn aside(&self, state: &dyn Query) -> Result<Aside, Violation> {
        let kills = self.tally.count(Event::Kills);
        if kills == 0 {
            return Ok(Aside::default());
        }
        let aside = Aside::of(state).map_err(host)?;
        let few = aside.len() as u64 * 3 <= kills;
        promise!("always-boots", few, "{aside:?} are set aside after {kills} crashes");
        Ok(aside)
    }

    /// A session shows its log and its pending commits on top, but for those in conflict.
    fn check_session(&self, page: &Page, live: &Live) -> Result<(), Violation> {
        let (cursor, aside) = (live.session.cursor(), self.aside(&live.db)?);
        let today = self.session_on(self.oracle.state_at(page.version, cursor, &aside), page, live);
        if today.is_ok() {
            return today;
        }
        // It may not have heard of the last restore yet: then it shows a log that the server had.
        let former = self.oracle.former.iter().rev();
        let mut former = former.map(|mirror| self.oracle.replay(mirror, page.version, cursor, &aside));
        if former.any(|state| self.session_on(state, page, live).is_ok()) { Ok(()) } else { today }
    }

    fn session_on(&self, mut expected: Reference, page: &Page, live: &Live) -> Result<(), Violation> {
        for pending in live.session.pending().filter(|pending| pending.conflicted.is_none()) {
            let no = pending.events.first().and_then(|event| self.oracle.commit_of_event(event.args.get()));
            let Some(commit) = no.and_then(|no| self.oracle.commit(no)) else {
                let what = format!("{} has a commit that nobody made", page.id);
                return Err(Violation::new("exactly-once", what));
            };
            let applied = expected.follow(page.version, &commit.author(), commit.facts());
            promise!(
                "one-order",
                applied.is_ok(),
                "{}: {commit} is in the view against {applied:?}",
                page.id
            );
        }
        let seen = reference::dump(&live.db, page.version).map_err(host)?;
        same("one-order", &page.id, &seen, &expected.text(page.version))
    }

    /// together: what has come back in the log has left the outbox.
    fn check_outbox(&self, client: &Client) -> Result<(), Violation> {
        if !has_tables(client.log.look()).map_err(host)? {
            return Ok(());
        }
        let cursor = log_head(&client.log)?;
        // What a snapshot has jumped over leaves the outbox once the server has answered for it.
        let start = log_start(&client.log)? as u64;
        // A log that is not the server's any more says nothing about today's.
        let apart = !self.oracle.former.is_empty();
        for encoded in client.outbox().map_err(host)? {
            let Some(no) = self.oracle.commit_of_event(&encoded) else {
                let what = format!("{} keeps {encoded}, which nobody made", client.no);
                return Err(Violation::new("exactly-once", what));
            };
            if let Some(Decided::Accepted { first, .. }) = self.oracle.mirror.decided.get(&no) {
                let name = self.oracle.name(no);
                let left = *first > cursor || first.get() <= start || apart;
                promise!("together", left, "{} still offers {name}, which is in its log", client.no);
            }
        }
        Ok(())
    }

    /// one-order, at the end: every replica has the server's log, and the state that follows from it.
    pub(super) fn check_replicas(&self) -> Result<(), Violation> {
        let log = log_lines(&self.server.disk)?;
        for client in &self.clients {
            // A log may begin with a snapshot.
            let start = log_start(&client.log)?;
            let log: String = log.iter().skip(start).map(String::as_str).collect();
            let seen = log_lines(&client.log)?.concat();
            same("one-order", &format_args!("the log of {} from {start}", client.no), &seen, &log)?;
            let Some(worker) = &client.worker else { continue };
            let version = client.page.as_ref().map_or(ModelNo::First, |page| page.version);
            let aside = self.aside(client.state.look())?;
            let expected = self.oracle.state_at(version, worker.replica.seq(), &aside).text(version);
            let seen = reference::dump(client.state.look(), version).map_err(host)?;
            same("one-order", &format_args!("the state of {}", client.no), &seen, &expected)?;
        }
        Ok(())
    }
}

fn same(promise: &'static str, who: &dyn Display, seen: &str, expected: &str) -> Result<(), Violation> {
    if seen == expected {
        return Ok(());
    }
    let seen_only: Vec<&str> =
        seen.lines().filter(|line| !expected.lines().any(|other| other == *line)).collect();
    let missing: Vec<&str> =
        expected.lines().filter(|line| !seen.lines().any(|other| other == *line)).collect();
    Err(Violation::new(promise, format!("{who}: has {seen_only:?}, should have {missing:?}")))
}

fn log_head(log: &Disk) -> Result<Seq, Violation> {
    let db: &dyn Query = log.look();
    Ok(db
        .value::<Option<Seq>>("SELECT max(last) FROM syncline_log", &[])
        .map_err(host)?
        .flatten()
        .unwrap_or_default())
}

/// How many entries a log has not, because it begins with a snapshot.
fn log_start(log: &Disk) -> Result<usize, Violation> {
    let db: &dyn Query = log.look();
    let sql = "SELECT last FROM syncline_log WHERE entries = ''";
    let start: Option<Seq> = db.value(sql, &[]).map_err(host)?;
    Ok(usize::try_from(start.unwrap_or_default().get()).unwrap_or_default())
}

/// A log, a line for each entry.
fn log_lines(disk: &Disk) -> Result<Vec<String>, Violation> {
    let mut lines = Vec::new();
    for row in disk.look().query("SELECT entries FROM syncline_log ORDER BY first", &[]).map_err(host)? {
        let entries = decode_entries(&row.get::<String>(0).map_err(host)?);
        let entries = entries.map_err(|error| Violation::new("always-boots", error.to_string()))?;
        for entry in entries {
            lines.push(format!("{entry:?}\n"));
        }
    }
    Ok(lines)
}
