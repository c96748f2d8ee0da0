//! What an answer of Odoo's means: the destination's trouble, or the document's.
//!
//! A total function on the exception's name, never on its text (translated) and not on the status alone: a bug in
//! what was sent comes as 500, the same as a lock that only asks for patience.

use super::client::CallError;
use crate::outbox::Outage;
use crate::outbox::outage::by_status;

/// Whose trouble it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blame {
    /// The destination's: nobody in the batch is to blame.
    Destination(Outage),
    /// Something that was sent: find it by bisection.
    Document(Refusal),
}

/// A refusal by Odoo, in its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which kind of refusal.
    pub kind: RefusalKind,
    /// Odoo's own words, shortened; never the traceback.
    pub words: String,
}

/// Kinds of refusal that a person does different things about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// Odoo's rules say no.
    Business,
    /// The key's user may not.
    Right,
    /// Something that was named is not there any more.
    Missing,
    /// What was sent made no sense to it.
    Payload,
}

/// Exceptions that ask for patience: everything was rolled back and may be sent again as it was.
const PATIENCE: [&str; 13] = [
    "psycopg2.errors.SerializationFailure",
    "psycopg2.errors.LockNotAvailable",
    "psycopg2.errors.DeadlockDetected",
    "psycopg2.errors.QueryCanceled",
    "psycopg2.errors.AdminShutdown",
    "psycopg2.errors.UndefinedColumn",
    "psycopg2.errors.UndefinedTable",
    "psycopg2.OperationalError",
    "psycopg2.InterfaceError",
    "psycopg2.pool.PoolError",
    "odoo.exceptions.ConcurrencyError",
    "odoo.exceptions.LockError",
    "odoo.sql_db.PoolError",
];

/// Whose trouble an error is.
pub fn judge(error: &CallError) -> Blame {
    match error {
        CallError::Unreachable(text) => Blame::Destination(Outage::Unreachable(text.clone())),
        CallError::Cut(text) => Blame::Destination(Outage::Ambiguous(text.clone())),
        CallError::Unreadable(text) => Blame::Destination(Outage::Incomprehensible(text.clone())),
        CallError::UnderWay(until) => Blame::Destination(Outage::UnderWay { until: *until }),
        CallError::Status {
            status,
            retry_after,
            // Without Odoo's JSON: a proxy speaks, or Odoo before it has looked at a database.
        } => Blame::Destination(by_status(*status, *retry_after)),
        CallError::Odoo { name, message, .. } => by_name(name, message),
    }
}

/// An error of a call that carries no document: always the destination's trouble.
pub fn outage(error: &CallError) -> Outage {
    match judge(error) {
        Blame::Destination(outage) => outage,
        Blame::Document(refusal) => match refusal.kind {
            RefusalKind::Right => Outage::Unauthorized(refusal.words),
            RefusalKind::Business | RefusalKind::Missing | RefusalKind::Payload => {
                Outage::Incomprehensible(refusal.words)
            }
        },
    }
}

fn by_name(name: &str, message: &str) -> Blame {
    let words = || message.to_owned();
    let refused = |kind| {
        Blame::Document(Refusal {
            kind,
            words: words(),
        })
    };
    if PATIENCE.contains(&name) {
        return Blame::Destination(Outage::Throttled { retry_after: None });
    }
    match name {
        "werkzeug.exceptions.Unauthorized" | "odoo.exceptions.AccessDenied" => {
            Blame::Destination(Outage::Unauthorized(words()))
        }
        "werkzeug.exceptions.NotFound" => Blame::Destination(Outage::Incomprehensible(format!(
            "{message}: is the Point of Sale app installed, and is this one of the versions that are supported?"
        ))),
        "werkzeug.exceptions.RequestEntityTooLarge" => Blame::Destination(Outage::BatchTooLarge),
        "werkzeug.exceptions.TooManyRequests" | "werkzeug.exceptions.ServiceUnavailable" => {
            Blame::Destination(Outage::Throttled { retry_after: None })
        }
        "odoo.exceptions.AccessError" => refused(RefusalKind::Right),
        "odoo.exceptions.UserError" | "odoo.exceptions.ValidationError" => {
            refused(RefusalKind::Business)
        }
        "odoo.exceptions.MissingError" => refused(RefusalKind::Missing),
        _ => Blame::Document(Refusal {
            kind: RefusalKind::Payload,
            words: format!("{name}: {message}"),
        }),
    }
}

