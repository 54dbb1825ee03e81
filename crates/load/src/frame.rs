//! What a frame is, read from its first and last bytes.

use anyhow::{Context, Result, bail, ensure};

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Welcome {
        head: usize,
    },
    /// `last` is the last entry in it.
    Entries {
        after: usize,
        last: usize,
        head: usize,
    },
    Verdicts {
        accepted: usize,
    },
    Snapshot {
        of: usize,
    },
    Presence,
}

const ACCEPTED: &str = "\"status\":\"accepted\"";

impl Frame {
    /// # Errors
    /// What the server refuses: nothing here is to be refused.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let (kind, rest) = text
            .strip_prefix("{\"type\":\"")
            .and_then(|rest| rest.split_once('"'))
            .with_context(|| format!("no frame: {}", start(text)))?;
        Ok(match kind {
            "welcome" => Self::Welcome { head: number(rest, "\"head\":")? },
            "entries" => {
                let (after, head) = (number(rest, "\"after\":")?, number(rest, "\"head\":")?);
                let last = text.rfind("{\"seq\":").and_then(|at| text.get(at..));
                let last = last.map_or(Ok(after), |last| number(last, "\"seq\":"))?;
                Self::Entries { after, last, head }
            }
            "verdicts" => {
                let accepted = text.matches(ACCEPTED).count();
                ensure!(accepted == text.matches("\"status\":").count(), "rejected: {}", start(text));
                Self::Verdicts { accepted }
            }
            "snapshot" => Self::Snapshot { of: number(rest, "\"of\":")? },
            "presence" => Self::Presence,
            _ => bail!("the server says {}", start(text)),
        })
    }
}

fn start(text: &str) -> &str {
    text.get(..300).unwrap_or(text)
}

/// The number behind the first of this key.
pub(crate) fn number(text: &str, key: &str) -> Result<usize> {
    let (_, rest) = text.split_once(key).with_context(|| format!("no {key} in {}", start(text)))?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest.get(..digits)
        .and_then(|digits| digits.parse().ok())
        .with_context(|| format!("{key} is no number in {}", start(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(text: &str) -> Result<Frame> {
        Frame::read(text.trim_end())
    }

    #[test]
    fn frames_are_known_by_the_protocols_own_examples() {
        let welcome = golden(include_str!("../../protocol/golden/server-welcome-snapshot.json"));
        assert_eq!(welcome.unwrap(), Frame::Welcome { head: 42 });
        let entries = golden(include_str!("../../protocol/golden/server-entries-of-one-commit.json"));
        assert_eq!(entries.unwrap(), Frame::Entries { after: 42, last: 45, head: 50 });
        let none = golden(include_str!("../../protocol/golden/server-entries-none.json"));
        assert_eq!(none.unwrap(), Frame::Entries { after: 42, last: 42, head: 42 });
        let verdicts = golden(include_str!("../../protocol/golden/server-verdicts.json"));
        assert_eq!(verdicts.unwrap(), Frame::Verdicts { accepted: 1 });
        let snapshot = golden(include_str!("../../protocol/golden/server-snapshot.json"));
        assert!(matches!(snapshot.unwrap(), Frame::Snapshot { of: 1.. }));
    }

    #[test]
    fn what_is_refused_is_an_error() {
        assert!(golden(include_str!("../../protocol/golden/server-error.json")).is_err());
        assert!(golden(include_str!("../../protocol/golden/server-verdicts-of-both-kinds.json")).is_err());
    }
}
