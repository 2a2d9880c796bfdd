//! What moves on a connection: the difference between a client that is served and one that only holds its place.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

/// Most bytes of an answer handed out at a time.
///
/// Larger: a client that reads nothing has more of it buffered before its standstill shows. Smaller: more pieces to write.
const PIECE_BYTES: usize = 16 * 1024;

/// Pause between two looks at limits that may have changed.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Tells how long nothing has moved on a connection.
///
/// Answers to pings do not count, because any idle client gives them; neither does a head that is still incomplete.
#[derive(Debug)]
pub struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Requests that the platform is working on.
    working: usize,
    has_asked: bool,
    moved_at: Instant,
}

impl Activity {
    /// Starts with a connection that has asked for nothing yet.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { working: 0, has_asked: false, moved_at: Instant::now() })))
    }

    /// Notes that the platform works for the connection, until the mark is dropped.
    pub fn work(self: &Arc<Self>) -> Working {
        let mut state = self.state();
        state.working += 1;
        state.has_asked = true;
        Working(Arc::clone(self))
    }

    /// Notes that something moved.
    pub fn moved(&self) {
        self.state().moved_at = Instant::now();
    }

    /// Waits until nothing has moved for the first of the durations before any request, for the second after one. Both may change
    /// meanwhile.
    pub async fn stands_still(&self, limits: impl Fn() -> (Duration, Duration)) {
        loop {
            let (first, later) = limits();
            let left = self.left(first, later);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LOOK_AGAIN_AFTER)).await;
        }
    }

    fn left(&self, first: Duration, later: Duration) -> Duration {
        let state = self.state();
        let limit = if state.has_asked { later } else { first };
        if state.working > 0 { limit } else { limit.saturating_sub(state.moved_at.elapsed()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The platform works for a connection.
#[derive(Debug)]
pub struct Working(Arc<Activity>);

impl Drop for Working {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.working -= 1;
        state.moved_at = Instant::now();
    }
}

/// An answer's body, handed out in pieces: each piece that the client makes room for is a movement.
#[derive(Debug)]
pub struct Paced {
    inner: Body,
    rest: Bytes,
    activity: Arc<Activity>,
    /// Held while the platform itself has not made the next piece.
    making: Option<Working>,
}

impl Paced {
    /// Watches a body.
    pub fn new(inner: Body, activity: Arc<Activity>) -> Self {
        Self { inner, rest: Bytes::new(), activity, making: None }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            let polled = Pin::new(&mut this.inner).poll_frame(context);
            if polled.is_pending() {
                this.making.get_or_insert_with(|| this.activity.work());
            } else {
                this.making = None;
            }
            match ready!(polled) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return Poll::Ready(other),
            }
        }
        this.activity.moved();
        let piece = this.rest.split_to(this.rest.len().min(PIECE_BYTES));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_in_pieces_is_the_same_body() {
        let content: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[0]).collect();
        let paced = Paced::new(Body::from(content.clone()), Activity::new());
        assert_eq!(paced.size_hint().exact(), Some(100_000));
        let read = axum::body::to_bytes(Body::new(paced), usize::MAX).await.unwrap();
        assert_eq!(read, content);
        assert!(Paced::new(Body::empty(), Activity::new()).is_end_stream());
    }
}
