//! A log that comes from elsewhere, part after part, into a room that has none.

use serde::Serialize;
use syncline_engine::protocol::{Code, Entry, ErrorFrame, Incarnation, Seq};
use syncline_engine::{Room, Sql, SqlError};

use super::Reply;
use crate::answer::Answer;

/// Entries of another log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportCall {
    /// Whether what the model cannot apply is set aside, and does not refuse the whole.
    pub aside: bool,
    /// The last entry of the part before; a log has one incarnation, so it is named, too.
    pub after: Seq,
    /// The incarnation that the log is to have; another, where none is named.
    pub incarnation: Option<Incarnation>,
    /// The entries, a line each.
    pub lines: String,
}

impl ImportCall {
    /// Takes a part into the room: the first makes the log, in place of an empty one.
    pub(super) fn take(self, room: &mut Room, db: &mut dyn Sql) -> Reply {
        let refuse = |code, message: String| Reply::of(Answer::refusal(&ErrorFrame::new(code, message)));
        let Self { aside, after, incarnation, lines } = self;
        let known = incarnation.as_ref() == Some(room.incarnation());
        if room.head() != after || (after > Seq::ZERO && !known) {
            let message = format!(
                "the log is {}, and ends at {}: a part follows the one before it, and names the incarnation",
                room.incarnation(),
                room.head()
            );
            return refuse(Code::StoreExists, message);
        }
        let mut entries: Vec<Entry> = Vec::new();
        for (number, line) in (1..).zip(lines.lines()) {
            let entry = serde_json::from_str::<Entry>(line).map_err(|error| error.to_string());
            let taken = entry.and_then(|entry| match room.rules().decodes(entry.event()) {
                Err(why) if !aside => Err(why.to_string()),
                Err(_) | Ok(()) => Ok(entry),
            });
            match taken {
                Ok(entry) => entries.push(entry),
                Err(why) => return refuse(Code::ImportRefused, format!("line {number}: {why}")),
            }
        }
        if entries.is_empty() {
            // A body that did not come is no log.
            return refuse(Code::ImportRefused, "there is no entry in it".to_owned());
        }
        let done = (|| {
            if let Some(incarnation) = incarnation.filter(|_| after == Seq::ZERO && !known) {
                room.reset(db, incarnation)?;
            }
            room.import(db, &entries)?;
            room.info(&*db)
        })();
        match done {
            Ok(info) => {
                let told =
                    Imported { head: info.head, aside: info.quarantined, incarnation: info.incarnation };
                // Whoever is connected has not been told.
                Reply { close_all: Some(Code::LogDiverged), ..Reply::of(Answer::json(200, &told)) }
            }
            Err(SqlError::Refused(why)) => refuse(Code::ImportRefused, why),
            Err(error) => Reply::failed(&error),
        }
    }
}

#[derive(Serialize)]
struct Imported {
    head: Seq,
    aside: u32,
    incarnation: Incarnation,
}
