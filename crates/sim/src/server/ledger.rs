//! What a server had decided of a client's commits before it crashed: in its tables, as nobody was told.

use serde::Deserialize;
use syncline_engine::protocol::{ClientMessage, Counter, Outcome, Rejection, Seq, Verdict, decode_client};
use syncline_engine::{Connection, Query, SqlError};

use crate::oracle::Violation;
use crate::world::host;

#[derive(Deserialize)]
#[serde(untagged)]
enum Kept {
    Accepted(u32),
    Rejected { code: String, message: String },
}

/// What is decided of the commits of a push.
pub(super) fn decided(
    db: &dyn Query,
    connection: &Connection,
    push: &str,
) -> Result<Vec<Verdict>, Violation> {
    let Ok(ClientMessage::Push(push)) = decode_client(push, usize::MAX) else { return Ok(Vec::new()) };
    let attached = serde_json::to_value(connection).map_err(unread)?;
    let client = attached.pointer("/greeted/client").and_then(|client| client.as_str()).unwrap_or_default();
    let sql = "SELECT first, after, outcomes FROM syncline_decisions WHERE client = ?1 ORDER BY first";
    let mut verdicts = Vec::new();
    for row in db.query(sql, &[client.into()]).map_err(host)? {
        let read = |row: &syncline_engine::Row| -> Result<(Counter, Seq, String), SqlError> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        };
        let (mut counter, mut head, outcomes) = read(&row).map_err(host)?;
        for kept in serde_json::from_str::<Vec<Kept>>(&outcomes).map_err(unread)? {
            let outcome = match kept {
                Kept::Accepted(size) => {
                    let first = head.next();
                    head = head.plus(size.into());
                    Outcome::Accepted { first, last: head }
                }
                Kept::Rejected { code, message } => Outcome::Rejected(Rejection { code, message }),
            };
            if push.commits.iter().any(|commit| commit.counter == counter) {
                verdicts.push(Verdict { counter, outcome });
            }
            counter = counter.next();
        }
    }
    Ok(verdicts)
}

fn unread(error: serde_json::Error) -> Violation {
    Violation::new("exactly-once", format!("what was decided does not read: {error}"))
}
