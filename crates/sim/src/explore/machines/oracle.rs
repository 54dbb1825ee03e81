//! What the oracle hears, and what it says to it; and what is looked at beside what it knows.

use syncline_engine::protocol::Seq;

use super::Machines;
use crate::action::ClientNo;
use crate::explore::intern::Id;
use crate::explore::parts::{Durable, Fast, Saying, Serving, Sitting};
use crate::explore::scene::Scene;
use crate::oracle::{Aside, Oracle, Violation};
use crate::tally::Tally;
use crate::world::BEGINNING;

/// An oracle as it stands, and what it knows of the server alone.
pub(in crate::explore) struct Known {
    pub(in crate::explore) oracle: Oracle,
    pub(super) mirror: Id<Mirrored>,
}

/// What was decided, in one order, whoever was told of it: for those checks that depend on no more.
pub(in crate::explore) struct Mirrored;

/// What an oracle hears; and the disk that it looks at, where it does.
#[derive(PartialEq, Eq, Hash)]
pub(in crate::explore) struct Step {
    oracle: Id<Known>,
    saying: Id<Saying>,
    durable: Option<Id<Durable>>,
}

/// What was looked at, beside which log.
#[derive(PartialEq, Eq, Hash)]
pub(in crate::explore) enum Check {
    Server(Id<Serving>, Id<Mirrored>),
    View(Id<Sitting>, Id<Mirrored>),
    Outbox(Id<Durable>, Id<Mirrored>),
    Rest(Id<Serving>, Id<Durable>, Id<Fast>, Id<Mirrored>),
}

impl Machines {
    /// Tells the oracle; `durable` is that of the client at which it happened.
    pub(in crate::explore) fn tell_oracle(
        &mut self,
        oracle: Id<Known>,
        saying: Id<Saying>,
        durable: Id<Durable>,
    ) -> Result<Id<Known>, Violation> {
        let looks =
            matches!(self.sayings.get(saying), Saying::Told(_, effects) if !effects.persisted.is_empty());
        let step = Step { oracle, saying, durable: looks.then_some(durable) };
        if let Some(known) = self.oracle_steps.get(&step) {
            return Ok(*known);
        }
        let mut next = self.oracles.get(oracle).oracle.clone();
        let mut tally = Tally::default();
        match self.sayings.get(saying) {
            Saying::Committed(commit) => next.committed(commit.clone())?,
            Saying::Shown(rejections) => next.shown(rejections),
            Saying::Told(session, effects) => {
                let disk = if looks { Some(self.durables.get(durable).log.open()) } else { None };
                let disk = disk.transpose().map_err(crate::world::host)?;
                let kept = |commit: &crate::oracle::Committed| match &disk {
                    Some(disk) => commit.is_kept(disk.look()),
                    None => Ok(false),
                };
                next.told(session, effects, &kept, &mut tally)?;
            }
            Saying::Served { frame, client, outputs, log } => {
                let subject = crate::model::subject(client.0);
                let after = |head: Seq| Ok(log.iter().filter(|entry| entry.seq > head).cloned().collect());
                next.served(frame, &subject, outputs, BEGINNING, &after, &mut tally)?;
            }
        }
        let known = self.keep_oracle(next);
        self.oracle_steps.insert(step, known);
        Ok(known)
    }

    pub(super) fn keep_oracle(&mut self, oracle: Oracle) -> Id<Known> {
        // Commits are numbered as they were made; that order is no part of the world.
        let (mut told, mut decided) = (Vec::new(), Vec::new());
        for (commit, verdict) in oracle.all() {
            told.push(format!("{commit} {} {} {}", commit.persisted, commit.confirmed, commit.told_rejected));
            decided.push(format!("{commit} {verdict:?}"));
        }
        told.sort();
        decided.sort();
        let decided = decided.join("\n");
        let mirror = self.mirrors.keep(&decided, Mirrored);
        self.oracles.keep(&format!("{}\n{decided}", told.join("\n")), Known { oracle, mirror })
    }

    /// The server's state beside its log.
    pub(in crate::explore) fn check_server(
        &mut self,
        id: Id<Serving>,
        by: Id<Known>,
    ) -> Result<(), Violation> {
        let by = self.oracles.get(by);
        let (check, serving) = (Check::Server(id, by.mirror), self.servings.get(id));
        if serving.ready && !self.checked.contains(&check) {
            by.oracle.check_server(&serving.state, &Aside::default())?;
            self.checked.insert(check);
        }
        Ok(())
    }

    /// What a session shows, beside the log and its pending commits.
    pub(in crate::explore) fn check_view(&mut self, id: Id<Sitting>, by: Id<Known>) -> Result<(), Violation> {
        let by = self.oracles.get(by);
        let check = Check::View(id, by.mirror);
        if !self.checked.contains(&check) {
            by.oracle.check_view(&self.sittings.get(id).view, &Aside::default())?;
            self.checked.insert(check);
        }
        Ok(())
    }

    /// An outbox, beside the log.
    pub(in crate::explore) fn check_outbox(
        &mut self,
        no: ClientNo,
        id: Id<Durable>,
        by: Id<Known>,
    ) -> Result<(), Violation> {
        let by = self.oracles.get(by);
        let check = Check::Outbox(id, by.mirror);
        if !self.checked.contains(&check) {
            by.oracle.check_outbox(no, &self.durables.get(id).outbox)?;
            self.checked.insert(check);
        }
        Ok(())
    }

    /// What speaks of the end: each client beside the server, and that no commit is lost.
    pub(in crate::explore) fn check_at_rest(&mut self, scene: &Scene) -> Result<(), Violation> {
        let (mirror, mut kept) = (self.oracles.get(scene.oracle).mirror, Vec::new());
        for place in &scene.clients {
            let check = Check::Rest(scene.serving, place.durable, place.fast, mirror);
            if !self.checked.contains(&check) {
                self.world(scene, &[place])?.check_each_at_rest()?;
                self.checked.insert(check);
            }
        }
        for place in &scene.clients {
            kept.extend(self.durables.get(place.durable).kept());
            kept.extend(self.fasts.get(place.fast).journal.values().map(String::as_str));
        }
        self.oracles.get(scene.oracle).oracle.check_none_lost(kept.into_iter(), false)
    }
}
