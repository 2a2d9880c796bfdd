//! One visit: the link, what it shows, and the call that it leads to.

use std::time::Duration;

use colloque_call::Action;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::guest::{GuestFace, GuestState};
use colloque_web::dom::{now, spawn, tab_storage};
use colloque_web::http::SendRequestError;
use colloque_web::timer::Timeout;
use leptos::prelude::*;

use crate::call::GuestCall;
use crate::link::GuestLink;

/// Where this tab remembers that its guest went in, so that a page that is loaded again goes back by itself.
const HERE: &str = "colloque-guest";

/// Shortest and longest pause before an early page asks again whether the room is open: an appointment may be moved.
const OPENING_PAUSE: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];

/// Pause before what failed for a while is asked again.
///
/// Longer: a person looks at a still page. Shorter: a service that is away is asked by everybody at once when it comes back.
const RETRY_PAUSE: Duration = Duration::from_secs(3);

/// What the link shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Door {
    /// The service is asked.
    Reading,
    /// The link is not one that was given out, or a part of it is missing.
    Unknown,
    /// Who asks whom, and whether the room is open.
    Shown(GuestFace),
    /// The service did not answer, or not with a face.
    Failed(SendRequestError),
}

impl Door {
    fn of(answer: Result<GuestFace, SendRequestError>) -> Self {
        match answer {
            Ok(face) => Self::Shown(face),
            Err(error) => match error.code() {
                Some(ErrorCode::InvitationUnknown | ErrorCode::NotFound | ErrorCode::Malformed) => Self::Unknown,
                Some(_) | None => Self::Failed(error),
            },
        }
    }

    /// When to ask again without anybody doing anything; `opens_for` is the time until the room opens.
    fn asks_again_after(&self, opens_for: impl Fn(&GuestFace) -> Duration) -> Option<Duration> {
        match self {
            Self::Shown(face) if face.state == GuestState::TooEarly => {
                Some(opens_for(face).clamp(OPENING_PAUSE[0], OPENING_PAUSE[1]))
            }
            Self::Failed(SendRequestError::Refused { body }) if body.code == ErrorCode::TooManyAttempts => {
                Some(Duration::from_secs(body.retry_after_s.unwrap_or(60).into()))
            }
            Self::Failed(error) if error.is_transient() => Some(RETRY_PAUSE),
            Self::Reading | Self::Unknown | Self::Shown(_) | Self::Failed(_) => None,
        }
    }
}

/// A visit, for every component of the page.
#[derive(Clone, Copy)]
pub struct Visit {
    link: StoredValue<Option<GuestLink>>,
    /// What the link shows.
    pub door: RwSignal<Door>,
    /// The call, once it is known as what the guest is asked.
    pub call: RwSignal<Option<GuestCall>>,
    /// Whether the guest went in.
    pub inside: RwSignal<bool>,
    /// Whose signals live as long as the page.
    owner: StoredValue<Option<Owner>>,
    again: StoredValue<Option<Timeout>, LocalStorage>,
}

impl Visit {
    /// Reads the address and asks the service. Once a page load.
    pub fn start() -> Self {
        let visit = Self {
            link: StoredValue::new(GuestLink::here()),
            door: RwSignal::new(Door::Reading),
            call: RwSignal::new(None),
            inside: RwSignal::new(false),
            owner: StoredValue::new(Owner::current()),
            again: StoredValue::new_local(None),
        };
        visit.read();
        visit
    }

    /// Asks the service what the link shows.
    pub fn read(self) {
        let Some(link) = self.link.get_value() else { return self.door.set(Door::Unknown) };
        spawn(async move {
            let door = Door::of(link.face().await);
            self.ask_again(&door);
            if let Door::Shown(face) = &door {
                self.found(&link, face);
            }
            // The same again is nothing new: the page would be built anew under somebody's finger.
            if self.door.try_with_untracked(|before| *before != door) == Some(true) {
                self.door.try_set(door);
            }
        });
    }

    /// The face of the link, once shown.
    pub fn face(self) -> Option<GuestFace> {
        self.door.with(|door| match door {
            Door::Shown(face) => Some(face.clone()),
            Door::Reading | Door::Unknown | Door::Failed(_) => None,
        })
    }

