//! A server in this process: a real room over a database in memory, that dies and comes back at will.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use syncline_client::engine::protocol::{Code, ErrorFrame, Incarnation, Millis, StoreId};
use syncline_client::engine::{Authorize, Connection, Grant, Output, Query, Room, Rules};
use syncline_sqlite::Database;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::model::Notes;

/// What is on its disk, and who is connected.
struct World {
    db: Database,
    room: Room,
    sockets: BTreeMap<u64, (Connection, mpsc::UnboundedSender<Message>)>,
    /// The tokens that open the store, and until when.
    tokens: BTreeMap<String, Option<Millis>>,
    now: u64,
}

struct Tokens<'a>(&'a BTreeMap<String, Option<Millis>>);

impl Authorize for Tokens<'_> {
    fn authorize(&self, _: &StoreId, token: Option<&str>, now: Millis) -> Result<Grant, ErrorFrame> {
        match self.0.get(token.unwrap_or_default()) {
            Some(expires) if expires.is_none_or(|expires| expires > now) => {
                Ok(Grant { expires: *expires, ..Grant::TRUSTED })
            }
            Some(_) | None => Err(ErrorFrame::new(Code::Unauthorized, "no such token")),
        }
    }
}

struct Shared {
    world: Mutex<World>,
    next: AtomicU64,
    /// The next push is logged, and nobody hears of it.
    dies_in_push: AtomicBool,
}

pub(crate) struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    running: Option<AbortHandle>,
}

fn room(db: &mut Database, incarnation: &str) -> Room {
    let (store, incarnation) = (StoreId::parse("store").unwrap(), Incarnation::parse(incarnation).unwrap());
    Room::open(db, Rules::of::<Notes>(), store, incarnation).unwrap()
}

impl Server {
    /// One that has a port, and does not listen yet.
    pub(crate) async fn down() -> Self {
        let address = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let mut db = Database::open_memory().unwrap();
        let room = room(&mut db, "first");
        let tokens = BTreeMap::from([("secret".to_owned(), None)]);
        let world = World { db, room, sockets: BTreeMap::new(), tokens, now: 1_000 };
        let (next, dies_in_push) = (AtomicU64::new(0), AtomicBool::new(false));
        let shared = Arc::new(Shared { world: Mutex::new(world), next, dies_in_push });
        Self { shared, address, running: None }
    }

    pub(crate) async fn up() -> Self {
        let mut server = Self::down().await;
        server.start().await;
        server
    }

    pub(crate) async fn start(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        let shared = Arc::clone(&self.shared);
        self.running = Some(tokio::spawn(serve(shared, listener)).abort_handle());
    }

    /// As a power cut: every socket is gone, what is on the disk stays.
    pub(crate) async fn die(&mut self) {
        let running = self.running.take().unwrap();
        running.abort();
        while !running.is_finished() {
            tokio::task::yield_now().await;
        }
        self.shared.world.lock().unwrap().sockets.clear();
    }

    pub(crate) fn die_in_the_next_push(&self) {
        self.shared.dies_in_push.store(true, Ordering::SeqCst);
    }

    /// Everything is gone, and another log begins.
    pub(crate) fn reset(&self) {
        let mut world = self.shared.world.lock().unwrap();
        world.db = Database::open_memory().unwrap();
        world.room = room(&mut world.db, "second");
        world.sockets.clear();
    }

    pub(crate) fn make_snapshot(&self) {
        let mut world = self.shared.world.lock().unwrap();
        let World { db, room, .. } = &mut *world;
        room.make_snapshot(db).unwrap();
    }

    pub(crate) fn allow(&self, token: &str, expires: Option<u64>) {
        let expires = expires.map(|at| Millis::new(at).unwrap());
        self.shared.world.lock().unwrap().tokens.insert(token.to_owned(), expires);
    }

    pub(crate) fn forbid(&self, token: &str) {
        self.shared.world.lock().unwrap().tokens.remove(token);
    }

