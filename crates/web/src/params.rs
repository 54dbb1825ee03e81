//! The parameters of a page's query: a JSON array.

use serde_json::Value;
use syncline_engine::{Param, SqlError};

/// The array, with booleans as 0 and 1.
pub(crate) struct Params(Vec<Value>);

impl Params {
    pub(crate) fn parse(json: &str) -> Result<Self, SqlError> {
        serde_json::from_str(json).map(Self).map_err(|error| SqlError::refused(error.to_string()))
    }

    pub(crate) fn bind(&self) -> Result<Vec<Param<'_>>, SqlError> {
        self.0.iter().map(param).collect()
    }
}

fn param(value: &Value) -> Result<Param<'_>, SqlError> {
    let param = match value {
        Value::Null => Param::Null,
        Value::Bool(yes) => (*yes).into(),
        Value::String(text) => text.into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(n), _) => n.into(),
            (None, Some(x)) => x.into(),
            (None, None) => return Err(SqlError::refused(format!("{number} is not a parameter"))),
        },
        Value::Array(_) | Value::Object(_) => {
            return Err(SqlError::refused("an array or object is not a parameter"));
        }
    };
    param.checked()
}
