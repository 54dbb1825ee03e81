//! The archive: every entry as a row of D1, by alarm, never in the way of a push.
//!
//! What is still to be archived follows from the log, so nothing is lost with an instance, and a
//! batch that was cut off is sent again: its rows are there already, or not.

use std::time::Duration;

use js_sys::Promise;
use serde::Serialize;
use syncline_engine::protocol::{Code, ErrorFrame, Seq, StoreId};
use syncline_engine::{ArchivePage, Query, Room, SqlError};
use syncline_http::Answer;
use wasm_bindgen::JsValue;
use worker::{D1Database, console_error};

use super::{Object, facts, incarnation, settled, socket};
use crate::clock::now;
use crate::stores;
use crate::wait::within;

/// How long entries wait for others to be archived with.
const GATHER_MS: u64 = 1_000;

/// Pages of one alarm: its work is bounded, as the object does nothing for long.
const PAGES: usize = 8;

/// How long whoever connects waits for the archive.
const ASKED_FOR: Duration = Duration::from_secs(2);

/// The longest wait while D1 fails.
const LONGEST_WAIT_MS: u64 = 60_000;

/// What is there stays: a batch that was cut off may come late, after a redaction of what it holds.
const EVENTS: &str =
    "INSERT INTO events (store, incarnation, seq, client, counter, idx, author, time, name, args, digest)
    SELECT ?1, ?2, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7,
        value->>8
    FROM json_each(?3) WHERE true ON CONFLICT DO NOTHING";

const REDACTED: &str =
    "INSERT INTO events (store, incarnation, seq, client, counter, idx, author, time, name, args, digest)
    SELECT ?1, ?2, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7,
        value->>8
    FROM json_each(?3) WHERE true ON CONFLICT DO UPDATE SET args = excluded.args, digest = excluded.digest";

const STORES: &str = "INSERT INTO stores (store, incarnation, head, archived, updated_at)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET head = max(head, excluded.head), archived = max(archived, excluded.archived),
        updated_at = excluded.updated_at";

impl Object {
    /// The archive's database, if there is one: without, everything stays in the object.
    pub(super) fn archive(&self) -> Option<D1Database> {
        if self.bound.get().is_none()
            && let Ok(db) = self.db.try_borrow()
        {
            self.note_archive(&*db);
        }
        self.env.d1(self.bound.get().map_or(stores::DATABASES[0], String::as_str)).ok()
    }

    /// Notes which one it is, once that is decided.
    pub(super) fn note_archive(&self, db: &dyn Query) {
        if let Ok(Some(binding)) = facts::archive(db) {
            self.bound.get_or_init(|| binding);
        }
    }

    /// Sees to it that an alarm comes. Called before anything is waited for, so that the alarm is
    /// written together with the entries that it is for.
    pub(super) fn archive_soon(&self) -> Promise {
        let is_due = || self.room.borrow().as_ref().is_some_and(Room::is_maintenance_due);
        let is_armed = self.armed.get().is_some_and(|at| at <= now().get() + GATHER_MS);
        if is_armed || (self.archive().is_none() && self.receiver.is_none() && !is_due()) {
            return settled();
        }
        self.wake_in(GATHER_MS)
    }

