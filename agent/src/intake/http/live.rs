//! Server-sent events: a page that is open hears that something changed, and asks again for what it shows. A stream
//! carries no figures, so that it has nothing to hide and one change costs every page the same few bytes.
//!
//! There are only so many streams, and none lasts longer than a minute: the browser comes back by itself, and shows its
//! papers again. A page that was left open for a week so keeps nothing here.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use hyper::body::{Body as HttpBody, Bytes, Frame};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::intake::http::answer::{Refusal, typed};
use crate::intake::http::api::Api;
use crate::intake::http::patience;

/// Streams at one time; whoever comes then asks again later.
const STREAMS_MAX: usize = 64;
/// Seconds after which to ask again then.
const FULL_RETRY: u32 = 30;
/// How long a stream lasts: shorter than the server waits for anybody to read an answer.
const STREAM_TIME_MAX: Duration = Duration::from_secs(60);
/// Events of a stream that wait to be read; more are one.
const EVENTS_WAITING_MAX: usize = 2;
/// What a stream begins with: how many milliseconds a browser waits before it comes back.
const BEGIN: &str = "retry: 1000\nevent: open\ndata: 1\n\n";
/// What it says when something changed.
const CHANGED: &str = "event: change\ndata: 1\n\n";

/// The streams that are open, and what wakes them.
#[derive(Debug, Default)]
pub(crate) struct Live {
    changes: watch::Sender<u64>,
    open: Arc<AtomicUsize>,
    watching: Arc<AtomicUsize>,
}

/// One of so many, until dropped.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn one_of(count: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        let more = |n: usize| (n < max).then_some(n + 1);
        let taken = count.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.ok().map(|_| Self(Arc::clone(count)))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Live {
    /// Tells every open stream that something changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// How many streams are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }

    /// The right to look for changes on behalf of all streams; `None` while somebody does.
    pub(crate) fn watch(&self) -> Option<Counted> {
        Counted::one_of(&self.watching, 1)
    }

    /// A new stream; ends with the agent.
    ///
    /// # Errors
    /// 503 when there are too many.
    fn stream(&self, stop: &CancellationToken) -> Result<Stream, Refusal> {
        let Some(place) = Counted::one_of(&self.open, STREAMS_MAX) else {
            let (message, hint) = ("too many pages are open", "close some");
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Err(
                Refusal::new(status, "too_many_streams", message, hint).retry_after(FULL_RETRY)
            );
        };
        let (events, read) = mpsc::channel(EVENTS_WAITING_MAX);
        let (mut changes, stop) = (self.changes.subscribe(), stop.clone());
        tokio::spawn(async move {
            let _place = place;
            let telling = async {
                let mut event = BEGIN;
                while events
                    .send(Bytes::from_static(event.as_bytes()))
                    .await
                    .is_ok()
                    && changes.changed().await.is_ok()
                {
                    event = CHANGED;
                }
            };
            tokio::select! {
                () = telling => {}
                () = events.closed() => {}
                () = stop.cancelled() => {}
                () = tokio::time::sleep(patience::within(STREAM_TIME_MAX)) => {}
            }
        });
        Ok(Stream(read))
    }
}

/// The answer to whoever wants to hear of changes.
///
/// # Errors
/// 503 when too many do, or the agent stops.
pub(crate) fn stream(api: &Api) -> Result<Response, Refusal> {
    if api.stopping() {
        return Err(Refusal::stopping());
    }
    let stream = api.live.stream(&api.parts.stop)?;
    Ok(typed(
        StatusCode::OK,
        "text/event-stream",
        Body::new(stream),
    ))
}

/// The body of a stream.
struct Stream(mpsc::Receiver<Bytes>);

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let event = self.0.poll_recv(context);
        event.map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stream_hears_of_changes_and_leaves_nothing_behind() {
        let (live, stop) = (Live::default(), CancellationToken::new());
        let mut stream = live.stream(&stop).unwrap();
        assert_eq!(stream.0.recv().await.unwrap(), BEGIN);
        live.changed();
        assert_eq!(stream.0.recv().await.unwrap(), CHANGED);
        assert_eq!(live.open(), 1);
        drop(stream);
        while live.open() > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_stream_ends_with_the_agent() {
        let (live, stop) = (Live::default(), CancellationToken::new());
        let mut stream = live.stream(&stop).unwrap();
        stop.cancel();
        while stream.0.recv().await.is_some() {}
    }

    #[tokio::test]
    async fn there_are_only_so_many_streams_and_one_that_looks() {
        let (live, stop) = (Live::default(), CancellationToken::new());
        let streams: Vec<_> = (0..STREAMS_MAX)
            .map(|_| live.stream(&stop).unwrap())
            .collect();
        assert_eq!(live.stream(&stop).err().unwrap().code, "too_many_streams");
        drop(streams);
        let first = live.watch();
        assert!(first.is_some() && live.watch().is_none());
        drop(first);
        assert!(live.watch().is_some());
    }
}
