//! The Durable Object of one store: sockets on one side, the room on the other.
//!
//! It may be dropped between any two inputs, so it holds nothing that it cannot read back: the room
//! is opened when it is first needed, and what is known of a socket is attached to it.

mod alarm;
mod archive;
mod calls;
mod facts;
mod held;
mod released;
mod socket;
mod webhook;

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use js_sys::{Function, JsString, Promise};
use syncline_auth::MakePolicy;
use syncline_engine::protocol::{Code, DecodeError, ErrorFrame, Incarnation, ServerMessage, StoreId};
use syncline_engine::{
    Connection, HostFailure, Model, Output, Room, Rules, SharedToken, Sql, SqlError, Webhook,
};
use syncline_http::Route;
use syncline_livestore::{Door, LiveStore, PING, PONG, Peer};
use wasm_bindgen::{JsCast, JsValue};
use worker::worker_sys::web_sys::{Request, Response, WebSocket};
use worker::worker_sys::{DurableObjectState, WebSocketRequestResponsePair};
use worker::{Env, State, WebSocketPair, console_error};

use crate::answer;
use crate::clock::now;
use crate::router;
use crate::sql::ObjectSql;
use crate::stores;
use crate::text;
use crate::token::{self, Tokens};
use held::Held;
use socket::{Attachment, Socket};

/// How long a client waits before it tries again after a failure of the storage.
const RETRY_AFTER_MS: u32 = 1_000;

/// One store.
pub struct Object {
    state: State,
    env: Env,
    /// Or what is wrong with the configuration.
    tokens: Result<Tokens, String>,
    admin: Option<SharedToken>,
    receiver: Option<webhook::Receiver>,
    /// Frames that wait for the keys of their token.
    held: RefCell<Vec<Held>>,
    /// Who waits for the next entries, over HTTP.
    waiting: RefCell<Vec<Function>>,
    rules: Rules,
    db: RefCell<ObjectSql>,
    room: RefCell<Option<Room>>,
    /// The room, to LiveStore's clients.
    livestore: RefCell<LiveStore>,
    /// When the alarm comes that this instance knows of.
    armed: Cell<Option<u64>>,
    /// Until then the archive is left alone, as it has failed.
    spared: Cell<u64>,
    /// The binding of its archive, where that was noted.
    bound: OnceCell<String>,
    /// Whether this instance has compared the log with the archive.
    compared: Cell<bool>,
    /// Until then nothing is released, as somebody reads what was; and how many bytes were brought back for that.
    reading: Cell<(u64, usize)>,
}

impl Object {
    /// Takes what the platform gives; cheap, as it runs after each hibernation.
    #[must_use]
    pub fn new<M: Model>(state: DurableObjectState, env: Env, policy: MakePolicy) -> Self {
        let state = State::from(state);
        let db = RefCell::new(ObjectSql::new(state.storage().as_raw()));
        Self {
            tokens: token::configured(&env, policy),
            held: RefCell::default(),
            admin: token::admin(&env),
            receiver: webhook::Receiver::configured(&env),
            waiting: RefCell::default(),
            state,
            env,
            rules: Rules::of::<M>(),
            db,
            room: RefCell::new(None),
            livestore: RefCell::default(),
            armed: Cell::new(None),
            spared: Cell::new(0),
            bound: OnceCell::new(),
            compared: Cell::new(false),
            reading: Cell::default(),
        }
    }

