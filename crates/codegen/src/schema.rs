//! JSON Schema, as schemars writes it, to shapes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use syncline_engine::protocol::MAX_NUMBER;

use crate::CodegenError;
use crate::shape::{Documented, Field, Shape};
use crate::typescript::is_identifier;

/// Keywords that say nothing about the TypeScript type.
const NOT_STRUCTURE: &[&str] = &[
    "$schema",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contentEncoding",
    "contentMediaType",
];

/// Keywords that `Reader` turns into shapes.
const STRUCTURE: &[&str] = &[
    "$ref",
    "$defs",
    "type",
    "const",
    "enum",
    "oneOf",
    "anyOf",
    "allOf",
    "properties",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "prefixItems",
];

const MAX_EXACT: f64 = MAX_NUMBER as f64;

/// Reads one schema document, and every definition that what it reads refers to.
pub(crate) struct Reader<'a> {
    definitions: Option<&'a Map<String, Value>>,
    /// By name; `None` while the definition is being read, as it may refer to itself.
    declared: BTreeMap<String, Option<Documented>>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(document: &'a Value) -> Self {
        Self { definitions: document.get("$defs").and_then(Value::as_object), declared: BTreeMap::new() }
    }

    /// Every definition that was referred to, by name.
    pub(crate) fn into_declared(self) -> BTreeMap<String, Documented> {
        self.declared.into_iter().filter_map(|(name, declared)| Some((name, declared?))).collect()
    }

    /// A schema with its description.
    pub(crate) fn documented(&mut self, schema: &Value, path: &str) -> Result<Documented, CodegenError> {
        Ok(Documented { docs: description(schema), shape: self.read(schema, path)? })
    }

    /// `path` names the schema in errors.
    pub(crate) fn read(&mut self, schema: &Value, path: &str) -> Result<Shape, CodegenError> {
        let schema = match schema {
            Value::Bool(true) => return Ok(Shape::Builtin("unknown")),
            Value::Bool(false) => return Ok(Shape::Builtin("never")),
            Value::Object(schema) => schema,
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(unsupported(path, "something that is not a schema"));
            }
        };
        for keyword in schema.keys().map(String::as_str) {
            if !NOT_STRUCTURE.contains(&keyword)
                && !STRUCTURE.contains(&keyword)
                && !keyword.starts_with("x-")
            {
                return Err(unsupported(path, format!("the keyword {keyword}")));
            }
        }
        if let Some(value) = schema.get("const") {
            return literal(value, path);
        }
        if let Some(values) = schema.get("enum") {
            let values = array(values, path)?.iter().map(|value| Ok(literal(value, path)?.undocumented()));
            return Ok(Shape::union(values.collect::<Result<_, CodegenError>>()?));
        }
        let mut parts = Vec::new();
        parts.extend(self.own_type(schema, path)?);
        if let Some(target) = schema.get("$ref") {
            parts.push(self.reference(target, path)?);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(members) = schema.get(keyword) {
                parts.push(self.union(members, path)?);
            }
        }
        if let Some(all) = schema.get("allOf") {
            for part in array(all, path)? {
                parts.push(self.read(part, path)?);
            }
        }
        // Beside other parts, `type: object` alone adds nothing.
        if parts.len() > 1 {
            parts.retain(|part| *part != Shape::Object(Vec::new()));
        }
        Ok(match parts.len() {
            0 => Shape::Builtin("unknown"),
            1 => parts.remove(0),
            _ => Shape::Intersection(parts),
        })
    }

    fn reference(&mut self, target: &Value, path: &str) -> Result<Shape, CodegenError> {
        let missing = || CodegenError::NoSuchDefinition { path: path.to_owned(), target: target.to_string() };
        let name = target.as_str().and_then(|target| target.strip_prefix("#/$defs/")).ok_or_else(missing)?;
        if !is_identifier(name) {
            return Err(CodegenError::NotAName { name: name.to_owned() });
        }
        let definition = self.definitions.and_then(|all| all.get(name)).ok_or_else(missing)?;
        if !self.declared.contains_key(name) {
            self.declared.insert(name.to_owned(), None);
            let declared = self.documented(definition, path)?;
            self.declared.insert(name.to_owned(), Some(declared));
        }
        Ok(Shape::Named(name.to_owned()))
    }

    fn union(&mut self, members: &Value, path: &str) -> Result<Shape, CodegenError> {
        let members = array(members, path)?.iter().map(|member| self.documented(member, path));
        Ok(Shape::union(members.collect::<Result<_, _>>()?))
    }

    /// What `type` and the keywords that go with it say.
    fn own_type(&mut self, schema: &Map<String, Value>, path: &str) -> Result<Option<Shape>, CodegenError> {
        match schema.get("type") {
            None if schema.contains_key("properties") => self.object(schema, path).map(Some),
            None => match ["additionalProperties", "items", "prefixItems"]
                .iter()
                .find(|word| schema.contains_key(**word))
            {
                Some(keyword) => Err(unsupported(path, format!("{keyword} without a type"))),
                None => Ok(None),
            },
            Some(Value::String(name)) => self.typed(name, schema, path).map(Some),
            Some(Value::Array(names)) => {
                let mut members = Vec::new();
                for name in names {
                    let name = name.as_str().ok_or_else(|| unsupported(path, format!("the type {name}")))?;
                    members.push(self.typed(name, schema, path)?.undocumented());
                }
                Ok(Some(Shape::union(members)))
            }
            Some(other) => Err(unsupported(path, format!("the type {other}"))),
        }
    }

    fn typed(&mut self, name: &str, schema: &Map<String, Value>, path: &str) -> Result<Shape, CodegenError> {
        match name {
            "string" => Ok(Shape::Builtin("string")),
            "number" => Ok(Shape::Builtin("number")),
            "boolean" => Ok(Shape::Builtin("boolean")),
            "null" => Ok(Shape::Builtin("null")),
            "integer" => integer(schema, path),
            "array" => self.list(schema, path),
            "object" => self.object(schema, path),
            other => Err(unsupported(path, format!("the type {other:?}"))),
        }
    }

    fn list(&mut self, schema: &Map<String, Value>, path: &str) -> Result<Shape, CodegenError> {
        let path = format!("{path}[]");
        let Some(places) = schema.get("prefixItems") else {
            let item =
                schema.get("items").map_or(Ok(Shape::Builtin("unknown")), |item| self.read(item, &path))?;
            return Ok(Shape::Array(Box::new(item)));
        };
        let places = array(places, &path)?;
        let fixed = schema.get("items").is_none_or(|rest| *rest == Value::Bool(false));
        let all = ["minItems", "maxItems"]
            .iter()
            .all(|bound| schema.get(*bound).and_then(Value::as_u64) == Some(places.len() as u64));
        if !fixed || !all {
            return Err(unsupported(&path, "prefixItems of a list without a fixed length"));
        }
        Ok(Shape::Tuple(places.iter().map(|place| self.read(place, &path)).collect::<Result<_, _>>()?))
    }

    fn object(&mut self, schema: &Map<String, Value>, path: &str) -> Result<Shape, CodegenError> {
        let required = schema.get("required").map_or(Ok(&[][..]), |names| array(names, path))?;
        let mut fields = Vec::new();
        if let Some(properties) = schema.get("properties") {
            let properties =
                properties.as_object().ok_or_else(|| unsupported(path, "properties that are no object"))?;
            for (name, property) in properties {
                fields.push(Field {
                    name: name.clone(),
                    docs: description(property),
                    optional: !required.iter().any(|required| required.as_str() == Some(name)),
                    shape: self.read(property, &format!("{path}.{name}"))?,
                });
            }
        }
        // The order in which serde_json keeps keys depends on the features that a build turns on.
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        let others = match schema.get("additionalProperties") {
            None | Some(Value::Bool(false)) => return Ok(Shape::Object(fields)),
            Some(others) => self.read(others, &format!("{path}[key]"))?,
        };
        if fields.is_empty() {
            Ok(Shape::Map(Box::new(others)))
        } else if others == Shape::Builtin("unknown") {
            Ok(Shape::Intersection(vec![Shape::Object(fields), Shape::Map(Box::new(others))]))
        } else {
            Err(unsupported(path, "properties beside additionalProperties of one type"))
        }
    }
}

