//! The URL of a LiveStore client: which store, with what token, over what.

use serde::Deserialize;
use serde_json::value::RawValue;
use syncline_engine::Rules;
use syncline_engine::protocol::{InvalidId, StoreId};
use thiserror::Error;

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Frames over a WebSocket.
    WebSocket,
    /// A request with one frame each.
    Http,
}

/// Where LiveStore's clients are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mount {
    /// Nowhere.
    #[default]
    Off,
    /// At `/livestore`.
    Path,
    /// At `/`, too: where their own server is.
    Root,
}

impl Mount {
    /// Where nothing is set, they are served by what is only a log. Where there are rules, a client of LiveStore's
    /// that they refuse is stuck: somebody has to want that.
    #[must_use]
    pub const fn by_itself(rules: &Rules) -> Self {
        if rules.is_schemaless() { Self::Path } else { Self::Off }
    }
}

/// What the query of a URL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The store: it comes from here alone, whatever the frames name.
    pub store: StoreId,
    /// The token in the payload: under `authToken`, or all of it.
    pub token: Option<String>,
    /// How the client speaks.
    pub transport: Transport,
}

/// Why a URL says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadDoor {
    /// No store.
    #[error("the parameter storeId is missing")]
    NoStore,
    /// Not the id of one.
    #[error("{0}")]
    Store(#[from] InvalidId),
    /// Not JSON.
    #[error("the parameter payload is not JSON, encoded for a URL")]
    Payload,
    /// Another transport.
    #[error("the parameter transport is ws or http")]
    Transport,
}

impl Door {
    /// Reads the query of a URL. A payload is encoded twice by LiveStore's clients; once does, too.
    ///
    /// # Errors
    /// [`BadDoor`].
    pub fn parse(query: &str) -> Result<Self, BadDoor> {
        let parameter = |name: &str| {
            let found = form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
            found.map(|(_, value)| value.into_owned())
        };
        let store = StoreId::parse(parameter("storeId").ok_or(BadDoor::NoStore)?)?;
        let transport = match parameter("transport").as_deref() {
            Some("ws") | None => Transport::WebSocket,
            Some("http") => Transport::Http,
            Some(_) => return Err(BadDoor::Transport),
        };
        let token = match parameter("payload") {
            Some(payload) => {
                token(&payload).or_else(|| token(&decoded(&payload)?)).ok_or(BadDoor::Payload)?
            }
            None => None,
        };
        Ok(Self { store, token, transport })
    }
}

fn decoded(text: &str) -> Option<String> {
    // What is encoded twice has none of the characters that would end it here.
    let pair = format!("payload={text}");
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}

/// What a payload says of a token; nothing where it is no JSON.
#[expect(
    clippy::option_option,
    reason = "whether it is a payload, and whether it has a token, are two questions"
)]
fn token(payload: &str) -> Option<Option<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        auth_token: Option<String>,
    }
    if let Ok(token) = serde_json::from_str::<String>(payload) {
        return Some(Some(token));
    }
    if let Ok(Payload { auth_token }) = serde_json::from_str(payload) {
        return Some(auth_token);
    }
    serde_json::from_str::<&RawValue>(payload).ok().map(|_| None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<(String, Option<String>, Transport), String> {
        let door = Door::parse(query).map_err(|error| error.to_string())?;
        Ok((door.store.as_str().to_owned(), door.token, door.transport))
    }

    #[test]
    fn a_url_of_livestore_says_store_token_and_transport() {
        let twice =
            "storeId=demo&payload=%257B%2522authToken%2522%253A%2522tok-clientA%2522%257D&transport=ws";
        let token = Some("tok-clientA".to_owned());
        assert_eq!(parse(twice), Ok(("demo".to_owned(), token.clone(), Transport::WebSocket)));
        let once = "storeId=demo&payload=%7B%22authToken%22%3A%22tok-clientA%22%7D&transport=http";
        assert_eq!(parse(once), Ok(("demo".to_owned(), token, Transport::Http)));
        assert_eq!(parse("storeId=demo&transport=ws"), Ok(("demo".to_owned(), None, Transport::WebSocket)));
        let alone = parse("storeId=demo&payload=%22eyJ.a.b%22").unwrap();
        assert_eq!(alone.1.as_deref(), Some("eyJ.a.b"));
        assert_eq!(parse("storeId=demo&payload=%7B%22user%22%3A1%7D").unwrap().1, None);
        let plus = "storeId=demo&payload=%7B%22authToken%22:+%22a%2Bb%22%7D";
        assert_eq!(parse(plus).unwrap().1.as_deref(), Some("a+b"));
    }

    #[test]
    fn only_a_log_without_rules_serves_them_unasked() {
        let (log, chat) = (Rules::of::<syncline_engine::Schemaless>(), Rules::of::<chat_model::Chat>());
        assert_eq!((Mount::by_itself(&log), Mount::by_itself(&chat)), (Mount::Path, Mount::Off));
    }

    #[test]
    fn a_url_that_says_no_store_is_refused() {
        for (query, why) in [
            ("", "storeId is missing"),
            ("storeId=", "a store id must be"),
            ("storeId=a%2Fb", "a store id must be"),
            ("storeId=a&transport=carrier-pigeon", "ws or http"),
            ("storeId=a&payload=%257Bhalf", "not JSON"),
        ] {
            let error = parse(query).unwrap_err();
            assert!(error.contains(why), "{query}: {error}");
        }
    }
}
