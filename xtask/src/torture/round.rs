//! One round: faults, then quiet, then the judge.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chat_model::Chat;
use syncline_engine::Rules;
use syncline_torture::judge::{self, Counts, Evidence};
use syncline_torture::{Fault, Order, Report, schedule};

use super::arena::Arena;
use super::client::Client;
use super::summary::{Round, Struck};
use crate::server::{TOKEN, copy_all};

const TICK: Duration = Duration::from_millis(10);

/// Once nothing is in the way any more, every outbox is empty within this time, or it is stuck.
const PATIENCE: Duration = Duration::from_secs(90);

impl Arena {
    pub(super) fn round(&mut self, number: u32) -> Result<Round> {
        let mut violations = Vec::new();
        let cuts_before = self.cuts();
        let mut struck = self.faults(number, &mut violations)?;
        let (drained, reports) = self.drain(number, &mut violations)?;
        struck.cuts = self.cuts() - cuts_before;
        let before = self.counts;
        // Also what has not drained is judged: what it stands at says more than that it is stuck.
        violations.extend(self.judge(number, reports)?);
        let (store, counts) = (self.store.to_string(), self.counts);
        Ok(Round { number, store, struck, drained, counts, before, violations })
    }

    fn cuts(&self) -> usize {
        self.clients.iter().map(|client| client.proxy.cuts()).sum()
    }

    /// Everybody writes, and everything goes wrong.
    fn faults(&mut self, number: u32, violations: &mut Vec<String>) -> Result<Struck> {
        Order::Write(number).give(&self.store_folder())?;
        let length = Duration::from_secs(self.dice.between(20, 35));
        let blows = schedule(&mut self.dice, length, self.clients.len());
        fs::write(self.folder().join(format!("round-{number}.json")), serde_json::to_vec_pretty(&blows)?)?;
        self.until("the server answers", |arena| Ok(arena.server.answers().then_some(())), violations)?;
        self.clients.iter_mut().for_each(Client::recover);
        let mut struck = Struck::default();
        let started = Instant::now();
        for blow in blows {
            while started.elapsed() < blow.at {
                self.tick(violations)?;
            }
            self.strike(blow.fault, &mut struck)?;
        }
        while started.elapsed() < length {
            self.tick(violations)?;
        }
        Ok(struck)
    }

    fn strike(&mut self, fault: Fault, struck: &mut Struck) -> Result<()> {
        let clients = &mut self.clients;
        match fault {
            Fault::KillServer { down } => {
                struck.server_kills += usize::from(self.server.kill()?);
                self.server.start_in(down);
            }
            Fault::KillClient { client, down, files } => {
                let client = at(clients, client)?;
                struck.client_kills += usize::from(client.kill()?);
                struck.restores += usize::from(client.replace_files(files)?);
                client.start_in(down);
            }
            Fault::Cut { client } => at(clients, client)?.proxy.cut(),
            Fault::CutAll => clients.iter().for_each(|client| client.proxy.cut()),
            Fault::Tear { client, after } => at(clients, client)?.proxy.tear(after),
            Fault::Refuse { client, during } => at(clients, client)?.proxy.refuse(during),
            Fault::Stall { client, during } => at(clients, client)?.proxy.stall(during),
            Fault::Swallow { client } => at(clients, client)?.proxy.swallow(),
            Fault::Delay { client, each, during } => at(clients, client)?.proxy.delay(each, during),
        }
        Ok(())
    }

    /// Nothing goes wrong any more, and nobody commits: everything is decided, and arrives.
    fn drain(
        &mut self,
        number: u32,
        violations: &mut Vec<String>,
    ) -> Result<(Duration, BTreeMap<String, Report>)> {
        let started = Instant::now();
        self.clients.iter_mut().for_each(Client::recover);
        Order::Drain(number).give(&self.store_folder())?;
        let drained = |arena: &mut Self| {
            let reports = arena.clients.iter().map(|client| {
                let report = client.report(number).filter(|report| report.drained)?;
                Some((client.name().to_owned(), report))
            });
            let reports: Option<BTreeMap<_, _>> = reports.collect();
            // One may report before it has heard of what the last of the others wrote.
            let level = |reports: &BTreeMap<_, Report>| {
                let mut cursors = reports.values().map(|report| report.cursor);
                let first = cursors.next();
                cursors.all(|cursor| Some(cursor) == first)
            };
            Ok(reports.filter(level))
        };
        let reports =
            match self.until("every outbox is empty, and every replica at the head", drained, violations) {
                Ok(reports) => reports,
                Err(error) => {
                    violations.push(format!("{error:#}"));
                    let reports = self.clients.iter().filter_map(|client| {
                        let report = client.report(number)?;
                        Some((client.name().to_owned(), report))
                    });
                    reports.collect()
                }
            };
        Ok((started.elapsed(), reports))
    }

