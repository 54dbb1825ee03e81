//! `database.ts`: the rows of a model's tables, as SQLite has them.

use syncline_engine::{Query, Row, Sql, SqlError};
use syncline_sqlite::Database;

use crate::CodegenError;
use crate::shape::{Documented, Field, Shape};
use crate::typescript::{declaration, type_name};

const ABOUT: &str =
    "The tables and views of the state, as Kysely wants them. They are read only: events write them.

A query gives integers and reals as numbers, booleans as 0 and 1, and a blob as the list of its bytes.
An expression in a view may be of any type, but for a `CAST`.";

pub(crate) fn render(ddl: &str) -> Result<String, CodegenError> {
    let mut db = Database::open_memory()?;
    db.run_script(ddl)?;
    let mut text = String::new();
    let mut tables = Vec::new();
    for table in tables_of(&db)? {
        let row = format!("{}Row", type_name(&table.name)?);
        if tables.iter().any(|other: &Field| other.shape == Shape::Named(row.clone())) {
            return Err(CodegenError::NameTaken { name: row });
        }
        let fields = table.columns(&db)?;
        let docs =
            format!("A row of {} `{}`.", if table.is_view { "the view" } else { "the table" }, table.name);
        text.push_str(&declaration(&row, &Documented { docs, shape: Shape::Object(fields) }));
        text.push('\n');
        tables.push(Field {
            name: table.name,
            docs: String::new(),
            optional: false,
            shape: Shape::Named(row),
        });
    }
    let database = Documented { docs: ABOUT.to_owned(), shape: Shape::Object(tables) };
    Ok(format!("{}\n{text}", declaration("Database", &database)))
}

struct Table {
    name: String,
    is_view: bool,
}

fn tables_of(db: &Database) -> Result<Vec<Table>, CodegenError> {
    let found = db.query(
        "SELECT name, type, strict FROM pragma_table_list
         WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type = 'view', name",
        &[],
    )?;
    let mut tables = Vec::new();
    for row in found {
        let (name, kind) = (row.get::<String>(0)?, row.get::<String>(1)?);
        let is_view = kind == "view";
        if !is_view && kind != "table" {
            return Err(CodegenError::VirtualTable { table: name });
        }
        if !is_view && !row.get::<bool>(2)? {
            return Err(CodegenError::NotStrict { table: name });
        }
        tables.push(Table { name, is_view });
    }
    Ok(tables)
}

impl Table {
    fn columns(&self, db: &Database) -> Result<Vec<Field>, CodegenError> {
        let foreign_keys = db.query(
            "SELECT \"from\", \"table\", coalesce(\"to\", '') FROM pragma_foreign_key_list(?1)",
            &[(&self.name).into()],
        )?;
        // `hidden` is 2 or 3 for a generated column.
        let columns = db.query(
            "SELECT name, type, \"notnull\", pk, hidden IN (2, 3) FROM pragma_table_xinfo(?1) ORDER BY cid",
            &[(&self.name).into()],
        )?;
        columns.iter().map(|column| self.column(column, &foreign_keys)).collect()
    }

    fn column(&self, column: &Row, foreign_keys: &[Row]) -> Result<Field, CodegenError> {
        let name = column.get::<String>(0)?;
        let shape = self.shape(&name, &column.get::<String>(1)?)?;
        let is_key = column.get::<i64>(3)? > 0;
        // An INTEGER PRIMARY KEY is never null, although SQLite does not say NOT NULL of it.
        let is_nullable = !column.get::<bool>(2)? && !is_key;
        let mut docs = Vec::new();
        if is_key {
            docs.push("Primary key.".to_owned());
        }
        if column.get::<bool>(4)? {
            docs.push("Generated.".to_owned());
        }
        for key in foreign_keys {
            if key.get::<String>(0)? == name {
                docs.push(reference(key)?);
            }
        }
        Ok(Field {
            name,
            docs: docs.join(" "),
            optional: false,
            shape: if is_nullable { shape.or_null() } else { shape },
        })
    }

    fn shape(&self, column: &str, declared: &str) -> Result<Shape, CodegenError> {
        let number = || Shape::Builtin("number");
        let bytes = || Shape::Array(Box::new(number()));
        let any = || {
            Shape::union(
                [Shape::Builtin("string"), number(), bytes()].into_iter().map(Shape::undocumented).collect(),
            )
        };
        match declared.to_ascii_uppercase().as_str() {
            "INTEGER" | "INT" | "REAL" => Ok(number()),
            "TEXT" => Ok(Shape::Builtin("string")),
            "ANY" => Ok(any()),
            // SQLite says NUM of a CAST to NUMERIC, nothing of other expressions, and BLOB also where
            // the parts of a compound SELECT differ.
            "NUM" if self.is_view => Ok(number()),
            "BLOB" | "" if self.is_view => Ok(any()),
            "BLOB" => Ok(bytes()),
            _ => Err(CodegenError::ColumnType {
                column: format!("{}.{column}", self.name),
                declared: declared.to_owned(),
            }),
        }
    }
}

fn reference(key: &Row) -> Result<String, SqlError> {
    let (table, column) = (key.get::<String>(1)?, key.get::<String>(2)?);
    Ok(if column.is_empty() {
        format!("References `{table}`.")
    } else {
        format!("References `{table}.{column}`.")
    })
}
