use colloque_call::{CallView, MediaPath, PausedBy, Phase};
use colloque_ids::{AppointmentId, ParticipantId, RoomId, Timestamp};
use colloque_protocol::http::patient::{CodeChannel, PatientStatus, PatientView};
use colloque_protocol::signaling::{EndReason, LinkCause, LinkLevel, LinkQuality, MediaState, OtherParty, Presence};
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};
use colloque_web::capture::{Device, DeviceKind};

use super::{STEPS_PLACE, draw};
use crate::fault::{Fault, Remedy};
use crate::intent::Intent;
use crate::journey::{CaptureState, Step};
use crate::model::{CodeAsked, CodeProblem, DeviceNotice, Enrolment, Half, Line, Model, NotGiven, Sound};
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
    model.call.other = Some(OtherParty {
        participant: ParticipantId::from_parts(since, [1; 10]),
        card: card(),
        presence: Presence::Here { since },
        media,
        device_check: None,
        agreed: None,
        takes_part: true,
    });
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
fn whoever_takes_back_the_agreement_reads_that_it_is_taken_back() {
    let said = |consent_withdrawn| words(&draw(&Model { consent_withdrawn, ..model(Step::Check) }));
    assert!(said(true).contains("Votre accord est retiré.") && !said(false).contains("retiré"));
}

#[test]
fn a_doctor_who_went_out_did_not_lose_the_connection() {
    let model = Model { call: CallView { other: None, ..in_room(Phase::InCall).call }, ..in_room(Phase::InCall) };
    let said = words(&draw(&model));
    assert!(said.contains("Le médecin n'est pas dans la salle. Restez ici."), "{said}");
    assert!(!said.contains("a perdu la connexion"), "{said}");
}

#[test]
fn another_code_on_its_way_is_no_fault() {
    let nodes = draw(&Model { code_problem: Some(CodeProblem::Resent), ..model(Step::Code) });
    let field = all(&nodes).into_iter().find(|element| attribute(element, "id") == Some("code")).unwrap();
    assert_eq!(attribute(&field, "aria-invalid"), Some("false"));
    assert!(words(&nodes).contains("Un nouveau code est parti."));
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
    let short = draw(&in_room(Phase::Reconnecting { since, can_retry: false, is_long: false }));
    let long = draw(&in_room(Phase::Reconnecting { since, can_retry: true, is_long: false }));
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
    assert_eq!(taps, [Intent::Remedy(Remedy::ContinueHere), Intent::Remedy(Remedy::Cancel)]);
}

fn offers(model: &Model, intent: Intent) -> bool {
    all(&draw(model)).iter().any(|element| element.tap == Some(intent))
}

fn cut(is_long: bool) -> Phase {
    Phase::Reconnecting { since: Timestamp::from_millis(0), can_retry: true, is_long }
}

#[test]
fn a_cut_that_lasts_a_minute_gives_other_advice_and_the_same_ways_out() {
    let said = |is_long| words(&draw(&in_room(cut(is_long))));
    assert!(said(false).contains("Connexion coupée. Nous vous reconnectons…"));
    let long = said(true);
    assert!(long.contains("Nous n'arrivons pas à vous reconnecter"), "{long}");
    assert!(long.contains("Rapprochez-vous de la box ou de la fenêtre."), "{long}");
    let drawn = all(&draw(&in_room(cut(true))));
    assert!(drawn.iter().any(|element| element.tap == Some(Intent::Retry)));
    assert!(drawn.iter().any(|element| attribute(element, "href") == Some("tel:+33140000000")));
}

#[test]
fn a_cut_that_lasts_a_minute_is_told_in_the_waiting_room_too() {
    let mut model = in_room(cut(true));
    model.call.admitted_at = None;
    let said = words(&draw(&model));
    assert!(said.contains("Vous êtes dans la salle d'attente."), "{said}");
    assert!(said.contains("Nous n'arrivons pas à vous reconnecter. Rapprochez-vous"), "{said}");
    assert!(offers(&model, Intent::Retry));
    model.call.phase = cut(false);
    assert!(!offers(&model, Intent::Retry));
}

#[test]
fn the_camera_can_be_turned_only_where_there_is_another_one() {
    for step in [Step::Check, Step::Room] {
        let mut model = Model { step, ..in_room(Phase::InCall) };
        for (cameras, can_turn) in [(0, false), (1, false), (2, true)] {
            model.devices.cameras = cameras;
            assert_eq!(offers(&model, Intent::Flip), can_turn, "{step:?} with {cameras}");
        }
        model.capture = CaptureState::Given { camera: false, microphone: true };
        assert!(!offers(&model, Intent::Flip), "{step:?} without a camera that gives pictures");
    }
}

