//! Texts of the journal and of the people.

colloque_kit::texts! {
    /// Texts of the journal and of the people.
    pub enum Msg {
        TitleJournal: "Journal des connexions – Colloque", "Connection journal – Colloque";
        TitleStaff: "Utilisateurs – Colloque", "People – Colloque";
        TitleAccount: "Mon compte – Colloque", "My account – Colloque";
        Journal: "Journal des connexions", "Connection journal";
        PlaceJournal: "Journal", "Journal";
        Staff: "Utilisateurs", "People";
        UnknownPage: "Cette page n'existe pas", "This page does not exist";
        ToJournal: "Voir le journal", "See the journal";

        Recorded: "Votre consultation de ce journal est enregistrée.", "Your reading of this journal is recorded.";
        Filters: "Filtres", "Filters";
        Period: "Période", "Period";
        PeriodDay: "24 heures", "24 hours";
        PeriodWeek: "7 jours", "7 days";
        PeriodMonth: "30 jours", "30 days";
        PeriodAll: "Tout", "All";
        PeriodDays: "Jours choisis", "Chosen days";
        From: "Du", "From";
        Until: "Au", "To";
        Person: "Personne", "Person";
        AnyPerson: "Toutes", "Everybody";
        Kind: "Événement", "Event";
        AnyKind: "Tous", "All";
        OutcomeLabel: "Résultat", "Outcome";
        AnyOutcome: "Tous", "All";
        Success: "Réussi", "Success";
        Refused: "Refusé", "Refused";
        Failed: "Échec", "Failed";
        Apply: "Filtrer", "Filter";
        Reset: "Effacer les filtres", "Clear the filters";
        Export: "Exporter en CSV", "Export as CSV";
        ZoneHint: "Heures de Paris", "Paris time";

        Number: "N°", "No.";
        When: "Date et heure", "Date and time";
        Actor: "Acteur", "Actor";
        Event: "Événement", "Event";
        Consultation: "Consultation", "Consultation";
        Origin: "Adresse", "Address";
        Unknown: "inconnu", "unknown";
        LineCount: "Événements affichés : {0}.", "Events shown: {0}.";
        LineCountEnd: "Événements affichés : {0}. Fin de la période.", "Events shown: {0}. End of the period.";
        Empty: "Aucun événement ne correspond.", "No event matches.";
        Widen: "Élargir la période", "Widen the period";
        NextPage: "Événements plus anciens", "Older events";
        FirstPage: "Revenir aux plus récents", "Back to the newest";
        Stale: "Données de {0}. {1}", "Data of {0}. {1}";
        OpenDetail: "Détail de l'événement {0}", "Detail of event {0}";
        FilterPerson: "Voir ses événements", "See their events";

        Detail: "Événement {0}", "Event {0}";
        Fields: "Données enregistrées", "Recorded data";
        Related: "Même consultation", "Same consultation";
        NoRelated: "Aucun autre événement.", "No other event.";
        PreciseTime: "{0} (Paris) · {1} (UTC)", "{0} (Paris) · {1} (UTC)";

        StaffLead: "Personnes du cabinet, leur rôle et leur droit de se connecter.", "People of the practice, their role and their right to sign in.";
        Invite: "Inviter une personne", "Invite a person";
        Name: "Nom", "Name";
        Role: "Rôle", "Role";
        State: "État", "State";
        Proofs: "Protection", "Protection";
        LastSignIn: "Dernière connexion", "Last sign-in";
        Never: "jamais", "never";
        Active: "Actif", "Active";
        Invited: "Invité", "Invited";
        Inactive: "Désactivé", "Deactivated";
        Totp: "code", "code";
        PasskeyCount: "clés d'accès : {0}", "passkeys: {0}";
        NoProof: "aucune", "none";
        Actions: "Actions", "Actions";
        You: "vous", "you";

        FamilyName: "Nom de famille", "Family name";
        GivenName: "Prénom", "Given name";
        Email: "Adresse e-mail", "E-mail address";
        RolePractitioner: "Praticien", "Practitioner";
        RoleSecretary: "Secrétaire", "Secretary";
        RoleAdministrator: "Administrateur", "Administrator";
        Title: "Titre", "Title";
        Profession: "Profession", "Profession";
        Specialty: "Spécialité", "Specialty";
        Rpps: "Numéro RPPS", "RPPS number";
        RppsHint: "11 chiffres", "11 digits";
        SendInvitation: "Envoyer l'invitation", "Send the invitation";
        Missing: "À remplir.", "To be filled in.";
        WrongEmail: "L'adresse n'est pas complète.", "The address is not complete.";
        WrongRpps: "Le numéro RPPS a 11 chiffres.", "The RPPS number has 11 digits.";
        ActivationSent: "Un lien d'activation a été envoyé à {0}.", "An activation link was sent to {0}.";
        ActivationOnce: "Il sert une seule fois, pendant 7 jours. Personne d'autre ne le voit.", "It serves once, for 7 days. Nobody else sees it.";

        ChangeRole: "Changer le rôle", "Change the role";
        ChangeRoleTitle: "Changer le rôle de {0}", "Change the role of {0}";
        ChangeRoleLead: "Ses sessions ouvertes seront fermées.", "Open sessions will be closed.";
        Save: "Enregistrer", "Save";
        Deactivate: "Désactiver", "Deactivate";
        DeactivateTitle: "Désactiver {0} ?", "Deactivate {0}?";
        DeactivateLead: "Cette personne ne pourra plus se connecter. Ses sessions seront fermées.", "This person can no longer sign in. Their sessions will be closed.";
        Reactivate: "Réactiver", "Reactivate";
        ResetAccess: "Réinitialiser", "Reset";
        ResetTitle: "Réinitialiser l'accès de {0} ?", "Reset the access of {0}?";
        ResetLead: "Son mot de passe, son code et ses clés d'accès seront supprimés. Un lien d'activation sera envoyé à son adresse e-mail.", "Password, code and passkeys will be removed. An activation link will be sent to their e-mail address.";
        For: "{0} – {1}", "{0} – {1}";
        Done: "C'est fait.", "Done.";
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
