//! A third person, from each side.

use colloque_call::{Action, GuestOrder, GuestStep, Output, Phase};
use colloque_protocol::Role;
use colloque_protocol::signaling::{ActionRefusal, ClientMessage, OtherParty, RoomState, ServerMessage, Stage};

use crate::world::{Page, person, state};

fn waiting() -> OtherParty {
    OtherParty { takes_part: false, ..person(7, Role::Interpreter) }
}

impl Page {
    fn sees(&mut self, agreed: Option<bool>, takes_part: bool) {
        let third = OtherParty { agreed, takes_part, ..waiting() };
        self.hears(ServerMessage::Room { state: RoomState { third: Some(third), ..state(Stage::Open) } });
    }

    fn step(&self) -> GuestStep {
        self.call.view().guest
    }

    fn orders(&mut self) -> Vec<GuestOrder> {
        let orders = self.asked().into_iter().filter_map(|output| match output {
            Output::Guest(order) => Some(order),
            _ => None,
        });
        orders.collect()
    }
}

#[test]
fn a_patient_is_asked_and_their_own_keys_hear_the_answer() {
    let guest = waiting().participant;
    let mut page = Page::in_call(Role::Patient);
    page.act(Action::AgreeToGuest(true));
    assert_eq!((page.said(), page.step()), (vec![], GuestStep::Nobody));
    page.sees(None, false);
    assert_eq!(page.step(), GuestStep::YouAreAsked);
    page.asked();
    page.act(Action::AgreeToGuest(true));
    let outputs = page.asked();
    assert!(outputs.contains(&Output::Guest(GuestOrder::Agree { guest, agrees: true })));
    page.sees(Some(true), false);
    assert_eq!(page.step(), GuestStep::Waits);
    page.sees(Some(true), true);
    assert_eq!(page.step(), GuestStep::TakesPart);
    page.asked();
    page.act(Action::AgreeToGuest(false));
    assert_eq!(page.said(), [ClientMessage::AgreeToGuest { participant: guest, agrees: false }]);
    page.sees(Some(false), false);
    assert_eq!(page.step(), GuestStep::Declined);
}

#[test]
fn a_page_that_does_not_remember_the_answer_asks_again_and_tells_the_server_nothing_new() {
    let guest = waiting().participant;
    let mut page = Page::in_call(Role::Patient);
    page.sees(Some(true), true);
    assert_eq!(page.step(), GuestStep::YouAreAsked, "the server's word is not the patient's");
    page.asked();
    page.act(Action::AgreeToGuest(true));
    assert_eq!(page.orders(), [GuestOrder::Agree { guest, agrees: true }]);
    assert_eq!(page.step(), GuestStep::TakesPart);
}

#[test]
fn a_practitioners_keys_let_a_guest_in_once_storage_holds_it() {
    let guest = waiting().participant;
    let mut page = Page::in_call(Role::Practitioner);
    page.sees(None, false);
    assert_eq!(page.step(), GuestStep::Waits);
    page.sees(Some(true), false);
    assert_eq!(page.step(), GuestStep::MayEnter);
    page.asked();
    page.act(Action::AdmitGuest);
    assert_eq!(page.said(), [ClientMessage::AdmitGuest { participant: guest }]);
    page.hears(ServerMessage::NotDone { code: ActionRefusal::NotRecorded });
    assert_eq!(page.step(), GuestStep::MayEnter, "it can be tried again");
    page.act(Action::AdmitGuest);
    assert_eq!(page.orders(), [], "not before storage holds it");
    page.sees(Some(true), true);
    assert_eq!((page.orders(), page.step()), (vec![GuestOrder::LetIn { guest }], GuestStep::TakesPart));
    page.sees(Some(true), true);
    assert_eq!(page.orders(), [], "once");
    page.act(Action::RemoveGuest);
    assert!(page.said().contains(&ClientMessage::RemoveGuest { participant: guest }));
}

#[test]
fn a_practitioners_page_that_was_loaded_again_asks_before_it_shares_its_keys() {
    let guest = waiting().participant;
    let mut page = Page::in_call(Role::Practitioner);
    page.sees(Some(true), true);
    assert_eq!((page.orders(), page.step()), (vec![], GuestStep::MayEnter));
    page.act(Action::AdmitGuest);
    assert_eq!(page.asked().into_iter().filter(|output| matches!(output, Output::Guest(_))).count(), 1);
    page.act(Action::RemoveGuest);
    assert_eq!(page.orders(), [GuestOrder::PutOut { guest }]);
}

#[test]
fn a_guest_offers_media_once_they_are_let_in_and_not_before() {
    let mut page = Page::waiting(Role::Interpreter);
    page.offer_ready();
    assert!(!page.said().iter().any(|message| matches!(message, ClientMessage::Offer { .. })));
    page.hears(ServerMessage::Room { state: state(Stage::Open) });
    assert!(page.said().iter().any(|message| matches!(message, ClientMessage::Offer { .. })));
    assert!(matches!(page.phase(), Phase::Called { .. }), "a guest is called as a patient is");
    assert_eq!(page.step(), GuestStep::Nobody, "and decides about nobody");
}
