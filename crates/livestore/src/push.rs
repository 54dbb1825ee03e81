//! A push: a compare-and-set on the number of the head, of all its events or none.

use std::borrow::Cow;

use serde_json::value::RawValue;
use syncline_engine::protocol::{Args, Code, Commit, Counter, Limits, ModelVersion, Push, RawEvent, Subject};
use syncline_engine::{Output, Run, Whole};

use crate::LiveStore;
use crate::connection::Connection;
use crate::failure::Failure;
use crate::frame::{Event, Maybe, PushRequest};
use crate::serve::Input;
use crate::writer::Writer;

/// How far a number may leap: else one client could use up all that there are.
const LEAP: u64 = 1_000_000;

impl LiveStore {
    /// What is to be published of it.
    pub(crate) fn push(
        &mut self,
        input: &mut Input<'_>,
        connection: &mut Connection,
        payload: Option<&RawValue>,
    ) -> Result<Vec<Output>, Failure> {
        let text = payload.map_or("null", RawValue::get);
        let PushRequest { store_id, payload, batch, backend_id } =
            serde_json::from_str(text).map_err(|error| Failure::Die(error.to_string()))?;
        connection.admit(input, store_id.as_deref(), payload)?;
        let Some(first) = batch.first() else { return Ok(Vec::new()) };
        let expected = input.room.incarnation().as_str();
        if let Maybe::Some(received) = backend_id
            && received != expected
        {
            return Err(Failure::BackendIdMismatch { expected: expected.to_owned(), received });
        }
        self.numbers.catch_up(input.room, input.db)?;
        let head = self.numbers.number();
        if first.parent_seq_num != head {
            return Err(Failure::ServerAhead { head, parent: first.parent_seq_num });
        }
        refuse_disorder(&batch, input.room.limits().push_events)?;
        let runs = runs(&batch, connection.grant().subject.as_ref(), input.room.rules().version())?;
        let whole = Whole { grant: connection.grant(), runs: &runs };
        let outputs = input.room.push_whole(input.db, input.now, &whole)?;
        for Run { client, push, .. } in &runs {
            for commit in &push.commits {
                self.numbers.follow(self.numbers.seq().next(), client.as_str(), commit.counter.get());
            }
        }
        connection.pusher = runs.into_iter().next().map(|run| run.client);
        Ok(outputs)
    }
}

/// Each event follows the one before it, not the first alone.
fn refuse_disorder(batch: &[Event<'_>], most: usize) -> Result<(), Failure> {
    if batch.len() > most {
        let message = format!("{} events; the limit is {most}", batch.len());
        return Err(Failure::coded(Code::PushTooLarge, message));
    }
    let mut before = None;
    for Event { name, args, seq_num, parent_seq_num, .. } in batch {
        let parent = before.unwrap_or(*parent_seq_num);
        let leap = seq_num.checked_sub(parent).filter(|leap| (1..=LEAP).contains(leap));
        if *parent_seq_num != parent || leap.is_none() {
            let message = format!("the event {seq_num} on {parent_seq_num} does not follow {parent}");
            return Err(Failure::coded(Code::CounterOrder, message));
        }
        let size = name.len() + args.map_or(0, |args| args.get().len());
        if size > Limits::LIVESTORE_BYTES {
            // As LiveStore's own client says it of what it does not even send.
            let message = format!(r#"{{ "size": {size}, "maxBytes": {} }}"#, Limits::LIVESTORE_BYTES);
            return Err(Failure::Unknown { name: "OversizeChunkItemError".to_owned(), message });
        }
        before = Some(*seq_num);
    }
    Ok(())
}

/// A commit for each event; those of one session that follow each other, together. Without a token that says who
/// it is, clients are trusted: it is who they say that they are.
fn runs(
    batch: &[Event<'_>],
    signed_in: Option<&Subject>,
    model_version: ModelVersion,
) -> Result<Vec<Run>, Failure> {
    let same = |one: &Event<'_>, next: &Event<'_>| {
        (&one.client_id, &one.session_id, one.args.is_none())
            == (&next.client_id, &next.session_id, next.args.is_none())
    };
    let bad = |why: String| Failure::coded(Code::BadMessage, why);
    let run = |events: &[Event<'_>]| {
        let first = events.first().ok_or_else(|| bad("no event".to_owned()))?;
        let writer = Writer {
            client: Cow::into_owned(first.client_id.clone()),
            session: Cow::into_owned(first.session_id.clone()),
            bare: first.args.is_none(),
        };
        let client = writer.id().map_err(|error| bad(format!("clientId and sessionId: {error}")))?;
        let named =
            || Subject::parse(writer.client.as_str()).map_err(|error| bad(format!("clientId: {error}")));
        let subject = signed_in.map_or_else(named, |subject| Ok(subject.clone()))?;
        let commits = events.iter().map(|event| {
            let args = event.args.map_or("null", RawValue::get);
            let args = Args::parse(args).map_err(|error| Failure::Die(error.to_string()))?;
            let counter = Counter::new(event.seq_num).map_err(|error| bad(error.to_string()))?;
            let events = vec![RawEvent { name: event.name.clone().into_owned(), args }];
            Ok(Commit { counter, author: subject.clone(), model_version, events })
        });
        let commits = commits.collect::<Result<_, Failure>>()?;
        Ok(Run { client, subject, push: Push { commits } })
    };
    batch.chunk_by(same).map(run).collect()
}
