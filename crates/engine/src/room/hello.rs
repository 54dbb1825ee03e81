//! Who connects, and who may go on: `hello`, `auth`, and what is asked before a push or a pull.

use syncline_protocol::{
    Args, Auth, ClientId, ClientMessage, Code, Cursor, ErrorFrame, Hello, Limits, Millis, PROTOCOL_VERSION,
    Push, RedactionNumber, Seq, ServerMessage, StoreId, Subject, Welcome, decode_client,
};

use super::auth::{Authorize, Grant};
use super::connection::{Connection, Greeted, Output, needs_auth};
use super::hooks::{HookContext, connect_refused, push_refused};
use super::{Failure, Room, decisions, hello_first, refusal, refuse, snapshot, tell_redactions};
use crate::{Query, Sql, segment};

impl Room {
    /// Refuses a stranger's first frame without a room: whoever has no token makes no store. A frame
    /// that it lets through is still to be received.
    pub fn refuse_stranger(
        connection: &Connection,
        store: &StoreId,
        now: Millis,
        text: &str,
        auth: &dyn Authorize,
    ) -> Option<Vec<Output>> {
        if connection.grant().is_some() || connection.greeted().is_some() {
            return None;
        }
        let refusal = match decode_client(text, Limits::DEFAULT.message_bytes) {
            Ok(ClientMessage::Hello(hello)) => auth.authorize(store, hello.token.as_deref(), now).err()?,
            Ok(_) => hello_first(),
            Err(error) => error.frame(),
        };
        Some(refuse(strangers(refusal)))
    }

    pub(super) fn hello(
        &self,
        db: &mut dyn Sql,
        now: Millis,
        connection: &mut Connection,
        hello: Hello,
        auth: &dyn Authorize,
    ) -> Result<Vec<Output>, Failure> {
        // The token before anything else: a stranger learns nothing about the store.
        let grant = match connection.grant() {
            Some(grant) => grant.clone(),
            None => auth.authorize(&self.store, hello.token.as_deref(), now).map_err(strangers)?,
        };
        if hello.protocol != PROTOCOL_VERSION {
            let message =
                format!("this server speaks protocol {PROTOCOL_VERSION}, the client {}", hello.protocol);
            return Err(ErrorFrame::new(Code::UnsupportedProtocol, message).into());
        }
        if hello.store != self.store {
            let message = format!("this is the store {}, hello names {}", self.store, hello.store);
            return Err(ErrorFrame::new(Code::StoreMismatch, message).into());
        }
        refuse_reserved(&hello.client)?;
        let subject = subject(&grant, hello.subject)?;
        let payload = hello.payload.as_ref();
        let bytes = payload.map_or(0, |payload| payload.get().len());
        if bytes > Limits::PAYLOAD_BYTES {
            let message = format!("the payload has {bytes} bytes, the limit is {}", Limits::PAYLOAD_BYTES);
            return Err(ErrorFrame::new(Code::ConnectRefused, message).into());
        }
        let cx = HookContext { store: &self.store, client: &hello.client, subject: &subject, now };
        self.config.hooks.connect(&cx, payload).map_err(connect_refused)?;
        let after = self.resume(db, hello.cursor.as_ref())?;
        self.config.hooks.pull(&cx, after).map_err(connect_refused)?;
        let decided = decisions::decided(db, &hello.client)?;
        connection.set_grant(grant);
        connection.greet(Greeted {
            client: hello.client,
            subject,
            live: after == self.head,
            redactions: hello.redactions,
        });
        let redactions = tell_redactions(db, connection, after)?;
        let snapshot = snapshot::offer(db, &hello.schema_hash)?;
        let asks = hello.snapshots && snapshot.is_some_and(|offer| offer.seq > after);
        // With what it has not heard yet of redactions, its state is not to be compared.
        let snapshot = snapshot.filter(|offer| offer.seq > after || redactions.is_empty());
        let welcome = Welcome {
            incarnation: self.incarnation.clone(),
            head: self.head,
            decided,
            model_version: self.rules.version(),
            limits: self.config.limits,
            snapshot,
        };
        let mut outputs = vec![Output::Reply(ServerMessage::Welcome(welcome).encode())];
        outputs.extend(redactions);
        if after < self.head && !asks {
            outputs.push(Output::Reply(self.page(db, connection, after)?));
        }
        outputs.push(Output::Present);
        Ok(outputs)
    }

    /// Where the client goes on from, if it has followed this log.
    fn resume(&self, db: &dyn Query, cursor: Option<&Cursor>) -> Result<Seq, Failure> {
        let Some(cursor) = cursor.filter(|cursor| cursor.seq > Seq::ZERO) else {
            return Ok(Seq::ZERO);
        };
        let same = cursor.incarnation == self.incarnation
            && if cursor.seq == self.head {
                cursor.chain == self.chain
            } else {
                segment::chain_at(db, cursor.seq)? == Some(cursor.chain)
            };
        if same {
            return Ok(cursor.seq);
        }
        let message = format!(
            "the client has followed {} to {}; this is {}, at {}",
            cursor.incarnation, cursor.seq, self.incarnation, self.head
        );
        Err(ErrorFrame::new(Code::LogDiverged, message).into())
    }

