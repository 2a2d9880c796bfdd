//! Runs the call engine in a page: one consultation, from the first attempt to join to the end.
//!
//! `RoomDriver` of `colloque-signals` is the same with Leptos signals.

mod direct;
mod playing;
mod sealing;
mod sending;
mod switches;
mod talking;
mod transport;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use colloque_call::{Action, Adaptation, Call, CallOptions, CallView, Input, MediaOutput, Output, Phase};
use colloque_ids::Timestamp;
use colloque_protocol::Role;
use colloque_protocol::signaling::MediaState;
use web_sys::HtmlMediaElement;

use switches::switch_as_before;

use crate::capture::{Capture, ScreenCapture};
use crate::dom::{Listener, is_visible, monotonic_now, on_visibility, random_seed, spawn, tab_storage, window};
use crate::keys::{Keys, Sealed, asks_for_direct_way};
use crate::link_shell::{KEY_ALONE, LinkShell, opening_with};
use crate::media_element;
use crate::peer::Peer;
use crate::talk::{Panel, TalkPage, TalkState};
use crate::timer::Timeout;
use crate::way::Way;

/// Where the others are seen and heard.
#[derive(Clone)]
pub struct MediaElements {
    /// Their sound.
    pub voice: HtmlMediaElement,
    /// Their camera; muted, so that it plays without a gesture.
    pub picture: HtmlMediaElement,
    /// Their screen; muted.
    pub screen: HtmlMediaElement,
    /// The sound of a third person.
    pub third_voice: HtmlMediaElement,
    /// Their camera; muted.
    pub third_picture: HtmlMediaElement,
}

impl MediaElements {
    /// Sounds, cameras, and a screen, as [`Peer::remote`] gives them.
    const fn all(&self) -> [&HtmlMediaElement; 5] {
        [&self.voice, &self.third_voice, &self.picture, &self.third_picture, &self.screen]
    }
}

/// A person's part in one consultation. Dropped, it closes the connection and the transport and empties the elements; the
/// capture goes on for as long as somebody else holds it.
pub struct Room {
    inner: Rc<Inner>,
    _visibility: Listener,
}

struct Inner {
    ticket_path: String,
    call: RefCell<Call>,
    inputs: RefCell<VecDeque<Input>>,
    running: Cell<bool>,
    link: LinkShell,
    peer: RefCell<Option<NumberedPeer>>,
    keys: RefCell<Option<Keys>>,
    sealed: RefCell<Sealed>,
    link_secret: RefCell<String>,
    panel: RefCell<Option<Panel>>,
    /// The direct way, where the patient's browser has no other.
    way: RefCell<Option<Way>>,
    /// Whether this browser is that one.
    asks: bool,
    /// Since when the other person is not there.
    alone_since: Cell<Option<Timestamp>>,
    /// Ends of the present peer's tracks that pass through the worker.
    live: Cell<u32>,
    /// Whether the third person comes on the first line.
    is_swapped: Cell<bool>,
    /// Counts that the worker was told and has not taken.
    unanswered: Cell<u8>,
    capture: RefCell<Option<Rc<Capture>>>,
    screen: RefCell<Option<ScreenCapture>>,
    held_back: Cell<bool>,
    adaptation: Cell<Adaptation>,
    timer: RefCell<Option<Timeout>>,
    elements: MediaElements,
    shown: RefCell<CallView>,
    needs_tap: Cell<bool>,
    on_change: Box<dyn Fn()>,
    this: Weak<Inner>,
}

#[derive(Clone)]
struct NumberedPeer {
    number: u32,
    peer: Rc<Peer>,
}

impl Room {
    /// Makes a room that waits for [`Room::join`]; tickets are asked for at `ticket_path`, and `on_change` is run whenever
    /// [`Room::view`], [`Room::needs_tap`], [`Room::sealed`] or [`Room::talk`] differ from before.
    #[must_use]
    pub fn new(role: Role, ticket_path: &str, elements: MediaElements, on_change: impl Fn() + 'static) -> Self {
        Self::asking(role, (ticket_path, KEY_ALONE.to_owned()), elements, on_change)
    }

    /// Makes a guest's room as [`Room::new`] does; each request for a ticket carries the secret of their link.
    #[must_use]
    pub fn of_guest(
        role: Role,
        (ticket_path, secret): (&str, &str),
        elements: MediaElements,
        on_change: impl Fn() + 'static,
    ) -> Self {
        Self::asking(role, (ticket_path, opening_with(secret)), elements, on_change)
    }

