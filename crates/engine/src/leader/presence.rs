//! Presence: who is here, and the values of this client's own sessions. None of it is kept: it is told anew on
//! each connection.

use std::collections::{BTreeMap, VecDeque};

use syncline_protocol::{Args, ClientId, Code, ErrorFrame, Limits, Presence, PresenceOf, SessionId, Subject};

use super::{Leader, Link};

#[derive(Clone, Debug, Default)]
pub(super) struct Presences {
    own: BTreeMap<SessionId, Args>,
    others: BTreeMap<(ClientId, SessionId), (Subject, Args)>,
    changes: VecDeque<PresenceOf>,
}

impl Leader {
    /// Sets the value of a session, or takes it away: everybody who is connected is told, and the other sessions
    /// here. It holds until [`Leader::session_ended`].
    ///
    /// # Errors
    /// An [`ErrorFrame`] (`presence-refused`): the value is too large, or one too many; nothing has changed then.
    pub fn set_presence(&mut self, session: &SessionId, value: Option<Args>) -> Result<(), ErrorFrame> {
        let Some(value) = value.filter(|value| value.get() != "null") else {
            self.is_gone(session);
            return Ok(());
        };
        let (bytes, own) = (value.get().len(), &mut self.presence.own);
        let refuse = |message| Err(ErrorFrame::new(Code::PresenceRefused, message));
        if bytes > Limits::PRESENCE_BYTES {
            return refuse(format!("the value has {bytes} bytes, the limit is {}", Limits::PRESENCE_BYTES));
        }
        if !own.contains_key(session) && own.len() >= Limits::PRESENCE_SESSIONS {
            return refuse(format!("{} sessions have a value already", Limits::PRESENCE_SESSIONS));
        }
        if own.get(session) != Some(&value) {
            own.insert(session.clone(), value.clone());
            self.tell_presence(session.clone(), Some(value));
        }
        Ok(())
    }

    /// What has become of a value, of this client's sessions or of anybody else's; in order.
    pub fn poll_presence(&mut self) -> Option<PresenceOf> {
        self.presence.changes.pop_front()
    }

    /// All values that there are, this client's own included.
    #[must_use]
    pub fn present(&self) -> Vec<PresenceOf> {
        let own =
            self.presence.own.iter().map(|(session, value)| self.own(session.clone(), Some(value.clone())));
        let others = self.presence.others.iter().map(|((client, session), (subject, value))| PresenceOf {
            client: client.clone(),
            session: session.clone(),
            subject: subject.clone(),
            value: Some(value.clone()),
        });
        own.chain(others).collect()
    }

    /// Tells the server of the own values once more: it has refused one for now, or has not heard of them.
    pub fn presence_again(&mut self) {
        for (session, value) in self.presence.own.clone() {
            self.send_presence(session, Some(value));
        }
    }

    /// A session has no value any more.
    pub(super) fn is_gone(&mut self, session: &SessionId) {
        if self.presence.own.remove(session).is_some() {
            self.tell_presence(session.clone(), None);
        }
    }

    /// Without a connection, nobody knows who else is here.
    pub(super) fn is_alone(&mut self) {
        for ((client, session), (subject, _)) in std::mem::take(&mut self.presence.others) {
            self.presence.changes.push_back(PresenceOf { client, session, subject, value: None });
        }
    }

    pub(super) fn hear_of(&mut self, told: PresenceOf) {
        if told.client == self.client {
            // A socket of this client's, from before, has ended only now, and the others were told the same.
            if let Some(value) =
                self.presence.own.get(&told.session).cloned().filter(|_| told.value.is_none())
            {
                self.send_presence(told.session, Some(value));
            }
            return;
        }
        let (who, others) = ((told.client.clone(), told.session.clone()), &mut self.presence.others);
        let known = match &told.value {
            Some(value) => others.insert(who, (told.subject.clone(), value.clone())),
            None => others.remove(&who),
        };
        if known.is_some() || told.value.is_some() {
            self.presence.changes.push_back(told);
        }
    }

    fn tell_presence(&mut self, session: SessionId, value: Option<Args>) {
        let told = self.own(session.clone(), value.clone());
        self.presence.changes.push_back(told);
        self.send_presence(session, value);
    }

    fn send_presence(&mut self, session: SessionId, value: Option<Args>) {
        if matches!(self.link, Link::Up(_)) {
            self.to_server.push_back(Presence { session, value }.encode());
        }
    }

    fn own(&self, session: SessionId, value: Option<Args>) -> PresenceOf {
        PresenceOf { client: self.client.clone(), session, subject: self.config.subject.clone(), value }
    }
}