    /// Collects the evidence: from the server, from a client that has never been there, from the archive,
    /// and from the files that a last kill leaves.
    fn judge(&mut self, number: u32, mut reports: BTreeMap<String, Report>) -> Result<Vec<String>> {
        let mut violations = Vec::new();
        // Before whoever reads all of the log has it brought back.
        let released = match self.server.has_archive() {
            true => judge::released(&self.server.state(), &self.store)?,
            false => 0,
        };
        let fresh = self.fresh_client(number, &mut violations)?;
        reports.insert("a fresh client".to_owned(), fresh);
        let rules = Rules::of::<Chat>();
        let log = judge::read_log(self.server.port(), &self.store, TOKEN, &rules, &mut self.dice)?;
        let head = log.entries.last().map(|entry| entry.seq).unwrap_or_default();
        let archived = |arena: &mut Self| {
            let archived = judge::archived_head(&arena.server.state(), &arena.store)?;
            Ok((archived >= head).then_some(()))
        };
        if self.server.has_archive()
            && let Err(error) = self.until("the archive has all of the log", archived, &mut violations)
        {
            violations.push(format!("{error:#}"));
        }
        self.server.kill()?;
        if !self.server.has_archive() {
            // Its stores' files are whole once its journal was played back.
            self.server.start()?;
            self.server.end()?;
        }
        let files = self.folder().join("evidence");
        if files.exists() {
            fs::remove_dir_all(&files)?;
        }
        copy_all(&self.server.state(), &files)?;
        self.server.start_in(Duration::ZERO);
        let receipts = self.clients.iter().map(|client| Ok((client.name().to_owned(), client.receipts()?)));
        let evidence = Evidence {
            receipts: receipts.collect::<Result<_>>()?,
            reports,
            room: judge::room_file(&files, &self.store)?,
            archive: match self.server.has_archive() {
                true => Some(judge::archived(&files, &self.store, &log.incarnation)?),
                false => None,
            },
            before: self.ended,
            log,
        };
        let (counts, found) = judge::violations(&evidence);
        violations.extend(found);
        self.counts = Counts { released, ..counts };
        self.ended = (head, evidence.log.chain_at(head).context("the chain at the head")?);
        Ok(violations)
    }

    fn fresh_client(&mut self, number: u32, violations: &mut Vec<String>) -> Result<Report> {
        let mut fresh = self.client(0, &format!("fresh-{number}"))?;
        fresh.recover();
        let report = self.until(
            "a fresh client is at the head",
            |_| {
                if let Some(how) = fresh.tick()? {
                    bail!(how);
                }
                Ok(fresh.report(number).filter(|report| report.drained))
            },
            violations,
        )?;
        fresh.kill()?;
        Ok(report)
    }

    /// Waits for something, while everything that is to run is kept running.
    fn until<T>(
        &mut self,
        what: &str,
        mut ask: impl FnMut(&mut Self) -> Result<Option<T>>,
        violations: &mut Vec<String>,
    ) -> Result<T> {
        let started = Instant::now();
        loop {
            self.tick(violations)?;
            if let Some(answer) = ask(self)? {
                return Ok(answer);
            }
            if started.elapsed() > PATIENCE {
                bail!("{what}: not within {} s", PATIENCE.as_secs());
            }
            thread::sleep(TICK);
        }
    }

    fn tick(&mut self, violations: &mut Vec<String>) -> Result<()> {
        self.server.tick()?;
        for client in &mut self.clients {
            violations.extend(client.tick()?);
        }
        thread::sleep(TICK);
        Ok(())
    }
}

fn at(clients: &mut [Client], place: usize) -> Result<&mut Client> {
    clients.get_mut(place).context("a fault for no client")
}
