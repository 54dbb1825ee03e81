//! The leader of a browser: log and outbox on OPFS, in a dedicated worker.

use js_sys::Array;
use serde::{Deserialize, Serialize};
use syncline_engine::protocol::{Args, ClientId, Code, Digest, ErrorFrame, Seq, SessionId, StoreId, Subject};
use syncline_engine::{
    Epoch, HostFailure, Leader as EngineLeader, LeaderConfig, Making, Replica, SqlError, StateDue,
};
use syncline_sqlite::opfs::Pool;
use syncline_sqlite::{Database, Durability};
use wasm_bindgen::prelude::*;

mod files;
mod log_file;

use crate::failure::{Failure, json, seq};
use crate::past::Past;
use files::Files;

const STATE: &str = "state.db";

/// A tail longer than this costs a new session more than bringing the leader's state up to date.
const TAIL: u64 = 500;

/// While sessions run, the state follows the log in steps of this many entries.
const STEP: u64 = 5_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    store_id: StoreId,
    subject: Subject,
    client: ClientId,
    /// What a hook of the server wants to know at connect.
    payload: Option<Args>,
    durability: Persisted,
}

/// What a commit that is persisted survives: the end of the browser, or with `strict` that of the machine, too.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Persisted {
    Normal,
    Strict,
}

impl From<Persisted> for Durability {
    fn from(persisted: Persisted) -> Self {
        match persisted {
            Persisted::Normal => Self::Normal,
            Persisted::Strict => Self::Full,
        }
    }
}

/// How long commits wait that the server would not take, where it names no time.
const HELD_MS: u32 = 30_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    live: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    /// Milliseconds after which `push_again` makes sense: the connection goes on, and commits wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_for: Option<u32>,
    lost: u32,
    /// What went wrong and was mended.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<Notice<'a>>,
    pending: u32,
    head: Seq,
    cursor: Seq,
}

#[derive(Serialize)]
struct Notice<'a> {
    code: Code,
    message: &'a str,
}

/// Log, outbox and cursor of one client.
#[wasm_bindgen]
pub struct Leader {
    leader: EngineLeader,
    replica: Replica,
    log: Database,
    state: Database,
    /// Being made in memory of the snapshot that is on its way.
    making: Option<(Database, Making)>,
    /// Made so, and not copied into `state` yet.
    made: Option<(Database, Replica)>,
    /// Where both are; none in memory.
    files: Option<Files>,
}

#[wasm_bindgen]
impl Leader {
    /// Opens the client's database: on OPFS, or in memory where the browser has none.
    pub async fn open(config: String) -> Result<Leader, JsValue> {
        Ok(Self::try_open(&config).await?)
    }

    /// Opens the client's database of what the host has kept of it, an array of `[file, index, bytes]`: from now on, it
    /// keeps what [`Self::take_changed`] returns before it tells anything that was polled after that.
    pub fn open_kept(config: String, kept: &Array) -> Result<Leader, JsValue> {
        Ok(Self::try_open_kept(&config, kept)?)
    }

    /// What is to be kept now: blocks as for [`Self::open_kept`], those without bytes to be forgotten. None where
    /// nothing has changed, or the host has nothing to do with it.
    pub fn take_changed(&self) -> Result<Option<Array>, JsValue> {
        let Some(files) = &self.files else { return Ok(None) };
        Ok(files.take_changed().map_err(Failure::from)?)
    }

    /// Deletes everything that this browser keeps of a store, for a subject.
    pub async fn reset(store_id: String, subject: String) -> Result<(), JsValue> {
        Ok(remove_all(store_id, subject).await?)
    }

    /// What `Session.open` needs; the entries after its state follow by `poll_session`.
    pub fn opened(&mut self, session: String) -> Result<String, JsValue> {
        Ok(self.try_opened(session, None)?)
    }

    /// As `opened`, for a session that lives already: the entries after its cursor follow.
    pub fn resumed(&mut self, session: String, cursor: f64, epoch: String) -> Result<String, JsValue> {
        Ok(self.try_opened(session, Some((cursor, Epoch::kept(epoch))))?)
    }

    /// Offers again what the server would not take for now.
    pub fn push_again(&mut self) -> Result<(), JsValue> {
        Ok(self.leader.push_again(&self.log).map_err(Failure::from)?)
    }

