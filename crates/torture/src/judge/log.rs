//! The log as the server hands it out, read without an engine: gaps and chain are checked here again.

use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use syncline_engine::Rules;
use syncline_engine::protocol::{
    Chain, ClientId, ClientMessage, Cursor, Entry, Hello, Incarnation, PROTOCOL_VERSION, Pull, Seq,
    ServerMessage, StoreId, Subject, decode_server,
};
use tungstenite::{Message, WebSocket, client};

use crate::Dice;

const PATIENCE: Duration = Duration::from_secs(20);

/// How many places of the log the server is asked about its chain.
const PLACES: u64 = 12;

/// A log from its first entry to its head.
#[derive(Clone, Debug)]
pub struct Log {
    pub incarnation: Incarnation,
    pub entries: Vec<Entry>,
    /// After each entry.
    pub chains: Vec<Chain>,
    pub violations: Vec<String>,
}

impl Log {
    /// The chain at a seq.
    #[must_use]
    pub fn chain_at(&self, seq: Seq) -> Option<Chain> {
        if seq == Seq::ZERO {
            return Some(Chain::GENESIS);
        }
        self.chains.get(usize::try_from(seq.before().get()).ok()?).copied()
    }
}

/// Reads a store from its first entry on, and lets the server confirm the chain at some places.
///
/// # Errors
/// When the server does not answer as it should.
pub fn read_log(port: u16, store: &StoreId, token: &str, rules: &Rules, dice: &mut Dice) -> Result<Log> {
    let mut reader = Reader::open(port, store, token, rules)?;
    let mut log = reader.read()?;
    let head = log.entries.len() as u64;
    let places: Vec<u64> = (0..PLACES.min(head)).map(|_| dice.between(1, head)).chain([head]).collect();
    for place in places.into_iter().filter(|place| *place > 0) {
        let seq = Seq::new(place)?;
        // Only where a commit ends does a client ever stand.
        let whole = usize::try_from(place - 1).ok().and_then(|place| log.entries.get(place));
        let chain = log.chain_at(seq).context("a chain after each entry")?;
        if whole.is_some_and(Entry::ends_commit) {
            let cursor = Cursor { incarnation: log.incarnation.clone(), seq, chain };
            let mut reader = Reader::open(port, store, token, rules)?;
            reader.send(&reader.hello(Some(cursor)))?;
            if let ServerMessage::Error(error) = reader.next()? {
                let code = error.code.as_str();
                log.violations.push(format!("one-order: the server has another chain at {seq}: {code}"));
            }
        }
    }
    Ok(log)
}

struct Reader<'a> {
    socket: WebSocket<TcpStream>,
    store: &'a StoreId,
    token: &'a str,
    rules: &'a Rules,
}

impl<'a> Reader<'a> {
    fn open(port: u16, store: &'a StoreId, token: &'a str, rules: &'a Rules) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (socket, _) = client(format!("ws://localhost:{port}/stores/{store}/sync"), stream)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(Self { socket, store, token, rules })
    }

    fn hello(&self, cursor: Option<Cursor>) -> ClientMessage {
        let name = "the-judge";
        ClientMessage::Hello(Hello {
            protocol: PROTOCOL_VERSION,
            store: self.store.clone(),
            client: ClientId::parse(name).expect("it is a slug"),
            subject: Some(Subject::parse(name).expect("it is a name")),
            model_version: self.rules.version(),
            schema_hash: self.rules.schema_hash().expect("the model's tables are portable"),
            token: Some(self.token.to_owned()),
            cursor,
            snapshots: false,
            redactions: Default::default(),
            payload: None,
        })
    }

    fn send(&mut self, message: &ClientMessage) -> Result<()> {
        Ok(self.socket.send(Message::text(message.encode()))?)
    }

    fn next(&mut self) -> Result<ServerMessage> {
        loop {
            if let Message::Text(text) = self.socket.read()? {
                return Ok(decode_server(&text)?);
            }
        }
    }

    fn read(&mut self) -> Result<Log> {
        self.send(&self.hello(None))?;
        let ServerMessage::Welcome(welcome) = self.next()? else {
            bail!("the server does not welcome the judge")
        };
        let (incarnation, head) = (welcome.incarnation, welcome.head);
        let mut log = Log { incarnation, entries: Vec::new(), chains: Vec::new(), violations: Vec::new() };
        let (mut chain, mut cursor) = (Chain::GENESIS, Seq::ZERO);
        while cursor < head {
            let page = match self.next()? {
                ServerMessage::Entries(page) => page,
                ServerMessage::Error(error) => bail!("the server refuses a page: {}", error.code.as_str()),
                ServerMessage::Welcome(_)
                | ServerMessage::Verdicts(_)
                | ServerMessage::Snapshot(_)
                | ServerMessage::Redacted(_)
                | ServerMessage::Presence(_) => continue,
            };
            let before = cursor;
            for entry in page.entries.into_iter().filter(|entry| entry.seq > before) {
                if entry.seq != cursor.next() {
                    log.violations.push(format!("one-order: {} follows {cursor}", entry.seq));
                }
                cursor = entry.seq;
                chain = chain.after(&entry, &entry.args_digest());
                log.entries.push(entry);
                log.chains.push(chain);
            }
            ensure!(cursor > before, "a page after {before} brings nothing");
            if cursor < head {
                self.send(&ClientMessage::Pull(Pull { after: cursor, part: None }))?;
            }
        }
        Ok(log)
    }
}
