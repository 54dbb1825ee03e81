//! A data directory that no server has: for as long as a command runs, it is the command's alone.

use std::path::{Path, PathBuf};

use syncline_engine::protocol::StoreId;
use syncline_engine::{Query, Room, Rules};
use syncline_sqlite::{Database, Durability};

use super::failure::{Failure, Kind};
use crate::directory::Directory;
use crate::recovery;
use crate::shard::incarnation;

pub(crate) struct Local {
    pub(crate) directory: Directory,
    pub(crate) rules: Rules,
}

impl Local {
    /// What a killed server has left in its journal is played back first, as it would do itself.
    pub(crate) fn open(data: &Path, rules: Rules) -> Result<Self, Failure> {
        if !data.join("stores").is_dir() {
            let message = format!("{} is no data directory: it has no stores", data.display());
            return Err(Failure::new(Kind::Files, message));
        }
        let directory = Directory::open(data)?;
        recovery::recover(&directory, rules)?;
        Ok(Self { directory, rules })
    }

    pub(crate) fn stores(&self) -> Result<Vec<StoreId>, Failure> {
        Ok(self.directory.stores()?.into_iter().map(|(store, _)| store).collect())
    }

    pub(crate) fn path(&self, store: &StoreId) -> Result<PathBuf, Failure> {
        let path = self.directory.store(store);
        if path.exists() {
            return Ok(path);
        }
        Err(Failure::new(Kind::NoStore, format!("there is no store {store}")))
    }

    pub(crate) fn database(&self, store: &StoreId) -> Result<Database, Failure> {
        Ok(Database::open_file(self.path(store)?, Durability::Normal)?)
    }

    /// The room of a store. One whose tables are another model's is not opened: that would make them anew.
    pub(crate) fn room(&self, store: &StoreId) -> Result<(Database, Room), Failure> {
        let mut db = self.database(store)?;
        if Room::life(&db)?.is_some() {
            let query: &dyn Query = &db;
            let tables: Option<String> = query.value("SELECT schema_hash FROM syncline_room", &[])?;
            if tables.as_deref() != Some(self.rules.schema_hash()?.as_str()) {
                let message = format!("the tables of {store} are those of another model than this binary's");
                return Err(Failure::new(Kind::OtherModel, message));
            }
        }
        let mut room = Room::open(&mut db, self.rules, store.clone(), incarnation()?)?;
        while room.is_rebuilding() && !room.rebuild_step(&mut db)? {}
        Ok((db, room))
    }
}