    /// Confirmed commits that the server has lost, a JSON array.
    pub fn lost(&self) -> Result<String, JsValue> {
        Ok(json(&self.leader.lost(&self.log).map_err(Failure::from)?))
    }

    /// Forgets the lost commits up to an id.
    pub fn dismiss_lost(&mut self, upto: f64) -> Result<(), JsValue> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a double saturates"
        )]
        let upto = upto as u64;
        Ok(self.leader.dismiss_lost(&mut self.log, upto).map_err(Failure::from)?)
    }

    /// Which life of the server's log this is, once it is known.
    pub fn incarnation(&self) -> Option<String> {
        self.leader.incarnation().map(|incarnation| incarnation.as_str().to_owned())
    }

    /// Where the log begins here: what is at or below this seq, only the server has.
    pub fn log_start(&self) -> Result<f64, JsValue> {
        Ok(self.leader.log_start(&self.log).map_err(Failure::from)?.get() as f64)
    }

    /// Whole commits after a seq, a JSON array of entries; the first of them may be at or below it.
    pub fn log_part(&self, after: f64) -> Result<String, JsValue> {
        Ok(self.leader.log_part(&self.log, seq(after)?).map_err(Failure::from)?)
    }

    /// The nearest state at or before a seq that is here, to be followed from there.
    pub fn past(&mut self, at: f64) -> Result<Past, JsValue> {
        Ok(self.try_past(seq(at)?)?)
    }

    /// The serialized state for `Session.open`; none where there is nothing in it.
    pub fn state(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        if self.replica.seq() == Seq::ZERO {
            return Ok(None);
        }
        Ok(Some(self.state.serialize().map_err(Failure::from)?))
    }

    /// `opfs`, `indexeddb` or `memory`.
    pub fn storage(&self) -> String {
        match &self.files {
            Some(Files::Opfs(_)) => "opfs",
            Some(Files::Blocks(_)) => "indexeddb",
            None => "memory",
        }
        .to_owned()
    }

    /// The code that says why storage is memory.
    pub fn storage_reason(&self) -> Option<String> {
        self.files.is_none().then(|| Code::OpfsUnavailable.as_str().to_owned())
    }

    /// Takes commits of a session.
    pub fn hand_over(&mut self, message: &str) -> Result<(), JsValue> {
        Ok(self.leader.hand_over(&mut self.log, message).map_err(Failure::from)?)
    }

    /// The socket is open.
    pub fn connected(&mut self, token: Option<String>) {
        self.leader.connected(token);
    }

    /// The socket is closed.
    pub fn disconnected(&mut self) {
        self.leader.disconnected();
        // What is here of a snapshot stays, and is made into a state when the rest comes.
        self.making = None;
    }

    /// A fresh token on the open socket.
    pub fn sign_in(&mut self, token: String) -> Result<(), JsValue> {
        Ok(self.leader.sign_in(&self.log, token).map_err(Failure::from)?)
    }

    /// Takes a frame of the server.
    pub fn received(&mut self, text: &str) -> Result<(), JsValue> {
        Ok(self.leader.receive(&mut self.log, text).map_err(Failure::from)?)
    }

    /// Lets the state follow the log, where that has gone far ahead, and returns whether it has. That takes
    /// longer than what sessions wait for: they are told first.
    pub fn advance(&mut self) -> Result<bool, JsValue> {
        Ok(self.try_advance(STEP)?)
    }

    /// The next frame for the server.
    pub fn poll_server(&mut self) -> Option<String> {
        self.leader.poll_server()
    }

    /// The next message for a session that was opened or resumed, and has not ended.
    pub fn poll_session(&mut self, session: String) -> Result<Option<String>, JsValue> {
        Ok(self.leader.poll_session(&session_id(session)?))
    }

    /// The state that a message of `poll_session` asks for; empty where it cannot be made. None where it is void by
    /// now: then another message follows.
    pub fn state_due(&mut self, message: &str) -> Result<Option<Vec<u8>>, JsValue> {
        Ok(self.try_state_due(message)?)
    }

    /// A session has ended: nothing is kept for it any more.
    pub fn session_ended(&mut self, session: String) -> Result<(), JsValue> {
        self.leader.session_ended(&session_id(session)?);
        Ok(())
    }

    /// Sets the value of a session, any JSON of at most 512 bytes, or takes it away.
    pub fn set_presence(&mut self, session: String, value: Option<String>) -> Result<(), JsValue> {
        let value =
            value.map(|value| Args::parse(&value).map_err(|error| Failure::new(Code::BadMessage, error)));
        let refused = self.leader.set_presence(&session_id(session)?, value.transpose()?);
        Ok(refused.map_err(|ErrorFrame { code, message, .. }| Failure::new(code, message))?)
    }

    /// What has become of a value since this was last asked, as JSON; in order.
    pub fn poll_presence(&mut self) -> Option<String> {
        self.leader.poll_presence().as_ref().map(json)
    }

    /// All values that there are, a JSON array.
    pub fn present(&self) -> String {
        json(&self.leader.present())
    }

    /// Milliseconds after which `presence_again` makes sense; told once.
    pub fn presence_retry(&mut self) -> Option<u32> {
        self.leader.presence_retry()
    }

    /// Tells the server of the own values once more.
    pub fn presence_again(&mut self) {
        self.leader.presence_again();
    }

    /// Where the leader stands, as JSON.
    pub fn status(&self) -> Result<String, JsValue> {
        let status = self.leader.status(&self.log).map_err(Failure::from)?;
        let why = status.stopped.as_ref().or(status.held.as_ref());
        let held_for = status.held.as_ref().map(|error| error.retry_after_ms.unwrap_or(HELD_MS));
        Ok(json(&Status {
            live: status.live,
            needs: why.map(|error| error.code),
            message: why.map(|error| error.message.as_str()),
            held_for,
            lost: status.lost,
            notice: status
                .notice
                .as_ref()
                .map(|ErrorFrame { code, message, .. }| Notice { code: *code, message }),
            pending: status.pending,
            head: status.head,
            cursor: status.cursor,
        }))
    }
}

