//! Questions in SQL: how much one may take, and how it is answered.

use std::time::Duration;

use serde_json::json;
use syncline_engine::protocol::{Code, ErrorFrame};
use syncline_engine::{HostFailure, SqlError};
use syncline_http::{Answer, Reply};
use syncline_sqlite::{Bounds, Report};

/// All stores of the shard wait meanwhile.
const TIME: Duration = Duration::from_secs(2);

const ROWS: usize = 10_000;
const BYTES: usize = 4 << 20;

pub(crate) fn bounds(rows: usize) -> Bounds {
    Bounds { rows: rows.min(ROWS), bytes: BYTES, time: TIME }
}

pub(crate) fn answer(done: Result<Report, SqlError>) -> Answer {
    match done {
        Ok(Report { columns, rows, more }) => {
            Answer::json(200, &json!({ "columns": columns, "rows": rows, "more": more }))
        }
        Err(
            error @ SqlError::Host {
                failure: HostFailure::Corrupt | HostFailure::Full | HostFailure::Busy | HostFailure::Other,
                ..
            },
        ) => Reply::failed(&error).answer,
        Err(error) => Answer::refusal(&ErrorFrame::new(Code::QueryRefused, error.to_string())),
    }
}
