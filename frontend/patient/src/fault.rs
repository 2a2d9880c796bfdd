//! Everything that can go wrong for a patient: one row each, with what to say, what to do, and how it ends by itself.

use std::time::Duration;

use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::signaling::JoinRefusal;
use colloque_web::capture::CaptureError;
use colloque_web::texts;

/// Something that went wrong and fills the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The link was never issued, was used elsewhere, or was replaced.
    LinkUnknown,
    /// The appointment's time is over.
    LinkExpired,
    /// The room is not open yet.
    TooEarly,
    /// The appointment was moved or cancelled.
    AppointmentChanged,
    /// The same person is there on another device.
    AlreadyElsewhere,
    /// This person went on elsewhere.
    ContinuedElsewhere,
    /// The session ended: the person proves who they are again.
    SessionOver,
    /// The person says that the link is not theirs.
    NotThisPerson,
    /// Camera and microphone are not allowed.
    CaptureRefused,
    /// The system does not let the browser capture.
    CaptureForbidden,
    /// No camera, or no microphone.
    NoDevice,
    /// Another application holds the camera.
    DeviceInUse,
    /// This view of the link cannot capture at all.
    NoCapture,
    /// No network.
    Offline,
    /// Signaling works and media never gets through.
    NetworkBlocksVideo,
    /// The connection was given up.
    ConnectionLost,
    /// The practitioner cannot receive the patient now.
    NotReceived,
    /// No place at the moment.
    ServerFull,
    /// Something failed on our side.
    ServerFailed,
    /// This browser cannot keep or use its key.
    NoKey,
}

/// What a button does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Sends a new link to the address on file.
    NewLink,
    /// Calls the practice.
    Call,
    /// Calls the practice instead of the video.
    CallInstead,
    /// Notes the appointment's new time.
    Calendar,
    /// Goes to the rehearsal.
    Rehearse,
    /// Takes the place of the other device.
    ContinueHere,
    /// Leaves the other device its place.
    Cancel,
    /// Asks again for camera and microphone.
    AskAgain,
    /// Asks again, once allowed.
    AllowedAskAgain,
    /// Goes on without a camera.
    WithoutCamera,
    /// Copies the link, for another browser.
    CopyLink,
    /// Does again what failed.
    Retry,
    /// Loads the page again.
    Reload,
}

/// How a fault ends when its cause goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// The call engine keeps trying.
    ByEngine,
    /// What failed is tried again each time this long has passed.
    Every(Duration),
    /// Camera and microphone are asked for again when devices or the page's visibility change.
    WhenDevicesChange,
    /// The room opens at its time.
    AtOpening,
    /// Only a person can decide.
    ByPerson,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Code to quote to support.
    pub code: &'static str,
    /// Title.
    pub title: Words,
    /// What to know, if more than the title.
    pub body: Option<Words>,
    /// The one main button.
    pub primary: Remedy,
    /// The other ways.
    pub others: &'static [Remedy],
    /// How it ends by itself.
    pub recovery: Recovery,
}

/// Pause between two attempts that the page makes by itself.
const RETRY_EVERY: Duration = Duration::from_secs(3);