    /// Goes in with what was given of camera and microphone.
    pub fn enter(self) {
        let Some(call) = self.call.get_untracked() else { return };
        self.remember(true);
        // Joined first: how an earlier visit ended is not this one's.
        call.join();
        self.inside.set(true);
    }

    /// Back to what the link shows, because it may not open the room any more.
    pub fn back_to_the_door(self) {
        self.remember(false);
        if let Some(call) = self.call.get_untracked() {
            // What would be tried again by itself is not: nobody is in a room without having gone in.
            call.act(Action::Leave);
            call.release();
        }
        self.door.set(Door::Reading);
        self.inside.set(false);
        self.read();
    }

    /// Remembers in this tab whether its guest is in the room; where nothing can be kept, a reload starts with a tap.
    pub fn remember(self, is_here: bool) {
        let (Some(storage), Some(link)) = (tab_storage(), self.link.get_value()) else { return };
        if is_here { storage.set_item(HERE, &link.name()) } else { storage.remove_item(HERE) }.ok();
    }

    fn was_here(self, link: &GuestLink) -> bool {
        tab_storage().and_then(|storage| storage.get_item(HERE).ok().flatten()).is_some_and(|name| name == link.name())
    }

    fn found(self, link: &GuestLink, face: &GuestFace) {
        if self.call.get_untracked().is_some() {
            return;
        }
        let open = || GuestCall::open(face.you.role, &link.ticket_path(), link.secret());
        let call = match self.owner.get_value() {
            Some(owner) => owner.with(open),
            None => open(),
        };
        self.call.set(Some(call));
        if face.state == GuestState::Ready && self.was_here(link) {
            call.ask_devices(move |_| self.enter());
        }
    }

    fn ask_again(self, door: &Door) {
        let pause = door.asks_again_after(|face| face.opens_at.since(now()));
        let timer = pause.map(|pause| Timeout::after(pause, move || self.read()));
        // The timer that runs now may not be dropped inside its own closure: this is a later task.
        self.again.set_value(timer);
    }
}

#[cfg(test)]
mod tests {
    use colloque_ids::Timestamp;
    use colloque_protocol::http::error::ErrorBody;
    use colloque_protocol::{IdentityCard, Role};

    use super::*;

    fn face(state: GuestState) -> GuestFace {
        let card = |role, name: &str| IdentityCard {
            display_name: name.to_owned(),
            role,
            profession: None,
            rpps: None,
            verified_by: vec![],
        };
        GuestFace {
            practitioner: card(Role::Practitioner, "Dre Claire Martin"),
            practice: "Cabinet des Tilleuls".to_owned(),
            you: card(Role::Interpreter, "Paul Durand"),
            state,
            opens_at: Timestamp::from_millis(0),
        }
    }

    fn refused(code: ErrorCode, retry_after_s: Option<u32>) -> SendRequestError {
        let body = ErrorBody { code, request: "r".to_owned(), fields: vec![], retry_after_s };
        SendRequestError::Refused { body }
    }

    #[test]
    fn a_link_that_nobody_was_given_is_unknown_and_not_asked_about_again() {
        let door = Door::of(Err(refused(ErrorCode::InvitationUnknown, None)));
        assert_eq!((door.asks_again_after(|_| Duration::ZERO), door), (None, Door::Unknown));
    }

    #[test]
    fn an_early_page_asks_again_until_the_room_is_open() {
        let early = Door::of(Ok(face(GuestState::TooEarly)));
        for (opens_in_s, asked_in_s) in [(0, 5), (20, 20), (7_200, 60)] {
            let pause = early.asks_again_after(|_| Duration::from_secs(opens_in_s));
            assert_eq!(pause, Some(Duration::from_secs(asked_in_s)));
        }
        for state in [GuestState::Ready, GuestState::Over, GuestState::OpenedElsewhere] {
            assert_eq!(Door::of(Ok(face(state))).asks_again_after(|_| Duration::ZERO), None);
        }
    }

    #[test]
    fn what_passes_is_asked_again_by_itself() {
        let pause = |error| Door::of(Err(error)).asks_again_after(|_| Duration::ZERO);
        assert_eq!(pause(SendRequestError::Offline), Some(RETRY_PAUSE));
        assert_eq!(pause(refused(ErrorCode::TooManyAttempts, Some(30))), Some(Duration::from_secs(30)));
        assert_eq!(pause(SendRequestError::Unreadable { status: 200 }), None);
    }
}
