//! `bench`: a quick load on a server, and what it came to.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use syncline_client::{Connection, Happening};
use syncline_engine::protocol::Outcome;
use syncline_engine::protocol::{
    ClientId, ClientMessage, Code, Commit, Counter, ErrorFrame, Hello, ModelVersion, PROTOCOL_VERSION, Push,
    RawEvent, RedactionNumber, SchemaHash, ServerMessage, StoreId, Subject, decode_server,
};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Cx;
use super::failure::{Failure, Kind};
use super::output::line;
use super::source::{ServerArgs, store_id};

/// In a JSON text of an event: replaced by something else each time.
const FRESH: &str = "{n}";

#[derive(Args)]
#[command(after_help = "Examples:
  syncline bench
  syncline bench --clients 64 --seconds 10 --event '{\"name\":\"said\",\"args\":{\"text\":\"{n}\"}}'
  chat-server bench --once '{\"name\":\"channelCreated\",\"args\":{\"id\":\"c\",\"name\":\"all\",\"topic\":null}}' …

It writes into a store that it makes, bench-… by itself, and leaves it there. {n} in an event is another text
each time. With a JWT all clients are its subject: name it with --subject. `cargo xtask bench server` measures
a server of its own, and more exactly.")]
pub(crate) struct BenchArgs {
    /// The store to write into [default: a new one]
    #[arg(long, value_name = "ID", value_parser = store_id)]
    store: Option<StoreId>,
    /// What is committed: the JSON of an event of the server's model
    #[arg(long, value_name = "JSON", default_value = r#"{"name":"benched","args":{"text":"{n}"}}"#)]
    event: String,
    /// An event that is committed once, before the clock starts; may be given again
    #[arg(long, value_name = "JSON")]
    once: Vec<String>,
    /// An event that each client commits before the clock starts; may be given again
    #[arg(long, value_name = "JSON")]
    begin: Vec<String>,
    /// Clients, each with one commit in flight
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// Events in each commit
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    events: u32,
    /// How long
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Who is signed in, where the token says it
    #[arg(long)]
    subject: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(cx: &Cx, args: BenchArgs) -> Result<(), Failure> {
    let random = crate::shard::incarnation()?;
    let store = match &args.store {
        Some(store) => store.clone(),
        None => store_id(&format!("bench-{random}")).map_err(|error| Failure::new(Kind::Failed, error))?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut times, held) = runtime.block_on(load(cx, &args, &store, random.as_str()))?;
    times.sort_unstable();
    let of = |percent: usize| {
        times.get(times.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
    };
    let millis = |took: Duration| (took.as_secs_f64() * 1e6).round() / 1e3;
    let commits = times.len();
    let events = commits as u64 * u64::from(args.events);
    let rate = events / args.seconds;
    let (p50, p99, longest) = (millis(of(50)), millis(of(99)), millis(of(100)));
    if cx.json {
        let answer = json!({ "store": store, "commits": commits, "events": events, "eventsPerSecond": rate,
            "p50Ms": p50, "p99Ms": p99, "longestMs": longest, "heldBack": held });
        return Ok(line(&answer.to_string())?);
    }
    let clients = args.clients;
    line(&format!(
        "{store}: {clients} clients, {events} events accepted in {} s: {rate} a second",
        args.seconds
    ))?;
    line(&format!("from a commit to its verdict: p50 {p50} ms, p99 {p99} ms, longest {longest} ms"))?;
    if held > 0 {
        line(&format!("{held} commits were held back by the server's limits, and sent again"))?;
    }
    Ok(())
}

/// The time of each commit, and how many were held back.
async fn load(
    cx: &Cx,
    args: &BenchArgs,
    store: &StoreId,
    random: &str,
) -> Result<(Vec<Duration>, u64), Failure> {
    let remote = args.server.clone().remote()?;
    let url = format!("{}/stores/{store}/sync", remote.url.replacen("http", "ws", 1));
    let all = Barrier::new(args.clients as usize);
    let all = std::sync::Arc::new(all);
    let mut tasks = JoinSet::new();
    for number in 0..args.clients {
        let mut client = Client::new(cx, args, store, &url, remote.token.clone(), (number, random))?;
        let (once, begin) = (args.once.clone(), args.begin.clone());
        let (event, events) = (vec![args.event.clone(); args.events as usize], args.seconds);
        let all = std::sync::Arc::clone(&all);
        if number == 0 {
            client.greet().await?;
            if !once.is_empty() {
                client.commit(&once).await?;
            }
        }
        tasks.spawn(async move {
            if number > 0 {
                client.greet().await?;
            }
            if !begin.is_empty() {
                client.commit(&begin).await?;
            }
            all.wait().await;
            let until = Instant::now() + Duration::from_secs(events);
            let mut times = Vec::new();
            while Instant::now() < until {
                times.push(client.commit(&event).await?);
            }
            client.connection.close().await;
            Ok::<_, Failure>((times, client.held))
        });
    }
    let (mut times, mut held) = (Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (took, waited) = done.map_err(|error| Failure::new(Kind::Failed, error))??;
        times.extend(took);
        held += waited;
    }
    Ok((times, held))
}

struct Client {
    connection: Connection,
    hello: String,
    name: String,
    author: Subject,
    version: ModelVersion,
    counter: Counter,
    fresh: u64,
    held: u64,
}

impl Client {
    fn new(
        cx: &Cx,
        args: &BenchArgs,
        store: &StoreId,
        url: &str,
        token: Option<String>,
        (number, random): (u32, &str),
    ) -> Result<Self, Failure> {
        let usage = |error: &dyn std::fmt::Display| Failure::new(Kind::Usage, error);
        let name = format!("bench-{random}-{number}");
        let author = args.subject.clone().unwrap_or_else(|| format!("bench-{number}"));
        let author = Subject::parse(author).map_err(|error| usage(&error))?;
        let version = cx.rules.version();
        let hello = Hello {
            protocol: PROTOCOL_VERSION,
            store: store.clone(),
            client: ClientId::parse(name.clone()).map_err(|error| usage(&error))?,
            subject: Some(author.clone()),
            model_version: version,
            schema_hash: SchemaHash::parse("none").map_err(|error| usage(&error))?,
            token,
            cursor: None,
            snapshots: true,
            redactions: RedactionNumber::NONE,
            payload: None,
        };
        Ok(Self {
            connection: Connection::new(url.to_owned()),
            hello: ClientMessage::Hello(hello).encode(),
            name,
            author,
            version,
            counter: Counter::default(),
            fresh: 0,
            held: 0,
        })
    }

    async fn greet(&mut self) -> Result<(), Failure> {
        loop {
            match self.message().await? {
                Some(ServerMessage::Welcome(_)) => return Ok(()),
                Some(ServerMessage::Error(error)) => return Err(Failure::said(&error)),
                Some(_) => {}
                None => self.connection.send(self.hello.clone()),
            }
        }
    }

    /// The next message; nothing, where the socket is open now.
    async fn message(&mut self) -> Result<Option<ServerMessage>, Failure> {
        loop {
            match self.connection.next().await {
                Happening::Opened => return Ok(None),
                Happening::Received(text) => {
                    let message = decode_server(&text);
                    return message.map(Some).map_err(|error| {
                        Failure::new(Kind::Unreachable, format!("not Syncline's protocol: {error}"))
                    });
                }
                Happening::Closed => {
                    let gone = ErrorFrame::new(Code::ServerUnreachable, "the socket was closed");
                    return Err(Failure::said(self.connection.failure().unwrap_or(&gone)));
                }
                Happening::Changed => {}
            }
        }
    }

    /// How long it took to its verdict.
    async fn commit(&mut self, events: &[String]) -> Result<Duration, Failure> {
        self.counter = self.counter.next();
        let mut made = Vec::with_capacity(events.len());
        for event in events {
            self.fresh += 1;
            let text = event.replace(FRESH, &format!("{}-{}", self.name, self.fresh));
            let event: RawEvent = serde_json::from_str(&text)
                .map_err(|error| Failure::new(Kind::Usage, format!("{text:?} is no event: {error}")))?;
            made.push(event);
        }
        let commit = Commit {
            counter: self.counter,
            author: self.author.clone(),
            model_version: self.version,
            events: made,
        };
        let push = ClientMessage::Push(Push { commits: vec![commit] }).encode();
        let sent = Instant::now();
        self.connection.send(push.clone());
        loop {
            match self.message().await? {
                Some(ServerMessage::Verdicts(verdicts)) => {
                    let outcome = verdicts.verdicts.into_iter().map(|verdict| verdict.outcome).next();
                    return match outcome {
                        Some(Outcome::Rejected(why)) => {
                            Err(Failure::new(Kind::Failed, format!("the server's rules reject it: {why}")))
                        }
                        Some(Outcome::Accepted { .. }) | None => Ok(sent.elapsed()),
                    };
                }
                Some(ServerMessage::Error(error)) => match error.retry_after_ms {
                    Some(ms) => {
                        self.held += 1;
                        tokio::time::sleep(Duration::from_millis(ms.into())).await;
                        self.connection.send(push.clone());
                    }
                    None => return Err(Failure::said(&error)),
                },
                Some(_) | None => {}
            }
        }
    }
}