    /// Opens a socket. The router has looked at the path; the token is looked at again, as what it
    /// says is kept with the socket.
    ///
    /// # Errors
    /// What the platform throws.
    pub async fn fetch(&self, request: Request) -> Result<Response, JsValue> {
        let mut request = worker::Request::from(request);
        #[cfg(feature = "conformance")]
        if request.path() == "/conformance" {
            return Ok(crate::conformance::answer(&self.state, &self.db).await?.into());
        }
        let limit = token::message_bytes(&self.tokens);
        let mount = token::mount(&self.env, &self.rules)?;
        let (route, _) = router::parse(&mut request, limit, mount)
            .await?
            .map_err(|_| "the router lets nothing else through")?;
        let Ok(tokens) = &self.tokens else {
            return Err("the router lets nobody through without a configuration".into());
        };
        tokens.prepare(router::token(&route, &request).as_deref()).await;
        let granted = match router::grant(&route, &request, tokens, self.admin.as_ref()) {
            Ok(granted) => granted,
            // The router let it through a moment ago: it has expired since, or its key was taken back.
            Err(answer) => return Ok(answer::response(answer)?.into()),
        };
        let (store, peer, ping) = match (route, granted) {
            (Route::Sync(store), granted) => {
                (store, Peer::Syncline(Connection::new(granted)), ("ping", "pong"))
            }
            (Route::LiveStore(Door { store, .. }), Some(grant)) => {
                (store, Peer::LiveStore(syncline_livestore::Connection::new(grant)), (PING, PONG))
            }
            (Route::Store(store, call), Some(grant)) => {
                return Ok(self.call(&store, call, grant).await?.into());
            }
            _ => return Err("the router sends nothing else".into()),
        };
        if socket::all(self.state.as_raw()).len() >= tokens.connections {
            let message = format!("{store} has {} connections", tokens.connections);
            return Ok(answer::refusal(Code::TooManyConnections, message)?.into());
        }
        self.compare_with_archive(&store).await;
        // There is one for all sockets: those of the other kind wake the object to be answered.
        let (ping, pong) = ping;
        self.state.as_raw().set_websocket_auto_response(&WebSocketRequestResponsePair::new(ping, pong)?)?;
        let pair = WebSocketPair::new()?;
        self.state.as_raw().accept_websocket(pair.server.as_ref())?;
        Socket::new(pair.server.as_ref()).attach(&Attachment { store, peer })?;
        Ok(worker::Response::from_websocket(pair.client)?.into())
    }

    /// Handles one message of a socket, wholly: nothing else runs in between. What it returns
    /// settles once the alarm is set that it asked for, if it did.
    pub fn message(self: &Rc<Self>, socket: &WebSocket, message: &JsValue) -> Promise {
        self.hold(socket, message).unwrap_or_else(|| self.handle(socket, message))
    }

    fn handle(self: &Rc<Self>, socket: &WebSocket, message: &JsValue) -> Promise {
        let socket = Socket::new(socket);
        if !socket.is_open() {
            return settled();
        }
        let outputs = match self.receive(socket, message) {
            Ok(outputs) => outputs,
            Err(frame) => vec![refused(socket, frame)],
        };
        let published = outputs.iter().any(|output| matches!(output, Output::Publish(_)));
        let alarm = if published { self.archive_soon() } else { settled() };
        for output in outputs {
            if let Output::Released(first) = output {
                return self.hold_for_archive(socket.raw(), message, first);
            }
            self.carry_out(socket, output);
        }
        alarm
    }

    fn carry_out(&self, socket: Socket<'_>, output: Output) {
        match output {
            Output::Reply(frame) => socket.send(&JsString::from(frame)),
            Output::Publish(frame) => self.publish(&frame),
            Output::Others(frame) => self.publish_to(&frame, Some(socket.raw())),
            Output::Present => socket::tell_presence(self.state.as_raw(), socket.raw()),
            Output::Close(code) => socket.close(1008, code.as_str()),
            // Whoever has the frame holds it back.
            Output::Released(_) => {}
        }
    }

    fn receive(&self, socket: Socket<'_>, message: &JsValue) -> Result<Vec<Output>, ErrorFrame> {
        let Some(text) = message.dyn_ref::<JsString>() else {
            return Err(ErrorFrame::new(Code::BadMessage, "a message is a text frame"));
        };
        // Before the copy: the platform takes 32 MiB, and wasm memory never shrinks. UTF-8 has at
        // least as many bytes as UTF-16 has units.
        let (units, limit) = (text.length() as usize, token::message_bytes(&self.tokens));
        if units > limit {
            return Err(DecodeError::TooLarge { bytes: units, limit }.frame());
        }
        let text = text::from_js(text);
        let tokens =
            self.tokens.as_ref().map_err(|error| ErrorFrame::new(Code::NotConfigured, error.clone()))?;
        let Some(before) = socket.attached() else {
            return Err(ErrorFrame::new(Code::ServerFailed, "nothing is known of this socket: reconnect"));
        };
        let now = now();
        if let Some(pong) = before.peer.pong(&text) {
            return Ok(vec![Output::Reply(pong.to_owned())]);
        }
        if let Some(outputs) = before.peer.refuse_stranger(&before.store, now, &text, tokens) {
            return Ok(outputs);
        }
        let mut after = before.clone();
        let outputs = self.with_room(Some(&before.store), |room, db| {
            let livestore = &mut *self.livestore.borrow_mut();
            Ok(after.peer.receive((room, livestore), db, now, &text, tokens))
        });
        let outputs = outputs.map_err(|error| failed(&error))?;
        let held_back = outputs.iter().any(|output| matches!(output, Output::Released(_)));
        if after != before
            && !held_back
            && let Err(error) = socket.attach(&after)
        {
            console_error!("a socket cannot keep what is known of it: {error:?}");
            return Err(ErrorFrame::new(Code::ServerFailed, "the socket cannot be kept: reconnect"));
        }
        Ok(outputs)
    }

