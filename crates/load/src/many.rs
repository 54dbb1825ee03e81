//! Many writers at once: in one store, or each in one of their own.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::Scale;
use crate::client::{Client, begin, head};
use crate::figure::{Figure, median, per_second, quantile};
use crate::push::ROUNDS;
use crate::server::Server;
use crate::text::Texts;

const CLIENTS: usize = 64;
const STORES: usize = 100;

/// Commits of each writer in a round.
const COMMITS: usize = 100;

/// More than a page, so that who begins to read has not read to its end.
const LOG: usize = 3_000;

struct Writer {
    client: Client,
    texts: Texts,
}

pub(crate) async fn clients(server: &Server, scale: Scale, follow: bool) -> Result<Vec<Figure>> {
    let store = if follow { "clients-64" } else { "clients-64-blind" };
    let (mut first, mut texts) = begin(server, store, "ann").await?;
    let mut expected = 2;
    if !follow {
        let log = (0..LOG / 100).map(|_| texts.messages(1, 100)).collect();
        first.push(log, 1, 1).await?;
        expected += LOG;
    }
    first.close().await?;
    let mut writers = Vec::with_capacity(CLIENTS);
    for number in 0..CLIENTS {
        let mut texts = Texts::new(&format!("w{number}"));
        let mut client = if follow {
            Client::open(server, store, &texts).await?
        } else {
            Client::open_blind(server, store, &texts).await?
        };
        client.push(vec![texts.arrive(false)], 1, 1).await?;
        writers.push(Writer { client, texts });
        expected += 2;
    }
    let (figures, commits) = measure(
        server,
        writers,
        scale.of(COMMITS),
        |head| {
            if follow { Some(head) } else { None }
        },
        expected,
    )
    .await?;
    let head = head(server, store).await?;
    ensure!(head == expected + commits, "the head is {head}, and not {}", expected + commits);
    Ok(figures)
}

pub(crate) async fn stores(server: &Server, scale: Scale) -> Result<Vec<Figure>> {
    let mut writers = Vec::with_capacity(STORES);
    for number in 0..STORES {
        let (client, texts) = begin(server, &name(number), "ann").await?;
        writers.push(Writer { client, texts });
    }
    let (figures, commits) = measure(server, writers, scale.of(COMMITS), |_| None, 0).await?;
    let mut heads = 0;
    for number in 0..STORES {
        heads += head(server, &name(number)).await?;
    }
    ensure!(heads == 2 * STORES + commits, "the heads are {heads}, for {commits} commits");
    Ok(figures)
}

fn name(number: usize) -> String {
    format!("stores-100-{number}")
}

/// Rounds in which every writer has one commit in flight until all are through. Where `until` says so, each
/// of them has read up to the head at the end of a round.
async fn measure(
    server: &Server,
    mut writers: Vec<Writer>,
    commits: usize,
    until: impl Fn(usize) -> Option<usize>,
    mut head: usize,
) -> Result<(Vec<Figure>, usize)> {
    let (mut times, mut rates): (Vec<Duration>, Vec<f64>) = (Vec::new(), Vec::new());
    let (count, mut used) = (writers.len(), Duration::ZERO);
    for round in 0..=ROUNDS {
        let texts: Vec<Vec<Utf8Bytes>> =
            writers.iter_mut().map(|w| (0..commits).map(|_| w.texts.messages(1, 1)).collect()).collect();
        head += count * commits;
        let (before, began) = (server.cpu()?, Instant::now());
        let (back, took) = run(std::mem::take(&mut writers), texts, until(head)).await?;
        writers = back;
        if round > 0 {
            // The first one is to warm up.
            used += server.cpu()?.saturating_sub(before);
            rates.push(per_second(count * commits, began.elapsed()));
            times.extend(took);
        }
    }
    let figures = vec![
        Figure::new("rate", median(&mut rates), "events/s"),
        Figure::millis("p50", quantile(&mut times, 50)),
        Figure::millis("p99", quantile(&mut times, 99)),
        Figure::cpu(used, times.len(), "µs an event"),
    ];
    Ok((figures, (ROUNDS + 1) * count * commits))
}

async fn run(
    writers: Vec<Writer>,
    texts: Vec<Vec<Utf8Bytes>>,
    until: Option<usize>,
) -> Result<(Vec<Writer>, Vec<Duration>)> {
    let mut tasks = JoinSet::new();
    for (mut writer, texts) in writers.into_iter().zip(texts) {
        tasks.spawn_local(async move {
            let times = writer.client.push(texts, 1, 1).await?;
            if let Some(head) = until {
                writer.client.follow(head).await?;
            }
            anyhow::Ok((writer, times))
        });
    }
    let (mut writers, mut times) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (writer, took) = done??;
        writers.push(writer);
        times.extend(took);
    }
    Ok((writers, times))
}
