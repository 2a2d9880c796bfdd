//! The HTTP frame: routes with their rule of access, request context, limits, refusals, body and path extractors.

mod context;
mod extract;
mod frame;
mod limits;
mod pace;
mod reading;
mod refusal;
mod routes;
mod source;
mod turns;

pub(crate) use context::Context;
pub(crate) use extract::{Body, Params, PathId};
pub(crate) use frame::frame;
pub(crate) use limits::RequestLimits;
pub(crate) use pace::{Pace, Stocks};
pub(crate) use refusal::{Refusal, whole_seconds};
pub(crate) use routes::{ALL_STAFF, Routes};
pub use routes::{Access, RouteFace};
pub(crate) use source::Source;
pub(crate) use turns::{Turn, Turns};
