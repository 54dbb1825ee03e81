//! The same rows in LiveStore's protocol (sync-cf 0.4.0), as far as there is the same in it: against its own
//! server, or ours.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::figure::{Figure, as_f64, median, per_second, quantile};
use crate::frame::number;
use crate::server::Server;
use crate::socket::Socket;
use crate::{Row, Scale};

const ROUNDS: usize = 3;
const PUSH: usize = 100;
const CLIENTS: usize = 64;
const READERS: usize = 500;
const PAUSE: Duration = Duration::from_millis(50);
const LOG: usize = 100_000;

pub(crate) async fn measure(row: Row, server: &Server, scale: Scale) -> Result<Vec<Figure>> {
    match row {
        Row::Push100 => push(server, "push-100", PUSH, scale.of(20), "µs a push").await,
        Row::Push1 => push(server, "push-1", 1, scale.of(100), "µs a push").await,
        Row::Clients64 => clients(server, scale.of(5)).await,
        Row::CatchUp => catch_up(server, scale.of(LOG)).await,
        Row::OneReader => tell(server, "one-reader", 1, scale.of(300), Duration::ZERO).await,
        Row::Idle500 => idle(server, scale.of(READERS)).await,
        Row::FanOut => tell(server, "fan-out", READERS, scale.of(60), PAUSE).await,
        Row::Machine
        | Row::Push100Window
        | Row::Push100Scattered
        | Row::Push100Commits
        | Row::Clients64Blind
        | Row::Stores100
        | Row::FanOutFull
        | Row::Idle1000
        | Row::Stores10000 => bail!("this is not measured with LiveStore"),
    }
}

/// A client as LiveStore's are: it pulls, live, and pushes on the head that it knows.
struct Client {
    socket: Socket,
    store: String,
    name: String,
    backend: Value,
    have: usize,
    requests: usize,
}

/// What has come.
enum Frame {
    /// Entries, up to what it has now; whether there are more.
    Chunk {
        more: bool,
    },
    Accepted,
    /// Somebody was faster: the head.
    Behind(usize),
}

impl Client {
    /// One that has the log up to its head.
    async fn open(server: &Server, store: &str, name: &str) -> Result<Self> {
        // Encoded twice, as LiveStore's own client does.
        let payload = format!("%257B%2522authToken%2522%253A%2522{}%2522%257D", server.token);
        let path = format!("/?storeId={store}&payload={payload}&transport=ws");
        let mut socket = Socket::open(server.port, &path).await?;
        let pull = json!({ "storeId": store, "live": true, "cursor": { "_tag": "None" } });
        socket.send(request("0", "SyncWsRpc.Pull", &pull)).await?;
        let (store, name) = (store.to_owned(), name.to_owned());
        let mut client = Self { socket, store, name, backend: Value::Null, have: 0, requests: 0 };
        while !matches!(client.next().await?, Frame::Chunk { more: false }) {}
        Ok(client)
    }

    async fn next(&mut self) -> Result<Frame> {
        loop {
            let text = self.socket.next().await?;
            let text = text.as_str();
            if text.starts_with("{\"_tag\":\"Chunk\"") {
                if let Some(at) = text.rfind("\"seqNum\":") {
                    self.have = number(text.get(at..).context("no number")?, "\"seqNum\":")?;
                }
                if self.backend.is_null() {
                    let (_, rest) = text.rsplit_once("\"backendId\":\"").context("no backendId")?;
                    self.backend = json!(rest.split('"').next());
                }
                self.socket.send("{\"_tag\":\"Ack\",\"requestId\":\"0\"}".into()).await?;
                return Ok(Frame::Chunk { more: !text.contains("\"pageInfo\":{\"_tag\":\"NoMore\"") });
            }
            let frame: Value = serde_json::from_str(text)?;
            let exit = frame.pointer("/exit/_tag").and_then(Value::as_str);
            let ahead = frame.pointer("/exit/cause/error/minimumExpectedNum").and_then(Value::as_u64);
            match (exit, ahead) {
                (Some("Success"), _) => return Ok(Frame::Accepted),
                (Some(_), Some(head)) => return Ok(Frame::Behind(usize::try_from(head)?)),
                _ if frame.get("_tag").and_then(Value::as_str) == Some("Pong") => {}
                _ => bail!("LiveStore says {text}"),
            }
        }
    }

    /// Pushes until it is accepted, on the head that it is told of; how often it was refused before.
    async fn push(&mut self, events: usize) -> Result<usize> {
        let (mut head, mut refused) = (self.have, 0);
        loop {
            let batch: Vec<Value> = (head..head + events).map(|parent| self.event(parent)).collect();
            self.requests += 1;
            let backend = json!({ "_tag": "Some", "value": self.backend });
            let push = json!({ "storeId": self.store, "batch": batch, "backendId": backend });
            self.socket.send(request(&self.requests.to_string(), "SyncWsRpc.Push", &push)).await?;
            let refusal = loop {
                match self.next().await? {
                    Frame::Chunk { .. } => {}
                    Frame::Accepted => break None,
                    Frame::Behind(head) => break Some(head),
                }
            };
            let Some(known) = refusal else { return Ok(refused) };
            head = known.max(self.have);
            refused += 1;
        }
    }

    /// As long as a message of the chat.
    fn event(&self, parent: usize) -> Value {
        json!({ "name": "v1.MessagePosted", "seqNum": parent + 1, "parentSeqNum": parent,
            "clientId": self.name, "sessionId": "static",
            "args": { "id": format!("{}-{parent:016x}", self.name), "channel": "c",
                "text": "About as long as one is in a chat.", "postedAt": 1_704_067_200_000_u64, "replyTo": null } })
    }

