//! Live queries: run again only when a table that they read has changed, told only when their rows have.

use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::{Stream, stream};
use serde::de::DeserializeOwned;
use syncline_engine::{Param, Value};
use tokio::sync::watch;

use crate::Error;
use crate::store::Handle;

/// A query's rows, first as of now, then whenever they have changed. What changes while nobody asks comes as
/// one change.
pub struct Subscription<T> {
    handle: Arc<Handle>,
    changes: watch::Receiver<u64>,
    sql: String,
    params: Vec<Value>,
    /// What it reads.
    tables: Vec<String>,
    /// The rows that were told last, and when they were read.
    last: Option<(String, u64)>,
    rows: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Subscription<T> {
    pub(crate) fn new(handle: Arc<Handle>, sql: &str, params: &[Param<'_>]) -> Result<Self, Error> {
        let tables = handle.shared.front()?.db.tables_read_by(sql).map_err(Error::Query)?;
        let changes = handle.shared.changes.subscribe();
        let params = params.iter().map(owned).collect();
        Ok(Self { handle, changes, sql: sql.to_owned(), params, tables, last: None, rows: PhantomData })
    }

    /// The rows, once there are others than it gave last. None once the store is closed. It may be dropped
    /// and called again.
    pub async fn next(&mut self) -> Option<Result<Vec<T>, Error>> {
        loop {
            self.changes.borrow_and_update();
            match self.look() {
                Ok(Some(rows)) => return Some(serde_json::from_str(&rows).map_err(Error::Rows)),
                Ok(None) => {}
                Err(Error::Closed) => return None,
                Err(error) => return Some(Err(error)),
            }
            self.changes.changed().await.ok()?;
        }
    }

    /// As a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Vec<T>, Error>> {
        stream::unfold(self, |mut subscription| async {
            let rows = subscription.next().await?;
            Some((rows, subscription))
        })
    }

    fn look(&mut self) -> Result<Option<String>, Error> {
        let front = self.handle.shared.front()?;
        let count = front.count();
        if self.last.as_ref().is_some_and(|(_, read)| !front.changed_since(&self.tables, *read)) {
            return Ok(None);
        }
        let params: Vec<Param<'_>> = self.params.iter().map(borrowed).collect();
        let rows = front.db.query_json(&self.sql, &params).map_err(Error::Query)?;
        drop(front);
        let same = self.last.as_ref().is_some_and(|(last, _)| *last == rows);
        self.last = Some((rows.clone(), count));
        Ok((!same).then_some(rows))
    }
}

fn owned(param: &Param<'_>) -> Value {
    match *param {
        Param::Null => Value::Null,
        Param::Integer(n) => Value::Integer(n),
        Param::Real(x) => Value::Real(x),
        Param::Text(text) => Value::Text(text.to_owned()),
        Param::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}

fn borrowed(value: &Value) -> Param<'_> {
    match value {
        Value::Null => Param::Null,
        Value::Integer(n) => Param::Integer(*n),
        Value::Real(x) => Param::Real(*x),
        Value::Text(text) => Param::Text(text),
        Value::Blob(bytes) => Param::Blob(bytes),
    }
}
