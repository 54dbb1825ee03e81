//! Things that are kept once, and named by a number.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use syncline_engine::protocol::Digest;

/// Half a SHA-256: among a billion things, two share one with a chance of 10⁻²¹.
type Key = [u8; 16];

/// The number of a thing.
pub(super) struct Id<T> {
    no: u32,
    of: PhantomData<fn() -> T>,
}

/// Things, each with the text that tells it from others.
pub(super) struct Interned<T> {
    known: HashMap<Key, Id<T>>,
    all: Vec<T>,
}

impl<T> Interned<T> {
    /// The thing with this text, if there is one.
    pub(super) fn find(&self, text: &str) -> Option<Id<T>> {
        self.known.get(&key(text)).copied()
    }

    /// The thing with this text: this one, where there is none yet.
    pub(super) fn keep(&mut self, text: &str, thing: T) -> Id<T> {
        let no = u32::try_from(self.all.len()).expect("fewer things than there is memory for");
        let id = *self.known.entry(key(text)).or_insert(Id { no, of: PhantomData });
        if id.no == no {
            self.all.push(thing);
        }
        id
    }

    pub(super) fn get(&self, id: Id<T>) -> &T {
        self.all.get(id.no as usize).expect("an id is of what was put in")
    }
}

impl Interned<String> {
    pub(super) fn text(&mut self, text: String) -> Id<String> {
        match self.find(&text) {
            Some(id) => id,
            None => self.keep(&text.clone(), text),
        }
    }
}

fn key(text: &str) -> Key {
    let mut key = Key::default();
    key.iter_mut().zip(Digest::of(text.as_bytes()).bytes()).for_each(|(to, from)| *to = *from);
    key
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), all: Vec::new() }
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.no == other.no
    }
}

impl<T> Eq for Id<T> {}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.no.hash(state);
    }
}

impl<T> std::fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.no)
    }
}
