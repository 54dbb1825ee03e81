//! A client of the protocol: it numbers its commits, and follows the log.

use chat_model::{ChannelKind, ChatEvent};
use syncline_engine::protocol::{
    Args, ClientMessage, Commit, Counter, Entry, ErrorFrame, Hello, ModelVersion, Outcome, Push, RawEvent,
    Rejection, Seq, ServerMessage, StoreId, Subject, Verdict, Welcome,
};

use crate::failure::{Done, Failure, ensure, same, some};
use crate::log::Log;
use crate::server::{Server, own};
use crate::socket::Socket;

/// More frames in a row after a gap than the busiest scenario has on their way.
const GAPS: usize = 1_000;

pub(crate) struct Client {
    pub(crate) socket: Socket,
    pub(crate) hello: Hello,
    pub(crate) subject: Subject,
    pub(crate) welcome: Welcome,
    pub(crate) log: Log,
    model_version: ModelVersion,
    counter: u64,
}

impl Client {
    /// A new client, greeted, that has read the log to its end.
    pub(crate) fn join(server: &Server, store: &StoreId, subject: &str) -> Done<Self> {
        let mut client = Self::greet(server, server.hello(store, subject)?)?;
        client.catch_up()?;
        Ok(client)
    }

    /// One that is in the chat, and in the channel `general`, which it has opened.
    pub(crate) fn founder(server: &Server, store: &StoreId, subject: &str) -> Done<Self> {
        let mut client = Self::join(server, store, subject)?;
        let opening = client.commit([joined(subject), channel("general")])?;
        client.accepted(vec![opening])?;
        Ok(client)
    }

    /// Greeted; a page that follows the welcome is not read yet.
    pub(crate) fn greet(server: &Server, hello: Hello) -> Done<Self> {
        let mut socket = server.socket(&hello.store)?;
        let welcome = socket.greet(hello.clone())?;
        let subject = some(hello.subject.clone(), "a subject")?;
        let (log, model_version) = (Log::default(), server.model_version());
        let counter = welcome.decided.get();
        Ok(Self { socket, hello, subject, welcome, log, model_version, counter })
    }

    /// The same client on a new socket, with its cursor; what it has of the log it keeps.
    pub(crate) fn again(&self, server: &Server) -> Done<Self> {
        let mut hello = self.hello.clone();
        hello.cursor = Some(self.log.cursor(&self.welcome.incarnation));
        let mut client = Self::greet(server, hello)?;
        client.log = self.log.clone();
        Ok(client)
    }

    /// Reads the log to the head that the welcome names.
    pub(crate) fn catch_up(&mut self) -> Done {
        if self.log.head() < self.welcome.head { self.follow_to(self.welcome.head) } else { Ok(()) }
    }

    /// Reads, and pulls where it has to, until it has an entry.
    pub(crate) fn follow_to(&mut self, seq: Seq) -> Done {
        let mut gaps = 0;
        while self.log.head() < seq {
            let frame = self.socket.entries()?;
            let before = self.log.head();
            let gap = self.log.take(&frame)?;
            ensure(
                gap || self.log.head() > before || frame.head < seq,
                "a page after the cursor, where the log goes on",
                (before, frame.after, frame.head),
            )?;
            // What is published may come before what is between; the pages that are pulled then have no gap.
            gaps = if gap { gaps + 1 } else { 0 };
            ensure(gaps < GAPS, "a page right after the cursor", (before, frame.after))?;
            if gap || self.log.head() < frame.head {
                let after = self.log.head();
                self.socket
                    .send(&ClientMessage::Pull(syncline_engine::protocol::Pull { after, part: None }))?;
            }
        }
        Ok(())
    }

    /// The next commit.
    pub(crate) fn commit(&mut self, events: impl IntoIterator<Item = ChatEvent>) -> Done<Commit> {
        let events = events.into_iter().map(|event| raw(&event)).collect::<Done<Vec<_>>>()?;
        self.raw_commit(events)
    }

    pub(crate) fn raw_commit(&mut self, events: Vec<RawEvent>) -> Done<Commit> {
        self.counter += 1;
        Ok(Commit {
            counter: Counter::new(self.counter).map_err(own)?,
            author: self.subject.clone(),
            model_version: self.model_version,
            events,
        })
    }

    pub(crate) fn send(&mut self, commits: Vec<Commit>) -> Done {
        self.socket.send(&ClientMessage::Push(Push { commits }))
    }

    /// Pushes, and reads the entries that come of it and then the verdicts, in the order of the counters.
    pub(crate) fn push(&mut self, commits: Vec<Commit>) -> Done<Vec<Verdict>> {
        let counters: Vec<Counter> = commits.iter().map(|commit| commit.counter).collect();
        self.send(commits)?;
        let verdicts = self.decided()?;
        let told: Vec<Counter> = verdicts.iter().map(|verdict| verdict.counter).collect();
        same("a verdict for each commit, in their order", counters, told)?;
        Ok(verdicts)
    }

