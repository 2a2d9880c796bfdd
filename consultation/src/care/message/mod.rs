//! Messages to people: written in the transaction of what they tell of, sent from a durable outbox, tried again.
//!
//! No message bears a name, a specialty or a reason: a mailbox has other readers than its owner.

mod courier;
mod outbox;
pub(crate) mod words;

use courier::{Couriers, Parcel, prepare};
pub use courier::{MailConfig, MessageConfig, PrepareCourierError, SmsConfig};
pub(crate) use outbox::{Delivered, Destination, Message, Outbox, deliver, dispatch, enqueue, sent};
