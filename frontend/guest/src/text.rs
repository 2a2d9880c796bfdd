//! What the page says: short sentences, everyday words.

colloque_kit::texts! {
    /// Texts of a guest's page.
    pub enum Msg {
        PageDoor: "Invitation – Consultation vidéo", "Invitation – Video consultation";
        PageWaiting: "En attente – Consultation vidéo", "Waiting – Video consultation";
        PageCalled: "Vous pouvez entrer – Consultation vidéo", "You may enter – Video consultation";
        PageCall: "En consultation – Consultation vidéo", "In consultation – Video consultation";
        PageOver: "Terminée – Consultation vidéo", "Over – Video consultation";
        English: "English", "English";
        French: "Français", "Français";

        InvitesYou: "{0} vous invite à une consultation vidéo", "{0} invites you to a video consultation";
        Invitation: "Invitation", "Invitation";
        Invited: "Vous êtes invité : {0}", "You are invited: {0}";
        InvitedExpert: "Vous êtes invité comme autre soignant : {0}", "You are invited as another practitioner: {0}";
        InvitedBeside: "Vous êtes invité comme accompagnant : {0}", "You are invited as an accompanying person: {0}";
        InvitedInterpreter: "Vous êtes invité comme interprète : {0}", "You are invited as an interpreter: {0}";
        Rpps: "Numéro RPPS {0}", "RPPS number {0}";
        Confidential: "Ce que vous verrez et entendrez est couvert par le secret médical. Rien n'est enregistré.", "What you will see and hear is covered by medical secrecy. Nothing is recorded.";
        Continue: "Continuer", "Continue";
        WillAsk: "Le navigateur vous demandera la caméra et le micro.", "The browser will ask for camera and microphone.";
        AllowDevices: "Autorisez la caméra et le micro quand le navigateur le demande.", "Allow camera and microphone when the browser asks.";
        WithoutDevices: "Continuer sans caméra ni micro", "Continue without camera or microphone";

        EarlyTitle: "Vous êtes en avance", "You are early";
        EarlyLead: "La salle ouvre le {0} à {1}. Cette page s'ouvrira toute seule.", "The room opens on {0} at {1}. This page will open by itself.";
        OverTitle: "Ce lien n'est plus valable", "This link is no longer valid";
        OverLead: "La consultation est terminée, ou l'invitation a été reprise. En cas de doute, appelez le cabinet.", "The consultation is over, or the invitation was taken back. When in doubt, call the practice.";
        OpenedElsewhereTitle: "Ce lien a été ouvert dans un autre navigateur", "This link was opened in another browser";
        OpenedElsewhereLead: "Il ne sert que là où il a été ouvert en premier. Retournez-y, ou demandez un autre lien au praticien.", "It serves only where it was opened first. Go back there, or ask the practitioner for another link.";
        UnknownTitle: "Ce lien n'est pas reconnu", "This link is not recognised";
        UnknownLead: "Il n'est peut-être pas complet. Ouvrez-le depuis le message reçu, ou demandez-en un autre au praticien.", "It may not be complete. Open it from the message that you received, or ask the practitioner for another.";
        AwayTitle: "L'invitation ne peut pas être lue", "The invitation cannot be read";
        NoCaptureTitle: "Ouvrez ce lien dans votre navigateur", "Open this link in your browser";
        NoCapture: "Ici, il n'y a ni caméra ni micro. Copiez le lien, puis ouvrez-le dans votre navigateur.", "There is no camera or microphone here. Copy the link, then open it in your browser.";
        CopyLink: "Copier le lien", "Copy the link";
        CannotSealTitle: "Votre navigateur n'est pas à jour", "Your browser is not up to date";
        CannotSeal: "Il ne peut pas chiffrer l'appel de bout en bout : rien n'est envoyé. Mettez-le à jour, ou essayez sur un autre appareil.", "It cannot encrypt the call end to end: nothing is sent. Update it, or try on another device.";

        Connecting: "Connexion à la salle d'attente…", "Connecting to the waiting room…";
        WaitingTitle: "Vous êtes dans la salle d'attente", "You are in the waiting room";
        WaitingLead: "Le praticien est prévenu. Vous entrerez quand il vous fera entrer.", "The practitioner has been told. You will enter when they let you in.";
        WaitingAlone: "Vous entrerez quand le praticien sera là et vous fera entrer.", "You will enter when the practitioner is there and lets you in.";
        PractitionerHere: "{0} est là", "{0} is there";
        PractitionerAway: "{0} n'est pas encore là", "{0} is not there yet";
        KeepOpen: "Gardez cette page ouverte. Une sonnerie vous préviendra.", "Keep this page open. A bell will tell you.";
        CalledTitle: "Vous pouvez entrer", "You may enter";
        CalledLead: "Vous entrez dans un instant.", "You enter in a moment.";
        CalledHeld: "Appuyez pour entrer.", "Press to enter.";
        Enter: "Entrer", "Enter";

        CallTitle: "Consultation", "Consultation";
        Pictures: "Vidéo", "Video";
        RolePractitioner: "praticien", "practitioner";
        RolePatient: "patient", "patient";
        Patient: "Patient", "Patient";
        OwnPicture: "Votre image", "Your picture";
        SharedScreen: "Écran du praticien", "The practitioner's screen";
        TileComing: "L'image arrive…", "The picture is coming…";
        TilePaused: "Vidéo en pause. Le son continue.", "Video paused. The sound goes on.";
        TileCameraOff: "Caméra coupée. Le son continue.", "Camera off. The sound goes on.";
        TileBothOff: "Caméra et micro coupés.", "Camera and microphone off.";
        TileLost: "Connexion perdue. Le retour est possible.", "Connection lost. They may come back.";
        TileAway: "Pas dans la salle.", "Not in the room.";
        TileMuted: "Micro coupé", "Microphone off";

        WordsAsk: "Dites vos deux mots aux autres. Voient-ils les mêmes ?", "Say your two words to the others. Do they see the same?";
        WordsDiffer: "Les mots diffèrent : quelqu'un pourrait écouter. Le son et l'image sont coupés.", "The words differ: somebody may be listening. Sound and picture are cut.";

        Bar: "Commandes de l'appel", "Call controls";
        Microphone: "Micro", "Microphone";
        MicrophoneOn: "activé", "on";
        MicrophoneOff: "coupé", "off";
        Camera: "Caméra", "Camera";
        CameraOn: "activée", "on";
        CameraOff: "coupée", "off";
        Leave: "Quitter", "Leave";
        LeaveTitle: "Quitter la consultation\u{a0}?", "Leave the consultation?";
        LeaveLead: "Pour revenir, il faudra de nouveau l'accord du praticien.", "To come back, you will need the practitioner's agreement again.";
        Stay: "Rester", "Stay";
        SayMicrophoneOn: "Micro activé.", "Microphone on.";
        SayMicrophoneOff: "Micro coupé.", "Microphone off.";
        SayCameraOn: "Caméra activée.", "Camera on.";
        SayCameraOff: "Caméra coupée.", "Camera off.";
        SayInCall: "Vous êtes en consultation.", "You are in consultation.";
        SayBack: "Vous êtes reconnecté.", "You are reconnected.";
        SayGone: "{0} n'est plus connecté.", "{0} is no longer connected.";
        SayThere: "{0} est là.", "{0} is there.";
        SayPicturesBack: "La vidéo est revenue.", "The video is back.";

        Reconnecting: "Connexion coupée. Nous vous reconnectons…", "Connection lost. Reconnecting…";
        ReconnectingLead: "Gardez cette page ouverte.", "Keep this page open.";
        ReconnectingLong: "Vérifiez le Wi-Fi, ou essayez un autre réseau.", "Check the Wi-Fi, or try another network.";
        PausedForSafety: "Par sécurité, votre caméra et votre micro sont en pause. Ils repartent dès que la connexion revient.", "For safety, your camera and microphone are paused. They start again when the connection is back.";
        MediaConnecting: "Connexion de la vidéo…", "Connecting the video…";
        MediaBlocked: "Votre réseau bloque la vidéo. Essayez un autre réseau, par exemple la 4G.", "Your network blocks the video. Try another one, for example mobile data.";
        MediaInterrupted: "La vidéo est interrompue. Nous la rétablissons…", "The video is interrupted. Restoring it…";
        SoundHeldBack: "Le navigateur retient le son.", "The browser holds the sound back.";
        SoundOn: "Activer le son", "Turn the sound on";
        WeakLink: "Votre connexion est faible.", "Your connection is weak.";
        PausedByLink: "Votre connexion est faible : la vidéo est en pause. Le son continue.", "Your connection is weak: the video is paused. The sound goes on.";
        PausedReturns: "Elle reviendra toute seule.", "It comes back by itself.";
        PausedStays: "Remettez-la quand la connexion est meilleure.", "Bring it back when the connection is better.";
        PausedByYou: "Vidéo mise en pause par vous. Le son continue.", "Video paused by you. The sound goes on.";
        PausedByOtherLink: "La connexion du praticien est faible : la vidéo est en pause. Le son continue.", "The practitioner's connection is weak: the video is paused. The sound goes on.";
        PausedByOther: "Le praticien a mis la vidéo en pause. Le son continue.", "The practitioner paused the video. The sound goes on.";
        BringPictures: "Remettre la vidéo", "Bring the video back";
        PausePictures: "Mettre la vidéo en pause", "Pause the video";
        OwnMicrophoneOff: "Votre micro est coupé : personne ne vous entend.", "Your microphone is off: nobody hears you.";

        CaptureNotAllowed: "La caméra et le micro ne sont pas autorisés. Touchez l'icône à côté de l'adresse, puis autorisez-les.", "Camera and microphone are not allowed. Tap the icon beside the address, then allow them.";
        CaptureForbidden: "L'appareil interdit la caméra ou le micro au navigateur. Ouvrez ses réglages de confidentialité.", "The device forbids camera or microphone to the browser. Open its privacy settings.";
        CaptureNotFound: "Aucune caméra ni micro trouvés. Branchez-les, puis réessayez.", "No camera or microphone found. Plug them in, then try again.";
        CaptureInUse: "La caméra est utilisée par une autre application. Fermez-la, puis réessayez.", "The camera is in use by another application. Close it, then try again.";
        CaptureUnsupported: "Ce navigateur ne peut pas utiliser la caméra.", "This browser cannot use the camera.";
        MicrophoneAlone: "Pas de caméra : les autres vous entendent sans vous voir.", "No camera: the others hear you without seeing you.";
        MicrophoneUnplugged: "Votre micro a été débranché.", "Your microphone was unplugged.";
        CameraUnplugged: "Votre caméra a été débranchée.", "Your camera was unplugged.";

        EndedTitle: "La consultation est terminée", "The consultation is over";
        MayClose: "Vous pouvez fermer cette page.", "You may close this page.";
        PutOutTitle: "Le praticien a mis fin à votre participation.", "The practitioner ended your participation.";
        LeftTitle: "Vous avez quitté la consultation", "You left the consultation";
        LeftLead: "Vous pouvez revenir tant qu'elle dure.", "You may come back as long as it lasts.";
        ComeBack: "Revenir", "Come back";
        ElsewhereTitle: "La consultation continue dans un autre onglet", "The consultation goes on in another tab";
        AlreadyElsewhereTitle: "Vous êtes déjà dans cette consultation, dans un autre onglet", "You are already in this consultation, in another tab";
        ContinueHere: "Continuer ici", "Continue here";
        GivenUpTitle: "La connexion est perdue", "The connection is lost";
        GivenUpLead: "Vérifiez votre réseau, puis revenez.", "Check your network, then come back.";
        ServerFullTitle: "Vous ne pouvez pas entrer pour le moment", "You cannot enter for now";
        ServerFullLead: "Une autre personne est déjà invitée, ou le service est très demandé. Nous réessayons.", "Somebody else is invited already, or the service is very busy. We are trying again.";
        FailedTitle: "Le service ne vous laisse pas entrer pour le moment", "The service does not let you in for now";
        WaitLead: "Gardez cette page ouverte.", "Keep this page open.";
        Trying: "Un instant…", "One moment…";
        NewVersionTitle: "Une nouvelle version est en place", "A new version is in place";
        NoKeyTitle: "La page doit être rechargée", "The page must be loaded again";
        Reload: "Recharger la page", "Load the page again";
    }
}

#[cfg(test)]
mod tests {
    use colloque_kit::{Locale, Text};

    use super::*;

    #[test]
    fn both_languages_have_the_same_places() {
        for text in Msg::ALL {
            assert!(colloque_kit::text::places_agree(*text), "{text:?}");
        }
    }

    #[test]
    fn french_sentences_are_short() {
        for text in Msg::ALL {
            for sentence in text.in_locale(Locale::French).split(['.', '?', '!']) {
                assert!(sentence.split_whitespace().count() <= 20, "{text:?}: {sentence}");
            }
        }
    }
}
