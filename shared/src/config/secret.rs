//! Where a secret is found. Apart because it must never show itself: neither in `config show` nor in a log.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands in place of a secret wherever the configuration is shown.
const MASK: &str = "********";
/// The keys of the table form.
const FORMS: &[&str] = &["env", "file", "credential", "literal"];

/// Where a secret is found; the secret itself never travels with the file.
///
/// Written `{ env = "NAME" }`, `{ file = "PATH" }`, `{ credential = "NAME" }`, or as plain text where that is allowed.
#[derive(Clone, PartialEq)]
pub enum SecretSource {
    /// In an environment variable.
    Env(String),
    /// In a file.
    File(String),
    /// In a credential of the service manager.
    Credential(String),
    /// Here, in development and test only.
    Literal(String),
}

impl SecretSource {
    /// The key of its table form, and what may be shown of it.
    fn shown(&self) -> (&'static str, &str) {
        match self {
            Self::Env(name) => ("env", name),
            Self::File(path) => ("file", path),
            Self::Credential(name) => ("credential", name),
            Self::Literal(_) => ("literal", MASK),
        }
    }
    /// The name, path or text itself.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Env(text) | Self::File(text) | Self::Credential(text) | Self::Literal(text) => {
                text
            }
        }
    }
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (form, text) = self.shown();
        write!(f, "SecretSource({form}: {text})")
    }
}

impl Serialize for SecretSource {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let (form, text) = self.shown();
        let mut map = out.serialize_map(Some(1))?;
        map.serialize_entry(form, text)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        // By hand: an untagged enum would answer every slip with "did not match any variant".
        input.deserialize_any(SourceVisitor)
    }
}

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("where the secret is found, as in { env = \"TILLPOST_ODOO_KEY\" }")
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretSource, E> {
        Ok(SecretSource::Literal(text.to_owned()))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
        use serde::de::Error;
        let Some((form, text)) = map.next_entry::<String, String>()? else {
            return Err(A::Error::custom(
                "`secret` is empty; give one of env, file and credential",
            ));
        };
        if map.next_key::<String>()?.is_some() {
            return Err(A::Error::custom(
                "`secret` must name one place; give only one of env, file and credential",
            ));
        }
        match form.as_str() {
            "env" => Ok(SecretSource::Env(text)),
            "file" => Ok(SecretSource::File(text)),
            "credential" => Ok(SecretSource::Credential(text)),
            "literal" => Ok(SecretSource::Literal(text)),
            other => Err(A::Error::unknown_field(other, FORMS)),
        }
    }
}

impl JsonSchema for SecretSource {
    fn schema_name() -> Cow<'static, str> {
        "SecretSource".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where a secret is found; as plain text only in development and test.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "env": { "type": "string", "description": "An environment variable." },
                        "file": { "type": "string", "description": "A file." },
                        "credential": { "type": "string", "description": "A credential of the service manager." },
                        "literal": { "type": "string", "description": "The secret itself." },
                    },
                    "additionalProperties": false,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, Serialize, PartialEq)]
    struct Holder {
        secret: SecretSource,
    }
    fn read(text: &str) -> Result<SecretSource, String> {
        toml::from_str::<Holder>(text)
            .map(|holder| holder.secret)
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn every_form_is_read() {
        let env = read("secret = { env = \"KEY\" }");
        assert_eq!(env, Ok(SecretSource::Env("KEY".into())));
        let literal = Ok(SecretSource::Literal("x".into()));
        assert_eq!(read("secret = \"x\""), literal);
        assert_eq!(read("secret = { literal = \"x\" }"), literal);
    }

    #[test]
    fn two_places_or_none_are_refused_in_plain_words() {
        let two = read("secret = { env = \"A\", file = \"b\" }");
        assert!(two.is_err_and(|text| text.contains("only one of")));
        assert!(read("secret = {}").is_err_and(|text| text.contains("is empty")));
    }

    #[test]
    fn a_literal_never_shows_itself() {
        let secret = SecretSource::Literal("hunter2".into());
        let shown = format!("{secret:?} {}", serde_json::to_string(&secret).unwrap());
        assert!(!shown.contains("hunter2") && shown.contains(MASK));
    }
}
