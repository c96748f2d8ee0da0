//! Before the door: where the disk does not let the agent open its outbox, it does not end. It listens all the same, says
//! to everybody what is the matter and what to do, and tries again until it can start.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONNECTION};
use axum::response::{IntoResponse, Response};
use tillpost_shared::config::Config;
use tokio_util::sync::CancellationToken;

use super::{AppError, Running, announce, begin};
use crate::intake::http::answer::{Refusal, json_answer, typed};
use crate::intake::http::serve;
use crate::intake::http::tls::certificate::CertificateError;
use crate::paths;
use crate::secret::SecretError;
use crate::status::text::{Cause, Texts};
use crate::store::StoreError;
use crate::store::room::Room;

/// How often it is tried to start.
const TRY_EVERY: Duration = Duration::from_secs(2);
/// Seconds after which to ask again.
const RETRY_AFTER: u32 = 10;

/// Starts the agent behind this door as soon as the disk lets it; nothing when it was asked to stop before. Says where it
/// listens once somebody answers there.
pub(super) async fn start(
    config: &Config,
    profiles: &Path,
    door: &TcpListener,
    mut stopped: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Running>, AppError> {
    let dir = paths::data_dir(config);
    let mut told: Option<(Why, CancellationToken)> = None;
    let mut announced = false;
    loop {
        let begun = begin(config.clone(), profiles, door, || tell_leave(&mut told)).await;
        let error = match begun {
            Ok(running) => {
                if !announced {
                    announce(running.address, running.fingerprint.as_deref());
                }
                return Ok(Some(running));
            }
            Err(error) => error,
        };
        let Some(why) = Why::of(&error, &dir) else {
            return Err(error);
        };
        if told.as_ref().is_none_or(|(known, _)| *known != why) {
            tracing::error!(error = %error, "the disk does not let the agent start; it tries again");
            tell_leave(&mut told);
            told = Some((why, tell(config, why, door)?));
        }
        if !announced {
            announce(super::address_of(door)?, None);
            announced = true;
        }
        tokio::select! {
            () = tokio::time::sleep(TRY_EVERY) => {}
            () = &mut stopped => return Ok(None),
        }
    }
}

/// Why the disk does not let the agent start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It is full.
    NoRoom,
    /// It fails, or cannot be written.
    Failing,
}

impl Why {
    /// What an error says of the disk; nothing when it says something else, which waiting does not mend.
    fn of(error: &AppError, dir: &Path) -> Option<Self> {
        let why = match error {
            AppError::Store(StoreError::Io { source, .. })
            | AppError::Secret(SecretError::Write { source, .. })
            | AppError::Machine { source, .. } => Self::of_io(source.kind()),
            AppError::Store(error) => error.is_disk().then_some(Self::Failing),
            AppError::Certificate(CertificateError::Write { source, .. }) => {
                Self::of_io(source.kind())
            }
            AppError::Config(_)
            | AppError::Secret(_)
            | AppError::Certificate(_)
            | AppError::Listen { .. } => None,
        };
        // SQLite does not always say that it was room that it lacked.
        match Room::on(dir) {
            Room::Reserve => why.map(|_| Self::NoRoom),
            Room::Low | Room::Enough => why,
        }
    }

    fn of_io(kind: ErrorKind) -> Option<Self> {
        use ErrorKind::{
            AlreadyExists, InvalidFilename, InvalidInput, NotADirectory, NotFound,
            PermissionDenied, QuotaExceeded, StorageFull,
        };
        if matches!(kind, StorageFull | QuotaExceeded) {
            return Some(Self::NoRoom);
        }
        // A slip in the configuration or in rights; waiting does not mend it.
        let slip = matches!(
            kind,
            PermissionDenied
                | NotFound
                | NotADirectory
                | AlreadyExists
                | InvalidInput
                | InvalidFilename
        );
        (!slip).then_some(Self::Failing)
    }
}

/// Says on every address what is the matter, until told to leave. In the open: the certificate lies on that very disk,
/// and nothing is asked for or told that is secret.
fn tell(config: &Config, why: Why, door: &TcpListener) -> Result<CancellationToken, AppError> {
    let listener = super::listener(door)?;
    let leave = CancellationToken::new();
    let texts = Texts::of(&config.store.language);
    let answer =
        move |request: Request| std::future::ready(answer(request.uri().path(), why, texts));
    let router = Router::new().fallback(answer);
    let left = leave.clone();
    tokio::spawn(async move {
        tokio::select! {
            served = serve(listener, router, None, CancellationToken::new()) => if let Err(error) = served {
                tracing::error!(error = %error, "nobody can be told what is the matter");
            },
            // Whoever has come in by now is still answered, by a task of their own.
            () = left.cancelled() => {}
        }
    });
    Ok(leave)
}

fn tell_leave(told: &mut Option<(Why, CancellationToken)>) {
    if let Some((_, leave)) = told.take() {
        leave.cancel();
    }
}

fn answer(path: &str, why: Why, texts: &'static Texts) -> Response {
    let mut response = match path {
        "/healthz" => json_answer(StatusCode::OK, &serde_json::json!({"alive": true})),
        "/" => page(texts),
        "/readyz" => Refusal {
            status: StatusCode::SERVICE_UNAVAILABLE,
            ..refusal(why)
        }
        .into_response(),
        _ => refusal(why).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Whoever comes again comes to the door, once it is open.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn refusal(why: Why) -> Refusal {
    let (status, code, message, hint) = match why {
        Why::NoRoom => (
            StatusCode::INSUFFICIENT_STORAGE,
            "no_room",
            "the agent has started and cannot open its queue: there is no room on the disk; nothing was stored",
            "make room on the disk of the data folder; it goes on by itself",
        ),
        Why::Failing => (
            StatusCode::SERVICE_UNAVAILABLE,
            "disk_failed",
            "the agent has started and cannot open its queue: the disk fails or cannot be written; nothing was stored",
            "have the disk checked, or make it writable again; it goes on by itself",
        ),
    };
    Refusal::new(status, code, message, hint).retry_after(RETRY_AFTER)
}

/// A page for whoever looks: what is the matter, and what to do.
fn page(texts: &'static Texts) -> Response {
    let [what, next] = texts.cause(Cause::Disk);
    let text = format!("Tillpost\n\n{what}\n{next}\n");
    typed(
        StatusCode::SERVICE_UNAVAILABLE,
        "text/plain; charset=utf-8",
        text,
    )
}
