//! Bodies, queries and identifiers of paths: total, bounded, and refused in our own words.

use axum::RequestExt;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use colloque_ids::Id;
use colloque_protocol::http::MAX_BODY_BYTES;
use colloque_protocol::http::error::ErrorCode;
use serde::de::DeserializeOwned;

use super::Refusal;
use super::reading::{FromStranger, read_in_time};

/// A JSON body of at most [`MAX_BODY_BYTES`], of a stranger as [`reading`](super::reading) allows.
pub(crate) struct Body<T>(pub(crate) T);

/// The query of an address.
pub(crate) struct Params<T>(pub(crate) T);

/// The identifier in a path. What is not an identifier names nothing.
pub(crate) struct PathId<K>(pub(crate) Id<K>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let json = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = json.and_then(|value| value.split(';').next()).map(str::trim);
        if !essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
            return Err(Refusal::new(ErrorCode::Malformed));
        }
        let stranger = request.extensions().get::<FromStranger>().cloned();
        let body = request.with_limited_body().into_body();
        let bytes = match stranger {
            Some(stranger) => stranger.read(body).await?,
            None => read_in_time(body, MAX_BODY_BYTES).await?,
        };
        serde_json::from_slice(&bytes).map(Self).map_err(|_| Refusal::new(ErrorCode::Malformed))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Query(params) =
            Query::from_request_parts(parts, state).await.map_err(|_| Refusal::new(ErrorCode::Malformed))?;
        Ok(Self(params))
    }
}

impl<K: 'static, S: Send + Sync> FromRequestParts<S> for PathId<K> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(text): Path<String> =
            Path::from_request_parts(parts, state).await.map_err(|_| Refusal::not_found())?;
        text.parse().map(Self).map_err(|_| Refusal::not_found())
    }
}
