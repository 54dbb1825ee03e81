//! Who made an event, as the id of a client of the room says it.

use std::fmt::Write;

use syncline_engine::protocol::{ClientId, InvalidId};

/// What stands between the parts of an id.
const BETWEEN: &str = "__";

/// After the ids of those events that have no args: there is a difference to `null`, and it is nowhere else.
const BARE: &str = "v";

/// The session of those who are no clients of LiveStore's.
const SESSION: &str = "syncline";

/// A session of a LiveStore client. As an id: `ls__`, its client id, `__`, its session id; whatever is not
/// `A-Z a-z 0-9 -` is `_` and two digits of hex a byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// LiveStore's id of the client.
    pub client: String,
    /// And of its session.
    pub session: String,
    /// Whether its events here have no args.
    pub bare: bool,
}

impl Writer {
    /// As the room knows it.
    ///
    /// # Errors
    /// [`InvalidId`]: the two ids are too long together.
    pub fn id(&self) -> Result<ClientId, InvalidId> {
        let mut id = String::from(ClientId::LIVESTORE);
        escape(&self.client, &mut id);
        id.push_str(BETWEEN);
        escape(&self.session, &mut id);
        if self.bare {
            id.push_str(BETWEEN);
            id.push_str(BARE);
        }
        ClientId::parse(id)
    }

    /// What an id says; another client has itself for a client of LiveStore's, and one session.
    pub(crate) fn or_ours(id: &str) -> Self {
        Self::of(id).unwrap_or_else(|| Self {
            client: id.to_owned(),
            session: SESSION.to_owned(),
            bare: false,
        })
    }

    /// What an id says; nothing where it is another client's.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let mut parts = parts(id.strip_prefix(ClientId::LIVESTORE)?)?.into_iter();
        let (client, session) = (parts.next()?, parts.next()?);
        let bare = match parts.next() {
            Some(mark) if mark == BARE => true,
            Some(_) => return None,
            None => false,
        };
        parts.next().is_none().then_some(Self { client, session, bare })
    }
}

fn escape(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "_{byte:02x}");
        }
    }
}

fn parts(text: &str) -> Option<Vec<String>> {
    let (mut parts, mut part) = (Vec::new(), Vec::new());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'_' {
            part.push(byte);
            continue;
        }
        match bytes.next()? {
            b'_' => parts.push(String::from_utf8(std::mem::take(&mut part)).ok()?),
            high => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let value = digit(high)? * 16 + digit(bytes.next()?)?;
                part.push(u8::try_from(value).ok()?);
            }
        }
    }
    parts.push(String::from_utf8(part).ok()?);
    Some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_says_who_it_was(client in "\\PC{0,12}", session in "[A-Za-z0-9_-]{0,21}", bare: bool) {
            let writer = Writer { client, session, bare };
            if let Ok(id) = writer.id() {
                prop_assert!(id.is_livestore());
                prop_assert_eq!(Writer::of(id.as_str()), Some(writer));
            }
        }
    }

    #[test]
    fn ids_of_others_say_nothing() {
        for id in ["ann", "ls__ann", "ls__a__b__c", "ls__a__b__v__v", "ls__a_zz__b", "ls__a_", "ls__a_ff__b"]
        {
            assert_eq!(Writer::of(id), None, "{id}");
        }
    }

    #[test]
    fn a_name_of_a_machine_fits() {
        let client = "worker-7f9c6d5b8-x2x4q.production.eu-central-1.internal".to_owned();
        let writer = Writer { client, session: "static".to_owned(), bare: false };
        assert_eq!(
            writer.id().unwrap().as_str(),
            "ls__worker-7f9c6d5b8-x2x4q_2eproduction_2eeu-central-1_2einternal__static"
        );
    }
}
