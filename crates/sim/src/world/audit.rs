//! Looking at whole states: dear, so not at each step.

use std::fmt::Display;

use syncline_engine::Query;
use syncline_engine::protocol::{Seq, SessionId, decode_entries};

use super::{World, host};
use crate::action::ClientNo;
use crate::client::{Client, Live, Page, has_tables};
use crate::disk::Disk;
use crate::model::ModelNo;
use crate::oracle::{Aside, Decided, Oracle, Violation, promise};
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
            self.oracle.check_server(&seen, &aside)?;
        }
        for client in &self.clients {
            for page in client.pages().filter(|page| !page.broken) {
                let Some(live) = &page.live else { continue };
                let aside = self.aside(&live.db)?;
                self.oracle.check_view(&View::of(page, live)?, &aside)?;
            }
            self.oracle.check_outbox(client.no, &Outbox::of(client)?)?;
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

/// What a session shows.
pub(crate) struct View {
    id: SessionId,
    version: ModelNo,
    cursor: Seq,
    /// The args of the first events of those pending commits that are not in conflict.
    pending: Vec<String>,
    state: String,
}

impl View {
    pub(crate) fn of(page: &Page, live: &Live) -> Result<Self, Violation> {
        let pending = live.session.pending().filter(|pending| pending.conflicted.is_none());
        let first = pending.map(|pending| pending.events.first().map_or("", |event| event.args.get()));
        Ok(Self {
            id: page.id.clone(),
            version: page.version,
            cursor: live.session.cursor(),
            pending: first.map(str::to_owned).collect(),
            state: reference::dump(&live.db, page.version).map_err(host)?,
        })
    }
}

/// An outbox, and the log beside it.
#[derive(Default)]
pub(crate) struct Outbox {
    cursor: Seq,
    start: usize,
    pub(crate) commits: Vec<String>,
    /// A loss of power may have taken back a new id, under which they are in the log: until the server refuses
    /// them under the old one.
    lost_power: bool,
}

impl Outbox {
    pub(crate) fn of(client: &Client) -> Result<Self, Violation> {
        if !has_tables(client.log.look()).map_err(host)? {
            return Ok(Self::default());
        }
        Ok(Self {
            cursor: log_head(&client.log)?,
            start: log_start(&client.log)?,
            commits: client.outbox().map_err(host)?,
            lost_power: client.lost_power,
        })
    }
}

impl Oracle {
    /// together: the server's state is that of its log.
    pub(crate) fn check_server(&self, seen: &str, aside: &Aside) -> Result<(), Violation> {
        let expected = self.state_at(self.version, self.mirror.head, aside).text(self.version);
        same("together", &"the server", seen, &expected)
    }

    /// A session shows its log and its pending commits on top, but for those in conflict.
    pub(crate) fn check_view(&self, view: &View, aside: &Aside) -> Result<(), Violation> {
        let today = self.view_on(self.state_at(view.version, view.cursor, aside), view);
        if today.is_ok() {
            return today;
        }
        // It may not have heard of the last restore yet: then it shows a log that the server had.
        let former = self.former.iter().rev();
        let mut former = former.map(|mirror| self.replay(mirror, view.version, view.cursor, aside));
        if former.any(|state| self.view_on(state, view).is_ok()) { Ok(()) } else { today }
    }

    fn view_on(&self, mut expected: Reference, view: &View) -> Result<(), Violation> {
        for args in &view.pending {
            let Some(commit) = self.commit_of_event(args).and_then(|no| self.commit(no)) else {
                let what = format!("{} has a commit that nobody made", view.id);
                return Err(Violation::new("exactly-once", what));
            };
            let applied = expected.follow(view.version, &commit.author(), self.facts_of(commit));
            promise!(
                "one-order",
                applied.is_ok(),
                "{}: {commit} is in the view against {applied:?}",
                view.id
            );
        }
        same("one-order", &view.id, &view.state, &expected.text(view.version))
    }

    /// together: what has come back in the log has left the outbox.
    pub(crate) fn check_outbox(&self, client: ClientNo, outbox: &Outbox) -> Result<(), Violation> {
        // What a snapshot has jumped over leaves the outbox once the server has answered for it.
        let start = outbox.start as u64;
        // A log that is not the server's any more says nothing about today's.
        let apart = !self.former.is_empty();
        for encoded in &outbox.commits {
            let Some(no) = self.commit_of_event(encoded) else {
                let what = format!("{client} keeps {encoded}, which nobody made");
                return Err(Violation::new("exactly-once", what));
            };
            if let Some(Decided::Accepted { first, .. }) = self.mirror.decided.get(&no) {
                let name = self.name(no);
                let left = *first > outbox.cursor || first.get() <= start || apart || outbox.lost_power;
                promise!("together", left, "{client} still offers {name}, which is in its log");
            }
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
