//! The files of a client: on OPFS, or in memory for a host that keeps their blocks.

use js_sys::{Array, Uint8Array};
use syncline_engine::SqlError;
use syncline_engine::protocol::Code;
use syncline_sqlite::blocks::{Block, Blocks};
use syncline_sqlite::opfs::Pool;
use syncline_sqlite::{Database, Durability};
use wasm_bindgen::{JsCast, JsValue};

use crate::failure::Failure;

/// The blocks need no name: there is one leader in a worker.
const NAME: &str = "leader";

#[derive(Clone)]
pub(super) enum Files {
    Opfs(Pool),
    Blocks(Blocks),
}

impl Files {
    /// Of what the host has kept: an array of `[file, index, bytes]`.
    pub(super) fn of_kept(kept: &Array) -> Result<Self, Failure> {
        let kept: Result<Vec<Block>, Failure> = kept.iter().map(|block| block_of(&block)).collect();
        Ok(Self::Blocks(Blocks::install(NAME, kept?)?))
    }

    pub(super) fn open(&self, name: &str, durability: Durability) -> Result<Database, SqlError> {
        match self {
            Self::Opfs(pool) => pool.open(name, durability),
            Self::Blocks(blocks) => blocks.open(name),
        }
    }

    pub(super) fn exists(&self, name: &str) -> Result<bool, SqlError> {
        match self {
            Self::Opfs(pool) => pool.exists(name),
            Self::Blocks(blocks) => Ok(blocks.exists(name)),
        }
    }

    pub(super) fn remove(&self, name: &str) -> Result<bool, SqlError> {
        match self {
            Self::Opfs(pool) => pool.remove(name),
            Self::Blocks(blocks) => blocks.remove(name),
        }
    }

    /// What the host has to keep before anything is told that rests on it: as in [`Self::of_kept`], without the bytes
    /// where a file has become shorter.
    pub(super) fn take_changed(&self) -> Result<Option<Array>, SqlError> {
        let Self::Blocks(blocks) = self else { return Ok(None) };
        let changed = blocks.take_changed()?;
        if changed.is_empty() {
            return Ok(None);
        }
        let changed = changed.iter().map(|Block { file, index, bytes }| {
            let bytes = bytes.as_ref().map_or(JsValue::UNDEFINED, |bytes| Uint8Array::from(&**bytes).into());
            Array::of3(&JsValue::from_str(file), &JsValue::from_f64((*index).into()), &bytes)
        });
        Ok(Some(changed.collect()))
    }
}

fn block_of(block: &JsValue) -> Result<Block, Failure> {
    let read = || -> Option<Block> {
        let block: &Array = block.dyn_ref()?;
        let bytes: Uint8Array = block.get(2).dyn_into().ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of a double saturates"
        )]
        let index = block.get(1).as_f64()? as u32;
        Some(Block { file: block.get(0).as_string()?, index, bytes: Some(bytes.to_vec()) })
    };
    read().ok_or_else(|| Failure::new(Code::StorageFailed, "what was kept is no block of a file"))
}
