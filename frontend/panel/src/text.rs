//! What the panel says.

colloque_web::texts! {
    /// Texts of the panel.
    pub enum Msg {
        Title: "Messages", "Messages";
        Close: "Fermer", "Close";
        Lead: "Chiffrés de bout en bout. Ils disparaissent à la fin de la consultation.", "End-to-end encrypted. They vanish at the end of the consultation.";
        NobodyThere: "Personne d'autre n'est là. Votre message partira à l'arrivée de l'autre personne.", "Nobody else is there. Your message will leave when the other person comes.";
        NotSealed: "Le chiffrement se prépare. Rien ne part avant.", "The encryption is being prepared. Nothing leaves before.";
        Empty: "Écrivez ici si le son passe mal, ou pour envoyer une photo.", "Write here if the sound is poor, or to send a photo.";
        Log: "Conversation", "Conversation";
        You: "Vous", "You";
        NewMessage: "Nouveau message.", "New message.";
        Me: "Moi", "Me";
        OnItsWay: "Envoi…", "Sending…";
        Waits: "Partira à l'arrivée de l'autre personne", "Will leave when the other person comes";
        Delivered: "Reçu", "Received";
        NotDelivered: "Non reçu", "Not received";
        Again: "Renvoyer", "Send again";
        Types: "{0} écrit", "{0} is typing";
        Line: "Votre message", "Your message";
        Send: "Envoyer", "Send";
        Live: "Lettre par lettre", "Letter by letter";
        Photo: "Photo", "Photo";
        PhotoLong: "Envoyer une photo", "Send a photo";
        PhotoOf: "Photo de {0}", "Photo from {0}";
        YourPhoto: "Votre photo", "Your photo";
        Save: "Enregistrer", "Save";
        Stop: "Arrêter", "Stop";
        Moving: "{0} %", "{0}%";
        FileFailed: "La photo n'est pas arrivée.", "The photo did not arrive.";
        FileRefused: "Ce fichier n'est pas une photo : il a été écarté.", "This file is no photo: it was discarded.";
        NoPicture: "Ce fichier n'est pas une image que cet appareil peut lire.", "This file is no picture that this device can read.";
        TooLong: "Ce texte est trop long : {0} caractères au plus.", "This text is too long: {0} characters at most.";
        TooMany: "D'autres photos sont encore en route. Attendez un instant.", "Other photos are still on their way. Wait a moment.";
        FileTooLong: "Cette photo est trop lourde.", "This photo is too heavy.";
        NobodyForFile: "Personne d'autre n'est là pour recevoir la photo.", "Nobody else is there to receive the photo.";
        Preparing: "La photo est préparée : le lieu et l'appareil en sont retirés.", "The photo is being prepared: place and device are taken out of it.";
        NotBelieved: "Quelqu'un a voulu entrer sans pouvoir prouver qui il est. Il n'est pas entré.", "Somebody wanted in and could not prove who they are. They did not come in.";
        Answers: "Réponses avant la consultation", "Answers before the consultation";
        YourAnswers: "Vos réponses", "Your answers";
        AnswersWait: "Le médecin les recevra à son arrivée.", "The doctor will receive them on arrival.";
        Change: "Modifier", "Change";
        Ask: "Préparer la consultation", "Prepare the consultation";
        AskLead: "Quelques questions, si vous voulez. Seul le médecin lira vos réponses.", "A few questions, if you like. Only the doctor will read your answers.";
        Reason: "Pourquoi consultez-vous ?", "Why do you need to see the doctor?";
        Since: "Depuis quand ?", "Since when?";
        Medicines: "Quels médicaments prenez-vous ?", "Which medicines do you take?";
        Allergies: "Avez-vous des allergies ?", "Do you have allergies?";
        Keep: "Donner au médecin", "Give to the doctor";
        DoNotAnswer: "Annuler", "Cancel";
        NoAnswer: "Écrivez au moins une réponse.", "Write at least one answer.";
        Copy: "Copier pour le dossier", "Copy for the record";
        Copied: "Copié", "Copied";
        Check: "Sommes-nous seuls ?", "Are we alone?";
        CheckLead: "Les deux mêmes mots s'affichent chez vous et chez l'autre personne. Dites-les à voix haute, ou montrez les dessins.", "The same two words are shown to you and to the other person. Say them aloud, or show the drawings.";
        CheckNothing: "Les mots ne sont pas encore là. Ils viennent avec l'autre personne.", "The words are not there yet. They come with the other person.";
        CheckDone: "Vérifié : seules les personnes présentes écoutent.", "Checked: only those present are listening.";
        Read: "Écouter les mots", "Hear the words";
        Drawings: "Les mêmes, en dessins", "The same, as drawings";
        AreSame: "L'autre personne a-t-elle les mêmes ?", "Does the other person have the same?";
        Same: "Oui, les mêmes", "Yes, the same";
        Different: "Non, différents", "No, different";
        Why: "Qui peut voir la consultation ?", "Who can see the consultation?";
    }
}