    async fn follow(&mut self, seq: usize) -> Result<()> {
        while self.have < seq {
            let Frame::Chunk { .. } = self.next().await? else { bail!("nothing was pushed") };
        }
        Ok(())
    }
}

fn request(id: &str, tag: &str, payload: &Value) -> tokio_tungstenite::tungstenite::Utf8Bytes {
    json!({ "_tag": "Request", "id": id, "tag": tag, "payload": payload, "headers": [] }).to_string().into()
}

async fn push(
    server: &Server,
    store: &str,
    events: usize,
    pushes: usize,
    per: &'static str,
) -> Result<Vec<Figure>> {
    let mut client = Client::open(server, store, "ann").await?;
    for _ in 0..pushes.div_ceil(4) {
        client.push(events).await?;
    }
    let (mut times, mut rates) = (Vec::new(), Vec::new());
    let before = server.cpu()?;
    for _ in 0..ROUNDS {
        let round = Instant::now();
        for _ in 0..pushes {
            let began = Instant::now();
            ensure!(client.push(events).await? == 0, "nobody else pushes here");
            times.push(began.elapsed());
        }
        rates.push(per_second(pushes * events, round.elapsed()));
    }
    let used = server.cpu()?.saturating_sub(before);
    Ok(vec![
        Figure::new("rate", median(&mut rates), "events/s"),
        Figure::millis("p50", quantile(&mut times, 50)),
        Figure::millis("p99", quantile(&mut times, 99)),
        Figure::cpu(used, times.len(), per),
    ])
}

/// All push at once, each on the head that it knows: one is accepted, the others come again.
async fn clients(server: &Server, commits: usize) -> Result<Vec<Figure>> {
    let mut all = Vec::new();
    for number in 0..CLIENTS {
        all.push(Client::open(server, "clients-64", &format!("w{number}")).await?);
    }
    let mut tasks = JoinSet::new();
    let (before, began) = (server.cpu()?, Instant::now());
    for mut client in all {
        tasks.spawn_local(async move {
            let mut refused = 0;
            for _ in 0..commits {
                refused += client.push(1).await?;
            }
            client.follow(CLIENTS * commits).await?;
            anyhow::Ok(refused)
        });
    }
    let mut refused = 0;
    while let Some(done) = tasks.join_next().await {
        refused += done??;
    }
    let used = server.cpu()?.saturating_sub(before);
    let count = CLIENTS * commits;
    Ok(vec![
        Figure::new("rate", per_second(count, began.elapsed()), "events/s"),
        Figure::new("refused", as_f64(refused) / as_f64(count), "refusals an event"),
        Figure::cpu(used, count, "µs an event"),
    ])
}

async fn catch_up(server: &Server, events: usize) -> Result<Vec<Figure>> {
    let mut writer = Client::open(server, "catch-up", "ann").await?;
    for _ in 0..events / PUSH {
        writer.push(PUSH).await?;
    }
    let (before, began) = (server.cpu()?, Instant::now());
    let reader = Client::open(server, "catch-up", "bob").await?;
    let took = began.elapsed();
    ensure!(reader.have == events / PUSH * PUSH, "it has {} events", reader.have);
    let used = server.cpu()?.saturating_sub(before);
    Ok(vec![Figure::millis("p50", took), Figure::cpu(used, 1, "µs")])
}

/// Memory, once so many follow a log of one page.
async fn idle(server: &Server, readers: usize) -> Result<Vec<Figure>> {
    let mut all = vec![Client::open(server, "idle", "ann").await?];
    for client in &mut all {
        client.push(PUSH).await?;
    }
    for number in 1..readers {
        all.push(Client::open(server, "idle", &format!("r{number}")).await?);
    }
    let resident = as_f64(usize::try_from(server.resident()?)?) / as_f64(1 << 20);
    Ok(vec![Figure::new("memory", resident, "MiB")])
}

/// A message at a time, until every reader has it.
async fn tell(
    server: &Server,
    store: &str,
    readers: usize,
    messages: usize,
    pause: Duration,
) -> Result<Vec<Figure>> {
    let mut writer = Client::open(server, store, "ann").await?;
    let (have, mut had) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let warm = messages.div_ceil(10);
    for number in 0..readers {
        let mut reader = Client::open(server, store, &format!("r{number}")).await?;
        let have = have.clone();
        tasks.spawn_local(async move {
            for seq in 1..=warm + messages {
                reader.follow(seq).await?;
                have.send(Instant::now())?;
            }
            anyhow::Ok(())
        });
    }
    let (mut times, mut before) = (Vec::with_capacity(messages), server.cpu()?);
    for number in 0..warm + messages {
        if number == warm {
            before = server.cpu()?;
        }
        let began = Instant::now();
        writer.push(1).await?;
        let mut last = began;
        for _ in 0..readers {
            tokio::select! {
                when = had.recv() => last = last.max(when.context("no reader is left")?),
                Some(ended) = tasks.join_next(), if number + 1 < warm + messages => {
                    ended??;
                    bail!("a reader has ended");
                }
            }
        }
        if number >= warm {
            times.push(last.duration_since(began));
        }
        tokio::time::sleep(pause.saturating_sub(began.elapsed())).await;
    }
    let used = server.cpu()?.saturating_sub(before);
    Ok(vec![
        Figure::millis("p50", quantile(&mut times, 50)),
        Figure::millis("p99", quantile(&mut times, 99)),
        Figure::cpu(used, messages, "µs an event"),
    ])
}