    fn asking(
        role: Role,
        (ticket_path, ticket_opening): (&str, String),
        elements: MediaElements,
        on_change: impl Fn() + 'static,
    ) -> Self {
        let options = CallOptions { role, local: MediaState::default(), visible: is_visible(), seed: random_seed() };
        let inner = Rc::new_cyclic(|this: &Weak<Inner>| {
            let fed = this.clone();
            let feed = Rc::new(move |input| feed(&fed, Input::Link(input)));
            Inner {
                ticket_path: ticket_path.to_owned(),
                call: RefCell::new(Call::new(options, monotonic_now())),
                inputs: RefCell::default(),
                running: Cell::new(false),
                link: LinkShell::new(ticket_path.to_owned(), ticket_opening, feed),
                peer: RefCell::default(),
                keys: RefCell::default(),
                sealed: RefCell::default(),
                link_secret: RefCell::new(link_secret()),
                panel: RefCell::default(),
                way: RefCell::default(),
                asks: asks_for_direct_way(),
                alone_since: Cell::default(),
                live: Cell::default(),
                is_swapped: Cell::default(),
                unanswered: Cell::default(),
                capture: RefCell::default(),
                screen: RefCell::default(),
                held_back: Cell::new(true),
                adaptation: Cell::default(),
                timer: RefCell::default(),
                elements,
                shown: RefCell::default(),
                needs_tap: Cell::new(false),
                on_change: Box::new(on_change),
                this: this.clone(),
            }
        });
        let shown = inner.this.clone();
        let visibility = on_visibility(move |visible| feed(&shown, Input::PageVisible(visible)));
        Self { inner, _visibility: visibility }
    }

    /// What a screen shows.
    #[must_use]
    pub fn view(&self) -> CallView {
        self.inner.shown.borrow().clone()
    }

    /// Whether the browser wants a tap before the other person is heard; the tap calls [`Room::unlock`].
    #[must_use]
    pub fn needs_tap(&self) -> bool {
        self.inner.needs_tap.get()
    }

    /// Plays again what the browser held back. Call it in a gesture.
    pub fn unlock(&self) {
        self.inner.set_needs_tap(false);
        self.inner.play(false);
    }

    /// Where this person's end-to-end encryption stands.
    #[must_use]
    pub fn sealed(&self) -> Sealed {
        self.inner.sealed.borrow().clone()
    }

    /// Says whether both see the same words; if not, nothing is sent or played any more.
    pub fn compare_words(&self, is_same: bool) {
        if let Some(keys) = &*self.inner.keys.borrow() {
            keys.compare(is_same);
        }
    }

    /// Takes the secret of the link that this browser made for the patient, before [`Room::join`].
    pub fn hold_link_secret(&self, secret: String) {
        self.inner.link_secret.replace(secret);
    }

    /// How the panel is in which people write to each other.
    #[must_use]
    pub fn talk(&self) -> TalkState {
        self.inner.panel.borrow().as_ref().map(Panel::state).unwrap_or_default()
    }

    /// Whether sound and picture pass from browser to browser, because the patient's has no other way: between two people and no third.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.inner.is_direct()
    }

    /// Opens the panel, or closes it.
    pub fn open_talk(&self, page: Option<TalkPage>) {
        self.inner.open_talk(page);
    }

    /// Goes in, or comes back.
    pub fn join(&self) {
        // The worker's program is on its way while the server is asked.
        self.inner.start_keys();
        self.inner.feed(Input::Join);
    }

    /// Does what the person asked.
    pub fn act(&self, action: Action) {
        self.inner.feed(Input::Act(action));
    }

    /// Tells the practitioner what the checks before waiting found.
    pub fn devices_checked(&self, camera: bool, microphone: bool) {
        self.inner.feed(Input::DevicesChecked { camera, microphone });
    }

    /// Takes another capture, or the same one whose devices changed, and sends it.
    ///
    /// What was switched off stays so when the page is loaded again.
    pub fn set_capture(&self, capture: Option<Rc<Capture>>) {
        // While the person is looked at and listened to, its program comes.
        self.inner.start_keys();
        if let Some(capture) = &capture {
            switch_as_before(capture, &self.inner.ticket_path);
        }
        self.inner.capture.replace(capture);
        self.inner.capture_changed();
    }

    /// Shares a screen that was opened, and agreed on, elsewhere; [`Action::Screen`] stops it.
    ///
    /// Whoever opened it tells [`Room::screen_ended`] when the browser's own bar stops it.
    pub fn share_screen(&self, screen: ScreenCapture) {
        drop(self.inner.screen.replace(Some(screen)));
        self.inner.feed(Input::Act(Action::Screen(true)));
        self.inner.capture_changed();
    }

    /// Stops sharing because the screen is gone.
    pub fn screen_ended(&self) {
        self.inner.stop_sharing();
    }

    /// The screen being shared, as the browser names it.
    #[must_use]
    pub fn shared_surface(&self) -> Option<crate::capture::DisplaySurface> {
        self.inner.screen.borrow().as_ref().map(ScreenCapture::surface)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.inner.timer.take();
        self.inner.peer.take();
        self.inner.way.take();
        self.inner.clear_without_peer();
    }
}

