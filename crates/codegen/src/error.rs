//! Why there is no TypeScript for something.

use syncline_engine::SqlError;
use thiserror::Error;

/// Why there is no TypeScript for a model or for the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CodegenError {
    /// An integer type that a JavaScript number does not hold exactly.
    #[error(
        "{path} is an integer of {format}: a JavaScript number is exact up to 2^53 - 1 only. \
         Use u32 or i32, or state a smaller maximum (and minimum) in the schema"
    )]
    IntegerTooWide {
        /// The field, from the event or message on.
        path: String,
        /// Its Rust type, as the schema has it.
        format: String,
    },
    /// A JSON Schema that this crate does not know how to say in TypeScript.
    #[error("{path}: the JSON Schema has {construct}, for which there is no TypeScript yet")]
    Unsupported {
        /// Where, from the event or message on.
        path: String,
        /// What it is.
        construct: String,
    },
    /// A `$ref` to nothing.
    #[error("{path}: the JSON Schema refers to {target}, which it does not have")]
    NoSuchDefinition {
        /// Where, from the event or message on.
        path: String,
        /// What it refers to.
        target: String,
    },
    /// The event type is not an adjacently tagged enum.
    #[error(
        "{path} is not an event {{ name, args }}: derive the event type with \
         #[serde(tag = \"name\", content = \"args\")]"
    )]
    NotAnEvent {
        /// Which variant.
        path: String,
    },
    /// Two things would have the same TypeScript name.
    #[error("two types would be called {name}")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Something whose name no TypeScript type can have.
    #[error("no TypeScript type can be called {name:?}")]
    NotAName {
        /// The name.
        name: String,
    },
    /// A table whose column types SQLite does not enforce.
    #[error("the table {table} must be STRICT: without it, a column may hold anything")]
    NotStrict {
        /// The table.
        table: String,
    },
    /// A table of a kind that is not the same on every host.
    #[error("{table} is a virtual table, which not every host has")]
    VirtualTable {
        /// The table.
        table: String,
    },
    /// A column type that STRICT tables do not have.
    #[error("the column {column} has the unknown type {declared}")]
    ColumnType {
        /// The table and the column.
        column: String,
        /// What it is declared as.
        declared: String,
    },
    /// The tables could not be created, or read back.
    #[error("the tables of the model: {0}")]
    Tables(#[from] SqlError),
}
