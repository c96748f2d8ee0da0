//! Any bytes as the body of a request, plain or as gzip, in pieces: never a panic, never more than the limit.

#![no_main]

use std::convert::Infallible;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use tillpost_agent::intake::http::body::{BODY_BYTES_MAX, IN_HAND_KIB_MAX, RATIO_MAX, media, read};
use tillpost_shared::intake::split;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
});

// The first three bytes choose the encoding, the type and the size of the pieces; the rest is the body.
fuzz_target!(|bytes: &[u8]| {
    let [encoding, kind, piece, body @ ..] = bytes else {
        return;
    };
    let mut headers = HeaderMap::new();
    let encodings = ["identity", "gzip", "x-gzip", "br", ""];
    let kinds = [
        "application/json",
        "application/x-ndjson; charset=utf-8",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "text/plain",
    ];
    let chosen = |list: [&'static str; 5], n: u8| HeaderValue::from_static(list[usize::from(n) % list.len()]);
    headers.insert(header::CONTENT_ENCODING, chosen(encodings, *encoding));
    headers.insert(header::CONTENT_TYPE, chosen(kinds, *kind));
    let pieces: Vec<Bytes> = body
        .chunks(usize::from(*piece) + 1)
        .map(Bytes::copy_from_slice)
        .collect();
    let room = Semaphore::new(IN_HAND_KIB_MAX);
    let whole = RUNTIME.block_on(read(&headers, streamed(pieces), &room));
    if let (Ok(media), Ok(read)) = (media(&headers), whole) {
        assert!(read.bytes.len() <= BODY_BYTES_MAX);
        assert!(read.bytes.len() <= body.len().saturating_mul(RATIO_MAX));
        let _ = split(&read.bytes, media);
    }
    assert_eq!(room.available_permits(), IN_HAND_KIB_MAX, "room that is not given back");
});

fn streamed(pieces: Vec<Bytes>) -> Body {
    let pieces = pieces.into_iter().map(Ok::<_, Infallible>);
    Body::from_stream(futures_util::stream::iter(pieces))
}
