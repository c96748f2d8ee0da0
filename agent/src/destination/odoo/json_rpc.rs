//! Odoo's JSON-RPC, for versions without JSON-2: what is asked, and what an answer says. Pure.
//!
//! Callers name their arguments as JSON-2 wants them; `execute_kw` wants ids, and a few arguments whose names differ from
//! version to version, by position. An error comes with HTTP status 200 and is told by its exception's name; the traceback
//! beside it quotes what was sent and is never read.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::client::{CallError, shortened, unreadable};

/// Who asks.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The database.
    pub database: &'a str,
    /// The user's id.
    pub uid: i64,
    /// Its key or password.
    pub key: &'a str,
}

/// A request for one of the server's services.
pub fn request(service: &str, method: &str, args: Value) -> Value {
    json!({
        "jsonrpc": "2.0",
        "method": "call",
        "id": 1,
        "params": { "service": service, "method": method, "args": args },
    })
}

/// A request for a public method of a model.
pub fn execute(asker: Asker<'_>, model: &str, method: &str, named: Value) -> Value {
    let (args, named) = arguments(method, named);
    let call = json!([
        asker.database,
        asker.uid,
        asker.key,
        model,
        method,
        args,
        named
    ]);
    request("object", "execute_kw", call)
}

/// What goes by position: ids, what is called otherwise from version to version, and the arguments of the calls of Odoo's
/// own till, which sends them so. What a call does not name is left out.
fn by_position(method: &str) -> &'static [&'static str] {
    match method {
        "create" => &["vals_list"],
        "search" | "search_count" => &["domain"],
        "write" => &["ids", "vals"],
        "create_from_ui" | "sync_from_ui" => &["orders"],
        "set_cashbox_pos" | "set_opening_control" => &["ids", "cashbox_value", "notes"],
        "try_cash_in_out" => &["ids", "_type", "amount", "reason", "partner_id", "extras"],
        "post_closing_cash_details" => &["ids", "counted_cash"],
        "update_closing_control_state_session" => &["ids", "notes"],
        "close_session_from_ui" => &["ids", "bank_payment_method_diff_pairs"],
        _ => &["ids"],
    }
}

/// Arguments by position and by name.
fn arguments(method: &str, named: Value) -> (Vec<Value>, Map<String, Value>) {
    let Value::Object(mut named) = named else {
        return (Vec::new(), Map::new());
    };
    let args = by_position(method)
        .iter()
        .filter_map(|name| named.remove(*name));
    (args.collect(), named)
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    result: Value,
    error: Option<RpcError>,
}

#[derive(Deserialize)]
struct RpcError {
    #[serde(default)]
    message: Value,
    data: Option<ErrorData>,
}

#[derive(Deserialize)]
struct ErrorData {
    #[serde(default)]
    name: String,
    #[serde(default)]
    message: Value,
}

/// The value of an answer, or its error.
pub fn answer(body: &[u8]) -> Result<Value, CallError> {
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|error| unreadable(body, &error))?;
    match envelope.error {
        None => Ok(envelope.result),
        Some(error) => Err(refusal(error)),
    }
}

fn refusal(error: RpcError) -> CallError {
    let (name, message) = match error.data {
        Some(data) => (data.name, shortened(&data.message)),
        None => (String::new(), shortened(&error.message)),
    };
    let no_database = name.ends_with("OperationalError") && message.contains("does not exist");
    let not_there = (name == "builtins.AttributeError" && message.starts_with("type object '"))
        || (message.starts_with("Object ") && message.ends_with(" doesn't exist"));
    if no_database {
        return CallError::Status {
            status: 404,
            retry_after: None,
        };
    }
    if not_there {
        // What JSON-2 says of a model or a method that this server does not have.
        return CallError::Odoo {
            status: 404,
            name: "werkzeug.exceptions.NotFound".to_owned(),
            message,
        };
    }
    CallError::Odoo {
        status: 200,
        name,
        message,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::destination::odoo::answer::{Blame, judge};
    use crate::outbox::Outage;

    #[rstest]
    #[case::of_rows("write", json!({ "ids": [3], "vals": { "a": 1 } }), json!([[3], { "a": 1 }]), json!({}))]
    #[case::new_rows("create", json!({ "vals_list": [{}], "context": {} }), json!([[{}]]), json!({ "context": {} }))]
    #[case::of_the_model("search_read", json!({ "domain": [], "fields": ["a"] }), json!([]), json!({ "domain": [], "fields": ["a"] }))]
    #[case::of_the_till("try_cash_in_out",
        json!({ "extras": {}, "reason": "r", "amount": 1, "_type": "in", "ids": [3], "context": {} }),
        json!([[3], "in", 1, "r", {}]), json!({ "context": {} }))]
    #[case::its_name_changed("search_count", json!({ "domain": [] }), json!([[]]), json!({}))]
    fn what_differs_in_name_goes_by_position(
        #[case] method: &str,
        #[case] named: Value,
        #[case] args: Value,
        #[case] kwargs: Value,
    ) {
        let asker = Asker {
            database: "d",
            uid: 2,
            key: "k",
        };
        let request = execute(asker, "m", method, named);
        assert_eq!(request["params"]["args"][5], args);
        assert_eq!(request["params"]["args"][6], kwargs);
    }

    fn failed(name: &str, message: &str) -> CallError {
        let data =
            json!({ "name": name, "message": message, "debug": "Traceback: 4242 4242 4242 4242" });
        let body =
            json!({ "error": { "code": 200, "message": "Odoo Server Error", "data": data } });
        answer(body.to_string().as_bytes()).expect_err("an error")
    }

    #[test]
    fn nothing_is_an_answer_and_an_error_keeps_no_traceback() {
        assert_eq!(answer(br#"{"jsonrpc":"2.0","id":1}"#), Ok(Value::Null));
        let error = failed("odoo.exceptions.UserError", "no");
        assert!(!format!("{error:?}").contains("4242"));
        assert!(matches!(judge(&error), Blame::Document(_)));
    }

    #[rstest]
    #[case::upgraded(
        "builtins.AttributeError",
        "type object 'pos.order' has no attribute 'create_from_ui'"
    )]
    #[case::no_such_app("odoo.exceptions.UserError", "Object pos.order doesn't exist")]
    #[case::no_database("psycopg2.OperationalError", "FATAL:  database \"x\" does not exist\n")]
    #[case::key("odoo.exceptions.AccessDenied", "Access Denied")]
    #[case::lock("psycopg2.errors.LockNotAvailable", "could not obtain lock")]
    fn the_servers_troubles_are_no_documents(#[case] name: &str, #[case] message: &str) {
        let blame = judge(&failed(name, message));
        assert!(matches!(blame, Blame::Destination(_)), "{blame:?}");
        let patience = Blame::Destination(Outage::Throttled { retry_after: None });
        assert_eq!(blame == patience, name.ends_with("LockNotAvailable"));
    }
}
