//! What an operator may set of rooms: in tables of a file, or as JSON in variables.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use syncline_protocol::Limits;

use super::hooks::Hooks;
use super::rates::{Rates, RoomConfig, Upkeep};

/// How large things may be; what is not said is as in [`Limits::DEFAULT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sizes {
    /// Bytes of a message of a client.
    pub message_bytes: usize,
    /// Bytes of a commit: names and args of its events.
    pub commit_bytes: usize,
    /// Events in a commit.
    pub commit_events: usize,
    /// Commits in a push.
    pub push_commits: usize,
    /// Events in a push.
    pub push_events: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        let Limits { message_bytes, commit_bytes, commit_events, push_commits, push_events } =
            Limits::DEFAULT;
        Self { message_bytes, commit_bytes, commit_events, push_commits, push_events }
    }
}

/// Everything that may be set of rooms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomSettings {
    /// How large things may be.
    pub limits: Sizes,
    /// How much may come in a time.
    pub rates: Rates,
    /// When segments are merged and snapshots made.
    pub upkeep: Upkeep,
}

/// What cannot be set, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {why}")]
pub struct InvalidSettings {
    name: &'static str,
    why: String,
}

/// The largest message that a server may take: it is in memory as a whole.
const MESSAGE_BYTES: usize = 16 << 20;

impl RoomSettings {
    /// Reads the variables `LIMITS`, `RATES` and `UPKEEP`: JSON objects, as the tables of a file.
    ///
    /// # Errors
    /// [`InvalidSettings`].
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSettings> {
        fn read<T: DeserializeOwned + Default>(
            name: &'static str,
            text: Option<String>,
        ) -> Result<T, InvalidSettings> {
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(T::default()) };
            serde_json::from_str(&text).map_err(|error| InvalidSettings { name, why: error.to_string() })
        }
        Ok(Self {
            limits: read("LIMITS", var("LIMITS"))?,
            rates: read("RATES", var("RATES"))?,
            upkeep: read("UPKEEP", var("UPKEEP"))?,
        })
    }

    /// What rooms are told.
    ///
    /// # Errors
    /// [`InvalidSettings`]: no room could keep that.
    pub fn config(self, hooks: &'static dyn Hooks) -> Result<RoomConfig, InvalidSettings> {
        let Self { limits, rates, upkeep } = self;
        let Sizes { message_bytes, commit_bytes, commit_events, push_commits, push_events } = limits;
        let check = |holds: bool, why: &str| {
            if holds { Ok(()) } else { Err(InvalidSettings { name: "LIMITS", why: why.to_owned() }) }
        };
        check(
            commit_events > 0 && push_commits > 0 && push_events > 0 && commit_bytes > 0,
            "nothing could be pushed",
        )?;
        check(message_bytes <= MESSAGE_BYTES, "message-bytes is at most 16 MiB")?;
        check(
            commit_bytes < message_bytes,
            "message-bytes is larger than commit-bytes, as a push holds a commit",
        )?;
        check(
            commit_bytes <= Limits::SEGMENT_BYTES / 2,
            "commit-bytes is at most 512 KiB: a commit is in one segment",
        )?;
        if upkeep.snapshot_every == 0 || upkeep.merge_every == 0 {
            let why = "snapshot-every and merge-every are at least 1".to_owned();
            return Err(InvalidSettings { name: "UPKEEP", why });
        }
        let limits = Limits { message_bytes, commit_bytes, commit_events, push_commits, push_events };
        Ok(RoomConfig { limits, rates, upkeep, hooks, ..RoomConfig::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoHooks;

    fn config(name: &str, text: &str) -> Result<RoomConfig, String> {
        let var = |asked: &str| (asked == name).then(|| text.to_owned());
        let settings = RoomSettings::from_vars(var).map_err(|error| error.to_string())?;
        settings.config(&NoHooks).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_set_is_as_by_itself() {
        let config = config("RATES", r#"{ "client-events": 10 }"#).unwrap();
        assert_eq!(config.rates, Rates { client_events: 10, ..Rates::default() });
        assert_eq!((config.limits, config.upkeep), (Limits::DEFAULT, Upkeep::default()));
    }

    #[test]
    fn what_is_no_setting_or_could_not_be_kept_is_named() {
        for (name, text, why) in [
            ("RATES", "10", "RATES: invalid type"),
            ("RATES", r#"{ "client_events": 10 }"#, "unknown field"),
            ("RATES", r#"{ "client-events": -1 }"#, "RATES: invalid value"),
            ("LIMITS", r#"{ "message-bytes": 16777217 }"#, "LIMITS: message-bytes"),
            ("LIMITS", r#"{ "message-bytes": 1000 }"#, "larger than commit-bytes"),
            ("LIMITS", r#"{ "commit-bytes": 524289, "message-bytes": 4000000 }"#, "512 KiB"),
            ("LIMITS", r#"{ "push-commits": 0 }"#, "nothing"),
            ("UPKEEP", r#"{ "merge-every": 0 }"#, "UPKEEP: snapshot-every"),
        ] {
            let error = config(name, text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
