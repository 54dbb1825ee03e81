//! What wrangler is told: the app's wrangler.toml, as the configuration of one environment.
//!
//! One file describes them all. What `[env.NAME]` says stands in place of what the top level says, and all
//! else is as it is there; the names of the worker and of its databases end in `-NAME`, unless they are said. The
//! ids of databases are found by name at each deployment, so none has to be copied anywhere.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::workspace;

/// What stands for an id in a file that is for local use, too.
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

pub(super) struct Config {
    environment: String,
    table: Map<String, Value>,
}

impl Config {
    /// Reads the wrangler.toml of a folder.
    pub(super) fn read(folder: &Path, environment: Option<&str>) -> Result<Self> {
        let file = folder.join("wrangler.toml");
        let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        Self::parse(&text, folder, environment).with_context(|| format!("{}", file.display()))
    }

    fn parse(text: &str, folder: &Path, environment: Option<&str>) -> Result<Self> {
        let mut table: Map<String, Value> = toml::from_str(text)?;
        let environments = table.remove("env");
        if let Some(name) = environment {
            let said = said_of(environments.as_ref(), name)?;
            for (key, value) in &mut table {
                add_suffix(key, value, name);
            }
            table.extend(said);
        }
        for (key, value) in &mut table {
            make_absolute(key, value, folder);
        }
        let config = Self { environment: environment.unwrap_or("default").to_owned(), table };
        if config.name().is_empty() {
            bail!("the worker has no name");
        }
        Ok(config)
    }

    pub(super) fn name(&self) -> &str {
        self.table.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// A variable of the worker, which everybody may read.
    pub(super) fn var(&self, name: &str) -> Option<&str> {
        self.table.get("vars")?.get(name)?.as_str()
    }

    pub(super) fn databases(&mut self) -> impl Iterator<Item = Database<'_>> {
        let databases = self.table.get_mut("d1_databases").and_then(Value::as_array_mut);
        databases.into_iter().flatten().filter_map(Value::as_object_mut).map(Database)
    }

    /// Where wrangler finds it. It stays there, for whoever calls wrangler later.
    pub(super) fn write(&self) -> Result<PathBuf> {
        let folder = workspace::target_dir()?.join("xtask/deploy").join(&self.environment);
        fs::create_dir_all(&folder)?;
        let file = folder.join("wrangler.json");
        fs::write(&file, serde_json::to_string_pretty(&self.table)?)?;
        Ok(file)
    }
}

/// One of the D1 databases.
pub(super) struct Database<'a>(&'a mut Map<String, Value>);

impl Database<'_> {
    pub(super) fn name(&self) -> Result<String> {
        let name = self.0.get("database_name").and_then(Value::as_str);
        name.map(str::to_owned).context("a D1 database has no database_name")
    }

    /// Whether its id is still to be found.
    pub(super) fn is_unknown(&self) -> bool {
        self.0.get("database_id").and_then(Value::as_str).is_none_or(|id| id == NO_ID)
    }

    pub(super) fn put_id(&mut self, id: String) {
        self.0.insert("database_id".to_owned(), id.into());
    }
}

fn said_of(environments: Option<&Value>, name: &str) -> Result<Map<String, Value>> {
    let environments = environments.and_then(Value::as_object);
    let Some(said) = environments.and_then(|all| all.get(name)) else {
        let known: Vec<&str> = environments.into_iter().flat_map(Map::keys).map(String::as_str).collect();
        // A typing error would make a worker and a database of its own.
        bail!("there is no [env.{name}]; there is {}", known.join(", "));
    };
    said.as_object().cloned().with_context(|| format!("env.{name} is no table"))
}

fn add_suffix(key: &str, value: &mut Value, environment: &str) {
    match (key, value) {
        ("name" | "database_name", Value::String(name)) => *name = format!("{name}-{environment}"),
        ("d1_databases", Value::Array(databases)) => {
            for (key, value) in databases.iter_mut().filter_map(Value::as_object_mut).flatten() {
                // An id that is said is that of the top level's own database.
                match (key.as_str(), value) {
                    ("database_id", id) => *id = NO_ID.into(),
                    (key, value) => add_suffix(key, value, environment),
                }
            }
        }
        _ => {}
    }
}

/// wrangler reads paths from where the file is that names them.
fn make_absolute(key: &str, value: &mut Value, folder: &Path) {
    match (key, value) {
        ("main" | "migrations_dir" | "directory", Value::String(path)) => {
            *path = folder.join(&path).to_string_lossy().into_owned();
        }
        ("d1_databases", Value::Array(databases)) => {
            for (key, value) in databases.iter_mut().filter_map(Value::as_object_mut).flatten() {
                make_absolute(key, value, folder);
            }
        }
        ("assets", Value::Object(assets)) => {
            for (key, value) in assets {
                make_absolute(key, value, folder);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::workspace::App;

    const FILE: &str = r#"
        name = "shop"
        main = "dist/shim.js"
        [vars]
        AUTH = "token"
        [[d1_databases]]
        binding = "DB"
        database_name = "shop"
        database_id = "8b0c7a3e-1111-2222-3333-444444444444"
        migrations_dir = "../migrations"
        [env.staging]
        [env.production]
        name = "store"
        vars = { AUTH = "jwt" }
    "#;

    fn parsed(environment: Option<&str>) -> Result<Config> {
        Config::parse(FILE, Path::new("/app/worker"), environment)
    }

    #[test]
    fn without_an_environment_all_is_as_the_file_says() {
        let mut config = parsed(None).unwrap();
        assert_eq!(config.name(), "shop");
        assert!(config.databases().all(|database| !database.is_unknown()));
        assert!(!config.table.contains_key("env"));
    }

    #[test]
    fn paths_are_those_of_the_folder_of_the_file() {
        let config = parsed(None).unwrap();
        assert_eq!(config.table["main"], json!("/app/worker/dist/shim.js"));
        assert_eq!(config.table["d1_databases"][0]["migrations_dir"], json!("/app/worker/../migrations"));
    }

    #[test]
    fn an_environment_has_a_worker_and_a_database_of_its_own() {
        let mut config = parsed(Some("staging")).unwrap();
        assert_eq!(config.name(), "shop-staging");
        assert_eq!(config.var("AUTH"), Some("token"));
        let databases: Vec<_> =
            config.databases().map(|database| (database.name().unwrap(), database.is_unknown())).collect();
        assert_eq!(databases, [("shop-staging".to_owned(), true)]);
    }

    #[test]
    fn what_an_environment_says_stands_in_place_of_the_top_level() {
        let config = parsed(Some("production")).unwrap();
        assert_eq!((config.name(), config.var("AUTH")), ("store", Some("jwt")));
    }

    #[test]
    fn an_environment_that_is_not_there_is_an_error_that_lists_those_that_are() {
        let error = parsed(Some("prodction")).err().unwrap().to_string();
        assert!(error.contains("[env.prodction]") && error.contains("production, staging"), "{error}");
    }

    #[test]
    fn an_id_that_was_found_is_written_for_wrangler() {
        let mut config = parsed(Some("staging")).unwrap();
        config.databases().for_each(|mut database| database.put_id("an-id".to_owned()));
        assert_eq!(config.table["d1_databases"][0]["database_id"], json!("an-id"));
    }

    #[test]
    fn the_worker_of_the_chat_has_what_the_docs_say() {
        let folder = App::Chat.worker();
        for (environment, name) in [
            (None, "chat-sync"),
            (Some("staging"), "chat-sync-staging"),
            (Some("production"), "chat-sync-production"),
        ] {
            assert_eq!(Config::read(&folder, environment).unwrap().name(), name);
        }
    }
}
