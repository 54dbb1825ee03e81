//! `events.ts`: the union of a model's events, their args, and constructors.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::CodegenError;
use crate::schema::{Reader, description};
use crate::shape::{Documented, Field, Shape};
use crate::typescript::{declaration, docs, key, quoted, type_name};

struct Event {
    name: String,
    docs: String,
    args: Args,
}

enum Args {
    /// Of the type with this name.
    Of(String),
    /// Of a unit variant: the wire has null in their place.
    Null,
    /// Of a variant without fields: the wire has {} in their place.
    Empty,
}

pub(crate) fn render(model: &str, schema: &Value) -> Result<String, CodegenError> {
    let union = format!("{}Event", type_name(model)?);
    let mut reader = Reader::new(schema);
    let mut inline = Vec::new();
    let mut events = Vec::new();
    for variant in variants(schema, &union)? {
        events.push(event(variant, &union, &mut reader, &mut inline)?);
    }
    let mut types = reader.into_declared();
    for (name, declared) in inline {
        if types.insert(name.clone(), declared).is_some() {
            return Err(CodegenError::NameTaken { name });
        }
    }
    if types.contains_key(&union) {
        return Err(CodegenError::NameTaken { name: union });
    }
    Ok(text(&union, &description(schema), &events, &types))
}

fn variants<'a>(schema: &'a Value, union: &str) -> Result<Vec<&'a Value>, CodegenError> {
    let members = ["oneOf", "anyOf"].iter().find_map(|word| schema.get(word)).and_then(Value::as_array);
    // An enum with one variant, or with all of them unit variants, may come as the one object that it is.
    Ok(match members {
        Some(members) => members.iter().collect(),
        None if schema.get("properties").is_some() => vec![schema],
        None => {
            return Err(CodegenError::NotAnEvent { path: union.to_owned() });
        }
    })
}

fn event(
    variant: &Value,
    union: &str,
    reader: &mut Reader<'_>,
    inline: &mut Vec<(String, Documented)>,
) -> Result<Event, CodegenError> {
    let not_an_event = |path: &str| CodegenError::NotAnEvent { path: path.to_owned() };
    let properties =
        variant.get("properties").and_then(Value::as_object).ok_or_else(|| not_an_event(union))?;
    let name = properties
        .get("name")
        .and_then(|name| name.get("const"))
        .and_then(Value::as_str)
        .ok_or_else(|| not_an_event(union))?
        .to_owned();
    if properties.keys().any(|key| key != "name" && key != "args") {
        return Err(not_an_event(&name));
    }
    let docs = description(variant);
    let args = match properties.get("args") {
        None => Args::Null,
        Some(schema) => {
            let shape = reader.read(schema, &name)?;
            if let Shape::Named(of) = shape {
                Args::Of(of)
            } else if shape == Shape::Object(Vec::new()) {
                Args::Empty
            } else {
                let of = type_name(&name)?;
                inline.push((of.clone(), Documented { docs: docs.clone(), shape }));
                Args::Of(of)
            }
        }
    };
    Ok(Event { name, docs, args })
}

fn text(union: &str, about: &str, events: &[Event], types: &BTreeMap<String, Documented>) -> String {
    let members = events.iter().map(member).collect();
    let mut text = declaration(union, &Documented { docs: about.to_owned(), shape: Shape::Union(members) });
    for (name, declared) in types {
        text.push('\n');
        text.push_str(&declaration(name, declared));
    }
    text.push_str("\n/** Makes events. */\nexport const events = {\n");
    for event in events {
        text.push_str(&docs(&event.docs, "  "));
        text.push_str(&constructor(event, union));
    }
    text.push_str("} as const\n");
    text
}

fn member(event: &Event) -> Documented {
    let field = |name: &str, shape: Shape| Field {
        name: name.to_owned(),
        docs: String::new(),
        optional: false,
        shape,
    };
    let args = match &event.args {
        Args::Of(of) => Shape::Named(of.clone()),
        Args::Null => Shape::Builtin("null"),
        Args::Empty => Shape::Object(Vec::new()),
    };
    let shape = Shape::Object(vec![field("name", Shape::Text(event.name.clone())), field("args", args)]);
    Documented { docs: event.docs.clone(), shape }
}

fn constructor(event: &Event, union: &str) -> String {
    let (key, name) = (key(&event.name), quoted(&event.name));
    let (parameter, args) = match &event.args {
        Args::Of(of) => (format!("args: {of}"), "args"),
        Args::Null => (String::new(), "args: null"),
        Args::Empty => (String::new(), "args: {}"),
    };
    format!("  {key}: ({parameter}): {union} => ({{\n    name: {name},\n    {args},\n  }}),\n")
}