pub(crate) fn description(schema: &Value) -> String {
    schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn unsupported(path: &str, construct: impl Into<String>) -> CodegenError {
    CodegenError::Unsupported { path: path.to_owned(), construct: construct.into() }
}

fn array<'v>(value: &'v Value, path: &str) -> Result<&'v [Value], CodegenError> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| unsupported(path, format!("{value} where a list belongs")))
}

fn literal(value: &Value, path: &str) -> Result<Shape, CodegenError> {
    match value {
        Value::String(text) => Ok(Shape::Text(text.clone())),
        Value::Null => Ok(Shape::Builtin("null")),
        Value::Bool(_) | Value::Number(_) => Ok(Shape::Literal(value.to_string())),
        Value::Array(_) | Value::Object(_) => Err(unsupported(path, format!("the constant {value}"))),
    }
}

fn integer(schema: &Map<String, Value>, path: &str) -> Result<Shape, CodegenError> {
    let format = schema.get("format").and_then(Value::as_str).unwrap_or("any size");
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let exact = bound("maximum").is_some_and(|max| max <= MAX_EXACT)
        && bound("minimum").is_some_and(|min| min >= -MAX_EXACT);
    if exact || ["uint8", "int8", "uint16", "int16", "uint32", "int32"].contains(&format) {
        Ok(Shape::Builtin("number"))
    } else {
        Err(CodegenError::IntegerTooWide { path: path.to_owned(), format: format.to_owned() })
    }
}
