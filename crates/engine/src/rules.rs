//! A model without its types: what rooms, sessions and leaders hold.

use std::any::TypeId;
use std::fmt;

use syncline_protocol::{Code, Digest, ModelVersion, RawEvent, Rejection, SchemaHash};

use crate::decode::decode;
use crate::guard::{Guarded, refuse_unportable};
use crate::{ApplyContext, ApplyError, CheckContext, Model, Query, Schemaless, Sql, SqlError};

/// Why an event did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The rules, or a constraint, said no.
    Rejected(Rejection),
    /// The host failed: nothing is decided.
    Host(SqlError),
}

impl From<SqlError> for Refusal {
    fn from(error: SqlError) -> Self {
        if error.is_host() { Self::Host(error) } else { Self::Rejected(error.into()) }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

type Admit = fn(RawEvent, &CheckContext<'_>, &ApplyContext<'_>, &mut dyn Sql) -> Result<(), Refusal>;
type Apply = fn(RawEvent, &ApplyContext<'_>, &mut dyn Sql) -> Result<(), Refusal>;
type Inverse = fn(RawEvent, &ApplyContext<'_>, &dyn Query) -> Result<Vec<RawEvent>, Refusal>;
type Decodes = fn(RawEvent) -> Result<(), Rejection>;

/// A model, its types erased: function pointers to its compiled rules.
#[derive(Clone, Copy)]
pub struct Rules {
    tables: &'static str,
    version: ModelVersion,
    schemaless: bool,
    offer_lost: bool,
    admit: Admit,
    apply: Apply,
    inverse: Inverse,
    decodes: Decodes,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Rules {
    /// The rules of a model.
    #[must_use]
    pub fn of<M: Model>() -> Self {
        Self {
            tables: M::TABLES,
            version: ModelVersion(M::VERSION),
            schemaless: TypeId::of::<M>() == TypeId::of::<Schemaless>(),
            offer_lost: M::OFFER_LOST,
            admit: admit::<M>,
            apply: apply::<M>,
            inverse: inverse::<M>,
            decodes: decodes::<M>,
        }
    }

    /// The statements that create the state's tables.
    #[must_use]
    pub const fn tables(&self) -> &'static str {
        self.tables
    }

    /// The model's version.
    #[must_use]
    pub const fn version(&self) -> ModelVersion {
        self.version
    }

    /// Whether they are those of [`Schemaless`](crate::Schemaless): there are none.
    #[must_use]
    pub const fn is_schemaless(&self) -> bool {
        self.schemaless
    }

    /// Whether a client offers again what a restored server has lost; see [`Model::OFFER_LOST`].
    #[must_use]
    pub const fn offer_lost(&self) -> bool {
        self.offer_lost
    }

    /// The fingerprint of tables and version; white space and comments do not count.
    ///
    /// # Errors
    /// [`SqlError::Refused`] when the tables use what is not the same on every host.
    pub fn schema_hash(&self) -> Result<SchemaHash, SqlError> {
        let tables = canonical(self.tables);
        refuse_unportable(&tables)?;
        let mut hash = Digest::of(format!("{}\n{tables}", self.version.0).as_bytes()).to_string();
        hash.truncate(16);
        SchemaHash::parse(hash).map_err(|error| SqlError::refused(error.to_string()))
    }

    /// Decodes, checks and applies one event: where a commit is made, on a rebase, at admission.
    ///
    /// # Errors
    /// [`Refusal`]. The caller undoes what was written.
    pub fn admit(
        &self,
        event: RawEvent,
        check: &CheckContext<'_>,
        apply: &ApplyContext<'_>,
        db: &mut dyn Sql,
    ) -> Result<(), Refusal> {
        (self.admit)(event, check, apply, db)
    }

    /// Decodes and applies one entry of history.
    ///
    /// # Errors
    /// [`Refusal`]. The caller undoes what was written.
    pub fn apply(&self, event: RawEvent, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), Refusal> {
        (self.apply)(event, cx, db)
    }

    /// The events that take one back, which is about to be applied; see [`Model::inverse`].
    ///
    /// # Errors
    /// [`Refusal`] where it does not decode, or the state cannot be read.
    pub fn inverse(
        &self,
        event: RawEvent,
        cx: &ApplyContext<'_>,
        before: &dyn Query,
    ) -> Result<Vec<RawEvent>, Refusal> {
        (self.inverse)(event, cx, before)
    }

    /// Whether the model has such an event: it is brought to today's shape, and decoded.
    ///
    /// # Errors
    /// The [`Rejection`] that names what is wrong with it: `unknown-event` or `bad-args`.
    pub fn decodes(&self, event: RawEvent) -> Result<(), Rejection> {
        (self.decodes)(event)
    }
}

fn admit<M: Model>(
    event: RawEvent,
    check: &CheckContext<'_>,
    cx: &ApplyContext<'_>,
    db: &mut dyn Sql,
) -> Result<(), Refusal> {
    let event: M::Event = decode(&M::upcast(event))?;
    guarded(db, |db| {
        M::check(&event, check, db as &dyn Query)?;
        M::apply(&event, cx, db).map_err(rejection)
    })
}

fn apply<M: Model>(event: RawEvent, cx: &ApplyContext<'_>, db: &mut dyn Sql) -> Result<(), Refusal> {
    let event: M::Event = decode(&M::upcast(event))?;
    guarded(db, |db| M::apply(&event, cx, db).map_err(rejection))
}

fn inverse<M: Model>(
    event: RawEvent,
    cx: &ApplyContext<'_>,
    before: &dyn Query,
) -> Result<Vec<RawEvent>, Refusal> {
    let event: M::Event = decode(&M::upcast(event))?;
    let raw = |event| {
        RawEvent::of(&event).map_err(|error| Rejection::coded(Code::BadArgs, error.to_string()).into())
    };
    M::inverse(&event, cx, before)?.into_iter().map(raw).collect()
}

fn decodes<M: Model>(event: RawEvent) -> Result<(), Rejection> {
    decode::<M::Event>(&M::upcast(event)).map(drop)
}

fn rejection(error: ApplyError) -> Rejection {
    match error {
        ApplyError::Refused(rejection) => rejection,
        ApplyError::Sql(error) => error.into(),
    }
}

/// Runs a model's code, and puts a failure of the host before whatever the model made of it.
fn guarded(
    db: &mut dyn Sql,
    body: impl FnOnce(&mut Guarded<'_>) -> Result<(), Rejection>,
) -> Result<(), Refusal> {
    let mut db = Guarded::new(db);
    let result = body(&mut db);
    match db.host_failure() {
        Some(error) => Err(Refusal::Host(error)),
        None => result.map_err(Refusal::Rejected),
    }
}

/// Without comments, and with single spaces.
fn canonical(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    for line in sql.lines() {
        let code = line.split_once("--").map_or(line, |(code, _)| code);
        for word in code.split_whitespace() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    text
}
