//! Statements as a Durable Object takes them: it binds every number as a double, so a parameter that
//! holds an integer is cast back to one.

use syncline_engine::SqlError;

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

/// The statement with each of these parameters as an integer.
///
/// The unary plus takes the affinity away that a cast has: a bare parameter has none, and affinity
/// decides how values of different types compare.
pub(super) fn with_integers(sql: &str, integers: u128) -> Result<String, SqlError> {
    let mut text = String::with_capacity(sql.len() + 32);
    let mut rest = sql;
    let mut ended = false;
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at_checked(length(rest, first)).unwrap_or((rest, ""));
        rest = after;
        let blank = first.is_whitespace() || token.starts_with("--") || token.starts_with("/*");
        if ended && !blank && first != ';' {
            return Err(SqlError::refused("one statement at a time"));
        }
        match first {
            ';' => ended = true,
            '?' => {
                let number: usize = token.get(1..).and_then(|digits| digits.parse().ok()).unwrap_or(0);
                let Some(place) = number.checked_sub(1) else {
                    return Err(SqlError::refused("parameters are numbered: ?1, ?2, not ?"));
                };
                if bit(place)? & integers != 0 {
                    text.push_str("(+CAST(");
                    text.push_str(token);
                    text.push_str(" AS INTEGER))");
                    continue;
                }
            }
            ':' | '@' | '$' => {
                return Err(SqlError::refused(format!("parameters are numbered: ?1, ?2, not {token}")));
            }
            _ => {}
        }
        text.push_str(token);
    }
    Ok(text)
}

/// The bytes of the token that the text begins with.
fn length(text: &str, first: char) -> usize {
    let after = text.get(1..).unwrap_or_default();
    match first {
        '\'' | '"' | '`' => quoted(after, first),
        '[' => after.find(']').map_or(text.len(), |end| end + 2),
        '-' if after.starts_with('-') => text.find('\n').map_or(text.len(), |end| end + 1),
        '/' if after.starts_with('*') => {
            after.get(1..).and_then(|inner| inner.find("*/")).map_or(text.len(), |end| end + 4)
        }
        '?' => 1 + run(after, |c| c.is_ascii_digit()),
        ':' | '@' | '$' => 1 + run(after, in_word),
        first if in_word(first) => run(text, in_word),
        first => first.len_utf8(),
    }
}

/// Up to and with the closing quote; a doubled one closes and opens again, which comes to the same.
fn quoted(after: &str, quote: char) -> usize {
    after.find(quote).map_or(after.len() + 1, |end| end + 2)
}

fn run(text: &str, inside: impl Fn(char) -> bool) -> usize {
    text.find(|c| !inside(c)).unwrap_or(text.len())
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_is_integer(sql: &str) -> String {
        with_integers(sql, 1).unwrap()
    }

    #[test]
    fn integer_parameters_are_cast_and_no_others() {
        assert_eq!(
            first_is_integer("SELECT ?1/2, ?2, ?10, ?1||'m'"),
            "SELECT (+CAST(?1 AS INTEGER))/2, ?2, ?10, (+CAST(?1 AS INTEGER))||'m'"
        );
        let both = with_integers("VALUES (?1, ?10)", 1 | 1 << 9).unwrap();
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
            "SELECT x->>'$.a', 1; -- done\n ;",
        ] {
            assert_eq!(first_is_integer(sql), sql);
        }
        assert_eq!(first_is_integer("SELECT 'é', ?1"), "SELECT 'é', (+CAST(?1 AS INTEGER))");
        assert_eq!(first_is_integer("SELECT a-?1--?1"), "SELECT a-(+CAST(?1 AS INTEGER))--?1");
    }

    #[test]
    fn parameters_without_a_number_and_second_statements_are_refused() {
        for sql in ["SELECT ?", "SELECT ?, ?1", "SELECT :a", "SELECT @a", "SELECT $a", "SELECT ?0", "SELECT 1; SELECT 2"] {
            assert!(matches!(with_integers(sql, 0), Err(SqlError::Refused(_))), "{sql}");
        }
        assert!(with_integers("SELECT ?101", 0).is_err());
        assert!(bit(100).is_err());
    }
}
