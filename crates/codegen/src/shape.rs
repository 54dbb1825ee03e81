//! What a type looks like, between the JSON Schema that it is read from and the TypeScript that it is
//! written as.

/// A type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    /// `string`, `number`, `boolean`, `null`, `unknown`, `never`.
    Builtin(&'static str),
    /// A declaration of its own.
    Named(String),
    /// One text.
    Text(String),
    /// One number, boolean or null, as written.
    Literal(String),
    /// A list.
    Array(Box<Shape>),
    /// A list of fixed length.
    Tuple(Vec<Shape>),
    /// Any keys.
    Map(Box<Shape>),
    /// These keys.
    Object(Vec<Field>),
    /// One of these.
    Union(Vec<Documented>),
    /// All of these at once.
    Intersection(Vec<Shape>),
}

/// A type with what is said about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Documented {
    pub(crate) docs: String,
    pub(crate) shape: Shape,
}

/// A key of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) optional: bool,
    pub(crate) shape: Shape,
}

impl Shape {
    /// One of these; nested unions without docs become one.
    pub(crate) fn union(members: Vec<Documented>) -> Self {
        let mut flat: Vec<Documented> = Vec::new();
        for member in members {
            let members = if let Self::Union(inner) = member.shape.clone()
                && member.docs.is_empty()
            {
                inner
            } else {
                vec![member]
            };
            for member in members {
                if flat.iter().all(|other| other.shape != member.shape) {
                    flat.push(member);
                }
            }
        }
        match flat.as_slice() {
            [only] if only.docs.is_empty() => only.shape.clone(),
            _ => Self::Union(flat),
        }
    }

    pub(crate) fn or_null(self) -> Self {
        Self::union(vec![self.undocumented(), Self::Builtin("null").undocumented()])
    }

    pub(crate) const fn undocumented(self) -> Documented {
        Documented { docs: String::new(), shape: self }
    }
}
