//! Parameters, values, operators and rows.

use super::Read;
use crate::Param::{self, Blob, Integer, Null, Real, Text};

const MOST: i64 = (1 << 53) - 1;

const fn read(
    name: &'static str,
    sql: &'static str,
    params: &'static [Param<'static>],
    types: &'static str,
    expected: &'static str,
) -> Read {
    Read { name, sql, params, types, expected }
}

#[rustfmt::skip]
pub(super) const READS: &[Read] = &[
    // An integer parameter is an integer.
    read("an integer parameter divides as one", "SELECT ?1 / 2", &[Integer(1)], "i", "0"),
    read("an integer parameter concatenates as one", "SELECT 'm' || ?1", &[Integer(1)], "t", r#""m1""#),
    read("the types of parameters", "SELECT typeof(?1), typeof(?2), typeof(?3), typeof(?4), typeof(?5)",
        &[Integer(1), Real(1.0), Text("1"), Blob(b"1"), Null], "ttttt", r#""integer", "real", "text", "blob", "null""#),
    read("a whole real stays a real", "SELECT ?1 || '', ?1 / 2", &[Real(1.0)], "tf", r#""1.0", 0.5"#),
    read("the largest integer", "SELECT ?1, ?1 || '', typeof(?1 + 0)", &[Integer(MOST)], "itt",
        r#"9007199254740991, "9007199254740991", "integer""#),
    read("the smallest integer", "SELECT ?1, ?1 || ''", &[Integer(-MOST)], "it", r#"-9007199254740991, "-9007199254740991""#),
    read("an integer that is too large", "SELECT ?1", &[Integer(MOST + 1)], "i", "refused"),
    read("an integer that is too small", "SELECT ?1", &[Integer(-MOST - 1)], "i", "refused"),
    read("NaN", "SELECT ?1", &[Real(f64::NAN)], "f", "refused"),
    read("an integer has no affinity", "SELECT ?1 = '1', ?1 = 1, ?1 = 1.0", &[Integer(1)], "ooo", "false, true, true"),
    read("text meets an integer column", "SELECT word FROM conformance_words WHERE n = ?1", &[Text("3")], "t", r#""pear""#),
    read("a text column meets an integer", "SELECT count(*) FROM conformance_people WHERE name = ?1", &[Integer(1)], "i", "0"),
    read("a parameter used twice", "SELECT ?1 + ?1, ?2 || ?1", &[Integer(2), Text("x")], "it", r#"4, "x2""#),
    read("parameters out of order", "SELECT ?2, ?1", &[Integer(1), Integer(2)], "ii", "2, 1"),
    read("a parameter in quotes is none", "SELECT '?1', ?1 -- ?2", &[Integer(1)], "ti", r#""?1", 1"#),
    read("integers for LIMIT and OFFSET", "SELECT id FROM conformance_people ORDER BY id LIMIT ?1 OFFSET ?2",
        &[Integer(1), Integer(1)], "i", "2"),
    read("integers in IN", "SELECT name FROM conformance_people WHERE id IN (?1, ?2) ORDER BY id",
        &[Integer(1), Integer(3)], "t", r#""Ada"; "Cy""#),
    read("integers in substr", "SELECT substr('abcdef', ?1, ?2)", &[Integer(2), Integer(3)], "t", r#""bcd""#),
    read("an integer in CASE and coalesce", "SELECT CASE ?1 WHEN 1 THEN 'one' ELSE 'other' END, coalesce(?2, ?1)",
        &[Integer(1), Null], "ti", r#""one", 1"#),
    read("an infinite real", "SELECT ?1", &[Real(f64::INFINITY)], "f", "refused"),

    // Mistakes.
    read("too few parameters", "SELECT ?1", &[], "i", "wrong statement"),
    read("too many parameters", "SELECT ?1", &[Integer(1), Integer(2)], "i", "wrong statement"),
    read("a parameter without a number", "SELECT ?", &[Integer(1)], "i", "refused"),
    read("a parameter with a name", "SELECT :a", &[Integer(1)], "i", "refused"),
    read("two statements", "SELECT 1; SELECT 2", &[], "i", "refused"),
    read("a semicolon at the end", "SELECT 1 ; -- done", &[], "i", "1"),
    read("no statement", "-- nothing", &[], "i", "wrong statement"),
    read("no such table", "SELECT 1 FROM conformance_none", &[], "i", "wrong statement"),
    read("no such column", "SELECT none FROM conformance_people", &[], "i", "wrong statement"),
    read("no such function", "SELECT conformance_none(1)", &[], "i", "wrong statement"),
    read("bad syntax", "SELEC 1", &[], "i", "wrong statement"),
    read("a query that writes", "DELETE FROM conformance_people", &[], "i", "refused"),
    read("a query that writes and returns", "INSERT INTO conformance_words (n) VALUES (9) RETURNING n", &[], "i", "refused"),
    read("nothing of that was written", "SELECT count(*) FROM conformance_words", &[], "i", "5"),

    // Typed reads.
    read("reading booleans", "SELECT 1, 0, ?1, NULL", &[Integer(1)], "oooo", "true, false, true, NULL"),
    read("2 is no boolean", "SELECT 2", &[], "o", "wrong type"),
    read("a real is read as an integer only if it is whole", "SELECT 3.0", &[], "i", "3"),
    read("a fraction is no integer", "SELECT 0.5", &[], "i", "wrong type"),
    read("an integer is read as a real", "SELECT 3", &[], "f", "3.0"),
    read("text is no integer", "SELECT '3'", &[], "i", "wrong type"),
    read("an integer is no text", "SELECT 3", &[], "t", "wrong type"),
    read("an integer that is not exact everywhere is not read", "SELECT 9007199254740993", &[], "i", "wrong type"),
    read("text comes back", "SELECT ?1, ?2, ?3", &[Text("é😀\n\"'"), Text(""), Text("\u{feff}\u{2028}")], "ttt",
        r#""é😀\n\"'", "", "\u{feff}\u{2028}""#),
    read("text with NUL comes back", "SELECT ?1, hex(?1), length(?1)", &[Text("a\0b")], "tti", r#""a\0b", "610062", 1"#),
    read("bytes come back", "SELECT ?1, ?2, length(?1), hex(?1)", &[Blob(&[0, 127, 255]), Blob(&[])], "bbit",
        r#"x007fff, x, 3, "007FFF""#),
    read("bytes that are no UTF-8, as text", "SELECT CAST(?1 AS TEXT)", &[Blob(&[0xff, 0x41])], "t", "\"\u{fffd}A\""),
    read("reals come back", "SELECT ?1, ?2, ?3, 0.1 + 0.2", &[Real(0.1), Real(-1e300), Real(5e-324)], "ffff",
        "0.1, -1e300, 5e-324, 0.30000000000000004"),
    read("no rows", "SELECT id FROM conformance_people WHERE id = 99", &[], "i", ""),
    read("an aggregate of no rows", "SELECT count(*), sum(id), max(id), total(id) FROM conformance_people WHERE id = 99", &[],
        "iiif", "0, NULL, NULL, 0.0"),

    // Arithmetic and casts.
    read("integer division", "SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3, 7 / 0, 7 % 0, 7 / 2.0", &[], "iiiiiif",
        "3, -3, 1, -1, NULL, NULL, 3.5"),
    read("bits", "SELECT 5 & 3, 5 | 3, ~5, 1 << 4, -1 >> 1", &[], "iiiii", "1, 7, -6, 16, -1"),
    read("an integer that overflows becomes a real", "SELECT 9223372036854775807 + 1, typeof(9223372036854775807 + 1)", &[], "ft",
        r#"9.223372036854776e18, "real""#),
    read("a sum that overflows is an error",
        "SELECT sum(n) FROM (SELECT 9223372036854775807 AS n UNION ALL SELECT 1)", &[], "i", "wrong statement"),
    read("an absolute value that overflows is an error", "SELECT abs(-9223372036854775808)", &[], "i", "wrong statement"),
    read("casts to integers", "SELECT CAST('12abc' AS INTEGER), CAST('x' AS INTEGER), CAST(3.9 AS INTEGER), CAST(-3.9 AS INTEGER)",
        &[], "iiii", "12, 0, 3, -3"),
    read("casts to reals", "SELECT CAST('1.5x' AS REAL), CAST(2 AS REAL), typeof(CAST(2 AS REAL))", &[], "fft", r#"1.5, 2.0, "real""#),
    read("casts to text", "SELECT CAST(1 AS TEXT), CAST(1.0 AS TEXT), CAST(x'6869' AS TEXT)", &[], "ttt", r#""1", "1.0", "hi""#),
    read("a cast to bytes", "SELECT CAST('hi' AS BLOB)", &[], "b", "x6869"),
    read("reals as text have fifteen digits", "SELECT (0.1 + 0.2) || '', CAST(1.0 / 3 AS TEXT), 1e21 || '', ?1 || ''",
        &[Real(1_234_567.890_123_456_7)], "tttt", r#""0.3", "0.333333333333333", "1.0e+21", "1234567.89012346""#),
    read("truth", "SELECT 1 AND NULL, 0 AND NULL, NULL OR 1, NOT NULL, NULL IS NULL, 1 IS NOT 2, 'x' IN (NULL)", &[], "ooooooo",
        "NULL, false, true, NULL, true, true, NULL"),

    // Order and comparison.
    read("NULLs come first", "SELECT n FROM conformance_words ORDER BY n", &[], "i", "NULL; -1; 1; 2; 3"),
    read("NULLs come last when asked", "SELECT n FROM conformance_words ORDER BY n DESC NULLS FIRST", &[], "i", "NULL; 3; 2; 1; -1"),
    read("text is ordered by its bytes", "SELECT word FROM conformance_words WHERE word IS NOT NULL ORDER BY word", &[], "t",
        r#""Apple"; "apple"; "fig"; "pear""#),
    read("NOCASE orders without case", "SELECT n FROM conformance_words WHERE word IS NOT NULL ORDER BY word COLLATE NOCASE, n", &[],
        "i", "-1; 1; NULL; 3"),
    read("NOCASE folds ASCII only", "SELECT 'a' = 'A' COLLATE NOCASE, 'é' = 'É' COLLATE NOCASE", &[], "oo", "true, false"),
    read("RTRIM", "SELECT 'a ' = 'a' COLLATE RTRIM", &[], "o", "true"),
    read("types in order", "SELECT typeof(column1) FROM (VALUES (x'00'), ('a'), (2), (1.5), (NULL)) ORDER BY column1", &[], "t",
        r#""null"; "real"; "integer"; "text"; "blob""#),
    read("LIKE folds ASCII only", "SELECT 'Ada' LIKE 'a_A', 'É' LIKE 'é', 'a%' LIKE 'a!%' ESCAPE '!', 'ab' LIKE ?1", &[Text("%b")],
        "oooo", "true, false, true, true"),
    read("GLOB folds nothing", "SELECT 'Ada' GLOB 'A*', 'Ada' GLOB 'a*', 'b' GLOB '[a-c]'", &[], "ooo", "true, false, true"),

    // Queries.
    read("a view", "SELECT name, topic FROM conformance_owners ORDER BY topic", &[], "tt", r#""Ada", NULL; "Ada", "all""#),
    read("a left join", "SELECT name, room FROM conformance_people LEFT JOIN conformance_members ON person = id ORDER BY id", &[],
        "tt", r#""Ada", "general"; "Bob", "general"; "Cy", NULL"#),
    read("groups", "SELECT owner, count(*), group_concat(id, '+' ORDER BY id) FROM conformance_rooms GROUP BY owner HAVING count(*) > 1", &[],
        "iit", r#"1, 2, "general+random""#),
    read("an ordered aggregate", "SELECT group_concat(name, ',' ORDER BY id DESC) FROM conformance_people", &[], "t", r#""Cy,Bob,Ada""#),
    read("a filtered aggregate", "SELECT count(*) FILTER (WHERE n > 1), avg(n), min(word) FROM conformance_words", &[], "ift",
        r#"2, 1.25, "Apple""#),
    read("EXISTS and a correlated subquery",
        "SELECT name, (SELECT count(*) FROM conformance_rooms WHERE owner = p.id) FROM conformance_people p
         WHERE EXISTS (SELECT 1 FROM conformance_members WHERE person = p.id) ORDER BY id", &[], "ti", r#""Ada", 2; "Bob", 0"#),
    read("a recursive CTE", "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < ?1) SELECT sum(n) FROM c",
        &[Integer(10)], "i", "55"),
    read("VALUES", "VALUES (?1, 'a'), (2, ?2)", &[Integer(1), Text("b")], "it", r#"1, "a"; 2, "b""#),
    read("compound selects", "SELECT 1 UNION SELECT 1 UNION ALL SELECT 3 EXCEPT SELECT 2 ORDER BY 1", &[], "i", "1; 3"),
    read("row values", "SELECT id FROM conformance_people WHERE (name, id) > (?1, 1) ORDER BY id", &[Text("Ada")], "i", "2; 3"),
    read("row_number and rank",
        "SELECT word, row_number() OVER (ORDER BY n), rank() OVER (ORDER BY n > 1) FROM conformance_words WHERE n > 0 ORDER BY n",
        &[], "tii", r#""Apple", 1, 1; NULL, 2, 2; "pear", 3, 2"#),
    read("a running sum, lag and first_value",
        "SELECT n, sum(n) OVER w, lag(n, 1, 0) OVER w, first_value(n) OVER w FROM conformance_words WHERE n > 0
         WINDOW w AS (ORDER BY n) ORDER BY n", &[], "iiii", "1, 1, 0, 1; 2, 3, 1, 1; 3, 6, 2, 1"),
    read("a window frame", "SELECT sum(n) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM conformance_words WHERE n > 0",
        &[], "i", "1; 3; 5"),
];
