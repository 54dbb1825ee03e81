//! What a server must do, subject after subject.

mod counters;
mod crowd;
mod frames;
mod greeting;
mod http;
mod isolation;
mod jwt;
mod limits;
mod live;
mod presence;
mod push;
mod rates;
mod released;
mod routes;
mod snapshots;
mod tokens;

use crate::scenario::Scenario;

/// Every scenario, in the order in which they run: what others build on comes first.
pub fn all() -> impl Iterator<Item = Scenario> {
    const SCENARIOS: [&[Scenario]; 18] = [
        http::SCENARIOS,
        greeting::SCENARIOS,
        tokens::SCENARIOS,
        tokens::OF_A_SHARED_TOKEN,
        jwt::SCENARIOS,
        frames::SCENARIOS,
        push::SCENARIOS,
        counters::SCENARIOS,
        limits::SCENARIOS,
        live::SCENARIOS,
        isolation::SCENARIOS,
        presence::SCENARIOS,
        routes::SCENARIOS,
        routes::WITH_TOKENS,
        snapshots::SCENARIOS,
        crowd::SCENARIOS,
        rates::SCENARIOS,
        released::SCENARIOS,
    ];
    SCENARIOS.into_iter().flatten().copied()
}
