//! `tail`: a store's log, live. It is a client that only reads: it resumes after every cut, misses nothing and
//! shows nothing twice.

use clap::Args;
use syncline_client::{Connection, Happening};
use syncline_engine::protocol::{
    ClientId, ClientMessage, Code, Entry, ErrorFrame, Hello, Incarnation, ModelVersion, PROTOCOL_VERSION,
    Pull, RedactionNumber, SchemaHash, Seq, ServerMessage, StoreId, Subject, decode_server,
};

use super::Cx;
use super::failure::{Failure, Kind};
use super::log::seq;
use super::output::line;
use super::source::{ServerArgs, store_id};

#[derive(Args)]
#[command(after_help = "Examples:
  syncline tail team-1
  syncline tail team-1 --after 0 --json | jq -c 'select(.name == \"messagePosted\") | .args'
  syncline tail team-1 --url https://chat.example.org --token \"$TOKEN\"")]
pub(crate) struct TailArgs {
    /// The store
    #[arg(value_parser = store_id)]
    store: StoreId,
    /// Begin after this seq [default: a few entries before the end]
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    after: Option<Seq>,
    /// How many entries that are there already are shown, without --after
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 10)]
    lines: u64,
    /// End after so many entries [default: never]
    #[arg(long, value_name = "COUNT")]
    count: Option<u64>,
    /// Who is signed in, where the token does not say it
    #[arg(long)]
    subject: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(cx: &Cx, args: TailArgs) -> Result<(), Failure> {
    let remote = args.server.clone().remote()?;
    let socket = remote.url.replacen("http", "ws", 1);
    let mut tail = Tail {
        hello: hello(&args, remote.token)?,
        connection: Connection::new(format!("{socket}/stores/{}/sync", args.store)),
        after: args.after,
        lines: args.lines,
        left: args.count.unwrap_or(u64::MAX),
        json: cx.json,
        life: None,
        have: Seq::ZERO,
        cut: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        while tail.left > 0 {
            tail.step().await?;
        }
        tail.connection.close().await;
        Ok(())
    })
}

fn hello(args: &TailArgs, token: Option<String>) -> Result<String, Failure> {
    let usage = |error: &dyn std::fmt::Display| Failure::new(Kind::Usage, error);
    // A JWT names its subject; a shared token does not.
    let is_jwt = token.as_deref().is_some_and(|token| token.split('.').count() == 3);
    let named = args.subject.clone().or_else(|| (!is_jwt).then(|| "syncline-tail".to_owned()));
    let random = crate::shard::incarnation()?;
    let hello = Hello {
        protocol: PROTOCOL_VERSION,
        store: args.store.clone(),
        client: ClientId::parse(format!("tail-{random}")).map_err(|error| usage(&error))?,
        subject: named.map(Subject::parse).transpose().map_err(|error| usage(&error))?,
        model_version: ModelVersion::default(),
        schema_hash: SchemaHash::parse("none").map_err(|error| usage(&error))?,
        token,
        cursor: None,
        snapshots: true,
        redactions: RedactionNumber::NONE,
        payload: None,
    };
    Ok(ClientMessage::Hello(hello).encode())
}

struct Tail {
    connection: Connection,
    hello: String,
    after: Option<Seq>,
    lines: u64,
    /// Entries that are still to be shown.
    left: u64,
    json: bool,
    /// Which life of the log is followed.
    life: Option<Incarnation>,
    /// The last entry that was shown, or passed over.
    have: Seq,
    /// Whether it was said that the connection is cut.
    cut: bool,
}

impl Tail {
    async fn step(&mut self) -> Result<(), Failure> {
        match self.connection.next().await {
            Happening::Opened => self.connection.send(self.hello.clone()),
            Happening::Received(text) => match decode_server(&text) {
                Ok(message) => self.receive(message)?,
                Err(error) => {
                    return Err(Failure::new(Kind::Unreachable, format!("not Syncline's protocol: {error}")));
                }
            },
            Happening::Closed => {
                let why = self.connection.failure().cloned();
                self.lost(why.unwrap_or_else(|| ErrorFrame::new(Code::ServerUnreachable, "closed")))?;
            }
            Happening::Changed => {}
        }
        Ok(())
    }

    fn receive(&mut self, message: ServerMessage) -> Result<(), Failure> {
        match message {
            ServerMessage::Welcome(welcome) => {
                match &self.life {
                    None => {
                        let before = welcome.head.get().saturating_sub(self.lines);
                        let before = Seq::new(before).map_err(|error| Failure::new(Kind::Failed, error))?;
                        self.have = self.after.unwrap_or(before);
                        if self.have > welcome.head {
                            let message = format!("the log ends at {}", welcome.head);
                            return Err(Failure::new(Kind::Usage, message));
                        }
                    }
                    Some(life) if *life != welcome.incarnation => {
                        let message = format!("{life} was followed to {}, and is replaced", self.have);
                        return Err(Failure::new(Kind::AnotherLife, message));
                    }
                    Some(_) => {}
                }
                self.life = Some(welcome.incarnation);
                self.connection.succeeded();
                if std::mem::take(&mut self.cut) {
                    eprintln!("connected again");
                }
                self.pull();
            }
            ServerMessage::Entries(page) => {
                let had = self.have;
                let gap = page.entries.first().is_some_and(|first| first.seq > self.have.next());
                for entry in page.entries.iter().filter(|entry| !gap && entry.seq > had) {
                    if self.left == 0 {
                        return Ok(());
                    }
                    self.show(entry)?;
                    (self.have, self.left) = (entry.seq, self.left - 1);
                }
                // A page that brings nothing new is the one before what was pulled.
                if gap || (self.have > had && self.have < page.head) {
                    self.pull();
                }
            }
            ServerMessage::Error(error) => self.lost(error)?,
            ServerMessage::Verdicts(_)
            | ServerMessage::Snapshot(_)
            | ServerMessage::Presence(_)
            | ServerMessage::Redacted(_) => {}
        }
        Ok(())
    }

    fn pull(&self) {
        self.connection.send(ClientMessage::Pull(Pull { after: self.have, part: None }).encode());
    }

    fn show(&self, entry: &Entry) -> Result<(), Failure> {
        if self.json {
            let text = serde_json::to_string(entry).map_err(|error| Failure::new(Kind::Failed, error))?;
            return Ok(line(&text)?);
        }
        let Entry { seq, time, author, name, args, .. } = entry;
        let text = format!("{seq}  {}  {author}  {name}  {}", time.iso(), args.get());
        // Whoever wrote them does not steer this terminal.
        Ok(line(&text.replace(char::is_control, "·"))?)
    }

    /// Goes on where that may help; it has to have been connected once.
    fn lost(&mut self, why: ErrorFrame) -> Result<(), Failure> {
        const MAY_PASS: [Code; 6] = [
            Code::ServerUnreachable,
            Code::ServerFailed,
            Code::Overloaded,
            Code::RateLimited,
            Code::TooManyConnections,
            Code::LogDiverged,
        ];
        if self.life.is_none() || !MAY_PASS.contains(&why.code) {
            return Err(Failure::said(&why));
        }
        if let Some(ms) = why.retry_after_ms {
            self.connection.hold_off(ms);
        }
        if !std::mem::replace(&mut self.cut, true) {
            eprintln!("cut: {}; trying again", why.message);
        }
        Ok(())
    }
}