#[test]
fn a_device_that_was_asked_for_in_the_consultation_and_refused_brings_the_help() {
    let mut model = in_room(Phase::InCall);
    let mut lies = |half, fault| {
        model.not_given = Some(NotGiven { half, fault });
        let drawn = draw(&model);
        let steps = all(&drawn).iter().any(|element| attribute(element, "id") == Some(STEPS_PLACE));
        assert!(offers(&model, Intent::Ask(half)) && offers(&model, Intent::GoOnWithout));
        (words(&drawn), steps)
    };
    let (said, steps) = lies(Half::Microphone, Fault::CaptureRefused);
    assert!(said.contains("ne sont pas autorisés") && steps, "{said}");
    let (said, steps) = lies(Half::Microphone, Fault::NoDevice);
    assert!(said.contains("Cela n'a pas marché.") && !said.contains("caméra trouvée") && !steps, "{said}");
    let (said, _) = lies(Half::Camera, Fault::CaptureForbidden);
    assert!(said.contains("Ouvrez les Réglages de l'appareil."), "{said}");
}

#[test]
fn a_microphone_that_was_unplugged_is_told_until_it_is_read_and_another_can_be_chosen() {
    let mut model = in_room(Phase::InCall);
    assert!(!offers(&model, Intent::NoticeRead));
    model.device_notice = Some(DeviceNotice::OtherMicrophone);
    let has_choice = |model: &Model| all(&draw(model)).iter().any(|element| element.tag == "select");
    assert!(offers(&model, Intent::NoticeRead) && !has_choice(&model));
    let microphone = |id: &str| Device { kind: DeviceKind::Microphone, id: id.to_owned(), label: id.to_owned() };
    model.devices.microphones = vec![microphone("a"), microphone("b")];
    model.devices.microphone = Some("b".to_owned());
    assert!(has_choice(&model));
    let drawn = all(&draw(&model));
    let chosen: Vec<_> = drawn.iter().filter(|element| attribute(element, "selected").is_some()).collect();
    assert_eq!(chosen.iter().filter_map(|element| attribute(element, "value")).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn only_an_appointment_whose_new_time_is_known_goes_to_the_calendar() {
    let mut model = Model { fault: Some(Fault::AppointmentChanged), ..model(Step::Room) };
    let to_calendar = Intent::Remedy(Remedy::Calendar);
    assert!(!offers(&model, to_calendar));
    assert!(words(&draw(&model)).contains("Le cabinet peut vous donner la nouvelle heure."));
    let before = model.patient.as_ref().unwrap().starts_at;
    model.moved_from = Some(before);
    assert_eq!(model.moved_to(), None, "the service has not said the new time");
    let after = before.after(std::time::Duration::from_secs(3_600));
    let view = model.patient.as_mut().unwrap();
    view.starts_at = after;
    assert_eq!(model.moved_to(), Some(after));
    model.patient.as_mut().unwrap().status = PatientStatus::Cancelled;
    assert_eq!(model.moved_to(), None);
}

#[test]
fn a_good_rehearsal_leads_to_the_calendar_where_the_time_is_known() {
    let mut model = Model { rehearsal: true, patient: None, ..model(Step::Rehearsed) };
    model.checks.seen = true;
    model.checks.heard = true;
    model.checks.line = Line::Good;
    assert!(!offers(&model, Intent::Remedy(Remedy::Calendar)));
    model.shell_starts_at = Some(Timestamp::from_millis(1_800_000_000_000));
    assert!(offers(&model, Intent::Remedy(Remedy::Calendar)));
    model.checks.heard = false;
    assert!(!offers(&model, Intent::Remedy(Remedy::Calendar)));
}

#[test]
fn whoever_hears_no_tune_can_call_the_practice() {
    let mut model = model(Step::Check);
    let call = Some("tel:+33140000000");
    let calls = |model: &Model| all(&draw(model)).iter().any(|element| attribute(element, "href") == call);
    assert!(!calls(&model));
    model.checks.sound = Sound::NotHeard;
    assert!(calls(&model));
}

#[test]
fn a_code_application_is_offered_at_the_end_to_whoever_has_none() {
    let ended = || in_room(Phase::Ended { reason: EndReason::EndedByPractitioner });
    assert!(offers(&ended(), Intent::Enrol));
    let code = |channel| Some(CodeAsked { channel, destination: String::new() });
    assert!(offers(&Model { code: code(CodeChannel::Email), ..ended() }, Intent::Enrol));
    assert!(!offers(&Model { code: code(CodeChannel::Totp), ..ended() }, Intent::Enrol));
    assert!(!offers(&Model { patient: None, ..ended() }, Intent::Enrol));
}

#[test]
fn the_key_of_a_code_application_can_be_opened_copied_and_proved() {
    let key = Enrolment::Key { secret: "ABCDEFGHIJ".to_owned(), address: "otpauth://totp/x".to_owned() };
    let mut model = in_room(Phase::Ended { reason: EndReason::EndedByPractitioner });
    model.enrolment = key;
    let drawn = draw(&model);
    assert!(all(&drawn).iter().any(|element| attribute(element, "href") == Some("otpauth://totp/x")));
    assert!(words(&drawn).contains("ABCDEFGHIJ"));
    assert!(all(&drawn).iter().any(|element| attribute(element, "id") == Some("code")));
    assert!(offers(&model, Intent::SendCode) && !offers(&model, Intent::Enrol));
    model.code_problem = Some(CodeProblem::Wrong);
    assert!(words(&draw(&model)).contains("Ce code n'est pas le bon."));
    for (enrolment, said, can_begin) in [
        (Enrolment::Done, "votre application donnera le code", false),
        (Enrolment::Failed, "Cela n'a pas marché.", true),
    ] {
        model.enrolment = enrolment;
        let found = words(&draw(&model));
        assert!(found.contains(said), "{found}");
        assert_eq!(offers(&model, Intent::Enrol), can_begin);
        assert!(!offers(&model, Intent::SendCode));
    }
}

#[test]
fn a_failure_on_our_side_says_what_to_quote() {
    let request = Some("request-7f3a90bc".to_owned());
    let model = Model { fault: Some(Fault::ServerFailed), request, ..model(Step::Check) };
    assert!(words(&draw(&model)).contains("E61-7F3A"));
}

#[test]
fn who_paused_the_pictures_is_said_and_only_who_did_can_undo_it() {
    let drawn = |paused| {
        let mut model = in_room(Phase::InCall);
        model.call.paused = Some(paused);
        (words(&draw(&model)), offers(&model, Intent::Pictures(true)))
    };
    let (said, undone) = drawn(PausedBy::Link { returns: true });
    assert!(said.contains("Connexion faible : la vidéo est en pause. Le son continue."), "{said}");
    assert!(said.contains("C'est automatique. Elle reviendra toute seule.") && undone, "{said}");
    let (said, undone) = drawn(PausedBy::Link { returns: false });
    assert!(said.contains("Remettez-la quand la connexion est meilleure.") && undone, "{said}");
    let (said, undone) = drawn(PausedBy::You);
    assert!(said.contains("Vidéo mise en pause par vous. Le son continue.") && undone, "{said}");
    let (said, undone) = drawn(PausedBy::OtherLink);
    assert!(said.contains("La connexion du médecin est faible") && !undone, "{said}");
    assert!(!said.contains("a coupé sa caméra"), "{said}");
    let (said, undone) = drawn(PausedBy::Other);
    assert!(said.contains("Le médecin a mis la vidéo en pause. Le son continue.") && !undone, "{said}");
}

#[test]
fn a_connection_is_a_shape_and_a_word_and_a_weak_one_offers_to_pause() {
    let drawn = |level| {
        let mut model = in_room(Phase::InCall);
        model.call.media = MediaPath::Up;
        model.call.local.link = Some(LinkQuality { level, cause: LinkCause::Loss, figure: 9 });
        (words(&draw(&model)), offers(&model, Intent::Pictures(false)))
    };
    for (level, shape, word, offered) in [
        (LinkLevel::Good, "●●●", "Connexion bonne", false),
        (LinkLevel::Fair, "●●○", "Connexion moyenne", false),
        (LinkLevel::Weak, "●○○", "Connexion faible", true),
    ] {
        let (said, offers) = drawn(level);
        assert!(said.contains(shape) && said.contains(word), "{said}");
        assert_eq!(offers, offered, "{level:?}");
    }
    let mut cut = in_room(Phase::InCall);
    cut.call.local.link = Some(LinkQuality { level: LinkLevel::Good, cause: LinkCause::Loss, figure: 0 });
    cut.call.media = MediaPath::Lost { since: Timestamp::from_millis(0) };
    assert!(!words(&draw(&cut)).contains("Connexion bonne"), "what is cut is not good");
}

#[test]
fn a_network_that_blocks_media_is_told_in_the_waiting_room_with_the_ways_out() {
    let mut model = in_room(Phase::Waiting);
    assert!(!offers(&model, Intent::Retry));
    model.call.media = MediaPath::Blocked;
    let said = words(&draw(&model));
    assert!(said.contains("Votre réseau bloque la vidéo. Essayez avec la 4G : coupez le Wi-Fi."), "{said}");
    assert!(said.contains("Vous êtes dans la salle d'attente.") && offers(&model, Intent::Retry), "{said}");
    assert!(all(&draw(&model)).iter().any(|element| attribute(element, "href") == Some("tel:+33140000000")));
}
