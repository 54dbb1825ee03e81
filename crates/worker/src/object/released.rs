//! Entries that are in the archive alone: let go by alarm, once they were read back; brought back for whoever
//! asks for them.

use std::time::Duration;

use syncline_engine::protocol::{Seq, StoreId};
use syncline_engine::{HostFailure, Room, Sql, SqlError, Stretch};
use wasm_bindgen::JsValue;
use worker::{D1Database, console_error};

use super::archive::Failure;
use super::{Object, facts, host_failure};
use crate::clock::now;
use crate::wait::within;

/// As [`Room::release`] takes them.
const ROWS: &str =
    "SELECT json_array(seq, client, counter, idx, author, time, name, args, digest) FROM events
    WHERE store = ?1 AND incarnation = ?2 AND seq BETWEEN ?3 AND ?4 ORDER BY seq";

/// Stretches of one alarm: its work is bounded.
const STRETCHES: usize = 8;

/// How long an answer of the archive may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// As long is worth a line.
const SLOW_MS: u64 = 2_000;

/// For so long after the last was brought back, all of it stays: who reads on finds it.
const STAYS_MS: u64 = 60_000;

/// Unless it is as much: then all of it leaves, however many read.
const STAYS_BYTES: usize = 64 << 20;

impl Object {
    /// Brings back what begins in this segment, or about as much of it as is read at once.
    pub(super) async fn bring_back(&self, first: Seq) -> Result<(), SqlError> {
        let Some((stretch, rows)) = self.read_released(first).await? else { return Ok(()) };
        self.with_room(None, |room, db| room.bring_back(db, &stretch, &rows))?;
        let (_, bytes) = self.reading.get();
        self.reading.set((now().get() + STAYS_MS, bytes + rows.len()));
        if self.armed.get().is_none() {
            let _set = self.wake_in(STAYS_MS);
        }
        Ok(())
    }

    /// Does something with what begins in this segment, and lets it go again: who goes through a whole log must
    /// not have all of it in the object.
    pub(super) async fn borrowed<T>(
        &self,
        first: Seq,
        body: impl FnOnce(&mut Room, &mut dyn Sql) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let Some((stretch, rows)) = self.read_released(first).await? else {
            return self.with_room(None, body);
        };
        self.with_room(None, |room, db| {
            room.bring_back(db, &stretch, &rows)?;
            let done = body(room, db);
            if let Err(error) = room.release(db, &stretch, &rows) {
                console_error!("{error}");
            }
            done
        })
    }

    /// Lets go what may go, a bounded part at a time; returns how long to wait for the next, if there is more.
    pub(super) async fn release_some(&self) -> Option<u64> {
        let d1 = self.archive()?;
        for _ in 0..STRETCHES {
            let next = self.with_room(None, |room, db| Ok((facts::store(db)?, room.releasable(db)?)));
            let (store, stretch) = match next {
                Ok((Some(store), Some(stretch))) => (store, stretch),
                Ok(_) => {
                    self.reading.set((0, 0));
                    return None;
                }
                Err(error) => {
                    console_error!("nothing is released: {error}");
                    return None;
                }
            };
            let (until, bytes) = self.reading.get();
            let stays = until.saturating_sub(now().get());
            if stays > 0 && bytes < STAYS_BYTES {
                return Some(stays);
            }
            let released = match read(&d1, &store, &stretch).await {
                Ok(rows) => self.with_room(None, |room, db| room.release(db, &stretch, &rows)),
                Err(error) => Err(host_failure(error.to_string())),
            };
            if let Err(error) = released {
                console_error!("nothing is released: {error}");
                return Some(STAYS_MS);
            }
        }
        Some(0)
    }

    /// What is wrong with the entries that are in the archive alone, if anything is.
    pub(super) async fn check_released(&self, store: &StoreId) -> Result<Option<String>, SqlError> {
        let mut from = Seq::ZERO;
        loop {
            let released = |from| self.with_room(Some(store), |_, db| Room::released(db, from));
            let Some(stretch) = released(from)? else { return Ok(None) };
            let Some((stretch, rows)) = self.read_released(stretch.first).await? else { continue };
            match self.with_room(None, |_, db| Room::check_released(db, &stretch, &rows)) {
                Ok(()) => from = stretch.last.next(),
                // Somebody has brought it back meanwhile.
                Err(_) if released(stretch.first)?.as_ref() != Some(&stretch) => {}
                Err(SqlError::Host { failure: HostFailure::Corrupt, message }) => return Ok(Some(message)),
                Err(error) => return Err(error),
            }
        }
    }

    /// What begins in this segment, as the archive has it; nothing, where it is here again.
    async fn read_released(&self, first: Seq) -> Result<Option<(Stretch, String)>, SqlError> {
        let known = self.with_room(None, |_, db| Ok((facts::store(db)?, Room::released(db, first)?)))?;
        let (Some(store), Some(stretch)) = known else { return Ok(None) };
        if stretch.first > first {
            return Ok(None);
        }
        let Some(d1) = self.archive() else {
            return Err(host_failure(
                "the archive has entries of this log, and is not bound any more".to_owned(),
            ));
        };
        let rows = read(&d1, &store, &stretch).await;
        rows.map(|rows| Some((stretch, rows))).map_err(|error| host_failure(error.to_string()))
    }
}

async fn read(d1: &D1Database, store: &StoreId, stretch: &Stretch) -> Result<String, Failure> {
    let Stretch { incarnation, first, last } = stretch;
    let [from, to] = [first, last].map(|seq| JsValue::from(seq.get() as f64));
    let asked = d1.prepare(ROWS).bind(&[store.as_str().into(), incarnation.as_str().into(), from, to])?;
    let began = now();
    let rows = within(PATIENCE, async move { asked.raw::<String>().await });
    let rows = rows.await.ok_or(Failure::Slow)??;
    let took = now().get().saturating_sub(began.get());
    if took >= SLOW_MS {
        console_error!("D1 took {took} ms for {first} to {last} of {store}");
    }
    Ok(format!("[{}]", rows.concat().join(",")))
}
