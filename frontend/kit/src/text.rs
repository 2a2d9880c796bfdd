//! The texts that every professional page uses, in both languages.

pub use colloque_web::text::*;

colloque_web::texts! {
    /// Texts that every professional page uses.
    pub enum Msg {
        SkipToContent: "Aller au contenu", "Skip to content";
        Loading: "Chargement…", "Loading…";
        Close: "Fermer", "Close";
        Cancel: "Annuler", "Cancel";
        Retry: "Réessayer", "Try again";
        Optional: "facultatif", "optional";
        Copy: "Copier", "Copy";
        Copied: "Copié", "Copied";
        Messages: "Messages", "Messages";
        NewMessages: "Nouveaux :", "New:";
        SignOut: "Se déconnecter", "Sign out";
        Account: "Mon compte", "My account";
        Language: "Langue", "Language";
        French: "Français", "French";
        English: "Anglais", "English";

        SignInTitle: "Connexion", "Sign in";
        SignInLead: "Espace des professionnels. Vous êtes patient ? Ouvrez le lien reçu par e-mail.", "For professionals. Are you a patient? Open the link in your e-mail.";
        Email: "Adresse e-mail", "E-mail address";
        Password: "Mot de passe", "Password";
        SignIn: "Se connecter", "Sign in";
        Forgotten: "Mot de passe oublié ?", "Forgotten password?";
        ForgottenLead: "La personne qui gère les comptes de votre cabinet peut réinitialiser votre accès. Vous recevrez alors un lien par e-mail.", "The person who manages the accounts of your practice can reset your access. You will then receive a link by e-mail.";
        Or: "ou", "or";
        SignInPasskey: "Utiliser une clé d'accès", "Use a passkey";
        PasskeyHint: "Empreinte, visage, code de l'appareil ou clé de sécurité", "Fingerprint, face, device code or security key";
        PasskeyNotDone: "La clé d'accès n'a pas été utilisée. Réessayez, ou entrez votre mot de passe.", "The passkey was not used. Try again, or enter your password.";
        PasskeyUnsupported: "Ce navigateur ne connaît pas les clés d'accès.", "This browser does not know passkeys.";
        TotpTitle: "Code à six chiffres", "Six-digit code";
        TotpLead: "Ouvrez votre application d'authentification et recopiez le code affiché.", "Open your authenticator application and copy the code that it shows.";
        TotpCode: "Code", "Code";
        TotpContinue: "Continuer", "Continue";
        TotpWrong: "Ce code n'est pas le bon. Attendez le suivant, puis recopiez-le.", "This code is not right. Wait for the next one, then copy it.";
        TotpSixDigits: "Le code a six chiffres.", "The code has six digits.";
        EnrolTitle: "Protéger votre compte", "Protect your account";
        EnrolLead: "Scannez ce dessin avec une application d'authentification, puis recopiez le code qu'elle affiche.", "Scan this with an authenticator application, then copy the code that it shows.";
        EnrolQr: "Code QR à scanner avec l'application d'authentification", "QR code to scan with the authenticator application";
        EnrolByHand: "Je ne peux pas scanner", "I cannot scan";
        EnrolSecret: "Entrez cette clé dans l'application :", "Enter this key in the application:";
        OtherAccount: "Changer de compte", "Another account";
        WrongPassword: "L'adresse ou le mot de passe n'est pas le bon.", "The address or the password is not right.";

        ActivationTitle: "Activer votre compte", "Activate your account";
        ActivationLead: "Choisissez votre mot de passe. Une phrase est plus facile à retenir. Évitez les noms, les dates et les suites connues.", "Choose your password. A phrase is easier to remember. Avoid names, dates and known sequences.";
        NewPassword: "Nouveau mot de passe", "New password";
        NewPasswordHint: "Une phrase d'au moins sept mots différents. Ou au moins 12 caractères : majuscules, minuscules, chiffres et signes. Ou au moins 14 caractères de trois de ces sortes.", "A phrase of at least seven different words. Or at least 12 characters: capitals, small letters, figures and signs. Or at least 14 characters of three of these kinds.";
        NewPasswordAgain: "Le même, encore une fois", "The same, once more";
        PasswordsDiffer: "Les deux mots de passe sont différents.", "The two passwords differ.";
        PasswordTooShort: "Le mot de passe a moins de 12 caractères.", "The password has fewer than 12 characters.";
        Activate: "Activer le compte", "Activate the account";
        ActivationUnknown: "Ce lien d'activation ne sert plus. Demandez-en un autre à l'administrateur de votre cabinet.", "This activation link no longer serves. Ask the administrator of your practice for another.";
        ActivationIncomplete: "Le lien n'est pas complet. Ouvrez-le depuis le message reçu.", "The link is not complete. Open it from the message that you received.";

        SessionOver: "Votre session est terminée. Reconnectez-vous : rien n'est perdu.", "Your session is over. Sign in again: nothing is lost.";
        NotYourPage: "Cette page n'est pas la vôtre", "This page is not yours";
        NotYourPageLead: "Votre rôle ne donne pas accès à cette page.", "Your role does not give access to this page.";
        GoToYours: "Aller à ma page", "Go to my page";
        ServiceAway: "Le service ne répond pas", "The service does not answer";

        AccountTitle: "Mon compte", "My account";
        Passkeys: "Clés d'accès", "Passkeys";
        PasskeysLead: "Une clé d'accès remplace le mot de passe et le code. Elle reste sur votre appareil.", "A passkey replaces the password and the code. It stays on your device.";
        NoPasskey: "Aucune clé d'accès pour le moment.", "No passkey yet.";
        PasskeyName: "Nom de la clé", "Name of the passkey";
        PasskeyNameHint: "Par exemple : ordinateur du cabinet", "For example: office computer";
        AddPasskey: "Ajouter une clé d'accès", "Add a passkey";
        PasskeyAdded: "La clé d'accès est ajoutée.", "The passkey is added.";
        PasskeyNotAdded: "La clé d'accès n'a pas été créée.", "The passkey was not created.";
        PasskeyRemoved: "La clé d'accès est supprimée.", "The passkey is removed.";
        PasskeyMade: "Créée le {0}", "Created on {0}";
        PasskeyUsed: "Dernière utilisation le {0}", "Last used on {0}";
        PasskeyNeverUsed: "Jamais utilisée", "Never used";
        Remove: "Supprimer", "Remove";
        RemovePasskeyTitle: "Supprimer cette clé d'accès ?", "Remove this passkey?";
        RemovePasskeyLead: "« {0} » ne permettra plus de se connecter.", "“{0}” will no longer sign in.";
        TotpSection: "Application d'authentification", "Authenticator application";
        TotpReplaceLead: "Vous changez de téléphone ? Reliez la nouvelle application : l'ancienne ne servira plus.", "A new phone? Link the new application: the old one will no longer serve.";
        TotpReplace: "Relier une autre application", "Link another application";
        TotpReplaced: "La nouvelle application est reliée.", "The new application is linked.";
        ReproofTitle: "Confirmez que c'est bien vous", "Confirm that it is you";
        ReproofLead: "Ce changement demande un code récent de votre application.", "This change needs a fresh code of your application.";
        SignedInUntil: "Fin de la session au plus tard : {0}.", "The session ends at the latest: {0}.";
        Administrator: "Administration", "Administration";
        Practitioner: "Praticien", "Practitioner";
        Secretary: "Secrétariat", "Secretary";
        Patient: "Patient", "Patient";
        Expert: "Autre soignant", "Another practitioner";
        AccompanyingPerson: "Accompagnant", "Accompanying person";
        Interpreter: "Interprète", "Interpreter";
        Demonstration: "Démonstration", "Demonstration";

        Sealed: "Chiffré de bout en bout", "End-to-end encrypted";
        SealedVerified: "Chiffré de bout en bout, vérifié", "End-to-end encrypted, verified";
        WordsLarge: "En grand, en dessins", "Large, as drawings";
        SealPreparing: "Chiffrement en cours…", "Encrypting…";
        SealRefused: "Appel non protégé : coupé", "Call not protected: cut";
        WordsSame: "Les mêmes", "The same";
        WordsOther: "Différents", "Different";

        ProofPassword: "mot de passe", "password";
        ProofTotp: "code à usage unique", "one-time code";
        ProofPasskey: "clé d'accès", "passkey";
        ProofLink: "lien personnel", "personal link";
        ProofEmail: "code reçu par e-mail", "code received by e-mail";
        ProofSms: "code reçu par SMS", "code received by text message";

        FailOffline: "Pas de réseau. Vérifiez la connexion, puis réessayez.", "No network. Check the connection, then try again.";
        FailTimeout: "Le service n'a pas répondu à temps. Réessayez.", "The service did not answer in time. Try again.";
        FailUnreadable: "La réponse du service n'est pas comprise. Rechargez la page.", "The service's answer was not understood. Load the page again.";
        FailMalformed: "La demande n'est pas comprise par le service. Rechargez la page.", "The service did not understand the request. Load the page again.";
        FailTooLarge: "Le texte est trop long.", "The text is too long.";
        FailInvalid: "Certaines informations manquent ou sont à corriger.", "Some information is missing or needs correction.";
        FailNotSignedIn: "Votre session est terminée.", "Your session is over.";
        FailCredentials: "Ces informations ne sont pas les bonnes.", "These credentials are not right.";
        FailAttempts: "Trop d'essais. Réessayez dans {0}.", "Too many attempts. Try again in {0}.";
        FailSecondFactor: "Un second code est demandé.", "A second code is needed.";
        FailNotFound: "Introuvable, ou pas accessible avec votre compte.", "Not found, or not available to your account.";
        FailConflict: "Cela a changé entre-temps. Rechargez, puis recommencez.", "This changed meanwhile. Load again, then start over.";
        FailState: "Ce n'est plus possible dans l'état actuel.", "This is no longer possible.";
        FailInvitation: "Ce lien ne sert plus.", "This link no longer serves.";
        FailExpired: "Le rendez-vous est passé.", "The appointment is over.";
        FailCancelled: "Le rendez-vous est annulé.", "The appointment was cancelled.";
        FailEarly: "La salle n'est pas encore ouverte.", "The room is not open yet.";
        FailCode: "Ce code n'est plus valable. Demandez-en un autre.", "This code no longer serves. Ask for another.";
        FailSecured: "Ce médicament demande un support sécurisé.", "This medicine needs a secured support.";
        FailForeign: "La demande ne vient pas de ce site. Rechargez la page.", "The request does not come from this site. Load the page again.";
        FailServer: "Un problème est survenu chez nous. Réessayez. Code {0}.", "Something failed on our side. Try again. Code {0}.";
        FailUnavailable: "Une partie du service est arrêtée. Rien n'est perdu. Réessayez dans un instant.", "A part of the service is away. Nothing is lost. Try again in a moment.";
        Seconds: "{0} secondes", "{0} seconds";
        Minutes: "{0} minutes", "{0} minutes";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_places() {
        for text in Msg::ALL {
            assert!(places_agree(*text), "{text:?}");
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
