//! The exact TypeScript of small models.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod database;
mod events;
mod protocol;
mod refusals;

/// A model of these events and tables, without rules.
macro_rules! model {
    ($name:ident, $event:ty, $tables:expr) => {
        struct $name;

        impl syncline_engine::Model for $name {
            type Event = $event;
            const TABLES: &'static str = $tables;
            const VERSION: u32 = 1;

            fn check(
                _: &$event,
                _: &syncline_engine::CheckContext<'_>,
                _: &dyn syncline_engine::Query,
            ) -> Result<(), syncline_engine::Rejection> {
                Ok(())
            }

            fn apply(
                _: &$event,
                _: &syncline_engine::ApplyContext<'_>,
                _: &mut dyn syncline_engine::Sql,
            ) -> Result<(), syncline_engine::ApplyError> {
                Ok(())
            }
        }
    };
}
pub(crate) use model;

/// The contents of one generated file.
pub(crate) fn file(files: Vec<syncline_codegen::GeneratedFile>, path: &str) -> String {
    files.into_iter().find(|file| file.path == path).unwrap().contents
}