/// Where a link's fragment goes on past the token that servers are told: behind `#`, 43 characters and a point.
const LINK_SECRET_FROM: usize = 45;

/// The second part of the address's fragment, which no server is told; empty where there is none.
fn link_secret() -> String {
    let hash = window().location().hash().unwrap_or_default();
    hash.get(LINK_SECRET_FROM..).unwrap_or_default().to_owned()
}

fn feed(inner: &Weak<Inner>, input: Input) {
    if let Some(inner) = inner.upgrade() {
        inner.feed(input);
    }
}

impl Inner {
    /// Gives an input to the engine and does what it asks. Inputs that come up meanwhile wait for their turn.
    fn feed(&self, input: Input) {
        self.inputs.borrow_mut().push_back(input);
        if self.running.replace(true) {
            return;
        }
        loop {
            let Some(input) = self.inputs.borrow_mut().pop_front() else { break };
            self.call.borrow_mut().handle(input, monotonic_now());
            loop {
                let output = self.call.borrow_mut().next_output();
                let Some(output) = output else { break };
                self.run(output);
            }
        }
        self.running.set(false);
        self.guard_way();
        self.clear_without_peer();
        self.show();
        self.arm();
    }

    fn show(&self) {
        let changed = *self.shown.borrow() != *self.call.borrow().view();
        if changed {
            let view = self.call.borrow().view().clone();
            if matches!(view.phase, Phase::Ended { .. }) {
                tab_storage().map(|storage| storage.remove_item(&self.ticket_path));
                self.panel.take();
            }
            let is_back = view.signaling_lost_since.is_none();
            if self.shown.replace(view).signaling_lost_since.is_some() && is_back {
                // What was on its way may be lost.
                self.use_keys();
            }
            (self.on_change)();
        }
    }

    fn set_needs_tap(&self, needs_tap: bool) {
        if self.needs_tap.replace(needs_tap) != needs_tap {
            (self.on_change)();
        }
    }

    fn arm(&self) {
        let deadline = self.call.borrow().deadline();
        let this = self.this.clone();
        let timer = deadline.map(|deadline| {
            // Browsers round down: one millisecond more keeps the engine from being asked too early.
            let delay = deadline.since(monotonic_now()) + std::time::Duration::from_millis(1);
            Timeout::after(delay, move || feed(&this, Input::Tick))
        });
        drop(self.timer.replace(timer));
    }

    fn run(&self, output: Output) {
        match output {
            Output::Link(output) => self.link.run(output),
            Output::Media(MediaOutput::CreatePeer { peer }) => self.create_peer(peer),
            Output::Media(MediaOutput::CreateOffer { peer, generation, ice_restart, ice_servers }) => {
                self.create_offer(peer, generation, ice_restart, ice_servers);
            }
            Output::Media(MediaOutput::ApplyAnswer { peer, generation, sdp }) => {
                self.apply_answer(peer, generation, sdp);
            }
            Output::Media(MediaOutput::ClosePeer { peer }) => {
                if self.numbered(peer).is_some() {
                    self.peer.take();
                }
            }
            Output::SwitchMedia(wanted) => self.switch(wanted),
            Output::PauseSending => self.hold_back(true),
            Output::ResumeSending => {
                self.hold_back(false);
                self.play(true);
            }
            Output::Adapt(adaptation) => {
                self.adaptation.set(adaptation);
                self.send();
            }
            Output::SampleLink => self.sample_link(),
            Output::EndToEnd { message } => {
                if let Some(keys) = &*self.keys.borrow() {
                    keys.hear(&message);
                }
            }
            Output::Guest(order) => {
                if let Some(keys) = &*self.keys.borrow() {
                    keys.order(order);
                }
            }
        }
    }

    fn sample_link(&self) {
        let Some(peer) = self.media() else { return };
        let this = self.this.clone();
        spawn(async move {
            if let (Some((mut sample, sent)), Some(inner)) = (peer.sample().await, this.upgrade()) {
                inner.watch(&peer, &sent);
                sample.shown_side_px = media_element::shown_side_px(&inner.elements.picture);
                // Of a picture that nobody sees, nobody says that it stands still.
                sample.frames = sample.frames.filter(|_| is_visible());
                inner.feed(Input::Way(inner.media_way()));
                inner.feed(Input::LinkSampled(sample));
            }
        });
    }
}
