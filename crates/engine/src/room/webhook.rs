//! A webhook: whole commits of the log for a server of the app's, in their order, at least once. The room
//! keeps how far it has come and when to try again; the host sends.

use serde::Serialize;
use syncline_protocol::{Incarnation, Millis, Seq};

use super::Room;
use crate::{Query, Sql, SqlError};

pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS syncline_webhook (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    incarnation TEXT NOT NULL,
    seq INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    retry_at INTEGER NOT NULL,
    failure TEXT
) STRICT;
";

/// About as much goes out at once.
const BODY_BYTES: usize = 128 << 10;

/// The first wait after a failure; each further one is twice as long.
const FIRST_WAIT_MS: u64 = 1_000;
const LONGEST_WAIT_MS: u64 = 60 * 60 * 1_000;

/// After so many failures in a row, about half a day, it stops.
const FAILURES: u32 = 24;

/// Where a webhook stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookStatus {
    /// The last entry that was taken.
    pub seq: Seq,
    /// How often in a row it was not taken.
    pub failures: u32,
    /// When it is tried again, at the earliest.
    pub retry_at: Millis,
    /// Whether it has stopped: an operator has to say that it goes on.
    pub stopped: bool,
    /// What was wrong the last time.
    pub failure: Option<String>,
}

/// What there is to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// Nothing.
    Idle,
    /// Something, but not before this time.
    Wait(Millis),
    /// Something, and an operator has to say that it goes on.
    Stopped,
    /// This.
    Send(Delivery),
}

/// Entries to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The same, if it is sent again: for a receiver that wants each once.
    pub id: String,
    /// `{"store":…,"incarnation":…,"after":…,"entries":[…]}`.
    pub body: String,
    /// The last entry in it.
    pub last: Seq,
    /// Whose life of the log it is of: the log may begin another one before the receiver answers.
    incarnation: Incarnation,
}

impl Room {
    /// What a webhook is to be sent now.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn webhook(&self, db: &dyn Query, now: Millis) -> Result<Webhook, SqlError> {
        let status = self.webhook_status(db)?;
        if status.seq >= self.head {
            return Ok(Webhook::Idle);
        }
        if status.stopped {
            return Ok(Webhook::Stopped);
        }
        if status.retry_at > now {
            return Ok(Webhook::Wait(status.retry_at));
        }
        let lines = self.log_lines(db, status.seq, usize::MAX, BODY_BYTES)?;
        if lines.entries == 0 {
            return Ok(Webhook::Idle);
        }
        let (store, incarnation, after) = (&self.store, &self.incarnation, status.seq);
        let entries = lines.text.trim_end().replace('\n', ",");
        Ok(Webhook::Send(Delivery {
            id: format!("{incarnation}-{after}-{}", lines.last),
            body: format!(
                r#"{{"store":"{store}","incarnation":"{incarnation}","after":{after},"entries":[{entries}]}}"#
            ),
            last: lines.last,
            incarnation: incarnation.clone(),
        }))
    }

    /// Where the webhook stands. Another life of the log begins from its first entry.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn webhook_status(&self, db: &dyn Query) -> Result<WebhookStatus, SqlError> {
        let row = db.first(
            "SELECT seq, failures, retry_at, failure FROM syncline_webhook WHERE incarnation = ?1",
            &[self.incarnation.as_str().into()],
        )?;
        let Some(row) = row else {
            let (seq, retry_at) = (Seq::ZERO, Millis::default());
            return Ok(WebhookStatus { seq, failures: 0, retry_at, stopped: false, failure: None });
        };
        let failures = row.get(1)?;
        Ok(WebhookStatus {
            seq: row.get(0)?,
            failures,
            retry_at: row.get(2)?,
            stopped: failures >= FAILURES,
            failure: row.get(3)?,
        })
    }

    /// It was taken, and all before it.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn webhook_taken(&self, db: &mut dyn Sql, delivery: &Delivery) -> Result<(), SqlError> {
        if delivery.incarnation == self.incarnation { self.webhook_resume(db, delivery.last) } else { Ok(()) }
    }

    /// An operator says that it goes on, after a seq.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn webhook_resume(&self, db: &mut dyn Sql, after: Seq) -> Result<(), SqlError> {
        self.put_webhook(db, after, 0, Millis::default(), None)
    }

    /// It was not taken: it is tried again later, later each time; or not before an operator says so, after
    /// many times, or where the receiver is `gone`.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn webhook_failed(
        &self,
        db: &mut dyn Sql,
        now: Millis,
        delivery: &Delivery,
        why: &str,
        gone: bool,
    ) -> Result<(), SqlError> {
        if delivery.incarnation != self.incarnation {
            return Ok(());
        }
        let status = self.webhook_status(&*db)?;
        let failures = if gone { FAILURES } else { status.failures.saturating_add(1) };
        let wait = FIRST_WAIT_MS.saturating_mul(1 << status.failures.min(20)).min(LONGEST_WAIT_MS);
        let why: String = why.chars().take(500).collect();
        self.put_webhook(db, status.seq, failures, now.plus(wait), Some(&why))
    }

    fn put_webhook(
        &self,
        db: &mut dyn Sql,
        seq: Seq,
        failures: u32,
        retry_at: Millis,
        failure: Option<&str>,
    ) -> Result<(), SqlError> {
        db.execute(
            "INSERT OR REPLACE INTO syncline_webhook (id, incarnation, seq, failures, retry_at, failure)
                VALUES (1, ?1, ?2, ?3, ?4, ?5)",
            &[self.incarnation.as_str().into(), seq.into(), failures.into(), retry_at.into(), failure.into()],
        )
    }
}
