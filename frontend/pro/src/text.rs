//! Texts of the day, the queue and the workstation.

colloque_kit::texts! {
    /// Texts of the day, the queue and the workstation.
    pub enum Msg {
        TitleDay: "Ma journée – Colloque", "My day – Colloque";
        TitleRoom: "Consultation – Colloque", "Consultation – Colloque";
        TitleAccount: "Mon compte – Colloque", "My account – Colloque";
        TitleOne: "(1) Un patient attend – Colloque", "(1) A patient waits – Colloque";
        TitleMany: "({0}) Des patients attendent – Colloque", "({0}) Patients wait – Colloque";
        NotifyArrived: "Un patient est dans la salle d'attente", "A patient is in the waiting room";
        NotifyAgain: "Un patient vous appelle de nouveau", "A patient calls you again";
        SayArrived: "{0} est dans la salle d'attente.", "{0} is in the waiting room.";
        SayAgain: "{0} vous appelle de nouveau.", "{0} calls you again.";
        SomePatient: "Un patient", "A patient";

        PlaceDay: "Journée", "Day";
        UnknownPage: "Cette page n'existe pas", "This page does not exist";
        ToDay: "Voir ma journée", "See my day";

        Today: "Aujourd'hui", "Today";
        PreviousDay: "Jour précédent", "Previous day";
        NextDay: "Jour suivant", "Next day";
        ChooseDay: "Choisir un jour", "Choose a day";
        Appointments: "Rendez-vous", "Appointments";
        NoAppointment: "Aucun rendez-vous ce jour.", "No appointment on this day.";
        NewAppointment: "Nouveau rendez-vous", "New appointment";
        Minutes: "{0} min", "{0} min";

        ChipBooked: "À venir", "To come";
        ChipWaiting: "En attente depuis {0}", "Waiting for {0}";
        ChipLost: "Déconnecté depuis {0}", "Disconnected for {0}";
        ChipInProgress: "En cours", "In progress";
        ChipHeld: "Terminée", "Held";
        ChipNotReceived: "Non reçu, à rappeler", "Not received, to be called";
        ChipMissed: "Absent", "Missed";
        ChipCancelled: "Annulé", "Cancelled";
        InvitedAt: "Invitation envoyée le {0}", "Invitation sent on {0}";
        NotInvited: "Invitation à envoyer", "Invitation to send";

        Invite: "Inviter", "Invite";
        InviteAgain: "Renvoyer le lien", "Send the link again";
        Move: "Modifier", "Change";
        CancelAppointment: "Annuler", "Cancel";
        Open: "Ouvrir", "Open";
        For: "{0} – {1}", "{0} – {1}";

        BookTitle: "Nouveau rendez-vous", "New appointment";
        Practitioner: "Praticien", "Practitioner";
        AllPractitioners: "Tous les praticiens", "All practitioners";
        Patient: "Patient", "Patient";
        FindPatient: "Chercher un patient", "Find a patient";
        FindPatientHint: "Nom de naissance ou prénom", "Birth name or first name";
        FoundPatients: "Patients trouvés", "Patients found";
        NoPatientFound: "Aucun patient de ce nom.", "No patient of this name.";
        PatientsFound: "{0} patients trouvés.", "{0} patients found.";
        NewPatient: "Nouveau patient", "New patient";
        ChangePatient: "Changer", "Change";
        ExistingPatient: "Choisir un patient connu", "Choose a known patient";
        BirthName: "Nom de naissance", "Birth name";
        UsedName: "Nom utilisé", "Name used";
        UsedNameHint: "S'il est différent du nom de naissance", "When it differs from the birth name";
        FirstNames: "Prénoms de naissance", "Birth first names";
        BirthDate: "Date de naissance", "Birth date";
        BornOn: "né(e) le {0}", "born on {0}";
        BornOnShe: "née le {0}", "born on {0}";
        BornOnHe: "né le {0}", "born on {0}";
        Sex: "Sexe", "Sex";
        Female: "Féminin", "Female";
        Male: "Masculin", "Male";
        Undetermined: "Indéterminé", "Not determined";
        PatientEmail: "Adresse e-mail", "E-mail address";
        PatientEmailHint: "Reçoit l'invitation et le code", "Receives the invitation and the code";
        Phone: "Téléphone", "Telephone";
        PhoneHint: "06 12 34 56 78 ou +33 6 12 34 56 78", "06 12 34 56 78 or +33 6 12 34 56 78";
        ResetCodes: "Réinitialiser le code de l'application", "Reset the application's code";
        ResetCodesLead: "Le patient recevra ses codes par message. Ses pages ouvertes seront fermées. Un e-mail le prévient.", "The patient will get codes by message. Their open pages will be closed. An e-mail tells them.";
        ResetCodesDone: "C'est fait. Le patient est prévenu par e-mail.", "Done. The patient is told by e-mail.";
        AddPatient: "Créer le patient", "Add the patient";
        Date: "Date", "Date";
        Hour: "Heure", "Hour";
        Duration: "Durée", "Length";
        Reason: "Motif", "Reason";
        ReasonIs: "Motif : {0}", "Reason: {0}";
        ReasonHint: "Visible par le médecin et le secrétariat seulement.", "Seen by the doctor and the secretariat only.";
        Book: "Créer le rendez-vous", "Book the appointment";
        NextAppointment: "Prochain rendez-vous", "Next appointment";
        NoNextAppointment: "aucun", "none";
        Booked: "Le rendez-vous est créé.", "The appointment is booked.";
        MissingField: "À remplir.", "To be filled in.";
        MissingSex: "Choisissez le sexe du patient.", "Choose the patient's sex.";
        WrongDate: "Cette date n'existe pas.", "This date does not exist.";
        WrongHour: "Cette heure n'existe pas.", "This hour does not exist.";
        WrongEmail: "L'adresse n'est pas complète.", "The address is not complete.";
        ChoosePatientFirst: "Choisissez d'abord un patient.", "Choose a patient first.";

        MoveTitle: "Modifier le rendez-vous", "Change the appointment";
        MoveLead: "{0} garde son lien. Si l'heure change, un e-mail donne la nouvelle heure.", "{0} keeps the link. If the hour changes, an e-mail gives the new one.";
        MoveAct: "Enregistrer", "Save";
        Moved: "Le rendez-vous est modifié.", "The appointment is changed.";
        CancelTitle: "Annuler le rendez-vous ?", "Cancel the appointment?";
        CancelLead: "{0}, le {1}. Le lien du patient ne servira plus.", "{0}, on {1}. The patient's link will no longer serve.";
        CancelAct: "Annuler le rendez-vous", "Cancel the appointment";
        CancelKeep: "Le garder", "Keep it";
        Cancelled: "Le rendez-vous est annulé.", "The appointment is cancelled.";

        InviteTitle: "Invitation", "Invitation";
        InviteLead: "{0} reçoit un lien personnel. Un code lui sera demandé à l'ouverture.", "{0} receives a personal link. A code will be asked for when it is opened.";
        InviteSent: "L'invitation est envoyée à {0}.", "The invitation is sent to {0}.";
        InviteQueued: "L'envoi à {0} n'a pas encore abouti. Il est réessayé automatiquement. Vous pouvez déjà donner le lien.", "The message to {0} is not delivered yet. It is tried again by itself. You can already give the link.";
        InviteReplaces: "Les liens envoyés avant ne servent plus.", "Links sent before no longer serve.";
        InviteLink: "Lien personnel du patient", "The patient's personal link";
        InviteOnce: "Ce lien n'est montré qu'une fois. Ne le donnez qu'au patient.", "This link is shown once only. Give it to the patient only.";
        InviteProves: "Remis par vous-même (code QR, messagerie de santé), il vous prouve que la personne en ligne est celle à qui vous l'avez donné. Le lien de l'e-mail n'a pas cette preuve.", "Handed over by yourself (QR code, health messaging), it proves to you that the person on the line is the one you gave it to. The link of the e-mail lacks this proof.";
        InviteQr: "Code QR du lien du patient", "QR code of the patient's link";

        Queue: "Salle d'attente", "Waiting room";
        QueueEmpty: "Personne n'attend.", "Nobody waits.";
        QueueConnecting: "Connexion à la salle d'attente…", "Connecting to the waiting room…";
        QueueReconnecting: "Connexion coupée à {0}. La liste date de ce moment. Nous reconnectons.", "Connection lost at {0}. The list is from then. Reconnecting.";
        QueueRefused: "La salle d'attente n'est pas accessible.", "The waiting room is not available.";
        QueueStopped: "La salle d'attente n'est plus suivie ici.", "The waiting room is no longer followed here.";
        QueueRetry: "Reconnecter", "Reconnect";
        QueueLive: "En direct", "Live";
        Receive: "Recevoir", "Receive";
        Rejoin: "Rejoindre", "Join";
        WaitsFor: "attend depuis {0}", "waiting for {0}";
        InConsultation: "en consultation", "in consultation";
        LostFor: "déconnecté depuis {0}", "disconnected for {0}";
        BookedAt: "rendez-vous à {0}", "appointment at {0}";
        CameraOk: "Caméra", "Camera";
        CameraBad: "Pas de caméra", "No camera";
        MicrophoneOk: "Micro", "Microphone";
        MicrophoneBad: "Micro à vérifier", "Check the microphone";
        LinkGood: "Connexion bonne", "Good connection";
        LinkMedium: "Connexion moyenne", "Fair connection";
        LinkWeak: "Connexion faible", "Weak connection";
        LinkBlocked: "Connexion bloquée", "Connection blocked";
        NotChecked: "Matériel non vérifié", "Devices not checked";
        AnnounceDelay: "Prévenir d'un retard", "Announce a delay";
        DelayMinutes: "{0} min", "{0} min";
        DelayNone: "Annuler le retard", "Cancel the delay";
        DelayAnnounced: "Retard annoncé : {0} minutes", "Delay announced: {0} minutes";
        DelayNotDone: "Le retard n'a pas pu être annoncé.", "The delay could not be announced.";
        LessThanMinute: "moins d'une minute", "less than a minute";

        Workstation: "État du poste", "Workstation";
        Camera: "Caméra", "Camera";
        Microphone: "Micro", "Microphone";
        Sound: "Son", "Sound";
        Notifications: "Notifications", "Notifications";
        NotTested: "à tester", "to test";
        Works: "en marche", "working";
        Fails: "ne marche pas", "not working";
        SoundLocked: "bloqué jusqu'à un clic", "held back until a click";
        NotifyRefused: "refusées", "refused";
        NotifyNotAsked: "à autoriser", "to allow";
        TestWorkstation: "Tester le poste", "Test the workstation";
        Testing: "Test en cours…", "Testing…";
        SayWord: "Dites un mot…", "Say a word…";
        MicrophoneSilent: "aucun son entendu", "no sound heard";
        MicrophoneOpens: "branché, voix non testée", "plugged in, voice not tested";
        SoundOff: "coupé par vous", "switched off by you";
        TestedAt: "Testé aujourd'hui à {0}", "Tested today at {0}";
        Chime: "Sonnerie d'arrivée", "Chime of an arrival";
        ChimeSilent: "Silencieux", "Silent";
        ChimeSoft: "Doux", "Soft";
        ChimeLoud: "Fort", "Loud";
        ChimeHear: "Écouter", "Listen";
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

    #[test]
    fn titles_and_notifications_have_no_place_for_a_name() {
        use colloque_kit::{Locale, Text};
        for text in
            [Msg::TitleDay, Msg::TitleRoom, Msg::TitleAccount, Msg::TitleOne, Msg::NotifyArrived, Msg::NotifyAgain]
        {
            assert!(!text.in_locale(Locale::French).contains('{'));
        }
    }
}