/// Whether the server may be another version when it answers next: what was there is not there any more, it stumbles over
/// what it is told, or the server itself is away, as it is while it is upgraded.
pub fn may_be_another(error: &CallError) -> bool {
    match error {
        CallError::Unreachable(_) | CallError::Cut(_) => true,
        CallError::Status { status, .. } => matches!(status, 404 | 500..),
        CallError::Odoo {
            status,
            name,
            message,
        } => {
            let stumbled = |refusal: &Refusal| {
                matches!(refusal.kind, RefusalKind::Missing | RefusalKind::Payload)
            };
            *status == 404
                || matches!(by_name(name, message), Blame::Document(refusal) if stumbled(&refusal))
        }
        CallError::Unreadable(_) | CallError::UnderWay(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;

    fn odoo(status: u16, name: &str) -> CallError {
        CallError::Odoo {
            status,
            name: name.to_owned(),
            message: "words".to_owned(),
        }
    }

    #[rstest]
    #[case::lock(500, "psycopg2.errors.LockNotAvailable")]
    #[case::serialization(500, "psycopg2.errors.SerializationFailure")]
    #[case::upgrade(500, "psycopg2.errors.UndefinedColumn")]
    #[case::no_database_server(500, "psycopg2.OperationalError")]
    #[case::locked(422, "odoo.exceptions.LockError")]
    fn patience_is_asked_for_by_name(#[case] status: u16, #[case] name: &str) {
        let expected = Blame::Destination(Outage::Throttled { retry_after: None });
        assert_eq!(judge(&odoo(status, name)), expected);
    }

    #[rstest]
    #[case::refusal(422, "odoo.exceptions.UserError", RefusalKind::Business)]
    #[case::constraint(422, "odoo.exceptions.ValidationError", RefusalKind::Business)]
    #[case::right(403, "odoo.exceptions.AccessError", RefusalKind::Right)]
    #[case::gone(404, "odoo.exceptions.MissingError", RefusalKind::Missing)]
    #[case::our_bug(500, "builtins.KeyError", RefusalKind::Payload)]
    #[case::our_bug_too(500, "psycopg2.errors.NumericValueOutOfRange", RefusalKind::Payload)]
    #[case::bad_argument(422, "werkzeug.exceptions.UnprocessableEntity", RefusalKind::Payload)]
    #[case::never_seen(418, "somewhere.Else", RefusalKind::Payload)]
    fn a_refusal_is_the_documents(
        #[case] status: u16,
        #[case] name: &str,
        #[case] kind: RefusalKind,
    ) {
        let Blame::Document(refusal) = judge(&odoo(status, name)) else {
            panic!("{name} is not the destination's trouble");
        };
        assert_eq!(refusal.kind, kind);
    }

    #[rstest]
    #[case::key(odoo(401, "werkzeug.exceptions.Unauthorized"), Outage::Unauthorized("words".into()))]
    #[case::proxy_says_no(CallError::Status { status: 403, retry_after: None }, Outage::Unauthorized("HTTP status 403".into()))]
    #[case::too_much(CallError::Status { status: 413, retry_after: None }, Outage::BatchTooLarge)]
    #[case::slow_down(
        CallError::Status { status: 429, retry_after: Some(Duration::from_secs(7)) },
        Outage::Throttled { retry_after: Some(Duration::from_secs(7)) }
    )]
    #[case::gateway(CallError::Status { status: 504, retry_after: None }, Outage::Ambiguous("HTTP status 504".into()))]
    #[case::cut(CallError::Cut("reset".into()), Outage::Ambiguous("reset".into()))]
    #[case::down(CallError::Unreachable("refused".into()), Outage::Unreachable("refused".into()))]
    #[case::did_not_leave(CallError::UnderWay(Timestamp::UNIX_EPOCH), Outage::UnderWay { until: Timestamp::UNIX_EPOCH })]
    fn the_rest_is_an_outage(#[case] error: CallError, #[case] expected: Outage) {
        assert_eq!(judge(&error), Blame::Destination(expected));
    }

    #[test]
    fn without_a_document_a_missing_right_is_an_outage() {
        let error = odoo(403, "odoo.exceptions.AccessError");
        assert_eq!(outage(&error), Outage::Unauthorized("words".into()));
    }
}
