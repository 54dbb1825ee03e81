//! The parameters of a page's query: a JSON array.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use syncline_engine::{Param, SqlError};

/// The array, with booleans as 0 and 1.
pub(crate) struct Params(Vec<Owned>);

enum Owned {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Params {
    pub(crate) fn parse(json: &str) -> Result<Self, SqlError> {
        serde_json::from_str(json).map(Self).map_err(|error| SqlError::refused(error.to_string()))
    }

    pub(crate) fn bind(&self) -> Result<Vec<Param<'_>>, SqlError> {
        self.0
            .iter()
            .map(|owned| match owned {
                Owned::Null => Ok(Param::Null),
                Owned::Integer(n) => Param::Integer(*n).checked(),
                Owned::Real(x) => Param::Real(*x).checked(),
                Owned::Text(text) => Ok(Param::Text(text)),
            })
            .collect()
    }
}

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar)
    }
}

struct Scalar;

impl Visitor<'_> for Scalar {
    type Value = Owned;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a boolean, a number or a text")
    }

    fn visit_unit<E: Error>(self) -> Result<Owned, E> {
        Ok(Owned::Null)
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<Owned, E> {
        Ok(Owned::Integer(yes.into()))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<Owned, E> {
        Ok(Owned::Integer(n))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<Owned, E> {
        Ok(Owned::Integer(n.try_into().unwrap_or(i64::MAX)))
    }

    fn visit_f64<E: Error>(self, x: f64) -> Result<Owned, E> {
        Ok(Owned::Real(x))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Owned, E> {
        Ok(Owned::Text(text.to_owned()))
    }
}
