//! A request's body on its way in: measured while it streams, so that neither size nor a gzip bomb reaches the memory.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use tillpost_shared::intake::Media;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::intake::http::answer::Refusal;
use crate::intake::http::patience;

/// Bytes of a body, sent and decompressed.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How many times larger than what was sent a decompressed body may be.
pub const RATIO_MAX: usize = 200;
/// How much more of a refused body is taken in, so that its sender hears the answer.
const DRAINED_BYTES_MAX: usize = 4 * BODY_BYTES_MAX;
/// How long a body may take.
const BODY_TIME_MAX: Duration = Duration::from_secs(60);
/// Kibibytes of bodies that are in hand at one time; beyond it senders are asked to wait.
pub const IN_HAND_KIB_MAX: usize = 48 * 1024;
/// Seconds after which a sender that was asked to wait tries again.
const BUSY_RETRY: u32 = 1;
const KIB: usize = 1024;
/// Kibibytes of each body that count for nothing: a few large uploads must not keep a till from handing in a sale. How
/// many bodies there are at one time is bounded by the connections.
const FREE_KIB: usize = 64;

/// A body in memory, and the room it takes there until it is dropped.
#[derive(Debug)]
pub struct Read<'a> {
    /// The bytes, decompressed.
    pub bytes: Vec<u8>,
    _room: SemaphorePermit<'a>,
}

/// How the documents of a body are packed, by its `Content-Type`.
///
/// # Errors
/// 415 for anything but the four.
pub fn media(headers: &HeaderMap) -> Result<Media, Refusal> {
    let text = text_of(headers, &CONTENT_TYPE).unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let media = match parts.next().unwrap_or_default() {
        "application/json" => Some(Media::Json),
        "application/x-ndjson" => Some(Media::Ndjson),
        "application/cloudevents+json" => Some(Media::CloudEvent),
        "application/cloudevents-batch+json" => Some(Media::CloudEventBatch),
        _ => None,
    };
    let foreign_charset = parts
        .filter_map(|part| part.strip_prefix("charset="))
        .any(|charset| !matches!(charset.trim_matches('"'), "utf-8" | "utf8"));
    media.filter(|_| !foreign_charset).ok_or_else(|| {
        Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media_type",
            "the body's Content-Type is none that is read here",
            "send application/json, application/x-ndjson or CloudEvents JSON, in UTF-8",
        )
    })
}

/// Reads a body within the limits.
///
/// # Errors
/// 413 too large, 415 an unknown encoding, 400 broken gzip or a body that does not end, 429 too much in hand.
pub async fn read<'a>(
    headers: &HeaderMap,
    mut body: Body,
    room: &'a Semaphore,
) -> Result<Read<'a>, Refusal> {
    let gzip = match text_of(headers, &CONTENT_ENCODING).as_deref() {
        None | Some("" | "identity") => false,
        Some("gzip" | "x-gzip") => true,
        Some(_) => {
            let message = "the body's Content-Encoding is none that is read here";
            let hint = "send it as it is, or with gzip";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Refusal::new(status, "content_encoding", message, hint));
        }
    };
    let reading = async {
        let read = if gzip {
            inflated(&mut body, room).await
        } else {
            plain(&mut body, room).await
        };
        if read.is_err() {
            drain(&mut body).await;
        }
        read
    };
    timeout(patience::within(BODY_TIME_MAX), reading)
        .await
        .map_err(|_| incomplete())?
}

/// Takes in the rest of a refused body and drops it: a sender that is cut off while it still writes may never see why.
async fn drain(body: &mut Body) {
    let mut drained = 0;
    while drained < DRAINED_BYTES_MAX
        && let Ok(Some(chunk)) = next(body).await
    {
        drained += chunk.len();
    }
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.trim().to_ascii_lowercase())
}

async fn plain<'a>(body: &mut Body, room: &'a Semaphore) -> Result<Read<'a>, Refusal> {
    let mut limited = Limited::new(room)?;
    while let Some(chunk) = next(body).await? {
        limited.add(&chunk)?;
    }
    Ok(limited.done())
}

async fn inflated<'a>(body: &mut Body, room: &'a Semaphore) -> Result<Read<'a>, Refusal> {
    let mut sent = 0;
    let mut decoder = MultiGzDecoder::new(Limited::new(room)?);
    while let Some(chunk) = next(body).await? {
        sent += chunk.len();
        if sent > BODY_BYTES_MAX {
            return Err(too_large());
        }
        if decoder.write_all(&chunk).is_err() {
            return Err(gzip_fault(decoder.get_mut()));
        }
    }
    if decoder.try_finish().is_err() {
        return Err(gzip_fault(decoder.get_mut()));
    }
    let limited = std::mem::replace(decoder.get_mut(), Limited::new(room)?);
    if limited.bytes.len() > sent.saturating_mul(RATIO_MAX) {
        return Err(too_large());
    }
    Ok(limited.done())
}

/// A sink that stopped the decoder had a reason of its own; else the gzip is broken.
fn gzip_fault(sink: &mut Limited<'_>) -> Refusal {
    sink.refused.take().unwrap_or_else(|| {
        let message = "the body is not gzip, or does not end where it should";
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "not_gzip",
            message,
            "compress it again",
        )
    })
}

async fn next(body: &mut Body) -> Result<Option<axum::body::Bytes>, Refusal> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => return Err(incomplete()),
            Some(Ok(frame)) => {
                // Trailers say nothing here.
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

fn incomplete() -> Refusal {
    let message = "the body did not arrive whole";
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "incomplete",
        message,
        "send it again",
    )
}

fn too_large() -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        format!(
            "the body is larger than {BODY_BYTES_MAX} bytes, or {RATIO_MAX} times what was sent"
        ),
        "send fewer documents at once",
    )
}

/// Bytes that grow only as far as limits and memory allow.
struct Limited<'a> {
    bytes: Vec<u8>,
    semaphore: &'a Semaphore,
    room: SemaphorePermit<'a>,
    refused: Option<Refusal>,
}

impl<'a> Limited<'a> {
    fn new(semaphore: &'a Semaphore) -> Result<Self, Refusal> {
        Ok(Self {
            bytes: Vec::new(),
            room: semaphore.try_acquire_many(0).map_err(|_| busy())?,
            semaphore,
            refused: None,
        })
    }

    fn add(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        let size = self.bytes.len() + chunk.len();
        if size > BODY_BYTES_MAX {
            return Err(too_large());
        }
        let counted = size.div_ceil(KIB).saturating_sub(FREE_KIB);
        let missing = counted - self.room.num_permits();
        let missing = u32::try_from(missing).map_err(|_| too_large())?;
        let more = self.semaphore.try_acquire_many(missing);
        self.room.merge(more.map_err(|_| busy())?);
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    fn done(self) -> Read<'a> {
        Read {
            bytes: self.bytes,
            _room: self.room,
        }
    }
}

fn busy() -> Refusal {
    let message = "too many documents are being handed in at once; nothing was stored";
    Refusal::new(
        StatusCode::TOO_MANY_REQUESTS,
        "busy",
        message,
        "send it again",
    )
    .retry_after(BUSY_RETRY)
}

impl Write for Limited<'_> {
    fn write(&mut self, chunk: &[u8]) -> io::Result<usize> {
        self.add(chunk).map(|()| chunk.len()).map_err(|refusal| {
            self.refused = Some(refusal);
            io::Error::other("over a limit")
        })
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
