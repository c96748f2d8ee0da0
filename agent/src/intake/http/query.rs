//! The parameters of a question. A script or a form sends the ones that it does not use empty: that is the same as none.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::intake::http::answer::Refusal;

/// Reads a parameter; an empty one is none.
///
/// # Errors
/// When there is a value and it cannot be one.
pub fn given<'de, D, T>(input: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = Option::<String>::deserialize(input)?;
    let filled = text.filter(|text| !text.trim().is_empty());
    filled
        .map(|text| text.parse().map_err(D::Error::custom))
        .transpose()
}

/// The parameters of a request, or a no in the API's own shape.
pub fn parameters<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    let Query(parameters) =
        query.map_err(|_| Refusal::query("a parameter is unknown, or its value cannot be read"))?;
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[serde(default, deserialize_with = "given")]
        till: Option<String>,
        #[serde(default, deserialize_with = "given")]
        limit: Option<usize>,
    }

    fn read(text: &str) -> Option<(Option<String>, Option<usize>)> {
        let uri: Uri = format!("http://localhost/?{text}").parse().unwrap();
        let asked = parameters(Query::<Asked>::try_from_uri(&uri)).ok()?;
        Some((asked.till, asked.limit))
    }

    #[test]
    fn an_empty_parameter_is_none_and_a_wrong_one_is_refused() {
        let three = || Some("3".to_owned());
        assert_eq!(read("till=&limit="), Some((None, None)));
        assert_eq!(read("till=3&limit=%20"), Some((three(), None)));
        assert_eq!(read("till=3&limit=7"), Some((three(), Some(7))));
        assert_eq!(read("limit=x"), None);
        assert_eq!(read("tills=3"), None);
    }
}
