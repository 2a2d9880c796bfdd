//! A person in a consultation, without a browser: the product's own engine on top of the `webrtc` crate's transport, with a real
//! voice coded by Opus and pictures whose content can be checked, all of it sealed end to end by the code that browsers run.
//!
//! It shares no code with the media plane that it talks to, so that the two disagree when one of them is wrong. It is for
//! tests: of the call itself, under load, and behind bad networks.
//!
//! ```no_run
//! # use colloque_participant::{Participant, ParticipantOptions};
//! # async fn example(options: ParticipantOptions) -> Result<(), Box<dyn std::error::Error>> {
//! use colloque_call::{Action, Phase};
//! let practitioner = Participant::join(options)?;
//! practitioner.until(|view| view.other.is_some()).await;
//! practitioner.act(Action::Admit);
//! practitioner.until(|view| view.phase == Phase::InCall).await;
//! println!("{:?}", practitioner.statistics());
//! # Ok(())
//! # }
//! ```

mod driver;
mod identity;
mod keys;
mod media;
mod meter;
mod offered;
mod participant;
mod peer;
pub mod picture;
mod red;
pub mod score;
mod socket;
pub mod speech;
pub mod voice;

pub use colloque_sealing::e2ee;
pub use identity::{Identity, MakeIdentityError, Tickets};
pub use keys::FrameStatistics;
pub use meter::WireStatistics;
pub use participant::{Carrier, Participant, ParticipantOptions, Statistics};
