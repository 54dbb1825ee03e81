//! A state in a line.

use crate::{Query, SqlError, quarantined, state_digest};

/// The digest of the state, and what is quarantined.
pub(super) fn summary(db: &dyn Query) -> Result<String, SqlError> {
    let quarantined: Vec<String> =
        quarantined(db)?.iter().map(|commit| format!("{} {}", commit.seq, commit.why.code)).collect();
    let quarantined = if quarantined.is_empty() { "nothing".to_owned() } else { quarantined.join(", ") };
    let mut digest = state_digest(db)?.to_string();
    digest.truncate(16);
    Ok(format!("{digest}; quarantined: {quarantined}"))
}