    /// Asks the archive, once in a life of the object, whether the log has lost its end: then it was
    /// restored from a backup, and is another log from now on. That has to be known before anything is
    /// decided, so before a socket is opened; a platform that restores an object closes its sockets.
    pub(super) async fn compare_with_archive(&self, store: &StoreId) {
        let Some(d1) = self.archive().filter(|_| !self.compared.get()) else { return };
        let compared = match self.is_restored(&d1, store).await {
            Ok(true) => self.begin_another_life(store).map_err(Failure::from),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        match compared {
            Ok(()) => self.compared.set(true),
            // Asked again by the next socket or alarm: no archive, no less service.
            Err(error) => console_error!("the archive could not be compared: {error}"),
        }
    }

    async fn is_restored(&self, d1: &D1Database, store: &StoreId) -> Result<bool, Failure> {
        // Without the room: to open it may be work, and who only knocks makes no store.
        let Some((incarnation, head)) = Room::life(&*self.db.borrow())? else {
            return Ok(false);
        };
        let asked = d1.prepare("SELECT head FROM stores WHERE store = ?1 AND incarnation = ?2");
        let asked = asked.bind(&[store.as_str().into(), incarnation.as_str().into()])?;
        let answer = within(ASKED_FOR, async move { asked.first::<f64>(Some("head")).await });
        let archived = answer.await.ok_or(Failure::Slow)??;
        Ok(archived.is_some_and(|archived| archived > head.get() as f64))
    }

    fn begin_another_life(&self, store: &StoreId) -> Result<(), SqlError> {
        let fresh = incarnation()?;
        self.with_room(Some(store), |room, db| {
            console_error!("the log of {} ends at {}: it was restored", room.incarnation(), room.head());
            room.restored(db, fresh)
        })?;
        socket::close_all(self.state.as_raw(), Code::LogDiverged);
        Ok(())
    }

    /// Sends the log again from the first entry that is here, as the archive has lost something. What it has
    /// stays, and what is missing comes; how far that is, it says itself.
    pub(super) async fn archive_again(&self, d1: &D1Database, store: &StoreId) -> Answer {
        #[derive(Serialize)]
        struct Begun {
            head: Seq,
            archived: Seq,
        }
        let begun = async {
            let life = Room::life(&*self.db.borrow())?;
            let Some((incarnation, head)) = life else {
                return Ok(Begun { head: Seq::ZERO, archived: Seq::ZERO });
            };
            let archived = self.with_room(Some(store), |room, db| room.archive_again(db))?;
            let again = d1.prepare("UPDATE stores SET archived = ?3 WHERE store = ?1 AND incarnation = ?2");
            let begun = JsValue::from(archived.get() as f64);
            again.bind(&[store.as_str().into(), incarnation.as_str().into(), begun])?.run().await?;
            let _set = self.archive_soon();
            Ok::<_, Failure>(Begun { head, archived })
        };
        match begun.await {
            Ok(begun) => Answer::json(200, &begun),
            Err(error) => Answer::refusal(&ErrorFrame {
                retry_after_ms: Some(super::RETRY_AFTER_MS),
                ..ErrorFrame::new(Code::ServerFailed, format!("the archive: {error}"))
            }),
        }
    }

    /// Archives what is there, a bounded part at a time; returns how long to wait for the next, if
    /// there is more.
    pub(super) async fn archive_some(&self) -> Option<u64> {
        let d1 = self.archive()?;
        let spared = self.spared.get().saturating_sub(now().get());
        if spared > 0 {
            return Some(spared);
        }
        match self.archive_pages(&d1).await {
            Ok(Progress::Done) => None,
            Ok(Progress::More) => Some(0),
            Err(error) => {
                let wait = self.note_failure();
                console_error!("the archive waits for {wait} ms: {error}");
                self.spared.set(now().get() + wait);
                Some(wait)
            }
        }
    }

    async fn archive_pages(&self, d1: &D1Database) -> Result<Progress, Failure> {
        for _ in 0..PAGES {
            let next = self.with_room(None, |room, db| Ok((facts::store(db)?, room.archive_page(db)?)))?;
            let (Some(store), Some(page)) = next else { return Ok(Progress::Done) };
            send(d1, &store, &page).await?;
            self.with_room(None, |room, db| {
                if facts::failures(db)? > 0 {
                    facts::put_failures(db, 0)?;
                }
                room.archived(db, &page)
            })?;
        }
        Ok(Progress::More)
    }

    /// One more failure in a row; returns how long to wait. It is counted in the database, as an
    /// object may be dropped before it tries again.
    fn note_failure(&self) -> u64 {
        let counted = self.with_room(None, |_, db| {
            let failures = facts::failures(db)?;
            facts::put_failures(db, failures.saturating_add(1))?;
            Ok(failures)
        });
        GATHER_MS.saturating_mul(1 << counted.unwrap_or_default().min(16)).min(LONGEST_WAIT_MS)
    }
}

async fn send(d1: &D1Database, store: &StoreId, page: &ArchivePage) -> Result<(), Failure> {
    let store = JsValue::from(store.as_str());
    let incarnation = JsValue::from(page.incarnation.as_str());
    let [head, archived, time] =
        [page.head.get(), page.last.get(), now().get()].map(|n| JsValue::from(n as f64));
    let events = if page.redacted.is_some() { REDACTED } else { EVENTS };
    let events = d1.prepare(events).bind(&[store.clone(), incarnation.clone(), page.rows.as_str().into()])?;
    let stores = d1.prepare(STORES).bind(&[store, incarnation, head, archived, time])?;
    d1.batch(vec![events, stores]).await?;
    Ok(())
}

enum Progress {
    Done,
    More,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the log: {0}")]
    Log(#[from] SqlError),
    #[error("D1 does not answer")]
    Slow,
    #[error("D1: {0}")]
    D1(#[from] worker::Error),
}