    /// The other side has closed, or broken off: the platform waits for our close.
    pub fn closed(&self, socket: &WebSocket, code: u16) -> Promise {
        // Codes that no frame may carry stand for a frame that had none, or never came.
        let code = if matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) { code } else { 1000 };
        let socket = Socket::new(socket);
        if let Some(Attachment { peer, .. }) = socket.attached() {
            peer.gone().iter().for_each(|frame| self.publish_to(frame, Some(socket.raw())));
        }
        socket.close(code, "");
        settled()
    }

    /// Runs `body` with the room, opened if this instance has not yet. The store's id comes from the
    /// socket; an alarm has none, and finds what was noted then.
    fn with_room<T>(
        &self,
        store: Option<&StoreId>,
        body: impl FnOnce(&mut Room, &mut dyn Sql) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let mut db = self.db.borrow_mut();
        let mut slot = self.room.borrow_mut();
        let room = match &mut *slot {
            Some(room) => room,
            None => slot.insert(self.open(&mut db, store)?),
        };
        body(room, &mut *db)
    }

    fn open(&self, db: &mut ObjectSql, store: Option<&StoreId>) -> Result<Room, SqlError> {
        let store = match store {
            Some(store) => {
                facts::put_store(db, store, stores::newest(&self.env))?;
                self.note_archive(db);
                store.clone()
            }
            None => facts::store(db)?.ok_or_else(|| host_failure("no socket has come yet".to_owned()))?,
        };
        let mut room = Room::open(db, self.rules, store, incarnation()?)?;
        if let Ok(tokens) = &self.tokens {
            room.configure(tokens.room);
        }
        if room.is_rebuilding() {
            let _set = self.wake_in(0);
        } else if (self.archive().is_some()
            && (room.archive_page(db)?.is_some() || room.releasable(db)?.is_some()))
            || (self.receiver.is_some()
                && !matches!(room.webhook(db, now())?, Webhook::Idle | Webhook::Stopped))
        {
            // An alarm can be lost with the machine, or the archive be newer than the log.
            let _set = self.archive_soon();
        }
        Ok(room)
    }
}

fn failed(error: &SqlError) -> ErrorFrame {
    console_error!("the room cannot be opened: {error}");
    ErrorFrame {
        retry_after_ms: Some(RETRY_AFTER_MS),
        ..ErrorFrame::new(Code::ServerFailed, error.to_string())
    }
}

/// What cannot be answered as a request is told as an error; where there is no word for that, the socket is closed.
fn refused(socket: Socket<'_>, frame: ErrorFrame) -> Output {
    let code = frame.code;
    match socket.attached() {
        Some(Attachment { peer, .. }) => peer.error(frame).map_or(Output::Close(code), Output::Reply),
        None => Output::Reply(ServerMessage::Error(frame).encode()),
    }
}

fn settled() -> Promise {
    Promise::resolve(&JsValue::UNDEFINED)
}

fn host_failure(message: String) -> SqlError {
    SqlError::Host { failure: HostFailure::Other, message }
}

/// A fresh one, for a store that has none.
fn incarnation() -> Result<Incarnation, SqlError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| host_failure(error.to_string()))?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Incarnation::parse(hex).map_err(|error| host_failure(error.to_string()))
}
