//! One writer in one store.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::client::{begin, head};
use crate::figure::{Figure, median, per_second, quantile};
use crate::server::Server;
use crate::{Scale, client::Client};

/// What a writer does.
pub(crate) struct Pushing {
    store: &'static str,
    commits: usize,
    events: usize,
    window: usize,
    /// In a round.
    pushes: usize,
    per: &'static str,
    scattered: bool,
}

pub(crate) const HUNDRED: Pushing = Pushing {
    store: "push-100",
    commits: 1,
    events: 100,
    window: 1,
    pushes: 300,
    per: "µs a push",
    scattered: false,
};

/// With ids in no order, as those of version 4 of UUIDs.
pub(crate) const HUNDRED_SCATTERED: Pushing =
    Pushing { store: "push-100-scattered", scattered: true, ..HUNDRED };

pub(crate) const HUNDRED_WINDOW: Pushing = Pushing { store: "push-100-window", window: 4, ..HUNDRED };

pub(crate) const HUNDRED_COMMITS: Pushing =
    Pushing { store: "push-100-commits", commits: 100, events: 1, ..HUNDRED };

pub(crate) const ONE: Pushing = Pushing { store: "push-1", commits: 1, events: 1, pushes: 1_500, ..HUNDRED };

pub(crate) const ROUNDS: usize = 5;

pub(crate) async fn measure(server: &Server, scale: Scale, pushing: &Pushing) -> Result<Vec<Figure>> {
    let (mut client, mut texts) = begin(server, pushing.store, "ann").await?;
    if pushing.scattered {
        texts.scatter();
    }
    let pushes = scale.of(pushing.pushes);
    let mut round = |count: usize| -> Vec<_> {
        (0..count).map(|_| texts.messages(pushing.commits, pushing.events)).collect()
    };
    let (warm, rounds) = (round(pushes / 4), (0..ROUNDS).map(|_| round(pushes)).collect::<Vec<_>>());
    client.push(warm, pushing.commits, pushing.window).await?;
    let (mut times, mut rates): (Vec<Duration>, Vec<f64>) = (Vec::new(), Vec::new());
    let events = pushing.commits * pushing.events;
    let before = server.cpu()?;
    for texts in rounds {
        let began = Instant::now();
        let took = client.push(texts, pushing.commits, pushing.window).await?;
        rates.push(per_second(took.len() * events, began.elapsed()));
        times.extend(took);
    }
    let used = server.cpu()?.saturating_sub(before);
    check(server, pushing, client, 2 + (pushes / 4 + ROUNDS * pushes) * events).await?;
    Ok(vec![
        Figure::new("rate", median(&mut rates), "events/s"),
        Figure::millis("p50", quantile(&mut times, 50)),
        Figure::millis("p99", quantile(&mut times, 99)),
        Figure::cpu(used, times.len(), pushing.per),
    ])
}

/// The log has what was accepted, and its writer has been told of all of it.
async fn check(server: &Server, pushing: &Pushing, mut client: Client, expected: usize) -> Result<()> {
    let head = head(server, pushing.store).await?;
    ensure!(head == expected, "the head is {head}, and not {expected}");
    client.follow(head).await
}
