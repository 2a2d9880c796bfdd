//! What the person does.

use colloque_protocol::Role;
use colloque_protocol::signaling::{ActionRefusal, ClientMessage, EndReason, MediaState, OtherParty};

use super::{Answer, Call};
use crate::guests::GuestOrder;
use crate::io::{Action, Output};
use crate::view::{Decision, Phase};

impl Call {
    pub(super) fn act(&mut self, action: Action) {
        self.view.not_done = None;
        let practitioner = self.role == Role::Practitioner;
        match action {
            Action::Answer => self.answer = Answer::Given,
            Action::NotifyAgain if !practitioner => self.send_or_say(ClientMessage::NotifyAgain),
            Action::Admit if practitioner => self.decide(Decision::Admit, ClientMessage::Admit),
            Action::Refuse if practitioner => self.decide(Decision::Refuse, ClientMessage::Refuse),
            Action::End if practitioner => self.decide(Decision::End, ClientMessage::End),
            Action::AnnounceDelay { minutes } if practitioner => {
                self.send_or_say(ClientMessage::AnnounceDelay { appointment: None, minutes });
            }
            Action::AgreeToGuest(_) | Action::AdmitGuest | Action::RemoveGuest => self.act_on_guest(action),
            Action::NotifyAgain | Action::Admit | Action::Refuse | Action::End | Action::AnnounceDelay { .. } => {}
            Action::Leave => {
                if self.over.is_none() {
                    self.link.send(ClientMessage::Leave);
                    self.finish(Phase::Ended { reason: EndReason::YouLeft });
                }
            }
            Action::Retry => match self.over {
                None => {
                    self.link.hurry(self.now);
                    self.media.hurry();
                }
                Some(_) => self.join(false),
            },
            Action::TakeOver => self.join(true),
            Action::Microphone(on) => self.switch(MediaState { microphone: on, ..self.wanted }),
            Action::Camera(on) => self.switch(MediaState { camera: on, ..self.wanted }),
            Action::RearCamera(rear) => self.switch(MediaState { rear_camera: rear, ..self.wanted }),
            Action::Screen(on) => self.switch(MediaState { screen: on, ..self.wanted }),
            Action::Pictures(shown) => self.degradation.choose(shown, self.now),
        }
    }

    /// Sends a decision now, or as soon as the connection is back.
    fn decide(&mut self, decision: Decision, message: ClientMessage) {
        if self.stage.is_some() {
            self.view.deciding = Some(decision);
            self.link.send(message);
        }
    }

    /// Decides about the third person: here, and at the server where it does not know yet.
    fn act_on_guest(&mut self, action: Action) {
        let Some(OtherParty { participant, agreed, takes_part, .. }) = self.view.third else { return };
        let guest = participant;
        let (order, message) = match (action, self.role) {
            (Action::AgreeToGuest(agrees), Role::Patient) => {
                self.guests.welcome(guest, agrees);
                let message = ClientMessage::AgreeToGuest { participant, agrees };
                (Some(GuestOrder::Agree { guest, agrees }), (agreed != Some(agrees)).then_some(message))
            }
            (Action::AdmitGuest, Role::Practitioner) => {
                self.guests.welcome(guest, true);
                // The keys are told once storage holds it.
                (None, (!takes_part).then_some(ClientMessage::AdmitGuest { participant }))
            }
            (Action::RemoveGuest, Role::Practitioner) => {
                self.guests.welcome(guest, false);
                (Some(GuestOrder::PutOut { guest }), Some(ClientMessage::RemoveGuest { participant }))
            }
            _ => return,
        };
        self.outputs.extend(order.map(Output::Guest));
        if let Some(message) = message {
            self.send_or_say(message);
        }
    }

    fn send_or_say(&mut self, message: ClientMessage) {
        if !self.link.send(message) {
            self.view.not_done = Some(ActionRefusal::NotRecorded);
        }
    }

    fn switch(&mut self, wanted: MediaState) {
        if self.wanted != wanted {
            self.wanted = wanted;
            self.outputs.push_back(Output::SwitchMedia(wanted));
        }
    }
}
