//! Values on their way into the database and out of it.

use pki::Time;

use super::StoreError;

/// A parameter, or a field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row, read field by field in the order of the statement.
#[derive(Debug)]
pub(super) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(fields: Vec<Value>) -> Row {
        Row(fields.into_iter())
    }

    pub(super) fn maybe_int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.0.next() {
            Some(Value::Null) => Ok(None),
            Some(Value::Int(number)) => Ok(Some(number)),
            other => Err(unlike("a number", other)),
        }
    }

    pub(super) fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            other => Err(unlike("a text", other)),
        }
    }

    pub(super) fn maybe_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.next() {
            Some(Value::Null) => Ok(None),
            Some(Value::Bytes(bytes)) => Ok(Some(bytes)),
            other => Err(unlike("octets", other)),
        }
    }

    pub(super) fn int(&mut self) -> Result<i64, StoreError> {
        self.maybe_int()?.ok_or_else(|| unlike("a number", Some(Value::Null)))
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        self.maybe_text()?.ok_or_else(|| unlike("a text", Some(Value::Null)))
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.maybe_bytes()?.ok_or_else(|| unlike("octets", Some(Value::Null)))
    }

    pub(super) fn hash(&mut self) -> Result<[u8; 32], StoreError> {
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|other| unlike("32 octets", Some(Value::Bytes(other))))
    }

    pub(super) fn count(&mut self) -> Result<u64, StoreError> {
        let number = self.int()?;
        u64::try_from(number).map_err(|_| unlike("a count", Some(Value::Int(number))))
    }

    pub(super) fn small(&mut self) -> Result<u32, StoreError> {
        let number = self.int()?;
        u32::try_from(number).map_err(|_| unlike("a small count", Some(Value::Int(number))))
    }

    pub(super) fn time(&mut self) -> Result<Time, StoreError> {
        self.int().map(Time)
    }

    pub(super) fn maybe_time(&mut self) -> Result<Option<Time>, StoreError> {
        Ok(self.maybe_int()?.map(Time))
    }
}

fn unlike(expected: &str, found: Option<Value>) -> StoreError {
    let found = match found {
        None => "no field".to_owned(),
        Some(Value::Null) => "nothing".to_owned(),
        Some(Value::Int(number)) => format!("the number {number}"),
        Some(Value::Text(text)) => format!("a text of {} octets", text.len()),
        Some(Value::Bytes(bytes)) => format!("{} octets", bytes.len()),
    };
    StoreError::Corrupt(format!("{found} where {expected} should be"))
}

/// PostgreSQL's TEXT holds no NUL, SQLite's does: so that both say the same, its picture takes its place on both.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Value {
        Value::Int(i64::from(number))
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Value {
        Value::Int(time.seconds())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(without_nul(text))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Value {
        Value::Text(without_nul(text))
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Value {
        Value::Bytes(bytes.to_vec())
    }
}

impl From<&Vec<u8>> for Value {
    fn from(bytes: &Vec<u8>) -> Value {
        Value::Bytes(bytes.clone())
    }
}

impl From<&[u8; 32]> for Value {
    fn from(bytes: &[u8; 32]) -> Value {
        Value::Bytes(bytes.to_vec())
    }
}

impl From<&ra::CaseId> for Value {
    fn from(case: &ra::CaseId) -> Value {
        Value::from(&case.0)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// The parameters of a statement.
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::value::Value::from($value)),*] };
}
pub(super) use params;