    /// A fresh token on a live socket: of the same subject, as what it has committed is under that name.
    pub(super) fn refresh(
        &self,
        now: Millis,
        connection: &mut Connection,
        from: &Greeted,
        fresh: &Auth,
        auth: &dyn Authorize,
    ) -> Result<Vec<Output>, Failure> {
        let grant = auth.authorize(&self.store, Some(&fresh.token), now).map_err(strangers)?;
        subject(&grant, Some(from.subject.clone()))?;
        connection.set_grant(grant);
        if connection.is_live() {
            return Ok(Vec::new());
        }
        // Nothing was published to it since the former token expired: it pulls now.
        Ok(vec![Output::Reply(connection.behind(self.head))])
    }

    /// Decides a push that comes without a socket. What is to be published is among the outputs.
    pub fn push_once(
        &mut self,
        db: &mut dyn Sql,
        now: Millis,
        grant: Grant,
        (client, subject): (ClientId, Option<Subject>),
        push: &Push,
    ) -> Vec<Output> {
        let subject = match refuse_reserved(&client).and_then(|()| self::subject(&grant, subject)) {
            Ok(subject) => subject,
            Err(error) => return refuse(error),
        };
        let (connection, from) = without_socket(grant, client, subject);
        let pushed =
            self.may_push(now, &connection, &from, push).and_then(|()| self.push(db, now, &from, push));
        pushed.unwrap_or_else(refusal)
    }

    pub(super) fn may_push(
        &mut self,
        now: Millis,
        connection: &Connection,
        from: &Greeted,
        push: &Push,
    ) -> Result<(), Failure> {
        if connection.is_expired(now) {
            return Err(needs_auth().into());
        }
        if connection.grant().is_none_or(|grant| !grant.write) {
            let message = format!("{} may read {}, not write to it", from.subject, self.store);
            return Err(ErrorFrame::new(Code::ReadOnly, message).into());
        }
        let events = push.commits.iter().flat_map(|commit| &commit.events);
        let (count, bytes) = events.fold((0, 0), |(count, bytes), event| {
            (count + 1, bytes + event.name.len() + event.args.get().len())
        });
        self.meters.push(&self.config.rates, now, (&from.client, &from.subject), (count, bytes))?;
        let cx = HookContext { store: &self.store, client: &from.client, subject: &from.subject, now };
        self.config.hooks.push(&cx, &push.commits).map_err(push_refused)?;
        Ok(())
    }

    pub(super) fn may_pull(&self, now: Millis, from: &Greeted, after: Seq) -> Result<(), Failure> {
        let cx = HookContext { store: &self.store, client: &from.client, subject: &from.subject, now };
        Ok(self.may_read(&cx, after)?)
    }

    /// Whether the app lets in whoever comes without a hello.
    ///
    /// # Errors
    /// Why not.
    pub fn may_connect(&self, cx: &HookContext<'_>, payload: Option<&Args>) -> Result<(), ErrorFrame> {
        self.config.hooks.connect(cx, payload).map_err(connect_refused)
    }

    /// Whether the app lets it read the log after a seq.
    ///
    /// # Errors
    /// Why not.
    pub fn may_read(&self, cx: &HookContext<'_>, after: Seq) -> Result<(), ErrorFrame> {
        self.config.hooks.pull(cx, after).map_err(connect_refused)
    }
}

/// Who pushes without a socket, as if there were one.
pub(super) fn without_socket(grant: Grant, client: ClientId, subject: Subject) -> (Connection, Greeted) {
    let mut connection = Connection::new(Some(grant));
    let from = Greeted { client, subject, live: false, redactions: RedactionNumber::NONE };
    connection.greet(from.clone());
    (connection, from)
}

/// Who is signed in: by the token, or by `hello` where the token does not say it; both say the same.
fn subject(grant: &Grant, named: Option<Subject>) -> Result<Subject, ErrorFrame> {
    match (&grant.subject, named) {
        (Some(of_token), Some(named)) if *of_token != named => {
            Err(ErrorFrame::new(Code::Unauthorized, format!("the token is not that of {named}")))
        }
        (Some(of_token), _) => Ok(of_token.clone()),
        (None, Some(named)) => Ok(named),
        (None, None) => {
            Err(ErrorFrame::new(Code::Unauthorized, "with a shared token, hello names the subject"))
        }
    }
}

/// The ids of LiveStore's clients are those of another door.
fn refuse_reserved(client: &ClientId) -> Result<(), ErrorFrame> {
    if client.is_livestore() {
        let message = format!("a client id that begins with {} is LiveStore's", ClientId::LIVESTORE);
        return Err(ErrorFrame::new(Code::BadMessage, message));
    }
    Ok(())
}

/// On a socket that is not open to it yet, an expired token is as good as none: the socket is closed.
fn strangers(refusal: ErrorFrame) -> ErrorFrame {
    if refusal.code == Code::NeedsAuth {
        return ErrorFrame { code: Code::Unauthorized, ..refusal };
    }
    refusal
}
