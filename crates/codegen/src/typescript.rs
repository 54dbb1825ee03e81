//! Types as TypeScript text: two spaces, single quotes, no semicolons at the end of lines.

use crate::CodegenError;
use crate::shape::{Documented, Field, Shape};

/// A union that would be longer has each member on a line.
const LINE_WIDTH: usize = 110;

/// `export interface …` or `export type …`, with a line break at its end.
pub(crate) fn declaration(name: &str, declared: &Documented) -> String {
    let docs = docs(&declared.docs, "");
    if let Shape::Object(fields) = &declared.shape
        && !fields.is_empty()
    {
        return format!("{docs}export interface {name} {}\n", block(fields, ""));
    }
    let line = format!("export type {name} = {}", inline(&declared.shape, ""));
    if let Shape::Union(members) = &declared.shape
        && (line.chars().count() > LINE_WIDTH || members.iter().any(|member| !member.docs.is_empty()))
    {
        return format!("{docs}export type {name} ={}\n", members_by_line(members));
    }
    format!("{docs}{line}\n")
}

fn members_by_line(members: &[Documented]) -> String {
    members
        .iter()
        .map(|member| format!("\n{}  | {}", docs(&member.docs, "  "), operand(&member.shape, "  ")))
        .collect()
}

fn block(fields: &[Field], indent: &str) -> String {
    let deeper = format!("{indent}  ");
    let lines: String = fields
        .iter()
        .map(|field| {
            format!(
                "{}{deeper}{}{}: {}\n",
                docs(&field.docs, &deeper),
                key(&field.name),
                if field.optional { "?" } else { "" },
                inline(&field.shape, &deeper)
            )
        })
        .collect();
    format!("{{\n{lines}{indent}}}")
}

/// The type where it is used; `indent` is that of the line.
pub(crate) fn inline(shape: &Shape, indent: &str) -> String {
    match shape {
        Shape::Builtin(name) => (*name).to_owned(),
        Shape::Named(name) => name.clone(),
        Shape::Text(text) => quoted(text),
        Shape::Literal(literal) => literal.clone(),
        Shape::Array(item) => format!("{}[]", operand(item, indent)),
        Shape::Tuple(items) => format!("[{}]", list(items, ", ", indent)),
        Shape::Map(value) => format!("Record<string, {}>", inline(value, indent)),
        Shape::Object(fields) if fields.is_empty() => "Record<string, never>".to_owned(),
        Shape::Object(fields) if fields.iter().all(|field| field.docs.is_empty()) => one_line(fields, indent),
        Shape::Object(fields) => block(fields, indent),
        Shape::Union(members) => {
            members.iter().map(|member| operand(&member.shape, indent)).collect::<Vec<_>>().join(" | ")
        }
        Shape::Intersection(parts) => {
            parts.iter().map(|part| operand(part, indent)).collect::<Vec<_>>().join(" & ")
        }
    }
}

fn list(shapes: &[Shape], between: &str, indent: &str) -> String {
    shapes.iter().map(|shape| inline(shape, indent)).collect::<Vec<_>>().join(between)
}

fn one_line(fields: &[Field], indent: &str) -> String {
    let fields: Vec<_> = fields
        .iter()
        .map(|field| {
            let mark = if field.optional { "?" } else { "" };
            format!("{}{mark}: {}", key(&field.name), inline(&field.shape, indent))
        })
        .collect();
    format!("{{ {} }}", fields.join("; "))
}

/// As one side of `|` or `&`, or before `[]`.
fn operand(shape: &Shape, indent: &str) -> String {
    let text = inline(shape, indent);
    match shape {
        Shape::Union(_) | Shape::Intersection(_) => format!("({text})"),
        Shape::Builtin(_)
        | Shape::Named(_)
        | Shape::Text(_)
        | Shape::Literal(_)
        | Shape::Array(_)
        | Shape::Tuple(_)
        | Shape::Map(_)
        | Shape::Object(_) => text,
    }
}

/// A TSDoc comment with a line break at its end; nothing where there is nothing to say.
pub(crate) fn docs(text: &str, indent: &str) -> String {
    let text = without_links(text).replace("*/", "*\\/");
    match text.lines().map(str::trim_end).collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let lines: String = lines
                .iter()
                .map(|line| format!("{indent} *{}{line}\n", if line.is_empty() { "" } else { " " }))
                .collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}

/// Rust's links to items, such as [`crate::Limits`], lead nowhere in TypeScript: only the name stays.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((path, after)) = after.split_once("`]") else {
            break;
        };
        plain.push_str(before);
        plain.push('`');
        plain.push_str(path.rsplit("::").next().unwrap_or(path));
        plain.push('`');
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// A text literal in single quotes, or in double quotes where that saves escapes.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut literal = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            c if c == quote || c == '\\' => literal.extend(['\\', c]),
            c if c.is_control() || c == '\u{2028}' || c == '\u{2029}' => {
                literal.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => literal.push(c),
        }
    }
    literal.push(quote);
    literal
}

/// A key, in quotes where it is not an identifier.
pub(crate) fn key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name) }
}

pub(crate) fn is_identifier(name: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    name.starts_with(starts) && name.chars().all(|c| starts(c) || c.is_ascii_digit())
}

/// `message_posted`, `messagePosted` and `message-posted` as `MessagePosted`.
fn pascal_case(name: &str) -> String {
    let mut pascal = String::with_capacity(name.len());
    for word in name.split(|c: char| !c.is_alphanumeric()) {
        let mut characters = word.chars();
        pascal.extend(characters.next().map(|c| c.to_ascii_uppercase()));
        pascal.push_str(characters.as_str());
    }
    pascal
}

/// The name of a type, made of one that is written otherwise.
pub(crate) fn type_name(name: &str) -> Result<String, CodegenError> {
    let pascal = pascal_case(name);
    if is_identifier(&pascal) { Ok(pascal) } else { Err(CodegenError::NotAName { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_quoted_so_that_it_stays_as_it_is() {
        assert_eq!(quoted("a"), "'a'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("'\"\\\n\u{0}\u{2028}"), r#"'\'"\\\n\u{0}\u{2028}'"#);
        assert_eq!(key("postedAt"), "postedAt");
        assert_eq!(key("posted-at"), "'posted-at'");
        assert_eq!(key("1st"), "'1st'");
        assert_eq!(key(""), "''");
    }

    #[test]
    fn a_comment_cannot_be_ended_by_what_it_says() {
        assert_eq!(docs("a */ b", ""), "/** a *\\/ b */\n");
        assert_eq!(docs("a\n\nb", "  "), "  /**\n   * a\n   *\n   * b\n   */\n");
        assert_eq!(
            docs("see [`crate::limits::Limits`] and [`Seq`].", ""),
            "/** see `Limits` and `Seq`. */\n"
        );
        assert_eq!(docs("a list[`", ""), "/** a list[` */\n");
    }
}
