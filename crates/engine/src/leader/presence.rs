//! Presence: who is here, and the values of this client's own sessions. None of it is kept: it is told anew on
//! each connection.

use std::collections::VecDeque;

use syncline_protocol::{Args, Code, ErrorFrame, Limits, Presence, PresenceOf, SessionId};

use super::{Leader, Link};

#[derive(Clone, Debug, Default)]
pub(super) struct Presences {
    /// Values, of sessions of this client.
    own: Vec<PresenceOf>,
    others: Vec<PresenceOf>,
    changes: VecDeque<PresenceOf>,
    /// The server would have a value later: after so many milliseconds.
    retry: Option<u32>,
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
        let refuse = |message| Err(ErrorFrame::new(Code::PresenceRefused, message));
        let bytes = value.get().len();
        if bytes > Limits::PRESENCE_BYTES {
            return refuse(format!("the value has {bytes} bytes, the limit is {}", Limits::PRESENCE_BYTES));
        }
        let told = PresenceOf {
            client: self.client.clone(),
            session: session.clone(),
            subject: self.config.subject.clone(),
            value: Some(value),
        };
        let own = &mut self.presence.own;
        let is_full = own.len() >= Limits::PRESENCE_SESSIONS;
        match own.iter_mut().find(|own| own.session == *session) {
            Some(own) if own.value == told.value => return Ok(()),
            Some(own) => *own = told.clone(),
            None if is_full => {
                return refuse(format!("{} sessions have a value already", Limits::PRESENCE_SESSIONS));
            }
            None => own.push(told.clone()),
        }
        self.tell_presence(told);
        Ok(())
    }

    /// What has become of a value, of this client's sessions or of anybody else's; in order.
    pub fn poll_presence(&mut self) -> Option<PresenceOf> {
        self.presence.changes.pop_front()
    }

    /// All values that there are, this client's own included.
    #[must_use]
    pub fn present(&self) -> Vec<PresenceOf> {
        // It may have taken another id meanwhile.
        let own =
            self.presence.own.iter().map(|own| PresenceOf { client: self.client.clone(), ..own.clone() });
        own.chain(self.presence.others.iter().cloned()).collect()
    }

    /// How many milliseconds after this [`Leader::presence_again`] makes sense, where the server has refused a value
    /// that came too soon after others. It is told once.
    pub fn presence_retry(&mut self) -> Option<u32> {
        self.presence.retry.take()
    }

    pub(super) const fn presence_refused(&mut self, retry_after_ms: Option<u32>) {
        self.presence.retry = retry_after_ms;
    }

    /// Tells the server of the own values once more: it has refused one for now, or has not heard of them.
    pub fn presence_again(&mut self) {
        for own in self.presence.own.clone() {
            self.send_presence(own);
        }
    }

    /// A session has no value any more.
    pub(super) fn is_gone(&mut self, session: &SessionId) {
        let own = &mut self.presence.own;
        if let Some(place) = own.iter().position(|own| own.session == *session) {
            let gone = own.remove(place);
            self.tell_presence(PresenceOf { value: None, ..gone });
        }
    }

    /// Without a connection, nobody knows who else is here.
    pub(super) fn is_alone(&mut self) {
        let gone = self.presence.others.drain(..).map(|other| PresenceOf { value: None, ..other });
        self.presence.changes.extend(gone);
    }

    pub(super) fn hear_of(&mut self, told: PresenceOf) {
        if told.client == self.client {
            // A socket of this client's, from before, has ended only now, and the others were told the same.
            let own =
                self.presence.own.iter().find(|own| own.session == told.session && told.value.is_none());
            if let Some(own) = own.cloned() {
                self.send_presence(own);
            }
            return;
        }
        let others = &mut self.presence.others;
        let known =
            others.iter().position(|other| other.client == told.client && other.session == told.session);
        match (known.and_then(|place| others.get_mut(place)), &told.value) {
            (Some(other), Some(_)) => *other = told.clone(),
            (None, Some(_)) => others.push(told.clone()),
            (Some(_), None) => {
                others.retain(|other| other.client != told.client || other.session != told.session)
            }
            (None, None) => return,
        }
        self.presence.changes.push_back(told);
    }

    fn tell_presence(&mut self, told: PresenceOf) {
        self.presence.changes.push_back(told.clone());
        self.send_presence(told);
    }

    fn send_presence(&mut self, PresenceOf { session, value, .. }: PresenceOf) {
        if matches!(self.link, Link::Up(_)) {
            self.to_server.push_back(Presence { session, value }.encode());
        }
    }
}
