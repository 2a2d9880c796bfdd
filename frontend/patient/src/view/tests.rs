use colloque_call::Phase;
use colloque_ids::{AppointmentId, RoomId, Timestamp};
use colloque_protocol::http::patient::{CodeChannel, PatientStatus, PatientView};
use colloque_protocol::signaling::{EndReason, MediaState, OtherParty, Presence};
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};

use super::draw;
use crate::fault::{Fault, Remedy};
use crate::intent::Intent;
use crate::journey::{CaptureState, Step};
use crate::model::{CodeAsked, CodeProblem, Model};
use crate::tree::{Element, Node};

fn card() -> IdentityCard {
    IdentityCard {
        display_name: "Dre Claire Martin".to_owned(),
        role: Role::Practitioner,
        profession: Some("Médecin généraliste".to_owned()),
        rpps: Some("10000000001".to_owned()),
        verified_by: vec![AuthenticationMethod::Password, AuthenticationMethod::Totp],
    }
}

fn patient() -> PatientView {
    let now = Timestamp::from_millis(1_800_000_000_000);
    PatientView {
        appointment: AppointmentId::from_parts(now, [1; 10]),
        room: RoomId::from_parts(now, [2; 10]),
        you: IdentityCard {
            display_name: "Jeanne D.".to_owned(),
            role: Role::Patient,
            profession: None,
            rpps: None,
            verified_by: vec![],
        },
        practitioner: card(),
        practice_name: "Cabinet".to_owned(),
        practice_phone: "+33140000000".to_owned(),
        starts_at: now,
        opens_at: now,
        closes_at: now,
        consent_given_at: None,
        status: PatientStatus::Ready,
        documents: vec![],
    }
}

fn model(step: Step) -> Model {
    Model {
        step,
        capture: CaptureState::Given { camera: true, microphone: true },
        patient: Some(patient()),
        ..Model::default()
    }
}

fn in_room(phase: Phase) -> Model {
    let mut model = model(Step::Room);
    let since = Timestamp::from_millis(1_800_000_000_000);
    let media = MediaState { microphone: true, camera: true, ..MediaState::default() };
    model.call.phase = phase;
    model.call.local = media;
    model.call.admitted_at = Some(since);
    model.call.other = Some(OtherParty { card: card(), presence: Presence::Here { since }, media, device_check: None });
    model.now = since;
    model
}

fn models() -> Vec<Model> {
    let code = Some(CodeAsked { channel: CodeChannel::Email, destination: "j•••@exemple.fr".to_owned() });
    vec![
        model(Step::Opening),
        Model { code, code_problem: Some(CodeProblem::Wrong), ..model(Step::Code) },
        model(Step::Check),
        in_room(Phase::Waiting),
        Model { waits_long: true, ..in_room(Phase::Waiting) },
        in_room(Phase::Called { answers_at: None }),
        in_room(Phase::InCall),
        in_room(Phase::Ended { reason: EndReason::EndedByPractitioner }),
        Model { may_return: true, ..in_room(Phase::Ended { reason: EndReason::YouLeft }) },
        Model { rehearsal: true, ..model(Step::Rehearsed) },
        Model { fault: Some(Fault::CaptureRefused), ..model(Step::Check) },
        Model { fault: Some(Fault::AlreadyElsewhere), ..model(Step::Room) },
    ]
}

fn all(nodes: &[Node]) -> Vec<Element> {
    nodes
        .iter()
        .flat_map(|node| match node {
            Node::Element(element) => {
                let mut found = all(&element.children);
                found.insert(0, element.clone());
                found
            }
            Node::Text(_) | Node::Nothing => Vec::new(),
        })
        .collect()
}

fn attribute<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

fn words(nodes: &[Node]) -> String {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(words) => words.clone(),
            Node::Element(element) => words(&element.children) + " ",
            Node::Nothing => String::new(),
        })
        .collect()
}

#[test]
fn every_screen_has_exactly_one_title() {
    for model in models() {
        let titles = all(&draw(&model)).iter().filter(|element| element.tag == "h1").count();
        assert_eq!(titles, 1, "{:?}", model.screen());
    }
}

#[test]
fn no_screen_has_two_main_buttons() {
    for model in models() {
        let main = all(&draw(&model)).iter().filter(|element| attribute(element, "class") == Some("primary")).count();
        assert!(main <= 1, "{:?} has {main}", model.screen());
    }
}

#[test]
fn every_button_has_words() {
    for model in models() {
        for element in all(&draw(&model)).iter().filter(|element| element.tag == "button") {
            assert!(!words(&element.children).trim().is_empty(), "{:?}: {element:?}", model.screen());
        }
    }
}