impl Fault {
    /// Gives the row.
    #[must_use]
    pub const fn row(self) -> Row {
        use Recovery::{AtOpening, ByEngine, ByPerson, Every, WhenDevicesChange};
        use {Remedy as R, Words as W};
        let (code, title, body, primary, others, recovery): (_, _, _, _, &[Remedy], _) = match self {
            Self::LinkUnknown => ("E01", W::LinkUnknown, Some(W::LinkUnknownBody), R::NewLink, &[R::Call], ByPerson),
            Self::LinkExpired => ("E02", W::LinkExpired, Some(W::LinkExpiredBody), R::NewLink, &[R::Call], ByPerson),
            Self::TooEarly => ("E03", W::TooEarly, Some(W::TooEarlyBody), R::Rehearse, &[], AtOpening),
            Self::AppointmentChanged => {
                ("E04", W::AppointmentChanged, Some(W::AppointmentChangedBody), R::Calendar, &[R::Call], ByPerson)
            }
            Self::AlreadyElsewhere => {
                ("E05", W::AlreadyElsewhere, Some(W::AlreadyElsewhereBody), R::ContinueHere, &[R::Cancel], ByPerson)
            }
            Self::ContinuedElsewhere => {
                ("E05", W::ContinuedElsewhere, Some(W::AlreadyElsewhereBody), R::ContinueHere, &[], ByPerson)
            }
            Self::SessionOver => ("E06", W::SessionOver, Some(W::SessionOverBody), R::Reload, &[R::NewLink], ByPerson),
            Self::NotThisPerson => ("E07", W::NotThisPerson, Some(W::NotThisPersonBody), R::Call, &[], ByPerson),
            Self::CaptureRefused => {
                ("E10", W::CaptureRefused, None, R::AllowedAskAgain, &[R::WithoutCamera, R::Call], WhenDevicesChange)
            }
            Self::CaptureForbidden => (
                "E11",
                W::CaptureForbidden,
                Some(W::CaptureForbiddenBody),
                R::AskAgain,
                &[R::WithoutCamera, R::Call],
                WhenDevicesChange,
            ),
            Self::NoDevice => {
                ("E12", W::NoDevice, Some(W::NoDeviceBody), R::WithoutCamera, &[R::AskAgain], WhenDevicesChange)
            }
            Self::DeviceInUse => {
                ("E13", W::DeviceInUse, Some(W::DeviceInUseBody), R::AskAgain, &[R::WithoutCamera], WhenDevicesChange)
            }
            Self::NoCapture => ("E20", W::NoCapture, Some(W::NoCaptureBody), R::CopyLink, &[R::Call], ByPerson),
            Self::Offline => ("E30", W::Offline, Some(W::OfflineBody), R::Retry, &[R::Call], Every(RETRY_EVERY)),
            Self::NetworkBlocksVideo => {
                ("E31", W::NetworkBlocksVideo, Some(W::NetworkBlocksVideoBody), R::Retry, &[R::CallInstead], ByEngine)
            }
            Self::ConnectionLost => {
                ("E32", W::ConnectionLost, Some(W::ConnectionLostBody), R::Retry, &[R::CallInstead], ByEngine)
            }
            Self::NotReceived => ("E50", W::NotReceived, Some(W::NotReceivedBody), R::Call, &[], ByPerson),
            Self::ServerFull => ("E60", W::ServerFull, Some(W::ServerFullBody), R::CallInstead, &[], ByEngine),
            Self::ServerFailed => {
                ("E61", W::ServerFailed, Some(W::ServerFailedBody), R::Retry, &[R::Call], Every(RETRY_EVERY))
            }
            Self::NoKey => ("E62", W::NoKey, Some(W::NoKeyBody), R::Reload, &[R::Call], ByPerson),
        };
        Row { code, title, body, primary, others, recovery }
    }

    /// What to quote to support: with the beginning of the failed request's identifier where our side failed.
    #[must_use]
    pub fn quoted(self, request: Option<&str>) -> String {
        let code = self.row().code;
        // An identifier's short form ends in eight digits.
        let start = request.and_then(|request| request.get(request.len().checked_sub(8)?..)?.get(..4));
        match start {
            Some(start) if self == Self::ServerFailed => [code, "-", &start.to_ascii_uppercase()].concat(),
            Some(_) | None => code.to_owned(),
        }
    }

    /// What a failed request means to a patient.
    #[must_use]
    pub const fn of_code(code: ErrorCode) -> Self {
        match code {
            ErrorCode::InvitationUnknown | ErrorCode::NotFound | ErrorCode::WrongCredentials | ErrorCode::Malformed => {
                Self::LinkUnknown
            }
            ErrorCode::InvitationExpired | ErrorCode::WrongState => Self::LinkExpired,
            ErrorCode::AppointmentCancelled => Self::AppointmentChanged,
            ErrorCode::TooEarly => Self::TooEarly,
            ErrorCode::NotSignedIn | ErrorCode::SecondFactorNeeded | ErrorCode::CodeExpired => Self::SessionOver,
            ErrorCode::TooLarge
            | ErrorCode::Invalid
            | ErrorCode::TooManyAttempts
            | ErrorCode::Conflict
            | ErrorCode::SecuredPrescription
            | ErrorCode::ForeignRequest
            | ErrorCode::ServerFailed
            | ErrorCode::Unavailable => Self::ServerFailed,
        }
    }

    /// What a refused join means to a patient; none where the consultation is simply over.
    #[must_use]
    pub const fn of_refusal(refusal: JoinRefusal) -> Option<Self> {
        Some(match refusal {
            JoinRefusal::TicketInvalid
            | JoinRefusal::TicketExpired
            | JoinRefusal::TicketReplayed
            | JoinRefusal::WrongVersion => Self::NoKey,
            JoinRefusal::WrongPerson => Self::LinkUnknown,
            JoinRefusal::ConsentMissing | JoinRefusal::ServerFailed => Self::ServerFailed,
            JoinRefusal::TooEarly => Self::TooEarly,
            JoinRefusal::TooLate => Self::LinkExpired,
            JoinRefusal::AlreadyElsewhere => Self::AlreadyElsewhere,
            JoinRefusal::ConsultationOver => return None,
            JoinRefusal::ServerFull => Self::ServerFull,
        })
    }

