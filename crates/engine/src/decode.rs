//! From a raw event to the model's type.
//!
//! A serde-tagged enum takes its tag and content from a sequence, too: handed to it that way, the args
//! are parsed where they stand, and nothing is buffered in between.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use syncline_protocol::{Code, RawEvent, Rejection, excerpt};

/// Decodes an event.
///
/// # Errors
/// A [`Rejection`]: the model has no event of this name, or its args are others.
pub(crate) fn decode<E: DeserializeOwned>(event: &RawEvent) -> Result<E, Rejection> {
    let mut parts = Parts { event, given: 0 };
    E::deserialize(&mut parts).map_err(|error| {
        if parts.given == 1 {
            Rejection::coded(Code::UnknownEvent, format!("there is no event {:?}", event.name))
        } else {
            Rejection::coded(Code::BadArgs, format!("{}: {}", event.name, excerpt(&error.to_string())))
        }
    })
}

/// The name, then the args.
struct Parts<'a> {
    event: &'a RawEvent,
    given: usize,
}

impl<'de, 'a: 'de> Deserializer<'de> for &mut Parts<'a> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_seq(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, 'a: 'de> SeqAccess<'de> for Parts<'a> {
    type Error = serde_json::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        self.given += 1;
        match self.given {
            1 => {
                let name: StrDeserializer<'_, Self::Error> = self.event.name.as_str().into_deserializer();
                seed.deserialize(name).map(Some)
            }
            2 => {
                let mut args = serde_json::Deserializer::from_str(self.event.args.get());
                seed.deserialize(&mut args).map(Some)
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use syncline_protocol::Args;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[expect(clippy::enum_variant_names, reason = "events say what they are about")]
    #[serde(tag = "name", content = "args", rename_all = "camelCase")]
    enum Event {
        DoorOpened { wide: bool },
        DoorShut,
        DoorPainted(Colour),
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Colour {
        DoorOpened,
        Red,
    }

    fn decoded(name: &str, args: &str) -> Result<Event, String> {
        let event = RawEvent { name: name.into(), args: Args::parse(args).unwrap() };
        decode(&event).map_err(|rejection| rejection.code)
    }

    #[test]
    fn a_tagged_enum_takes_its_event() {
        assert_eq!(decoded("doorOpened", r#"{"wide":true,"more":1}"#), Ok(Event::DoorOpened { wide: true }));
        assert_eq!(decoded("doorShut", "null"), Ok(Event::DoorShut));
        assert_eq!(decoded("doorPainted", "\"red\""), Ok(Event::DoorPainted(Colour::Red)));
    }

    #[test]
    fn what_is_wrong_with_args_is_told_without_all_of_them() {
        let long = format!("{:?}", "x".repeat(100_000));
        let event = RawEvent { name: "doorOpened".into(), args: Args::parse(long).unwrap() };
        let rejection = decode::<Event>(&event).unwrap_err();
        assert_eq!(rejection.code, "bad-args");
        assert!(rejection.message.starts_with("doorOpened: invalid type") && rejection.message.len() < 500);
    }

    #[test]
    fn an_unknown_name_is_told_from_bad_args() {
        assert_eq!(decoded("doorLost", "{}"), Err("unknown-event".into()));
        assert_eq!(decoded("", "{}"), Err("unknown-event".into()));
        for (name, args) in [
            ("doorOpened", "{}"),
            ("doorOpened", r#"{"wide":1}"#),
            ("doorOpened", "[]"),
            ("doorPainted", "\"doorShut\""),
        ] {
            assert_eq!(decoded(name, args), Err("bad-args".into()), "{args}");
        }
    }
}
