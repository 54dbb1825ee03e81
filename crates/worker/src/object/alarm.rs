//! The alarm: what the object does for itself, between inputs. Each time a bounded part, as the platform
//! stops whoever works for too long.

use js_sys::{Object as JsObject, Promise};
use syncline_engine::{Room, Sql};
use wasm_bindgen::JsValue;
use worker::console_error;

use super::{Object, facts, settled};
use crate::clock::now;

/// Steps of a rebuild in one alarm: a second or two of work.
const STEPS: usize = 4;

/// How long a rebuild waits after a failure of the storage.
const RETRY_MS: u64 = 5_000;

impl Object {
    /// Sees to it that an alarm comes. Called before anything is waited for, so that the alarm is
    /// written together with what it is for.
    pub(super) fn wake_in(&self, wait_ms: u64) -> Promise {
        self.arm(wait_ms).unwrap_or_else(|error| {
            console_error!("no alarm could be set: {error:?}");
            settled()
        })
    }

    fn arm(&self, wait_ms: u64) -> Result<Promise, JsValue> {
        let at = now().get() + wait_ms;
        let date = js_sys::Date::new(&(at as f64).into());
        let promise = self.state.storage().as_raw().set_alarm(date, JsObject::new())?;
        self.armed.set(Some(at));
        Ok(promise)
    }

    /// Makes the state anew where that is to be done, and archives after that: pushes wait for the
    /// first.
    ///
    /// # Errors
    /// When no further alarm could be set: then the platform calls this one again.
    pub async fn alarm(&self) -> Result<(), JsValue> {
        self.armed.set(None);
        let wait = match self.rebuild_some().await {
            Some(wait) => Some(wait),
            None => {
                if let Err(error) = self.with_room(None, |room, db| room.maintain(db)) {
                    console_error!("no snapshot is made: {error}");
                }
                let store = facts::store(&mut *self.db.borrow_mut());
                if let Ok(Some(store)) = store {
                    self.compare_with_archive(&store).await;
                }
                // Each in its own time: the soonest sets the next alarm.
                let waits = [self.archive_some().await, self.deliver_some().await, self.release_some().await];
                waits.into_iter().flatten().min()
            }
        };
        match wait {
            Some(wait) => js_sys::futures::JsFuture::from(self.arm(wait)?).await.map(drop),
            None => Ok(()),
        }
    }

    /// Some steps of a rebuild; how long to wait for the next, if it is not done.
    async fn rebuild_some(&self) -> Option<u64> {
        for _ in 0..STEPS {
            let step = |room: &mut Room, db: &mut dyn Sql| room.rebuild_step(db);
            let done = match self.with_room(None, step) {
                Err(error) if let Some(first) = error.released() => self.borrowed(first, step).await,
                done => done,
            };
            match done {
                Ok(true) => return None,
                Ok(false) => {}
                Err(error) => {
                    console_error!("the state is not made anew: {error}");
                    return Some(RETRY_MS);
                }
            }
        }
        Some(0)
    }
}
