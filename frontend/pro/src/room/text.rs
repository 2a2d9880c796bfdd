//! Texts of the consultation.

colloque_kit::texts! {
    /// Texts of the consultation.
    pub enum Msg {
        Title: "Consultation", "Consultation";
        With: "Consultation avec {0}", "Consultation with {0}";
        Stage: "Vidéo", "Video";
        SideTabs: "Dossier de la consultation", "Consultation file";
        Notes: "Notes", "Notes";
        Prescription: "Ordonnance", "Prescription";
        Documents: "Documents", "Documents";
        Resize: "Largeur de la vidéo", "Width of the video";

        Connecting: "Connexion à la salle…", "Connecting to the room…";
        BeforeTitle: "Avant de faire entrer", "Before admitting";
        NotArrived: "Le patient n'est pas encore arrivé.", "The patient has not arrived yet.";
        NotReceived: "Vous n'avez pas reçu le patient. Il a lu que le cabinet va l'appeler.", "You did not receive the patient, who read that the practice will call.";
        NotArrivedLead: "Il apparaîtra ici dès qu'il sera dans la salle d'attente. Vous pouvez déjà préparer vos notes.", "They will appear here once in the waiting room. You can already prepare your notes.";
        Identity: "Identité", "Identity";
        BirthName: "Nom de naissance", "Birth name";
        UsedName: "Nom utilisé", "Name used";
        FirstNames: "Prénoms", "First names";
        Born: "Naissance", "Birth";
        Sex: "Sexe", "Sex";
        SeenAs: "Se présente comme", "Presents as";
        VerifiedBy: "Vérifié par", "Verified by";
        Consent: "Consentement", "Consent";
        ConsentGiven: "donné le {0}", "given on {0}";
        ConsentMissing: "pas encore donné", "not given yet";
        Devices: "Matériel", "Devices";
        RearCamera: "Le patient utilise la caméra arrière.", "The patient uses the rear camera.";
        Admit: "Faire entrer", "Admit";
        Admitting: "Ouverture de la salle…", "Opening the room…";
        Refuse: "Ne pas recevoir", "Do not receive";
        RefuseTitle: "Ne pas recevoir ce patient maintenant ?", "Not receive this patient now?";
        RefuseLead: "Le patient verra que le cabinet va le rappeler.", "The patient will read that the practice calls back.";
        PatientGone: "Le patient a quitté la salle d'attente (il y a {0}). Il peut revenir.", "The patient left the waiting room ({0} ago). They can come back.";
        OwnView: "Votre image", "Your picture";

        SayInCall: "Vous êtes en consultation avec {0}.", "You are in consultation with {0}.";
        SayBack: "Vous êtes reconnecté.", "You are reconnected.";
        SayEnded: "La consultation est terminée.", "The consultation is over.";
        SayPatientLost: "{0} a perdu la connexion.", "{0} lost the connection.";
        SayPatientLeft: "{0} a quitté la consultation.", "{0} left the consultation.";
        SayPatientBack: "{0} est de retour.", "{0} is back.";
        SayCameraOff: "La caméra du patient est coupée.", "The patient's camera is off.";
        SayCameraOn: "Le patient a remis sa caméra.", "The patient switched their camera on.";
        SayMicrophoneOff: "Le micro du patient est coupé.", "The patient's microphone is off.";
        SayMicrophoneOn: "Le patient a remis son micro.", "The patient switched their microphone on.";

        Reconnecting: "Connexion coupée. Nous vous reconnectons…", "Connection lost. Reconnecting…";
        ReconnectingLead: "Gardez cette page ouverte. Vos notes restent ici.", "Keep this page open. Your notes stay here.";
        Retry: "Réessayer", "Try again";
        PausedForSafety: "Par sécurité, votre caméra et votre micro sont en pause. Ils repartent dès que la connexion revient.", "For safety, your camera and microphone are paused. They start again when the connection is back.";
        MediaConnecting: "Connexion de la vidéo…", "Connecting the video…";
        MediaBlocked: "Votre réseau bloque la vidéo. Vos notes restent enregistrées.", "Your network blocks the video. Your notes are still saved.";
        MediaInterrupted: "La vidéo est interrompue. Nous la rétablissons…", "The video is interrupted. Restoring it…";
        TapToHear: "Le navigateur retient le son.", "The browser holds the sound back.";
        TapToHearAct: "Activer le son", "Turn the sound on";
        PatientLost: "{0} a perdu la connexion (il y a {1}). Le patient peut revenir.", "{0} lost the connection ({1} ago). The patient can come back.";
        PatientLeft: "{0} a quitté la consultation. Le patient peut revenir avec le même lien.", "{0} left the consultation. The patient can come back with the same link.";
        PatientNotHere: "{0} n'est pas là en ce moment. Le patient peut revenir avec le même lien.", "{0} is not here now. The patient can come back with the same link.";
        CallByPhone: "Appeler au téléphone", "Call by telephone";
        ResendLink: "Renvoyer le lien", "Send the link again";
        LinkResent: "Le lien est renvoyé.", "The link is sent again.";
        LinkQueued: "L'envoi du lien est réessayé automatiquement.", "Sending the link is tried again by itself.";
        PatientCameraOff: "La caméra du patient est coupée. Le son continue.", "The patient's camera is off. The sound goes on.";
        PatientBothOff: "La caméra et le micro du patient sont coupés.", "The patient's camera and microphone are off.";
        PatientMicrophoneOff: "Micro du patient coupé", "The patient's microphone is off";
        OwnMicrophoneOff: "Micro coupé : le patient ne vous entend pas", "Microphone off: the patient cannot hear you";
        OwnCameraOff: "Caméra coupée : le patient ne vous voit pas", "Camera off: the patient cannot see you";
        PatientLink: "Connexion du patient : {0}", "Patient's connection: {0}";
        PatientFrozen: "Image du patient interrompue", "Patient's picture interrupted";
        OwnLink: "Votre connexion : {0}", "Your connection: {0}";
        LinkGood: "bonne", "good";
        LinkFair: "moyenne", "fair";
        LinkWeak: "faible", "weak";
        CauseLoss: "pertes {0} %", "losses {0} %";
        CauseRate: "débit {0} kbit/s", "rate {0} kbit/s";
        CauseDelay: "délai {0} ms", "delay {0} ms";
        CauseLongDelay: "délai de plus de 2 s", "delay of more than 2 s";
        PausedByLink: "Votre connexion est faible : la vidéo est en pause. Le son continue.", "Your connection is weak: the video is paused. The sound goes on.";
        PausedReturns: "C'est automatique. Elle reviendra toute seule.", "This is automatic. It comes back by itself.";
        PausedStays: "C'est automatique. Remettez-la quand la connexion est meilleure.", "This is automatic. Bring it back when the connection is better.";
        PausedByYou: "Vidéo mise en pause par vous. Le son continue.", "Video paused by you. The sound goes on.";
        PausedByPatientLink: "La connexion du patient est faible : la vidéo est en pause automatiquement. Le son continue.", "The patient's connection is weak: the video is paused automatically. The sound goes on.";
        PausedByPatient: "Le patient a mis la vidéo en pause. Le son continue.", "The patient paused the video. The sound goes on.";
        PausedPicture: "Vidéo en pause. Le son continue.", "Video paused. The sound goes on.";
        WeakLink: "Votre connexion est faible.", "Your connection is weak.";
        BringPictures: "Remettre la vidéo", "Bring the video back";
        PausePictures: "Mettre la vidéo en pause", "Pause the video";
        SayPicturesBack: "La vidéo est revenue.", "The video is back.";
        WordsAskOther: "Le patient n'est pas venu par le lien que vous avez remis. Dites-lui vos deux mots. Voit-il les mêmes ?", "The patient did not come by the link that you handed over. Say your two words. Do they see the same?";
        WordsAsk: "Dites vos deux mots au patient. Voit-il les mêmes ?", "Say your two words to the patient. Do they see the same?";
        WordsDiffer: "Les mots diffèrent : quelqu'un pourrait écouter. Le son et l'image sont coupés. Appelez le patient.", "The words differ: somebody may be listening. Sound and picture are cut. Call the patient.";
        CannotSeal: "Ce navigateur ne peut pas chiffrer l'appel de bout en bout. Rien n'est envoyé. Mettez-le à jour.", "This browser cannot encrypt the call end to end. Nothing is sent. Update it.";
        Elapsed: "Durée {0}", "Length {0}";
        Fill: "Recadrer l'image", "Crop the picture";
        Fit: "Image entière", "Whole picture";

        Bar: "Commandes de l'appel", "Call controls";
        Microphone: "Micro", "Microphone";
        Camera: "Caméra", "Camera";
        Share: "Partager l'écran", "Share the screen";
        StopShare: "Arrêter le partage", "Stop sharing";
        End: "Terminer", "End";
        On: "activé", "on";
        OnCamera: "activée", "on";
        Off: "coupé", "off";
        OffCamera: "coupée", "off";
        SayMicOn: "Micro activé.", "Microphone on.";
        SayMicOff: "Micro coupé.", "Microphone off.";
        SayCamOn: "Caméra activée.", "Camera on.";
        SayCamOff: "Caméra coupée.", "Camera off.";
        Sharing: "Le patient voit votre écran", "The patient sees your screen";
        SayShare: "Vous partagez votre écran.", "You share your screen.";
        SayShareStopped: "Le partage d'écran est arrêté.", "Screen sharing has stopped.";
        ShareScreenTitle: "Partager tout l'écran ?", "Share the whole screen?";
        ShareScreenLead: "Tout votre écran sera visible, y compris d'autres dossiers.", "Your whole screen will be visible, other files included.";
        ShareAnyway: "Partager tout l'écran", "Share the whole screen";
        ShareOther: "Choisir une fenêtre", "Choose a window";
        ShareFailed: "Le partage d'écran n'a pas commencé.", "Screen sharing did not start.";

        CaptureNotAllowed: "La caméra et le micro ne sont pas autorisés. Cliquez sur l'icône à gauche de l'adresse, puis autorisez-les.", "Camera and microphone are not allowed. Click the icon left of the address, then allow them.";
        CaptureForbidden: "L'ordinateur interdit la caméra ou le micro au navigateur. Ouvrez les réglages de confidentialité.", "The computer forbids camera or microphone to the browser. Open its privacy settings.";
        CaptureNotFound: "Aucune caméra ni micro trouvés. Branchez-les, puis réessayez.", "No camera or microphone found. Plug them in, then try again.";
        CaptureInUse: "La caméra est utilisée par une autre application. Fermez-la, puis réessayez.", "The camera is in use by another application. Close it, then try again.";
        CaptureUnsupported: "Ce navigateur ne peut pas utiliser la caméra.", "This browser cannot use the camera.";
        MicrophoneAlone: "Pas de caméra : le patient vous entend sans vous voir.", "No camera: the patient hears you without seeing you.";
        MicrophoneUnplugged: "Votre micro a été débranché.", "Your microphone was unplugged.";
        CameraUnplugged: "Votre caméra a été débranchée.", "Your camera was unplugged.";

        EndTitle: "Terminer la consultation", "End the consultation";
        EndLead: "Terminer ferme la salle pour tous. Quitter laisse le patient y revenir pendant dix minutes.", "Ending closes the room for everybody. Leaving lets the patient come back for ten minutes.";
        Stay: "Rester", "Stay";
        EndForAll: "Terminer pour tous", "End for everybody";
        LeaveOpen: "Quitter, laisser la salle ouverte", "Leave, keep the room open";
        EndNotDone: "Ce n'est pas fait : l'enregistrement a échoué. Réessayez.", "Not done: it could not be recorded. Try again.";
        NotDoneNobody: "Le patient n'est pas là en ce moment.", "The patient is not there now.";
        NotDoneOther: "Cela n'a pas été fait. Réessayez.", "This was not done. Try again.";

        EndedTitle: "La consultation est terminée", "The consultation is over";
        LeftTitle: "Vous avez quitté la salle", "You left the room";
        LeftLead: "La salle reste ouverte.", "The room stays open.";
        RefusedTitle: "Le patient est prévenu", "The patient is told";
        RefusedLead: "Pensez à le rappeler.", "Remember to call back.";
        ElsewhereTitle: "La consultation continue sur un autre appareil", "The consultation goes on on another device";
        ContinueHere: "Continuer ici", "Continue here";
        AlreadyElsewhere: "Vous êtes déjà dans cette consultation sur un autre appareil.", "You are already in this consultation on another device.";
        ChangedTitle: "Le rendez-vous a été déplacé ou annulé", "The appointment was moved or cancelled";
        StoppingTitle: "Le service redémarre", "The service restarts";
        StoppingLead: "Nous vous reconnectons dans un instant.", "You are reconnected in a moment.";
        GivenUpTitle: "La connexion est perdue", "The connection is lost";
        SignedOutTitle: "Votre session a pris fin", "Your session has ended";
        SignedOutLead: "Connectez-vous de nouveau pour continuer.", "Sign in again to go on.";
        ComeBack: "Revenir à la consultation", "Back to the consultation";
        NotAdmittedTitle: "La salle n'est pas accessible", "The room is not available";
        TooEarly: "La salle n'est pas encore ouverte. Elle ouvre trente minutes avant le rendez-vous.", "The room is not open yet. It opens thirty minutes before the appointment.";
        TooLate: "Le temps du rendez-vous est passé.", "The appointment's time is over.";
        OverAlready: "Cette consultation est déjà terminée.", "This consultation is over already.";
        ServerFull: "Le service est très demandé. Nous réessayons.", "The service is very busy. Trying again.";
        WrongVersion: "Une nouvelle version est en place. Rechargez la page.", "A new version is in place. Load the page again.";
        OtherRefusal: "Le service ne vous laisse pas entrer. Nous réessayons, ou rechargez la page.", "The service does not let you in. Trying again, or load the page again.";
        CannotSign: "Le navigateur a perdu sa clé. Rechargez la page.", "The browser lost its key. Load the page again.";
        Reload: "Recharger la page", "Load the page again";
        CancelledTitle: "Ce rendez-vous est annulé", "This appointment is cancelled";

        Summary: "Résumé", "Summary";
        SummaryPatient: "Patient", "Patient";
        SummaryHour: "Rendez-vous", "Appointment";
        SummaryLength: "Durée", "Length";
        SummaryNotes: "Notes", "Notes";
        SummaryNotesSaved: "enregistrées à {0}", "saved at {0}";
        SummaryNoNotes: "aucune", "none";
        SummaryDocuments: "Ordonnances", "Prescriptions";
        SummaryNoDocument: "aucune", "none";
        SummaryOneDocument: "une remise", "one issued";
        SummaryDocumentCount: "{0} remises", "{0} issued";
        NotHeld: "pas tenue", "not held";
        NextPatient: "Patient suivant", "Next patient";
        NobodyNext: "Personne n'attend.", "Nobody waits.";
        BackToDay: "Retour à la journée", "Back to the day";

        NotesLabel: "Notes de consultation", "Consultation notes";
        NotesHint: "Pour le dossier : le patient ne les voit pas ici. Enregistrées toutes les deux secondes.", "For the record: the patient does not see them here. Saved every two seconds.";
        NotesEmpty: "Rien à enregistrer", "Nothing to save";
        NotesSaved: "Enregistré à {0}", "Saved at {0}";
        NotesSaving: "Enregistrement…", "Saving…";
        NotesUnsaved: "Modifications à enregistrer", "Changes to save";
        NotesOffline: "Non enregistré – hors ligne (gardé sur ce poste)", "Not saved – offline (kept on this computer)";
        NotesOfflineMemory: "Non enregistré – hors ligne (gardé dans cette page seulement)", "Not saved – offline (kept in this page only)";
        NotesRefused: "Non enregistré – {0}", "Not saved – {0}";
        NotesTooLong: "Trop long : {0} signes sur {1}", "Too long: {0} of {1} characters";
        NotesConflict: "Ces notes ont été modifiées sur un autre poste.", "These notes were changed on another computer.";
        NotesTheirs: "L'autre version, enregistrée à {0}", "The other version, saved at {0}";
        NotesKeepMine: "Garder mon texte", "Keep my text";
        NotesTakeTheirs: "Prendre l'autre version", "Take the other version";
        NotesBoth: "Garder les deux", "Keep both";
        NotesRecovered: "Le texte non enregistré de ce poste a été retrouvé.", "The unsaved text of this computer was found again.";

        DocumentsEmpty: "Aucun document pour ce patient.", "No document for this patient.";
        DocumentPrescription: "Ordonnance", "Prescription";
        DocumentVersion: "version {0}", "version {0}";
        DocumentIssued: "Remise le {0}", "Issued on {0}";
        DocumentRead: "Lue par le patient le {0}", "Read by the patient on {0}";
        DocumentUnread: "Pas encore ouverte par le patient", "Not opened by the patient yet";
        DocumentCancelled: "Annulée le {0} : {1}", "Cancelled on {0}: {1}";
        DocumentReplaced: "Remplacée le {0}", "Replaced on {0}";
        DocumentHere: "Cette consultation", "This consultation";
        OpenPdf: "Ouvrir le PDF", "Open the PDF";
        NewTab: "nouvel onglet", "new tab";
        CancelDocument: "Annuler l'ordonnance", "Cancel the prescription";
        CancelShort: "Annuler", "Cancel";
        ReplaceShort: "Remplacer", "Replace";
        CancelDocumentLead: "Qui l'ouvre lira qu'elle n'est plus valable. Mais personne n'est prévenu : appelez le patient.", "Whoever opens it reads that it is no longer valid. But nobody is told: call the patient.";
        KeepDocument: "La garder", "Keep it";
        CancelReason: "Motif", "Reason";
        CancelReasonHint: "De 3 à 500 signes", "From 3 to 500 characters";
        CancelReasonMissing: "Écrivez le motif, 3 signes au moins.", "Write the reason, at least 3 characters.";
        DocumentCancelDone: "L'ordonnance est annulée.", "The prescription is cancelled.";

        GuestInvite: "Inviter", "Invite";
        GuestTitle: "Inviter une autre personne", "Invite another person";
        GuestLead: "Un interprète, un proche ou un autre soignant rejoint cette consultation. Le patient devra être d'accord, et c'est vous qui faites entrer.", "An interpreter, a relative or another practitioner joins this consultation. The patient has to agree, and it is you who admit.";
        GuestName: "Nom", "Name";
        GuestNameHint: "Tous le liront pendant la consultation.", "Everybody reads it during the consultation.";
        GuestNameMissing: "Écrivez le nom de cette personne.", "Write this person's name.";
        GuestRole: "Participe comme", "Takes part as";
        GuestSubmit: "Créer le lien", "Make the link";
        GuestInvited: "Le lien pour {0} est prêt.", "The link for {0} is ready.";
        GuestLink: "Lien à transmettre", "Link to hand over";
        GuestLinkLead: "Transmettez-le à cette personne seule. Il sert dans un seul navigateur, jusqu'à la fin de la consultation. Il ne sera plus affiché.", "Hand it to this person alone. It works in one browser, until the consultation ends. It will not be shown again.";
        GuestWaits: "{0} ({1}) attend. Le patient n'a pas encore donné son accord.", "{0} ({1}) is waiting. The patient has not agreed yet.";
        GuestDeclined: "Le patient ne souhaite pas la présence de {0} ({1}).", "The patient does not want {0} ({1}) to be present.";
        GuestMayEnter: "{0} ({1}) attend. Le patient est d'accord.", "{0} ({1}) is waiting. The patient agrees.";
        GuestIn: "{0} ({1}) participe.", "{0} ({1}) takes part.";
        GuestDirect: "L'appareil de votre patient est ancien : son navigateur ne permet qu'une consultation à deux. Une troisième personne peut venir s'il change d'appareil ou de navigateur.", "Your patient's device is old: its browser allows a consultation of two only. A third person can come if they change device or browser.";
        GuestRefuse: "Ne pas faire entrer", "Do not admit";
        GuestRemove: "Faire sortir", "Put out";

        Shortcuts: "Raccourcis clavier", "Keyboard shortcuts";
        ShortcutsLead: "Ils fonctionnent pendant la consultation. V et F2 ne servent pas pendant que vous écrivez.", "They work during the consultation. V and F2 do not serve while you type.";
        ShortcutsOn: "Utiliser les raccourcis", "Use the shortcuts";
        ShortcutMicrophone: "Micro", "Microphone";
        ShortcutCamera: "Caméra", "Camera";
        ShortcutTalk: "Parler micro coupé, tant que la touche est tenue", "Talk while muted, as long as the key is held";
        ShortcutToolbar: "Aller aux commandes de l'appel", "Go to the call controls";
        ShortcutNotes: "Aller aux notes", "Go to the notes";
        ShortcutPrescription: "Aller à l'ordonnance", "Go to the prescription";
        ShortcutNext: "Patient suivant", "Next patient";
        ShortcutList: "Liste des raccourcis", "List of shortcuts";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_places() {
        for text in Msg::ALL {
            assert!(colloque_kit::text::places_agree(*text), "{text:?}");
        }
    }
}