impl Leader {
    async fn try_open(config: &str) -> Result<Self, Failure> {
        let (config, durability) = leader_config(config)?;
        match Pool::install(&directory(&config.store, &config.subject)).await {
            Ok(pool) => Self::open_files(Files::Opfs(pool), config, durability),
            // Held by a page that is just closing: the caller tries again, for a while.
            Err(error) if is_busy(&error) => Err(error.into()),
            Err(_) => {
                let mut log = Database::open_memory()?;
                let leader = EngineLeader::open(&mut log, LeaderConfig { volatile: true, ..config })?;
                let mut state = Database::open_memory()?;
                let replica = Replica::open(&mut state, crate::rules())?;
                Ok(Self { leader, replica, log, state, making: None, made: None, files: None })
            }
        }
    }

    fn try_open_kept(config: &str, kept: &Array) -> Result<Self, Failure> {
        let (config, durability) = leader_config(config)?;
        Self::open_files(Files::of_kept(kept)?, config, durability)
    }

    fn open_files(files: Files, config: LeaderConfig, durability: Durability) -> Result<Self, Failure> {
        let (log, leader) = log_file::open(&files, config, durability)?;
        let mut state = open_state(&files)?;
        let replica = Replica::open(&mut state, crate::rules())?;
        Ok(Self { leader, replica, log, state, making: None, made: None, files: Some(files) })
    }

    fn try_opened(&mut self, session: String, living: Option<(f64, Epoch)>) -> Result<String, Failure> {
        let session = session_id(session)?;
        self.try_advance(TAIL)?;
        let Some((cursor, epoch)) = living else {
            return Ok(self.leader.opened(&self.log, &session, self.replica.seq())?);
        };
        Ok(self.leader.resumed(&self.log, &session, seq(cursor)?, &epoch)?)
    }

    fn try_past(&mut self, at: Seq) -> Result<Past, Failure> {
        let state = self.replica.seq();
        if Seq::ZERO < state && state <= at && !self.leader.lags(&self.replica, u64::MAX) {
            return Ok(Past::of(Database::deserialize(&self.state.serialize()?)?, state));
        }
        if at < self.leader.log_start(&self.log)? {
            return Past::before_all();
        }
        let mut db = Database::open_memory()?;
        let past = self.leader.past(&self.log, crate::rules(), &mut db)?;
        Ok(Past::new(db, past))
    }

