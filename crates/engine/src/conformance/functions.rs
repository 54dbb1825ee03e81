//! Functions of text, numbers, JSON and dates.

use super::Read;
use crate::Param::{self, Integer, Real, Text};

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
    // Text.
    read("length counts characters", "SELECT length('é😀'), octet_length('é😀'), length(x'0001'), length(12.5)", &[], "iiii", "2, 6, 2, 4"),
    read("substr counts characters", "SELECT substr('é😀z', 2), substr('abc', -2), substr('abc', 0, 2), substring('abc', 2, 1)", &[],
        "tttt", r#""😀z", "bc", "a", "b""#),
    read("upper and lower know ASCII only", "SELECT upper('aé'), lower('AÉ')", &[], "tt", r#""Aé", "aÉ""#),
    read("trim", "SELECT trim('  a '), ltrim('xxa', 'x'), rtrim('axx', 'x')", &[], "ttt", r#""a", "a", "a""#),
    read("replace and instr", "SELECT replace('aXbX', 'X', '-'), instr('abc', 'c'), instr('abc', 'd')", &[], "tii", r#""a-b-", 3, 0"#),
    read("char, unicode and hex", "SELECT char(65, 233, 128512), unicode('é'), hex('hi'), unhex('6869')", &[], "titb",
        r#""Aé😀", 233, "6869", x6869"#),
    read("concat", "SELECT concat('a', NULL, 1), concat_ws('-', 'a', NULL, ?1)", &[Integer(2)], "tt", r#""a1", "a-2""#),
    read("format", "SELECT format('%03d|%s|%.2f|%x', ?1, 'a', ?2, 255)", &[Integer(7), Real(0.125)], "t", r#""007|a|0.13|ff""#),
    read("max and min of values", "SELECT max(1, 2.5, 2), min('a', 1), max(1, NULL)", &[], "fii", "2.5, 1, NULL"),
    read("nullif, ifnull and iif", "SELECT nullif(1, 1), ifnull(NULL, 2), iif(0, 'a', 'b')", &[], "iit", r#"NULL, 2, "b""#),

    // Numbers.
    read("round", "SELECT round(2.5), round(-2.5), round(1.005, 2), round(0.285, 2), round(?1, ?2), typeof(round(1))",
        &[Real(1234.567), Integer(1)], "ffffft", r#"3.0, -3.0, 1.0, 0.28, 1234.6, "real""#),
    read("abs and sign", "SELECT abs(-3), abs(-1.5), sign(-2.5), abs('x')", &[], "ifif", "3, 1.5, -1, 0.0"),

    // JSON that is read.
    read("integers in JSON stay integers",
        "SELECT value, typeof(value), value / 2 FROM json_each(?1)", &[Text("[1, 9007199254740991, -3]")], "iti",
        r#"1, "integer", 0; 9007199254740991, "integer", 4503599627370495; -3, "integer", -1"#),
    read("JSON has types", "SELECT key, type, typeof(value), atom IS NULL FROM json_each(?1)",
        &[Text(r#"[1, 2.0, "3", null, true, [4], {"a": 5}]"#)], "itto",
        r#"0, "integer", "integer", false; 1, "real", "real", false; 2, "text", "text", false; 3, "null", "null", true; 4, "true", "integer", false; 5, "array", "text", true; 6, "object", "text", true"#),
    read("json_extract", "SELECT json_extract(?1, '$.a'), json_extract(?1, '$.b.c[1]'), json_extract(?1, '$.d'), json_extract(?1, '$.none')",
        &[Text(r#"{"a": 1, "b": {"c": [1.5, "x\u00e9"]}, "d": [1, 2]}"#)], "ittt", r#"1, "xé", "[1,2]", NULL"#),
    read("arrows", "SELECT ?1 -> '$.a', ?1 ->> '$.a', ?1 ->> 'b', ?1 -> 'b'", &[Text(r#"{"a": "x", "b": 2}"#)], "ttit",
        r#""\"x\"", "x", 2, "2""#),
    read("an index as a parameter", "SELECT '[10,20]' ->> ?1, typeof('[10,20]' ->> ?1)", &[Integer(1)], "it", r#"20, "integer""#),
    read("rows from JSON", "SELECT e.value ->> 'id', e.value ->> 'name' FROM json_each(?1) AS e ORDER BY 1",
        &[Text(r#"[{"id": 2, "name": "b"}, {"id": 1, "name": "a"}]"#)], "it", r#"1, "a"; 2, "b""#),
    read("json_tree", "SELECT fullkey FROM json_tree('{\"a\":[1,2]}') WHERE type = 'integer'", &[], "t", r#""$.a[0]"; "$.a[1]""#),
    read("JSON is checked and shortened", "SELECT json(' [ 1 , 2 ] '), json_valid('{'), json_type('{}'), json_array_length('[1,2]')", &[],
        "toti", r#""[1,2]", false, "object", 2"#),
    read("JSON that is none is an error", "SELECT json_extract('{', '$.a')", &[], "i", "wrong statement"),
    read("json_remove and json_patch", "SELECT json_remove('[1,2,3]', '$[1]'), json_patch('{\"a\":1}', '{\"a\":null,\"b\":2}')", &[], "tt",
        r#""[1,3]", "{\"b\":2}""#),

    // Dates, of moments that are given.
    read("dates", "SELECT date('2024-02-30'), time('12:34'), datetime(0, 'unixepoch'), datetime(?1, 'unixepoch')", &[Integer(1_700_000_000)],
        "tttt", r#""2024-03-01", "12:34:00", "1970-01-01 00:00:00", "2023-11-14 22:13:20""#),
    read("modifiers of dates", "SELECT date('2024-01-31', '+1 month'), date('2024-03-15', 'start of month', '-1 day')", &[], "tt",
        r#""2024-03-02", "2024-02-29""#),
    read("dates as numbers", "SELECT unixepoch('2024-01-01'), julianday('2024-01-01'), strftime('%s', '2024-01-01')", &[], "ift",
        r#"1704067200, 2460310.5, "1704067200""#),
    read("strftime", "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', ?1 / 1000.0, 'unixepoch'), strftime('%w %j', '2024-12-31')",
        &[Integer(1_700_000_000_123)], "tt", r#""2023-11-14T22:13:20.123Z", "2 366""#),
    read("a date that is none", "SELECT date('2024-13-01'), unixepoch('x')", &[], "ti", "NULL, NULL"),
];
