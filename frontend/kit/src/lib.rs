//! What the professional pages share: texts, dates, announcements, navigation, components, signing in.

pub mod account;
pub mod announce;
pub mod clock;
pub mod copy;
pub mod dialog;
pub mod failure;
pub mod form;
pub mod frame;
pub mod icon;
pub mod notice;
pub mod passkey;
pub mod route;
pub mod seal;
pub mod session;
pub mod sign_in;
pub mod tabs;
pub mod talk;
pub mod text;

pub use colloque_web::texts;
pub use failure::explain;
pub use text::{Locale, Text};
