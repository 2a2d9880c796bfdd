//! What support wants to know of a trouble: the code that the patient's page would show, and what the browser or the server said.

use colloque_call::Phase;
use colloque_protocol::signaling::{EndReason, JoinRefusal};
use colloque_web::capture::CaptureError;
use leptos::prelude::*;

use super::call::DeviceTrouble;

/// The network lets no media pass.
pub const BLOCKED: &str = "E31 · ICE failed";
/// Media stopped and is being restored.
pub const INTERRUPTED: &str = "P7 · ICE disconnected";
/// The link is too weak for pictures.
pub const WEAK: &str = "E33";
/// Nothing is sent while the server does not answer.
pub const PAUSED: &str = "E34 · WebSocket";
/// The browser plays no sound before a gesture.
pub const HELD_BACK: &str = "E40 · play() NotAllowedError";
/// The words on the two screens differ.
pub const WORDS: &str = "E35 · words_differ";
/// The browser cannot encrypt end to end.
pub const UNSEALED: &str = "E22 · RTCRtpScriptTransform";
/// The server could not record an act.
pub const NOT_RECORDED: &str = "E61 · not_recorded";

/// The small line under a trouble.
pub fn line(text: &'static str) -> AnyView {
    view! { <p class="technical" translate="no">{text}</p> }.into_any()
}

/// What stands in the way of camera or microphone.
pub const fn of_devices(trouble: DeviceTrouble) -> &'static str {
    match trouble {
        DeviceTrouble::Refused(error) | DeviceTrouble::NoCamera(error) => of_capture(error),
        DeviceTrouble::MicrophoneUnplugged => "E42 · MediaStreamTrack ended (audio)",
        DeviceTrouble::CameraUnplugged => "E42 · MediaStreamTrack ended (video)",
    }
}

/// Where the browser has two names for one cause, both stand there.
const fn of_capture(error: CaptureError) -> &'static str {
    match error {
        CaptureError::NotAllowed => "E10 · NotAllowedError",
        CaptureError::ForbiddenBySystem => "E11 · NotAllowedError (system)",
        CaptureError::NotFound => "E12 · NotFoundError / OverconstrainedError",
        CaptureError::InUse => "E13 · NotReadableError / AbortError",
        CaptureError::Unsupported => "E20 · getUserMedia",
    }
}

/// Why the call does not go on; none where nothing is wrong.
pub const fn of_phase(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Reconnecting { is_long: true, .. } => Some("E32 · WebSocket"),
        Phase::Reconnecting { .. } => Some("P7 · WebSocket"),
        Phase::Refused { refusal, .. } => of_refusal(refusal),
        Phase::Ended { reason: EndReason::ConnectionGivenUp } => Some("E32 · connection_given_up"),
        Phase::Ended { reason: EndReason::ServerStopping } => Some("E60 · server_stopping"),
        Phase::CannotSign => Some("E62 · WebCrypto"),
        Phase::SignedOut => Some("E06 · not_signed_in"),
        Phase::Ended { .. }
        | Phase::Idle
        | Phase::Connecting
        | Phase::Waiting
        | Phase::Called { .. }
        | Phase::InCall => None,
    }
}

const fn of_refusal(refusal: JoinRefusal) -> Option<&'static str> {
    Some(match refusal {
        JoinRefusal::TicketInvalid => "E62 · ticket_invalid",
        JoinRefusal::TicketExpired => "E62 · ticket_expired",
        JoinRefusal::TicketReplayed => "E62 · ticket_replayed",
        JoinRefusal::WrongVersion => "E62 · wrong_version",
        JoinRefusal::WrongPerson => "E01 · wrong_person",
        JoinRefusal::ConsentMissing => "E61 · consent_missing",
        JoinRefusal::ServerFailed => "E61 · server_failed",
        JoinRefusal::TooEarly => "E03 · too_early",
        JoinRefusal::TooLate => "E02 · too_late",
        JoinRefusal::AlreadyElsewhere => "E05 · already_elsewhere",
        JoinRefusal::ServerFull => "E60 · server_full",
        JoinRefusal::ConsultationOver => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_lost_for_long_gets_its_code() {
        let since = colloque_ids::Timestamp::from_millis(1);
        let lost = |is_long| of_phase(Phase::Reconnecting { since, can_retry: true, is_long });
        assert_eq!(lost(false), Some("P7 · WebSocket"));
        assert_eq!(lost(true), Some("E32 · WebSocket"));
        assert_eq!(of_phase(Phase::InCall), None);
    }

    #[test]
    fn devices_have_the_codes_of_the_patients_page() {
        let codes = [
            (DeviceTrouble::Refused(CaptureError::NotAllowed), "E10"),
            (DeviceTrouble::Refused(CaptureError::ForbiddenBySystem), "E11"),
            (DeviceTrouble::NoCamera(CaptureError::NotFound), "E12"),
            (DeviceTrouble::NoCamera(CaptureError::InUse), "E13"),
            (DeviceTrouble::Refused(CaptureError::Unsupported), "E20"),
            (DeviceTrouble::MicrophoneUnplugged, "E42"),
            (DeviceTrouble::CameraUnplugged, "E42"),
        ];
        for (trouble, code) in codes {
            assert!(of_devices(trouble).starts_with(&format!("{code} · ")), "{trouble:?}");
        }
    }

    #[test]
    fn a_refused_join_has_the_code_of_the_patients_page() {
        let refused = |refusal| of_phase(Phase::Refused { refusal, retried: false });
        assert_eq!(refused(JoinRefusal::ServerFull), Some("E60 · server_full"));
        assert_eq!(refused(JoinRefusal::ServerFailed), Some("E61 · server_failed"));
        assert_eq!(refused(JoinRefusal::ConsultationOver), None);
    }
}