#[test]
fn the_name_of_a_control_holds_its_visible_word() {
    let drawn = draw(&in_room(Phase::InCall));
    for element in all(&drawn).iter().filter(|element| element.tag == "button") {
        let word = words(&element.children).trim().to_lowercase();
        let name = attribute(element, "aria-label").unwrap_or(&word).to_lowercase();
        assert!(name.contains(&word), "{name} does not hold {word}");
    }
}

#[test]
fn the_doctor_is_named_with_proof_before_and_in_the_consultation() {
    for phase in [Phase::Waiting, Phase::Called { answers_at: None }, Phase::InCall] {
        let said = words(&draw(&in_room(phase)));
        assert!(said.contains("Dre Claire Martin"), "{said}");
        assert!(said.contains("Identité vérifiée par mot de passe et code à usage unique"), "{said}");
    }
}

#[test]
fn a_doctor_whom_the_room_has_not_vouched_for_is_not_called_verified() {
    let mut model = in_room(Phase::Waiting);
    model.call.other = None;
    assert!(!words(&draw(&model)).contains("vérifiée"));
}

#[test]
fn a_muted_patient_is_told_so() {
    let mut model = in_room(Phase::InCall);
    model.call.local.microphone = false;
    assert!(words(&draw(&model)).contains("le médecin ne vous entend pas"));
}

#[test]
fn sound_goes_on_only_while_the_doctors_microphone_is_on() {
    let said = |camera, microphone| {
        let mut model = in_room(Phase::InCall);
        let other = model.call.other.as_mut().unwrap();
        (other.media.camera, other.media.microphone) = (camera, microphone);
        words(&draw(&model))
    };
    assert!(said(false, true).contains("Le médecin a coupé sa caméra. Le son continue."));
    assert!(said(true, false).contains("Le médecin a coupé son micro."));
    let nothing = said(false, false);
    assert!(nothing.contains("Le médecin a coupé sa caméra et son micro."), "{nothing}");
    assert!(!nothing.contains("Le son continue"), "{nothing}");
}

#[test]
fn an_unseen_patient_is_told_so() {
    let mut model = in_room(Phase::InCall);
    assert!(!words(&draw(&model)).contains("le médecin ne vous voit pas"));
    model.call.local.camera = false;
    assert!(words(&draw(&model)).contains("le médecin ne vous voit pas"));
}

#[test]
fn without_a_microphone_no_level_is_drawn_and_without_both_it_is_said() {
    let drawn = |capture| {
        let nodes = draw(&Model { capture, ..model(Step::Check) });
        let level = all(&nodes).iter().any(|element| attribute(element, "id") == Some("level"));
        (level, words(&nodes).contains("sans caméra ni micro"))
    };
    assert_eq!(drawn(CaptureState::Given { camera: false, microphone: true }), (true, false));
    assert_eq!(drawn(CaptureState::Given { camera: true, microphone: false }), (false, false));
    assert_eq!(drawn(CaptureState::Declined), (false, true));
}

#[test]
fn a_wait_never_ends_and_offers_more_after_long() {
    let model = Model { waits_long: true, ..in_room(Phase::Waiting) };
    let drawn = all(&draw(&model));
    assert!(drawn.iter().any(|element| element.tap == Some(Intent::NotifyAgain)));
    assert!(drawn.iter().any(|element| attribute(element, "href") == Some("tel:+33140000000")));
}

#[test]
fn a_long_cut_offers_to_act_and_to_telephone() {
    let since = Timestamp::from_millis(0);
    let short = draw(&in_room(Phase::Reconnecting { since, can_retry: false }));
    let long = draw(&in_room(Phase::Reconnecting { since, can_retry: true }));
    assert!(!all(&short).iter().any(|element| element.tap == Some(Intent::Retry)));
    assert!(all(&long).iter().any(|element| element.tap == Some(Intent::Retry)));
    assert!(all(&long).iter().any(|element| attribute(element, "href") == Some("tel:+33140000000")));
}

#[test]
fn only_a_patient_who_left_may_come_back() {
    let left = Model { may_return: true, ..in_room(Phase::Ended { reason: EndReason::YouLeft }) };
    let ended = Model { may_return: true, ..in_room(Phase::Ended { reason: EndReason::EndedByPractitioner }) };
    let offers = |model: &Model| all(&draw(model)).iter().any(|element| element.tap == Some(Intent::ComeBack));
    assert!(offers(&left));
    assert!(!offers(&ended));
}

#[test]
fn a_fault_without_a_telephone_number_draws_no_dead_link() {
    let mut model = Model { fault: Some(Fault::NotReceived), ..Model::default() };
    model.shell_phone = "tel:".to_owned();
    assert!(!all(&draw(&model)).iter().any(|element| element.tag == "a"));
    let elsewhere = Model { fault: Some(Fault::AlreadyElsewhere), ..Model::default() };
    let taps: Vec<_> = all(&draw(&elsewhere)).into_iter().filter_map(|element| element.tap).collect();
    assert_eq!(taps, [Intent::Remedy(Remedy::ContinueHere)]);
}
