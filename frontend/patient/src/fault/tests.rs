use colloque_web::text::{Locale, Text, places_agree};

use super::*;
use crate::words::Msg;

/// Longest sentence for a patient, in words.
const MAX_WORDS: usize = 15;

/// Words that only people of the trade know.
const BANNED: [&str; 14] = [
    "webrtc",
    "signalisation",
    "signaling",
    "ice",
    "codec",
    "cache",
    "websocket",
    "serveur",
    "server",
    "token",
    "jeton",
    "session",
    "ticket",
    "bug",
];

fn all_texts() -> Vec<&'static str> {
    [Locale::French, Locale::English]
        .into_iter()
        .flat_map(|locale| {
            let faults = Words::ALL.iter().map(move |text| text.in_locale(locale));
            faults.chain(Msg::ALL.iter().map(move |text| text.in_locale(locale)))
        })
        .collect()
}

#[test]
fn no_sentence_is_longer_than_fifteen_words() {
    for text in all_texts() {
        for sentence in text.split(['.', '?', '!']) {
            let words = sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
            assert!(words <= MAX_WORDS, "{words} words: {sentence}");
        }
    }
}

#[test]
fn no_word_of_the_trade_reaches_a_patient() {
    for text in all_texts() {
        for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()) {
            assert!(!BANNED.contains(&word), "{word} in: {text}");
        }
    }
}

#[test]
fn nothing_is_shouted() {
    for text in all_texts() {
        for word in text.split(|c: char| !c.is_alphabetic()) {
            let shouted = word.len() > 4 && word.chars().all(char::is_uppercase);
            assert!(!shouted, "{word} in: {text}");
        }
    }
}

#[test]
fn both_languages_have_the_same_places() {
    assert!(Words::ALL.iter().all(|text| places_agree(*text)));
    assert!(Msg::ALL.iter().all(|text| places_agree(*text)));
}

#[test]
fn no_fault_is_a_dead_end() {
    for fault in Fault::ALL {
        let row = fault.row();
        assert!(!row.title.in_locale(Locale::French).is_empty());
        assert!(!row.others.contains(&row.primary), "{fault:?} offers the same way twice");
    }
}

#[test]
fn faults_of_the_network_or_of_our_side_end_by_themselves() {
    for fault in [Fault::Offline, Fault::ServerFailed, Fault::ServerFull, Fault::NetworkBlocksVideo, Fault::TooEarly] {
        assert_ne!(fault.row().recovery, Recovery::ByPerson, "{fault:?}");
    }
}

#[test]
fn faults_of_capture_end_when_devices_change() {
    for error in
        [CaptureError::NotAllowed, CaptureError::ForbiddenBySystem, CaptureError::NotFound, CaptureError::InUse]
    {
        assert_eq!(Fault::of_capture(error).row().recovery, Recovery::WhenDevicesChange, "{error:?}");
    }
}

#[test]
fn an_ended_consultation_is_no_fault() {
    assert_eq!(Fault::of_refusal(JoinRefusal::ConsultationOver), None);
}

#[test]
fn a_failure_on_our_side_is_quoted_with_the_beginning_of_its_request() {
    assert_eq!(Fault::ServerFailed.quoted(Some("request-7f3a90bc")), "E61-7F3A");
    assert_eq!(Fault::ServerFailed.quoted(Some("7f")), "E61");
    assert_eq!(Fault::ServerFailed.quoted(None), "E61");
    assert_eq!(Fault::LinkUnknown.quoted(Some("request-7f3a90bc")), "E01");
}

#[test]
fn where_the_camera_is_refused_the_practice_can_be_called() {
    for fault in [Fault::CaptureRefused, Fault::CaptureForbidden] {
        assert!(fault.row().others.contains(&Remedy::Call), "{fault:?}");
    }
}