    pub(crate) fn pass(&self, ms: u64) {
        self.shared.world.lock().unwrap().now += ms;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The titles of its notes, however often each is in the log.
    pub(crate) fn logged(&self) -> Vec<String> {
        let world = self.shared.world.lock().unwrap();
        let db: &dyn Query = &world.db;
        let sql = "SELECT json_extract(e.value, '$.args.title') FROM syncline_log,
            json_each('[' || entries || ']') e WHERE json_extract(e.value, '$.name') = 'noteMade'
            ORDER BY json_extract(e.value, '$.seq')";
        db.query(sql, &[]).unwrap().iter().map(|row| row.get(0).unwrap()).collect()
    }
}

async fn serve(shared: Arc<Shared>, listener: TcpListener) {
    // Ends its sockets, too, when it is aborted.
    let mut sockets = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        sockets.spawn(socket(Arc::clone(&shared), stream));
    }
}

async fn socket(shared: Arc<Shared>, stream: TcpStream) {
    let Ok(stream) = accept_async(stream).await else { return };
    let id = shared.next.fetch_add(1, Ordering::SeqCst);
    let (sender, mut outgoing) = mpsc::unbounded_channel();
    shared.world.lock().unwrap().sockets.insert(id, (Connection::new(None), sender));
    let (mut sink, mut stream) = stream.split();
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    if !shared.world.lock().unwrap().receive(id, text.as_str(), &shared.dies_in_push) {
                        break;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
            message = outgoing.recv() => {
                let Some(message) = message else { break };
                if sink.send(message).await.is_err() {
                    break;
                }
            }
        }
    }
    let mut world = shared.world.lock().unwrap();
    if let Some((gone, _)) = world.sockets.remove(&id) {
        gone.gone().iter().for_each(|frame| world.send_others(id, frame));
    }
}

impl World {
    /// Whether the socket stays open.
    fn receive(&mut self, id: u64, text: &str, dies_in_push: &AtomicBool) -> bool {
        self.now += 1;
        let now = Millis::new(self.now).unwrap();
        let Some((connection, own)) = self.sockets.get_mut(&id) else { return false };
        if text == "ping" {
            return own.send(Message::text("pong")).is_ok();
        }
        let outputs = self.room.receive(&mut self.db, now, connection, text, &Tokens(&self.tokens));
        if text.contains(r#""type":"push""#) && dies_in_push.swap(false, Ordering::SeqCst) {
            return false;
        }
        for output in outputs {
            match output {
                Output::Reply(frame) => self.send(id, frame),
                Output::Publish(frame) => {
                    for (connection, sender) in self.sockets.values_mut() {
                        let frame = connection.expire(now).unwrap_or_else(|| frame.clone());
                        if connection.is_live() || frame.contains("needs-auth") {
                            let _ = sender.send(Message::text(frame));
                        }
                    }
                }
                Output::Others(frame) => self.send_others(id, &frame),
                Output::Present => {
                    let others = self.sockets.iter().filter(|(other, _)| **other != id);
                    let frames: Vec<_> = others.flat_map(|(_, (other, _))| other.presence()).collect();
                    frames.into_iter().for_each(|frame| self.send(id, frame));
                }
                // It goes out behind the frame that says why; the client's answer ends the socket.
                Output::Close(_) => self.send_message(id, Message::Close(None)),
                // Nothing was.
                Output::Released(_) => {}
            }
        }
        true
    }

    fn send_others(&self, id: u64, frame: &str) {
        for (_, (_, sender)) in
            self.sockets.iter().filter(|(other, (there, _))| **other != id && there.is_live())
        {
            let _ = sender.send(Message::text(frame));
        }
    }

    fn send(&self, id: u64, frame: String) {
        self.send_message(id, Message::text(frame));
    }

    fn send_message(&self, id: u64, message: Message) {
        if let Some((_, sender)) = self.sockets.get(&id) {
            let _ = sender.send(message);
        }
    }
}
