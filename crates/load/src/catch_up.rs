//! A newcomer to a long log: page after page, or by a snapshot.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::Scale;
use crate::client::{begin, head};
use crate::figure::{Figure, as_f64, quantile};
use crate::frame::{Frame, number};
use crate::push::ROUNDS;
use crate::server::Server;
use crate::socket::Socket;
use crate::text::Texts;

const STORE: &str = "catch-up";
const EVENTS: usize = 100_000;
const PUSH: usize = 500;

/// A server makes snapshots when it has time.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn measure(server: &Server, scale: Scale) -> Result<Vec<Figure>> {
    let events = scale.of(EVENTS);
    let (mut client, mut texts) = begin(server, STORE, "ann").await?;
    for _ in 0..events / PUSH {
        let text = texts.messages(1, PUSH);
        client.push(vec![text], 1, 1).await?;
    }
    client.close().await?;
    let expected = 2 + events / PUSH * PUSH;
    ensure!(head(server, STORE).await? == expected, "the log is not what was pushed");
    let newcomer = Texts::new("new");
    let (mut times, mut used, mut bytes) = (Vec::new(), Duration::ZERO, 0);
    for round in 0..=ROUNDS {
        let (before, began) = (server.cpu()?, Instant::now());
        bytes = pages(server, &newcomer, expected).await?;
        if round > 0 {
            times.push(began.elapsed());
            used += server.cpu()?.saturating_sub(before);
        }
    }
    let mut figures = vec![
        Figure::millis("p50", quantile(&mut times, 50)),
        Figure::new("size", as_f64(bytes) / 1_000_000.0, "MB"),
        Figure::cpu(used, times.len(), "µs"),
    ];
    if let Some(took) = snapshot(server, &newcomer).await? {
        figures.push(Figure::millis("snapshot", took));
    }
    Ok(figures)
}

/// From the connection to the last entry; how many bytes that were.
async fn pages(server: &Server, texts: &Texts, expected: usize) -> Result<usize> {
    let mut socket = Socket::open(server.port, &format!("/stores/{STORE}/sync")).await?;
    socket.send(texts.hello(STORE, &server.token, false)?).await?;
    let (mut have, mut bytes) = (0, 0);
    while have < expected {
        let text = socket.next().await?;
        bytes += text.len();
        match Frame::read(text.as_str())? {
            Frame::Entries { after, last, .. } => {
                ensure!(after == have && last > have, "after {have} there were {after} to {last}");
                have = last;
                if have < expected {
                    socket.send(format!("{{\"type\":\"pull\",\"after\":{have}}}").into()).await?;
                }
            }
            Frame::Welcome { .. } | Frame::Presence => {}
            other @ (Frame::Verdicts { .. } | Frame::Snapshot { .. }) => bail!("there was {other:?}"),
        }
    }
    Ok(bytes)
}

/// From the connection to the last part of the snapshot, and the page after it; nothing where none is offered.
async fn snapshot(server: &Server, texts: &Texts) -> Result<Option<Duration>> {
    let mut times = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while times.len() < ROUNDS && Instant::now() < deadline {
        let began = Instant::now();
        let mut socket = Socket::open(server.port, &format!("/stores/{STORE}/sync")).await?;
        socket.send(texts.hello(STORE, &server.token, true)?).await?;
        let welcome = socket.next().await?;
        let Some((_, offer)) = welcome.as_str().split_once("\"snapshot\":{") else { continue };
        let (seq, parts) = (number(offer, "\"seq\":")?, number(offer, "\"parts\":")?);
        for part in 0..parts {
            let pull = format!("{{\"type\":\"pull\",\"after\":{seq},\"part\":{part}}}");
            socket.send(pull.into()).await?;
            loop {
                match Frame::read(socket.next().await?.as_str())? {
                    Frame::Snapshot { of } => break ensure!(of == parts, "{of} parts, and not {parts}"),
                    Frame::Presence => {}
                    Frame::Welcome { .. } | Frame::Entries { .. } | Frame::Verdicts { .. } => {
                        bail!("this is no part of a snapshot")
                    }
                }
            }
        }
        times.push(began.elapsed());
    }
    Ok((!times.is_empty()).then(|| quantile(&mut times, 50)))
}
