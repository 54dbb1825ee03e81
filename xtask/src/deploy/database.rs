//! The D1 databases: made where they are missing, and migrated.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::config::Config;
use crate::dev::wrangler;
use crate::log::Log;
use crate::process;

/// One of the account's, as `wrangler d1 list --json` has it.
#[derive(Deserialize)]
struct Listed {
    uuid: String,
    name: String,
}

/// Finds or makes each database, and applies the migrations that it lacks.
pub(super) fn prepare(config: &mut Config, log: &Log) -> Result<()> {
    for mut database in config.databases().filter(super::config::Database::is_unknown) {
        let name = database.name()?;
        let id = match find(&name)? {
            Some(id) => id,
            None => {
                log.line(&format!("there is no D1 database {name:?} yet: it is made"));
                process::output(wrangler().args(["d1", "create", &name]))?;
                find(&name)?.with_context(|| format!("{name} was made, but is not listed"))?
            }
        };
        database.put_id(id);
    }
    let file = config.write()?;
    let names = config.databases().map(|database| database.name()).collect::<Result<Vec<_>>>()?;
    for name in names {
        let mut migrations = wrangler();
        migrations.args(["d1", "migrations", "apply", &name, "--remote", "--config"]).arg(&file);
        process::run(&mut migrations, log)?;
    }
    Ok(())
}

fn find(name: &str) -> Result<Option<String>> {
    id_of(name, &process::output(wrangler().args(["d1", "list", "--json"]))?)
}

fn id_of(name: &str, list: &str) -> Result<Option<String>> {
    // Before the list, wrangler may say something else.
    let json = list.find('[').and_then(|start| list.get(start..)).unwrap_or(list);
    let listed: Vec<Listed> = serde_json::from_str(json).context("`wrangler d1 list` printed no list")?;
    Ok(listed.into_iter().find(|database| database.name == name).map(|database| database.uuid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"[
  {
    "uuid": "5a1f2c3d-0000-4000-8000-00000000000a",
    "name": "chat",
    "created_at": "2026-11-02T10:00:00.000Z",
    "version": "production",
    "num_tables": 2,
    "file_size": 24576
  },
  {
    "uuid": "5a1f2c3d-0000-4000-8000-00000000000b",
    "name": "chat-staging",
    "created_at": "2026-11-02T10:00:00.000Z",
    "version": "production"
  }
]"#;

    #[test]
    fn a_database_is_found_by_its_whole_name() {
        let id = |name| id_of(name, LIST).unwrap();
        assert_eq!(id("chat").as_deref(), Some("5a1f2c3d-0000-4000-8000-00000000000a"));
        assert_eq!(id("chat-staging").as_deref(), Some("5a1f2c3d-0000-4000-8000-00000000000b"));
        assert_eq!(id("chat-production"), None);
        assert_eq!(id_of("chat", "[]").unwrap(), None);
    }

    #[test]
    fn what_is_no_list_is_an_error_and_not_a_reason_to_make_a_database() {
        assert!(id_of("chat", "").is_err());
        assert!(id_of("chat", "{\"error\":1}").is_err());
    }
}
