//! Everything that browsers load and that is not the API: bundles, shells, plain pages, headers.

mod bundles;
mod headers;
mod pages;
mod patient;
mod routes;

pub use bundles::{Bundles, LoadBundlesError};
pub use pages::{LegalNotice, Pages};
pub use patient::{FaceUnavailable, InvitationFaces};
pub use routes::{Services, Web, router};
