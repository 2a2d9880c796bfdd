//! A [`Room`] whose state is a signal, for pages made with Leptos.

use std::ops::Deref;
use std::rc::{Rc, Weak};

use colloque_call::CallView;
use colloque_protocol::Role;
use colloque_web::keys::Sealed;
use colloque_web::room::{MediaElements, Room};
use colloque_web::talk::TalkState;
use leptos::prelude::*;

/// A room with signals. Dropped, it closes everything the room holds.
pub struct RoomDriver {
    room: Rc<Room>,
    view: RwSignal<CallView>,
    needs_tap: RwSignal<bool>,
    sealed: RwSignal<Sealed>,
    talk: RwSignal<TalkState>,
    direct: RwSignal<bool>,
}

impl RoomDriver {
    /// Makes a driver that waits for [`Room::join`]; tickets are asked for at `ticket_path`.
    ///
    /// Its signals belong to the owner that is current now.
    #[must_use]
    pub fn new(role: Role, ticket_path: &str, elements: MediaElements) -> Self {
        Self::around(|told| Room::new(role, ticket_path, elements, told))
    }

    /// Makes a guest's driver as [`RoomDriver::new`] does; each request for a ticket carries the secret of their link.
    #[must_use]
    pub fn of_guest(role: Role, (ticket_path, secret): (&str, &str), elements: MediaElements) -> Self {
        Self::around(|told| Room::of_guest(role, (ticket_path, secret), elements, told))
    }

    fn around(make: impl FnOnce(Box<dyn Fn()>) -> Room) -> Self {
        let needs_tap = RwSignal::new(false);
        let view = RwSignal::new(CallView::default());
        let sealed = RwSignal::new(Sealed::default());
        let talk = RwSignal::new(TalkState::default());
        let direct = RwSignal::new(false);
        let room = Rc::new_cyclic(|this: &Weak<Room>| {
            let this = this.clone();
            make(Box::new(move || {
                if let Some(room) = this.upgrade() {
                    view.try_set(room.view());
                    needs_tap.try_set(room.needs_tap());
                    sealed.try_set(room.sealed());
                    if talk.try_get_untracked() != Some(room.talk()) {
                        talk.try_set(room.talk());
                    }
                    if direct.try_get_untracked() != Some(room.is_direct()) {
                        direct.try_set(room.is_direct());
                    }
                }
            }))
        });
        view.set(room.view());
        Self { room, view, needs_tap, sealed, talk, direct }
    }

    /// What a screen shows.
    #[must_use]
    pub fn view(&self) -> ReadSignal<CallView> {
        self.view.read_only()
    }

    /// Where the end-to-end encryption stands.
    #[must_use]
    pub fn sealed(&self) -> ReadSignal<Sealed> {
        self.sealed.read_only()
    }

    /// How the panel of messages is.
    #[must_use]
    pub fn talk_state(&self) -> ReadSignal<TalkState> {
        self.talk.read_only()
    }

    /// Whether sound and picture pass from browser to browser: between two people and no third.
    #[must_use]
    pub fn direct(&self) -> ReadSignal<bool> {
        self.direct.read_only()
    }

    /// Whether the browser wants a tap before the other person is heard; the tap calls [`Room::unlock`].
    #[must_use]
    pub fn needs_tap(&self) -> ReadSignal<bool> {
        self.needs_tap.read_only()
    }
}

impl Deref for RoomDriver {
    type Target = Room;

    fn deref(&self) -> &Room {
        &self.room
    }
}
