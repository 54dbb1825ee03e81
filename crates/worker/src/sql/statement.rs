//! Statements as a Durable Object takes them: it binds every number as a double, so a parameter that
//! holds an integer is cast back to one; and what it would take that no other host does is refused.

mod token;

use syncline_engine::SqlError;
use token::{Token, next};

/// Parameters of one statement, by the platform's limit.
const PARAMETERS: usize = 100;

/// The mark of a parameter, from 0, in a set of them.
pub(super) fn bit(place: usize) -> Result<u128, SqlError> {
    if place < PARAMETERS {
        Ok(1 << place)
    } else {
        Err(SqlError::refused(format!("a statement has at most {PARAMETERS} parameters")))
    }
}

/// What a statement does, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only reads.
    Reads,
    /// It writes, and returns no rows.
    Writes,
    /// It writes, and returns rows.
    WritesAndReturns,
    /// SQLite has to say.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) kind: Kind,
}

impl Statement {
    /// Reads one statement, and writes it with these parameters as integers.
    ///
    /// The unary plus takes the affinity away that a cast has: a bare parameter has none, and
    /// affinity decides how values of different types compare.
    pub(super) fn parse(sql: &str, integers: u128) -> Result<Self, SqlError> {
        let mut text = String::with_capacity(sql.len() + 32);
        let mut kind = None;
        let (mut depth, mut ended, mut returns) = (0_usize, false, false);
        let mut rest = sql;
        while let Some((token, written)) = next(&mut rest) {
            match token {
                Token::Blank if ended => continue,
                Token::Semicolon => {
                    ended = true;
                    continue;
                }
                _ if ended => return Err(SqlError::refused("a call takes one statement")),
                Token::Parameter(number) => {
                    let place = number.checked_sub(1).ok_or_else(|| unnumbered(written))?;
                    if bit(place)? & integers != 0 {
                        text.push_str("(+CAST(");
                        text.push_str(written);
                        text.push_str(" AS INTEGER))");
                        continue;
                    }
                }
                Token::NamedParameter => return Err(unnumbered(written)),
                Token::Open => depth += 1,
                Token::Close => depth = depth.saturating_sub(1),
                Token::Word if depth == 0 => {
                    returns |= written.eq_ignore_ascii_case("returning");
                    if kind.is_none() {
                        kind = of_word(written)?;
                    }
                }
                Token::Word | Token::Blank | Token::Other => {}
            }
            text.push_str(written);
        }
        let kind = match kind {
            Some(Kind::Writes) if returns => Kind::WritesAndReturns,
            Some(kind) => kind,
            None => Kind::Unknown,
        };
        Ok(Self { text, kind })
    }
}

/// What the verb of a statement says about it; nothing for `WITH` and the names behind it, whose verb
/// is still to come.
fn of_word(word: &str) -> Result<Option<Kind>, SqlError> {
    Ok(match word.to_ascii_uppercase().as_str() {
        "SELECT" | "VALUES" | "EXPLAIN" => Some(Kind::Reads),
        "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "CREATE" | "DROP" | "ALTER" => Some(Kind::Writes),
        "BEGIN" | "COMMIT" | "END" | "SAVEPOINT" | "RELEASE" | "ROLLBACK" => {
            return Err(SqlError::refused("transactions are not made in SQL"));
        }
        "PRAGMA" => return Err(SqlError::refused("a PRAGMA is not the same on every host")),
        _ => None,
    })
}

fn unnumbered(written: &str) -> SqlError {
    SqlError::refused(format!("parameters are numbered: ?1, ?2, not {written}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_is_integer(sql: &str) -> String {
        Statement::parse(sql, 1).unwrap().text
    }

    fn kind(sql: &str) -> Kind {
        Statement::parse(sql, 0).unwrap().kind
    }

    #[test]
    fn integer_parameters_are_cast_and_no_others() {
        assert_eq!(
            first_is_integer("SELECT ?1/2, ?2, ?10, ?1||'m'"),
            "SELECT (+CAST(?1 AS INTEGER))/2, ?2, ?10, (+CAST(?1 AS INTEGER))||'m'"
        );
        let both = Statement::parse("VALUES (?1, ?10)", 1 | 1 << 9).unwrap().text;
        assert_eq!(both, "VALUES ((+CAST(?1 AS INTEGER)), (+CAST(?10 AS INTEGER)))");
    }

    #[test]
    fn what_only_looks_like_a_parameter_stays() {
        for sql in [
            "SELECT '?1', '', 'it''s ?1', \"?1\", `?1`, [?1]",
            "SELECT a -- ?1 and ? and :x\n, b",
            "SELECT /* ?1 ? * / */ a",
            "SELECT a$1, 'é?1', été FROM t -- ?",
            "SELECT 'never closed ?1",
            "SELECT /* never closed ?1",
        ] {
            assert_eq!(first_is_integer(sql), sql);
        }
        assert_eq!(first_is_integer("SELECT 'é', ?1"), "SELECT 'é', (+CAST(?1 AS INTEGER))");
        assert_eq!(first_is_integer("SELECT a-?1--?1"), "SELECT a-(+CAST(?1 AS INTEGER))--?1");
    }

    #[test]
    fn a_semicolon_ends_the_statement_and_nothing_comes_behind_it() {
        assert_eq!(first_is_integer("SELECT ';' ; -- done\n ;"), "SELECT ';' ");
        assert!(matches!(Statement::parse("SELECT 1; SELECT 2", 0), Err(SqlError::Refused(_))));
    }

    #[test]
    fn parameters_without_a_number_are_refused() {
        for sql in ["SELECT ?", "SELECT ?, ?1", "SELECT :a", "SELECT @a", "SELECT $a", "SELECT ?0"] {
            assert!(matches!(Statement::parse(sql, 0), Err(SqlError::Refused(_))), "{sql}");
        }
        assert!(Statement::parse("SELECT ?101", 0).is_err());
        assert!(bit(100).is_err());
    }

    #[test]
    fn the_verb_tells_whether_a_statement_writes_and_returns() {
        for reads in [
            "SELECT 1",
            "-- a\nvalues (1)",
            "WITH a AS (DELETE) SELECT replace(a, b) FROM a",
            "EXPLAIN DELETE FROM t",
        ] {
            assert_eq!(kind(reads), Kind::Reads, "{reads}");
        }
        for writes in [
            "INSERT INTO t SELECT 1",
            "delete from t",
            "WITH a AS (SELECT 1) UPDATE t SET a = 1",
            "CREATE TABLE returns (a)",
        ] {
            assert_eq!(kind(writes), Kind::Writes, "{writes}");
        }
        assert_eq!(kind("INSERT INTO t VALUES (1) RETURNING a"), Kind::WritesAndReturns);
        assert_eq!(kind("SELEC 1"), Kind::Unknown);
        assert!(Statement::parse("SAVEPOINT a", 0).is_err());
        assert!(Statement::parse("PRAGMA foreign_keys = OFF", 0).is_err());
    }
}
