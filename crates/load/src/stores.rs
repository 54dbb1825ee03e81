//! Many stores, few of them in use.

use std::time::Instant;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use crate::Scale;
use crate::client::{Client, begin, head};
use crate::figure::{Figure, as_f64, quantile};
use crate::push::ROUNDS;
use crate::server::Server;
use crate::text::Texts;

const STORES: usize = 10_000;
const ACTIVE: usize = 100;

/// That are made at the same time.
const ABREAST: usize = 16;

pub(crate) async fn measure(server: &Server, scale: Scale) -> Result<Vec<Figure>> {
    let stores = scale.of(STORES);
    for first in (0..stores).step_by(ABREAST) {
        let mut making = JoinSet::new();
        for number in first..(first + ABREAST).min(stores) {
            let (port, token) = (server.port, server.token.clone());
            making.spawn_local(async move {
                let server = Server::at(port, token);
                let (mut client, mut texts) = begin(&server, &name(number), "ann").await?;
                client.push(vec![texts.messages(1, 10)], 1, 1).await?;
                client.close().await
            });
        }
        while let Some(made) = making.join_next().await {
            made??;
        }
    }
    // The last ones may still be open; the first ones are not, where a server has a bound.
    let mut active = Vec::with_capacity(ACTIVE);
    for number in stores - ACTIVE..stores {
        let mut texts = Texts::new("bob");
        let mut client = Client::open(server, &name(number), &texts).await?;
        client.push(vec![texts.arrive(false)], 1, 1).await?;
        active.push((client, texts));
    }
    for _ in 0..ROUNDS {
        for (client, texts) in &mut active {
            client.push(vec![texts.messages(1, 1)], 1, 1).await?;
        }
    }
    let resident = as_f64(usize::try_from(server.resident()?)?);
    let mut times = Vec::new();
    for number in (0..stores - ACTIVE).step_by((stores / 200).max(1)) {
        let began = Instant::now();
        let found = head(server, &name(number)).await?;
        times.push(began.elapsed());
        ensure!(found == 12, "the store {number} has {found} entries");
    }
    Ok(vec![
        Figure::new("rss", resident / 1_000_000.0, "MB"),
        Figure::millis("p50", quantile(&mut times, 50)),
        Figure::millis("p99", quantile(&mut times, 99)),
        Figure::new("stores", as_f64(stores), "stores"),
    ])
}

fn name(number: usize) -> String {
    format!("of-many-{number}")
}