    /// In memory it takes half the time; the file follows by [`Self::try_advance`].
    fn try_state_due(&mut self, message: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(due) = StateDue::of(message) else { return Ok(None) };
        if !self.leader.is_due(&self.log, &due)? {
            return Ok(None);
        }
        let known = |(_, replica): &(Database, Replica)| replica.epoch() == Some(&due.epoch);
        if !self.made.as_ref().is_some_and(known) {
            self.made = None;
            match self.make(&due) {
                Ok(made) => self.made = made,
                Err(error) if error.is_host() => return Err(error.into()),
                // It makes no state: [`EngineLeader::advance`] mends that.
                Err(_) => {}
            }
        }
        let Some((memory, _)) = &mut self.made else { return Ok(Some(Vec::new())) };
        Ok(Some(memory.serialize()?))
    }

    fn make(&mut self, due: &StateDue) -> Result<Option<(Database, Replica)>, SqlError> {
        let Some(snapshot) = self.leader.base(&self.log)? else { return Ok(None) };
        self.make_of(snapshot)?;
        let Some((mut memory, making)) = self.making.take() else { return Ok(None) };
        let replica = making.finish(&mut memory, &self.log, due)?;
        memory.check_references()?;
        Ok(Some((memory, replica)))
    }

    /// Takes what is here of a snapshot, of which more may be on its way.
    fn make_of(&mut self, snapshot: Digest) -> Result<(), SqlError> {
        let (mut memory, mut making) = match self.making.take() {
            Some((memory, making)) if making.snapshot() == snapshot => (memory, making),
            Some(_) | None => {
                let mut memory = Database::open_scratch()?;
                let making = Making::begin(&mut memory, crate::rules(), snapshot)?;
                (memory, making)
            }
        };
        making.take(&mut memory, &self.log)?;
        self.making = Some((memory, making));
        Ok(())
    }

    fn try_advance(&mut self, tail: u64) -> Result<bool, Failure> {
        match self.leader.incoming() {
            // One that makes no state is found out when it is due.
            Some(snapshot) => drop(self.make_of(snapshot)),
            // It was due, or no session goes on from it.
            None => self.making = None,
        }
        let lags = self.leader.lags(&self.replica, tail);
        if let Some((mut memory, replica)) = self.made.take()
            && replica.epoch() == Some(self.leader.epoch())
            && self.leader.lags(&self.replica, 0)
        {
            self.state.overwrite(&mut memory)?;
            self.replica = replica;
        }
        if lags {
            self.leader.advance(&mut self.log, &mut self.replica, &mut self.state)?;
        }
        Ok(lags)
    }
}

fn leader_config(config: &str) -> Result<(LeaderConfig, Durability), Failure> {
    let Config { store_id, subject, client, payload, durability } =
        serde_json::from_str(config).map_err(|error| Failure::new(Code::BadMessage, error))?;
    let config = LeaderConfig {
        payload,
        brings_states: true,
        ..LeaderConfig::new(&crate::rules(), store_id, subject, client)?
    };
    Ok((config, durability.into()))
}

fn session_id(session: String) -> Result<SessionId, Failure> {
    SessionId::parse(session).map_err(|error| Failure::new(Code::BadMessage, error))
}

/// The state is derived: one that does not open is deleted, and made anew from the log.
fn open_state(files: &Files) -> Result<Database, SqlError> {
    let sound = |db: Database| db.check().map(|()| db);
    files.open(STATE, Durability::Normal).and_then(sound).or_else(|_| {
        files.remove(STATE)?;
        files.open(STATE, Durability::Normal)
    })
}

async fn remove_all(store_id: String, subject: String) -> Result<(), Failure> {
    let bad = |error: &dyn std::error::Error| Failure::new(Code::BadMessage, error);
    let store_id = StoreId::parse(store_id).map_err(|error| bad(&error))?;
    let subject = Subject::parse(subject).map_err(|error| bad(&error))?;
    match Pool::install(&directory(&store_id, &subject)).await {
        Ok(pool) => {
            let files = Files::Opfs(pool);
            log_file::remove(&files)?;
            files.remove(STATE)?;
            Ok(())
        }
        Err(error) if is_busy(&error) => Err(error.into()),
        // Without OPFS there is nothing to delete.
        Err(_) => Ok(()),
    }
}

fn is_busy(error: &SqlError) -> bool {
    matches!(error, SqlError::Host { failure: HostFailure::Busy, .. })
}

/// A subject may be any text; a directory's name may not.
fn directory(store: &StoreId, subject: &Subject) -> String {
    let mut digest = Digest::of(subject.as_str().as_bytes()).to_string();
    digest.truncate(16);
    format!(".syncline-{store}-{digest}")
}