    /// What a refused capture means to a patient.
    #[must_use]
    pub const fn of_capture(error: CaptureError) -> Self {
        match error {
            CaptureError::NotAllowed => Self::CaptureRefused,
            CaptureError::ForbiddenBySystem => Self::CaptureForbidden,
            CaptureError::NotFound => Self::NoDevice,
            CaptureError::InUse => Self::DeviceInUse,
            CaptureError::Unsupported => Self::NoCapture,
        }
    }

    #[cfg(test)]
    const ALL: [Self; 20] = [
        Self::LinkUnknown,
        Self::LinkExpired,
        Self::TooEarly,
        Self::AppointmentChanged,
        Self::AlreadyElsewhere,
        Self::ContinuedElsewhere,
        Self::SessionOver,
        Self::NotThisPerson,
        Self::CaptureRefused,
        Self::CaptureForbidden,
        Self::NoDevice,
        Self::DeviceInUse,
        Self::NoCapture,
        Self::Offline,
        Self::NetworkBlocksVideo,
        Self::ConnectionLost,
        Self::NotReceived,
        Self::ServerFull,
        Self::ServerFailed,
        Self::NoKey,
    ];
}

impl Remedy {
    /// The word on the button.
    #[must_use]
    pub const fn word(self) -> Words {
        match self {
            Self::NewLink => Words::NewLink,
            Self::Call => Words::Call,
            Self::CallInstead => Words::CallInstead,
            Self::Rehearse => Words::Rehearse,
            Self::Calendar => Words::AddToCalendar,
            Self::ContinueHere => Words::ContinueHere,
            Self::Cancel => Words::Cancel,
            Self::AskAgain | Self::Retry => Words::Retry,
            Self::AllowedAskAgain => Words::AllowedRetry,
            Self::WithoutCamera => Words::WithoutCamera,
            Self::CopyLink => Words::CopyLink,
            Self::Reload => Words::Reload,
        }
    }
}

