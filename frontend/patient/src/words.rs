//! What the page says outside of faults: short sentences, everyday words.

use colloque_web::texts;

texts! {
    /// Texts of the patient's screens.
    pub enum Msg {
        TitleWelcome: "Consultation vidéo", "Video consultation";
        TitleCheck: "Vérification – Consultation vidéo", "Checks – Video consultation";
        TitleWaiting: "En attente – Consultation vidéo", "Waiting – Video consultation";
        TitleCalled: "Le médecin vous appelle – Consultation vidéo", "The doctor is calling – Video consultation";
        TitleCall: "En consultation – Consultation vidéo", "In consultation – Video consultation";
        TitleEnded: "Terminée – Consultation vidéo", "Over – Video consultation";
        TitleFault: "Un problème – Consultation vidéo", "A problem – Video consultation";

        Opening: "Un instant…", "One moment…";
        OpeningBody: "Nous préparons votre consultation.", "We are preparing your consultation.";
        CannotSeeQuestion: "Je ne vois pas la question", "I cannot see the question";

        CodeTitle: "Entrez votre code", "Enter your code";
        CodeByEmail: "Nous l'avons envoyé par e-mail à {0}.", "We sent it by e-mail to {0}.";
        CodeBySms: "Nous l'avons envoyé par SMS au {0}.", "We sent it by text message to {0}.";
        CodeByTotp: "Ouvrez votre application de codes.", "Open your code application.";
        CodeLabel: "Code à six chiffres", "Six-digit code";
        CodeSubmit: "Continuer", "Continue";
        CodeResend: "Renvoyer un code", "Send another code";
        CodeResent: "Un nouveau code est parti.", "A new code is on its way.";
        CodeWrong: "Ce code n'est pas le bon. Vérifiez les chiffres.", "This code is not right. Check the digits.";
        CodeShort: "Le code a six chiffres.", "The code has six digits.";
        CodeOver: "Ce code ne sert plus. Demandez-en un autre.", "This code no longer works. Ask for another.";
        CodeTooMany: "Trop d'essais. Attendez {0} s.", "Too many tries. Wait {0} s.";
        CodeNotSent: "La réponse n'est pas arrivée. Réessayez.", "No answer came. Try again.";
        CodeWhy: "Ce code prouve que c'est bien vous.", "This code proves that it is you.";

        CheckTitle: "On vérifie ensemble", "Let us check together";
        CheckYou: "Vous êtes {0}", "You are {0}";
        NotMe: "Ce n'est pas moi", "This is not me";
        CheckCamera: "Caméra", "Camera";
        CheckCameraGood: "On vous voit", "We can see you";
        CheckCameraNone: "Sans image", "No picture";
        CheckMicrophone: "Micro", "Microphone";
        CheckMicrophoneSay: "Dites bonjour…", "Say hello…";
        CheckMicrophoneGood: "On vous entend", "We can hear you";
        CheckMicrophoneSilent: "On ne vous entend pas encore", "We cannot hear you yet";
        CheckMicrophoneNone: "Pas de micro", "No microphone";
        CheckMicrophoneUnknown: "Branché", "Connected";
        CheckConnection: "Connexion", "Connection";
        CheckConnectionWait: "On mesure…", "Measuring…";
        CheckConnectionGood: "Bonne", "Good";
        CheckConnectionSlow: "Lente : rapprochez-vous de la box", "Slow: move closer to the router";
        CheckConnectionNone: "Coupée : vérifiez le Wi-Fi", "Cut off: check the Wi-Fi";
        SilentHelp: "Enlevez le doigt du micro. Parlez plus fort. Débranchez les écouteurs.", "Take your finger off the microphone. Speak louder. Unplug the earphones.";
        OtherMicrophone: "Choisir un autre micro", "Choose another microphone";
        ListenSound: "Écouter un son", "Play a sound";
        HeardSound: "Vous avez entendu la musique ?", "Did you hear the music?";
        Yes: "Oui", "Yes";
        No: "Non", "No";
        NoSoundHelp: "Appuyez sur le bouton + du téléphone. Coupez le mode silencieux. Éteignez le Bluetooth.", "Press the + button of the phone. Switch off silent mode. Switch off Bluetooth.";
        SoundGood: "Vous entendez bien.", "You hear well.";
        WithoutBoth: "Vous continuez sans caméra ni micro. Le médecin ne pourra ni vous voir ni vous entendre.", "You go on without camera or microphone. The doctor will neither see nor hear you.";
        FlipCamera: "Tourner la caméra", "Turn the camera round";
        ConsentTitle: "Avant d'entrer", "Before you enter";
        ConsentRemote: "Cette consultation se fait à distance, par vidéo.", "This consultation takes place at a distance, by video.";
        ConsentRecording: "Ni l'image ni le son ne sont enregistrés.", "Neither picture nor sound is recorded.";
        ConsentPresence: "Le médecin peut vous demander de venir au cabinet.", "The doctor may ask you to come to the practice.";
        ConsentStop: "Vous pouvez arrêter quand vous voulez.", "You may stop whenever you want.";
        ConsentWithdrawn: "Votre accord est retiré.", "Your agreement is withdrawn.";
        WithdrawConsent: "Je retire mon accord", "I withdraw my agreement";
        ConsentEnter: "J'accepte et j'entre dans la salle d'attente", "I agree and enter the waiting room";

        WaitingTitle: "Vous êtes dans la salle d'attente.", "You are in the waiting room.";
        WaitingBody: "Le médecin est prévenu. Gardez cette page ouverte.", "The doctor has been told. Keep this page open.";
        WaitingDelay: "Retard annoncé : {0} minutes.", "Delay announced: {0} minutes.";
        WaitingDelayOver: "Il n'y a plus de retard annoncé.", "There is no delay announced any more.";
        WaitingLong: "Le médecin n'a pas encore répondu.", "The doctor has not answered yet.";
        NotifyAgain: "Prévenir à nouveau", "Tell the doctor again";
        Notified: "C'est fait. Le médecin est prévenu à nouveau.", "Done. The doctor has been told again.";
        WaitingCut: "Connexion coupée. Nous vous reconnectons…", "Connection cut. We are reconnecting you…";
        YourDoctor: "Votre médecin", "Your doctor";
        Here: "Le médecin est connecté.", "The doctor is connected.";
        VerifiedBy: "Identité vérifiée par {0}", "Identity verified by {0}";
        Rpps: "Numéro RPPS", "RPPS number";
        ByPassword: "mot de passe", "password";
        ByTotp: "code à usage unique", "single-use code";
        ByPasskey: "clé d'accès", "passkey";
        ByLink: "lien personnel", "personal link";
        ByEmail: "code par e-mail", "code by e-mail";
        BySms: "code par SMS", "code by text message";
        And: " et ", " and ";
        Leave: "Quitter", "Leave";

        CalledTitle: "Le médecin vous appelle.", "The doctor is calling you.";
        CalledBody: "La consultation commence toute seule.", "The consultation starts by itself.";
        CalledBodyHeld: "Appuyez pour commencer.", "Press to start.";
        Answer: "Répondre", "Answer";

        CallAnnounce: "Vous êtes en consultation avec {0}.", "You are in consultation with {0}.";
        Microphone: "Micro", "Mic";
        Messages: "Messages", "Messages";
        Enlarge: "En grand, en dessins", "Large, as drawings";
        Prepare: "Préparer la consultation", "Prepare the consultation";
        MicrophoneOff: "Couper le micro", "Mute the mic";
        MicrophoneOn: "Remettre le micro", "Unmute the mic";
        Camera: "Caméra", "Camera";
        CameraOff: "Couper la caméra", "Switch the camera off";
        CameraOn: "Remettre la caméra", "Switch the camera on";
        Flip: "Tourner", "Turn";
        FlipLong: "Tourner la caméra", "Turn the camera round";
        Muted: "Micro coupé : le médecin ne vous entend pas.", "Mic muted: the doctor cannot hear you.";
        Unseen: "Caméra coupée : le médecin ne vous voit pas.", "Camera off: the doctor cannot see you.";
        MutedShort: "Micro coupé.", "Mic muted.";
        Unmuted: "Micro activé.", "Mic on.";
        CameraOffShort: "Caméra coupée.", "Camera off.";
        CameraFront: "Caméra activée, caméra avant.", "Camera on, front camera.";
        CameraRear: "Caméra activée, caméra arrière.", "Camera on, rear camera.";
        Connecting: "L'image du médecin arrive…", "The doctor's picture is coming…";
        RemoteCameraOff: "Le médecin a coupé sa caméra.", "The doctor switched the camera off.";
        RemoteMuted: "Le médecin a coupé son micro.", "The doctor muted the mic.";
        RemoteBothOff: "Le médecin a coupé sa caméra et son micro.", "The doctor switched the camera and the mic off.";
        RemoteAway: "Le médecin n'est pas dans la salle. Restez ici.", "The doctor is not in the room. Stay here.";
        RemoteLost: "Le médecin a perdu la connexion. Il revient.", "The doctor lost the connection, and is coming back.";
        SoundGoesOn: "Le son continue.", "The sound goes on.";
        LinkGood: "Connexion bonne", "Good connection";
        LinkFair: "Connexion moyenne", "Fair connection";
        LinkWeak: "Connexion faible", "Weak connection";
        PausedByLink: "Connexion faible : la vidéo est en pause.", "Weak connection: the video is paused.";
        Sealed: "Chiffré de bout en bout", "End-to-end encrypted";
        SealPreparing: "Chiffrement en cours…", "Encrypting…";
        NotSealed: "Le médecin n'a pas pu vérifier votre connexion : rien ne passe. Ouvrez de nouveau le lien reçu, en entier, ou appelez.", "The doctor could not verify your connection: nothing passes. Open the link you received again, whole, or call.";
        WordsAsk: "Le médecin voit-il les mêmes mots ?", "Does the doctor see the same words?";
        WordsDiffer: "Les mots diffèrent : le son et l'image sont coupés.", "The words differ: sound and picture are cut.";
        GuestAsks: "{0} ({1}) peut participer ?", "May {0} ({1}) take part?";
        GuestIn: "{0} ({1}) participe.", "{0} ({1}) takes part.";
        GuestExpert: "autre soignant", "another practitioner";
        GuestBeside: "accompagnant", "accompanying person";
        GuestSpeaks: "interprète", "interpreter";
        GuestOut: "Je ne veux plus", "I no longer agree";
        PausedReturns: "C'est automatique. Elle reviendra toute seule.", "This is automatic. It will come back by itself.";
        PausedStays: "C'est automatique. Remettez-la quand la connexion est meilleure.", "This is automatic. Bring it back when the connection is better.";
        PausedByYou: "Vidéo mise en pause par vous.", "Video paused by you.";
        PausedByOtherLink: "La connexion du médecin est faible : la vidéo est en pause.", "The doctor's connection is weak: the video is paused.";
        PausedByOther: "Le médecin a mis la vidéo en pause.", "The doctor paused the video.";
        PicturesBack: "La vidéo est revenue.", "The video is back.";
        BringPictures: "Remettre la vidéo", "Bring the video back";
        PausePictures: "Mettre la vidéo en pause", "Pause the video";
        Blocked: "Votre réseau bloque la vidéo.", "Your network blocks the video.";
        ScreenShared: "Le médecin partage son écran.", "The doctor is sharing a screen.";
        ScreenOver: "Le médecin ne partage plus son écran.", "The doctor no longer shares a screen.";
        DocumentReady: "Le médecin vous a envoyé une ordonnance.", "The doctor sent you a prescription.";
        DocumentLater: "Vous la trouverez à la fin de la consultation.", "You will find it at the end of the consultation.";
        Reconnected: "Vous êtes reconnecté.", "You are connected again.";
        CutTitle: "Connexion coupée. Nous vous reconnectons…", "Connection cut. We are reconnecting you…";
        PausedShort: "Votre caméra et votre micro sont en pause.", "Your camera and mic are paused.";
        StillCut: "Nous n'arrivons pas à vous reconnecter.", "We cannot reconnect you.";
        CutBody: "Ne fermez pas la page.", "Do not close the page.";

        LeaveTitle: "Voulez-vous quitter la consultation ?", "Do you want to leave the consultation?";
        Stay: "Rester", "Stay";

        EndedTitle: "La consultation est terminée.", "The consultation is over.";
        LeftTitle: "Vous avez quitté la consultation.", "You left the consultation.";
        EndedBody: "Vous pouvez fermer cette page.", "You may close this page.";
        EndedDownload: "Téléchargez votre ordonnance.", "Download your prescription.";
        EndedThen: "Vous pourrez ensuite fermer cette page.", "Then you may close this page.";
        ComeBack: "Revenir à la consultation", "Back to the consultation";
        ComeBackUntil: "Vous pouvez revenir pendant dix minutes.", "You may come back within ten minutes.";
        Documents: "Vos documents", "Your documents";
        DownloadPrescription: "Télécharger l'ordonnance", "Download the prescription";
        DocumentCancelled: "Ordonnance annulée : ne l'utilisez plus.", "Prescription cancelled: do not use it any more.";
        DocumentDate: "Signée le {0}", "Issued on {0}";
        NoDocument: "Aucun document pour le moment.", "No document so far.";

        EnrolTitle: "La prochaine fois, sans attendre l'e-mail", "Next time, without waiting for the e-mail";
        EnrolOffer: "Utiliser une application de codes", "Use a code application";
        EnrolOpen: "Ouvrir mon application", "Open my application";
        EnrolKey: "Ou copiez cette clé dans votre application :", "Or copy this key into your application:";
        EnrolThen: "Tapez ensuite le code qu'elle affiche.", "Then type the code that it shows.";
        EnrolFinish: "Valider", "Confirm";
        EnrolDone: "La prochaine fois, votre application donnera le code.", "Next time, your application will give the code.";

        RehearsalGood: "Tout fonctionne.", "Everything works.";
        RehearsalGoodBody: "Revenez ici le jour du rendez-vous, avec le même lien.", "Come back on the day of the appointment, with the same link.";
        RehearsalBad: "Tout ne marche pas encore.", "Not everything works yet.";
        RehearsalDone: "Terminer l'essai", "Finish the trial";
        RehearsalAgain: "Recommencer l'essai", "Try once more";
        RehearsalBack: "Revenir à mon rendez-vous", "Back to my appointment";
    }
}
