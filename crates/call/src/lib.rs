//! What a client of a consultation does: join, wait, be admitted, negotiate media, come back after a loss.
//!
//! Two engines without IO, clock or randomness of their own: [`Call`] for a room, [`Desk`] for a practice's waiting queue.
//! A shell (browser, native test client, simulator) pushes inputs, then drains outputs, then arms one timer:
//!
//! ```text
//! engine.handle(input, now);
//! while let Some(output) = engine.next_output() { do it }
//! show(engine.view());
//! set_timer(engine.deadline());      // at that instant: handle(Input::Tick, now)
//! ```

mod call;
mod degradation;
mod desk;
mod guests;
mod io;
mod jitter;
mod link;
mod media;
mod pictures;
pub mod policy;
mod quality;
mod shown;
mod view;

pub use call::Call;
pub use degradation::{Adaptation, CameraRate, MediaWay};
pub use desk::{Desk, DeskConnection, DeskInput, DeskOutput, DeskView, RingCause};
pub use guests::{GuestOrder, GuestStep};
pub use io::{Action, CallOptions, Input, Output};
pub use link::{LinkInput, LinkOutput, TicketFailure};
pub use media::{MediaInput, MediaOutput, MediaPath, PeerState};
pub use quality::LinkSample;
pub use view::{CallView, Decision, PausedBy, Phase, Sending};
