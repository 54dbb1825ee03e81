//! The log, a part at a time: as lines, or as server-sent events.

use syncline_engine::protocol::{Code, ErrorFrame, Incarnation, Seq};
use syncline_engine::{LogLines, Query, Room, SqlError};

use crate::answer::Answer;

/// The header that names the last entry of a part of a log; absent where nothing follows.
pub const LAST: &str = "syncline-last";

/// The header of a part of a log that says which life of it this is.
pub const INCARNATION: &str = "syncline-incarnation";

/// For so long nothing comes on a stream of events; then it says that it is there.
const SILENCE_MS: u32 = 15_000;

/// What a stream of events begins with: how soon whoever was cut off comes again.
const RETRY: &str = "retry: 1000\n\n";

/// About as much of a log is read at once.
const PART_BYTES: usize = 1 << 20;

/// The part of a log that is asked for, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogCall {
    /// The last entry that the asker has.
    pub after: Seq,
    /// How many entries; all, where it is not said.
    pub left: Option<u64>,
    /// How long to wait for the first of them.
    pub wait_ms: u32,
    /// Where it has to be this life of the log.
    pub incarnation: Option<Incarnation>,
    /// What they are written as.
    pub form: Form,
}

/// What the entries of a log are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line of JSON each. What is there, and no more.
    Lines,
    /// Server-sent events, without end.
    Events,
}

impl LogCall {
    /// The entries after a seq, as lines.
    #[must_use]
    pub const fn lines(after: Seq) -> Self {
        Self { after, left: None, wait_ms: 0, incarnation: None, form: Form::Lines }
    }

    /// What is left of it after an answer with these headers, if anything is.
    #[must_use]
    pub fn rest(&self, header: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let last = Seq::new(header(LAST)?.parse().ok()?).ok()?;
        let read = last.get().saturating_sub(self.after.get());
        let left = self.left.map(|left| left.saturating_sub(read));
        let wait_ms = if self.form == Form::Events { SILENCE_MS } else { 0 };
        // Who has nothing yet may follow any life: a store that nobody has written to may have none of its own.
        let incarnation = Incarnation::parse(header(INCARNATION)?).ok().filter(|_| last > Seq::ZERO);
        (left != Some(0)).then_some(Self { after: last, left, wait_ms, incarnation, form: self.form })
    }

    /// As the query of a request.
    #[must_use]
    pub fn query(&self) -> String {
        let limit = self.left.map(|left| format!("&limit={left}")).unwrap_or_default();
        let of = self.incarnation.as_ref().map(|of| format!("&incarnation={of}")).unwrap_or_default();
        format!("after={}{limit}{of}&wait={}", self.after, self.wait_ms / 1_000)
    }

    pub(super) fn part(&self, room: &Room, db: &dyn Query) -> Result<Answer, SqlError> {
        let is = room.incarnation();
        if let Some(wanted) = self.incarnation.as_ref().filter(|wanted| *wanted != is) {
            let message = format!("this is the log {is}, at {}; not {wanted}", room.head());
            return Ok(Answer::refusal(&ErrorFrame::new(Code::LogDiverged, message)));
        }
        let limit = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let lines = room.log_lines(db, self.after, limit, PART_BYTES)?;
        let (last, goes_on) = (lines.last, lines.entries > 0 || self.form == Form::Events);
        let mut answer = match self.form {
            Form::Lines => Answer::lines(lines.text),
            Form::Events => Answer::events(self.events(is, &lines)),
        };
        if goes_on {
            answer.headers.push((LAST, last.to_string()));
            answer.headers.push((INCARNATION, is.to_string()));
        }
        Ok(answer)
    }

    /// Each entry as an event; nothing, as a comment.
    fn events(&self, incarnation: &Incarnation, lines: &LogLines) -> String {
        let mut text = if self.wait_ms == 0 { RETRY.to_owned() } else { String::new() };
        let mut seq = lines.last.get().saturating_sub(lines.entries as u64);
        for line in lines.text.lines() {
            seq += 1;
            text.push_str(&format!("id: {incarnation}-{seq}\ndata: {line}\n\n"));
        }
        if text.is_empty() {
            text.push_str(":\n\n");
        }
        text
    }
}
