//! Bodies within and beyond the limits.

use axum::http::HeaderValue;
use flate2::Compression;
use flate2::write::GzEncoder;
use rstest::rstest;

use super::*;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Text that gzip cannot make much smaller.
fn noise(size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

async fn send(encoding: &'static str, body: Vec<u8>) -> Result<usize, &'static str> {
    let room = Semaphore::new(IN_HAND_KIB_MAX);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    let read = read(&headers, Body::from(body), &room).await;
    let answer = read
        .map(|read| read.bytes.len())
        .map_err(|refusal| refusal.code);
    assert_eq!(room.available_permits(), IN_HAND_KIB_MAX);
    answer
}

#[tokio::test]
async fn a_body_is_read_plain_or_inflated() {
    assert_eq!(send("identity", vec![b' '; 70_000]).await, Ok(70_000));
    assert_eq!(send("GZIP", gzip(&noise(70_000))).await, Ok(70_000));
    let two_members = [gzip(b"{}\n"), gzip(b"{}\n")].concat();
    assert_eq!(send("gzip", two_members).await, Ok(6));
}

#[tokio::test]
async fn sixteen_mebibytes_are_the_limit_sent_or_inflated() {
    let large = Err("body_too_large");
    assert_eq!(
        send("identity", vec![b' '; BODY_BYTES_MAX]).await,
        Ok(BODY_BYTES_MAX)
    );
    assert_eq!(
        send("identity", vec![b' '; BODY_BYTES_MAX + 1]).await,
        large
    );
    assert_eq!(send("gzip", gzip(&noise(BODY_BYTES_MAX + 1))).await, large);
    assert_eq!(send("gzip", gzip(&vec![b' '; 64 << 20])).await, large);
}

#[tokio::test]
async fn a_body_may_be_two_hundred_times_what_was_sent() {
    assert_eq!(
        send("gzip", gzip(&vec![b' '; 1 << 20])).await,
        Err("body_too_large")
    );
    let mut mixed = noise(8_000);
    mixed.resize(1 << 20, b' ');
    assert_eq!(send("gzip", gzip(&mixed)).await, Ok(1 << 20));
}

#[tokio::test]
async fn broken_gzip_is_turned_away() {
    let whole = gzip(&noise(1_000));
    let broken = Err("not_gzip");
    assert_eq!(
        send("gzip", whole[..whole.len() - 9].to_vec()).await,
        broken
    );
    assert_eq!(send("gzip", b"{}".to_vec()).await, broken);
    assert_eq!(send("gzip", [whole, b"{}".to_vec()].concat()).await, broken);
    assert_eq!(send("br", b"{}".to_vec()).await, Err("content_encoding"));
}

#[tokio::test]
async fn too_much_in_hand_asks_the_sender_to_wait() {
    let room = Semaphore::new(3);
    let headers = HeaderMap::new();
    let large = || Body::from(vec![b' '; (FREE_KIB + 2) * KIB]);
    let small = || Body::from(vec![b' '; FREE_KIB * KIB]);
    let first = read(&headers, large(), &room).await;
    assert!(first.is_ok());
    let second = read(&headers, large(), &room).await;
    let second = second.unwrap_err();
    assert_eq!(second.status, StatusCode::TOO_MANY_REQUESTS);
    let sale = read(&headers, small(), &room).await;
    assert!(sale.is_ok(), "large bodies keep no sale out");
    drop(first);
    assert!(read(&headers, large(), &room).await.is_ok());
}

#[rstest]
#[case("application/json", Some(Media::Json))]
#[case("Application/JSON; charset=UTF-8", Some(Media::Json))]
#[case("application/json; charset=latin1", None)]
#[case("application/x-ndjson", Some(Media::Ndjson))]
#[case("application/cloudevents+json", Some(Media::CloudEvent))]
#[case("application/cloudevents-batch+json", Some(Media::CloudEventBatch))]
#[case("text/plain", None)]
#[case("", None)]
fn the_media_type_says_how_documents_are_packed(
    #[case] text: &'static str,
    #[case] expected: Option<Media>,
) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
    assert_eq!(media(&headers).ok(), expected);
}
