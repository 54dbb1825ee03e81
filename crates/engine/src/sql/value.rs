//! Values in and out of a database.

use syncline_protocol::{
    Chain, ClientId, Counter, Digest, Incarnation, MAX_NUMBER, Millis, RedactionNumber, SchemaHash, Seq,
    SessionId, SessionNumber, Subject,
};

use super::SqlError;

/// A bound parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Param<'a> {
    /// NULL.
    Null,
    /// An integer within ±(2^53 − 1).
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl Param<'_> {
    /// Refuses what some host could not carry exactly.
    ///
    /// # Errors
    /// [`SqlError::Refused`] for an integer beyond ±(2^53 − 1) and for a double that is not finite.
    pub fn checked(self) -> Result<Self, SqlError> {
        match self {
            Self::Integer(n) if n.unsigned_abs() > MAX_NUMBER => {
                Err(SqlError::refused(format!("the integer {n} is beyond ±(2^53 − 1)")))
            }
            Self::Real(x) if !x.is_finite() => Err(SqlError::refused("a real must be finite")),
            Self::Null | Self::Integer(_) | Self::Real(_) | Self::Text(_) | Self::Blob(_) => Ok(self),
        }
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Blob(bytes)
    }
}

impl From<i64> for Param<'_> {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl From<u32> for Param<'_> {
    fn from(n: u32) -> Self {
        Self::Integer(n.into())
    }
}

impl From<bool> for Param<'_> {
    fn from(yes: bool) -> Self {
        Self::Integer(yes.into())
    }
}

impl From<f64> for Param<'_> {
    fn from(x: f64) -> Self {
        Self::Real(x)
    }
}

impl<'a, T> From<Option<T>> for Param<'a>
where
    Param<'a>: From<T>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

macro_rules! number_params {
    ($($name:ident)*) => {$(
        impl From<$name> for Param<'_> {
            fn from(number: $name) -> Self {
                Self::Integer(number.sql())
            }
        }

        impl FromValue for $name {
            fn from_value(value: &Value) -> Option<Self> {
                i64::from_value(value).and_then(|n| Self::try_from(n).ok())
            }
        }
    )*};
}
number_params! { Seq Counter Millis RedactionNumber SessionNumber }

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A double. A host that has only doubles gives whole numbers as such: read with the type you want.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// The value as this type, if it is one.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for Value {
    fn from_value(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl FromValue for i64 {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and within ±(2^53 − 1)")]
    fn from_value(value: &Value) -> Option<Self> {
        let max = MAX_NUMBER as f64;
        match value {
            Value::Integer(n) if n.unsigned_abs() <= MAX_NUMBER => Some(*n),
            Value::Real(x) if x.fract() == 0.0 && x.abs() <= max => Some(*x as Self),
            Value::Integer(_) | Value::Real(_) | Value::Null | Value::Text(_) | Value::Blob(_) => None,
        }
    }
}

impl FromValue for u32 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).and_then(|n| n.try_into().ok())
    }
}

impl FromValue for f64 {
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(n) => Some(*n as Self),
            Value::Real(x) => Some(*x),
            Value::Null | Value::Text(_) | Value::Blob(_) => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Option<Self> {
        match i64::from_value(value) {
            Some(0) => Some(false),
            Some(1) => Some(true),
            Some(_) | None => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text.clone()) } else { None }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Blob(bytes) = value { Some(bytes.clone()) } else { None }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: &Value) -> Option<Self> {
        if matches!(value, Value::Null) { Some(None) } else { T::from_value(value).map(Some) }
    }
}

macro_rules! parsed_texts {
    ($($name:ident)*) => {$(
        impl FromValue for $name {
            fn from_value(value: &Value) -> Option<Self> {
                String::from_value(value).and_then(|text| Self::parse(text).ok())
            }
        }
    )*};
}
parsed_texts! { ClientId Incarnation SchemaHash SessionId Subject }

impl FromValue for Digest {
    fn from_value(value: &Value) -> Option<Self> {
        String::from_value(value).and_then(|text| text.try_into().ok())
    }
}

impl FromValue for Chain {
    fn from_value(value: &Value) -> Option<Self> {
        String::from_value(value).and_then(|text| text.parse().ok())
    }
}

/// A row of a result.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row(Vec<Value>);

impl Row {
    /// A row of these columns.
    #[must_use]
    pub const fn new(columns: Vec<Value>) -> Self {
        Self(columns)
    }

    /// Its columns.
    #[must_use]
    pub fn columns(&self) -> &[Value] {
        &self.0
    }

    /// A column, from 0, as the type that is wanted.
    ///
    /// # Errors
    /// [`SqlError::Type`] when there is no such column, or it is of another type.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T, SqlError> {
        self.0
            .get(column)
            .and_then(T::from_value)
            .ok_or(SqlError::Type { column, wanted: std::any::type_name::<T>() })
    }
}