texts! {
    /// Titles, bodies and buttons of the faults.
    pub enum Words {
        LinkUnknown: "Ce lien n'est pas reconnu", "This link is not recognised";
        LinkUnknownBody: "Il a peut-être déjà servi sur un autre appareil, ou il n'est pas complet. Demandez-en un nouveau : il arrive par e-mail.", "It may have been used on another device, or it is not complete. Ask for a new one: it comes by e-mail.";
        LinkExpired: "Ce lien n'est plus valable", "This link is no longer valid";
        LinkExpiredBody: "L'heure du rendez-vous est passée.", "The time of the appointment is over.";
        LinkExpiredOn: "Le rendez-vous du {0} est passé.", "The appointment of {0} is over.";
        TooEarly: "Vous êtes en avance", "You are early";
        TooEarlyBody: "La salle ouvre à {0}. Cette page s'ouvrira toute seule.", "The room opens at {0}. This page will open by itself.";
        AppointmentChanged: "Le rendez-vous a changé", "The appointment has changed";
        AppointmentChangedBody: "Le cabinet peut vous donner la nouvelle heure.", "The practice can tell you the new time.";
        AppointmentMoved: "Nouvelle heure : {0} à {1}.", "New time: {0} at {1}.";
        AlreadyElsewhere: "Vous êtes déjà connecté sur un autre appareil", "You are already connected on another device";
        AlreadyElsewhereBody: "Voulez-vous continuer ici ?", "Do you want to continue here?";
        ContinuedElsewhere: "Vous continuez sur un autre appareil", "You are continuing on another device";
        SessionOver: "Il faut confirmer que c'est vous", "Please confirm that it is you";
        SessionOverBody: "Votre place est gardée. Recommencez depuis le début.", "Your place is kept. Start again from the beginning.";
        NotThisPerson: "Ce lien n'est pas à votre nom", "This link is not in your name";
        NotThisPersonBody: "Demandez votre propre lien au cabinet.", "Ask the practice for your own link.";
        CaptureRefused: "La caméra et le micro ne sont pas autorisés", "The camera and the microphone are not allowed";
        CaptureForbidden: "Votre appareil bloque la caméra", "Your device blocks the camera";
        CaptureForbiddenBody: "Ouvrez les Réglages de l'appareil. Autorisez la caméra et le micro pour votre navigateur.", "Open the settings of the device. Allow camera and microphone for your browser.";
        NoDevice: "Pas de caméra trouvée", "No camera found";
        NoDeviceBody: "Vous pouvez continuer avec le son seul.", "You can continue with sound alone.";
        DeviceInUse: "La caméra est utilisée par une autre application", "Another application uses the camera";
        DeviceInUseBody: "Fermez les autres applications de vidéo ou d'appel.", "Close other video or call applications.";
        NoCapture: "Ouvrez ce lien dans votre navigateur", "Open this link in your browser";
        NoCaptureBody: "Appuyez sur les trois points. Puis choisissez « Ouvrir dans le navigateur ».", "Press the three dots. Then choose “Open in browser”.";
        Offline: "Pas d'internet", "No internet";
        OfflineBody: "Vérifiez le Wi-Fi ou les données mobiles. Nous réessayons toutes les trois secondes.", "Check the Wi-Fi or mobile data. We try again every three seconds.";
        NetworkBlocksVideo: "Votre réseau bloque la vidéo", "Your network blocks the video";
        NetworkBlocksVideoBody: "Essayez avec la 4G : coupez le Wi-Fi.", "Try mobile data: switch the Wi-Fi off.";
        ConnectionLost: "Nous n'arrivons pas à vous reconnecter", "We cannot reconnect you";
        ConnectionLostBody: "Rapprochez-vous de la box ou de la fenêtre.", "Move closer to the router or the window.";
        NotReceived: "Le médecin ne peut pas vous recevoir maintenant", "The doctor cannot see you now";
        NotReceivedBody: "Le cabinet va vous rappeler.", "The practice will call you back.";
        ServerFull: "Le service est très demandé", "The service is very busy";
        ServerFullBody: "Restez sur cette page, vous gardez votre place.", "Stay on this page, you keep your place.";
        ServerFailed: "Un problème est survenu chez nous", "Something went wrong on our side";
        ServerFailedBody: "Ce n'est pas votre faute. Nous réessayons.", "It is not your fault. We are trying again.";
        NoKey: "La page doit être relancée", "The page must be started again";
        NoKeyBody: "Vous gardez votre place.", "You keep your place.";

        NewLink: "Recevoir un nouveau lien", "Get a new link";
        NewLinkSent: "Si le rendez-vous tient toujours, un nouveau lien vous est envoyé par e-mail.", "If the appointment is still on, a new link is on its way by e-mail.";
        NewLinkFailed: "Cela n'a pas marché. Réessayez, ou appelez.", "This did not work. Try again, or call.";
        Call: "Appeler le cabinet", "Call the practice";
        CallInstead: "Continuer par téléphone", "Go on by telephone";
        AddToCalendar: "Ajouter au calendrier", "Add to calendar";
        CalendarTitle: "Rendez-vous vidéo", "Video appointment";
        Rehearse: "Faire un essai", "Try now";
        ContinueHere: "Continuer ici", "Continue here";
        Cancel: "Annuler", "Cancel";
        Ok: "OK", "OK";
        Close: "Fermer", "Close";
        AllowedRetry: "J'ai autorisé, réessayer", "I allowed it, try again";
        WithoutCamera: "Continuer sans caméra", "Continue without camera";
        CopyLink: "Copier le lien", "Copy the link";
        LinkCopied: "Lien copié.", "Link copied.";
        Retry: "Réessayer", "Try again";
        Reload: "Recommencer", "Start again";
        Code: "Code : {0}", "Code: {0}";
        SafetyTitle: "Par sécurité, votre caméra et votre micro sont en pause", "For safety, your camera and mic are paused";
        SafetyBody: "Ils repartent dès que la connexion revient.", "They start again as soon as the connection is back.";
        TapTitle: "Appuyez pour entendre le médecin", "Press to hear the doctor";
        SoundOn: "Activer le son", "Switch the sound on";
        InterruptedTitle: "Un appel téléphonique a coupé le micro.", "A telephone call cut the mic.";
        InterruptedBody: "Raccrochez, puis appuyez ici.", "Hang up, then press here.";
        Return: "Revenir à la consultation", "Back to the consultation";
        Unplugged: "Votre micro a été débranché", "Your microphone was unplugged";
        UnpluggedBody: "Nous utilisons un autre micro.", "We use another microphone.";
        UnpluggedNone: "Branchez un micro, ou continuez par téléphone.", "Plug in a microphone, or go on by telephone.";
    }
}

#[cfg(test)]
mod tests;