    /// The verdicts of a push, and before them its entries, where it has led to any.
    pub(crate) fn decided(&mut self) -> Done<Vec<Verdict>> {
        let answer = self.answer()?;
        answer
            .map_err(|frame| Failure::new("entries, and then verdicts", ServerMessage::Error(frame).encode()))
    }

    /// The verdicts of a push after its entries, or the error in their place.
    pub(crate) fn answer(&mut self) -> Done<Result<Vec<Verdict>, ErrorFrame>> {
        loop {
            let came = self.socket.message("entries, and then verdicts")?;
            if let ServerMessage::Entries(entries) = &came {
                let gap = self.log.take(entries)?;
                ensure(!gap, "entries without a gap, as this socket is live", entries.after)?;
            } else if let ServerMessage::Verdicts(verdicts) = came {
                // It may have been sent more: a host may publish several pushes as one.
                let sent = verdicts.head <= self.log.head();
                let expected = "the head that the verdicts follow was sent before them";
                ensure(sent, expected, (verdicts.head, self.log.head()))?;
                return Ok(Ok(verdicts.verdicts));
            } else if let ServerMessage::Error(frame) = came {
                return Ok(Err(frame));
            } else {
                return Err(Failure::new("entries, and then verdicts", came.encode()));
            }
        }
    }

    /// Pushes what has to be accepted, and sees that it is in the log as it was sent, under this name.
    pub(crate) fn accepted(&mut self, commits: Vec<Commit>) -> Done<Vec<(Seq, Seq)>> {
        let verdicts = self.push(commits.clone())?;
        let mut places = Vec::new();
        for (commit, verdict) in commits.iter().zip(verdicts) {
            let (first, last) = match verdict.outcome {
                Outcome::Accepted { first, last } => (first, last),
                Outcome::Rejected(rejection) => {
                    return Err(Failure::new(
                        format!("commit {} is accepted", commit.counter),
                        rejection.to_string(),
                    ));
                }
            };
            let logged: Vec<&Entry> =
                self.log.entries.iter().filter(|entry| (first..=last).contains(&entry.seq)).collect();
            let of_commit = logged.iter().all(|entry| {
                entry.client == self.hello.client
                    && entry.counter == commit.counter
                    && entry.author == commit.author
            });
            ensure(
                of_commit,
                "own-name: the entries of a commit are those of its client and author",
                &logged,
            )?;
            let of = logged.len();
            for (index, entry) in logged.iter().enumerate() {
                let place = (entry.index as usize, entry.of as usize);
                same("whole-commits: the place of an entry in its commit", (index, of), place)?;
            }
            let events: Vec<RawEvent> = logged.iter().map(|entry| entry.event()).collect();
            same("the events of a commit, as they were sent", &commit.events, &events)?;
            places.push((first, last));
        }
        Ok(places)
    }

    /// Pushes one commit that has to be rejected, and to leave the log as it is.
    pub(crate) fn rejected(&mut self, commit: Commit, code: &str) -> Done<Rejection> {
        let before = self.log.head();
        let expected = format!("commit {} is rejected with {code}", commit.counter);
        let verdict = some(self.push(vec![commit])?.pop(), &expected)?;
        same("the head, as nothing was logged", before, self.log.head())?;
        match verdict.outcome {
            Outcome::Rejected(rejection) if rejection.code == code => Ok(rejection),
            outcome @ (Outcome::Rejected(_) | Outcome::Accepted { .. }) => {
                Err(Failure::new(expected, format!("{outcome:?}")))
            }
        }
    }
}

pub(crate) fn raw(event: &ChatEvent) -> Done<RawEvent> {
    #[derive(serde::Deserialize)]
    struct Tagged {
        name: String,
        args: Args,
    }
    let json = serde_json::to_string(event).map_err(own)?;
    let Tagged { name, args } = serde_json::from_str(&json).map_err(own)?;
    Ok(RawEvent { name, args })
}

/// An event with args as they are written here.
pub(crate) fn written(name: &str, args: impl Into<String>) -> Done<RawEvent> {
    Ok(RawEvent { name: name.to_owned(), args: Args::parse(args).map_err(own)? })
}

pub(crate) fn joined(name: &str) -> ChatEvent {
    ChatEvent::PersonJoined { name: name.to_owned(), avatar: None, invite: None }
}

/// A channel whose id and name are the same.
pub(crate) fn channel(name: &str) -> ChatEvent {
    ChatEvent::ChannelCreated {
        id: name.to_owned(),
        name: name.to_owned(),
        topic: None,
        kind: ChannelKind::Open,
        category: None,
    }
}

pub(crate) fn member() -> ChatEvent {
    ChatEvent::ChannelJoined { channel: "general".to_owned() }
}

/// A message in `general`.
pub(crate) fn message(id: &str, text: &str) -> ChatEvent {
    ChatEvent::MessagePosted {
        id: id.to_owned(),
        channel: "general".to_owned(),
        text: text.to_owned(),
        posted_at: syncline_engine::protocol::Millis::default(),
        reply_to: None,
    }
}

/// The whole log of a store, as somebody reads it who has never been there.
pub(crate) fn read_log(server: &Server, store: &StoreId, subject: &str) -> Done<Log> {
    Client::join(server, store, subject).map(|client| client.log)
}
