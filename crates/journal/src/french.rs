//! The journal in French, for the people who read it.

use crate::actor::Actor;
use crate::detail::Proof;
use crate::entry::{Draft, Entry};
use crate::event::{Event, Outcome};

impl Outcome {
    /// The outcome in French.
    #[must_use]
    pub const fn french(self) -> &'static str {
        match self {
            Self::Success => "réussi",
            Self::Refused => "refusé",
            Self::Failed => "échoué",
        }
    }
}

impl Actor {
    /// What the actor is called when no name may be shown.
    #[must_use]
    pub fn french(self) -> String {
        match self {
            Self::Unknown => "Personne non identifiée".to_owned(),
            Self::Platform => "Colloque".to_owned(),
            Self::Staff { staff, .. } => staff.to_string(),
            Self::Patient(pseudonym) => pseudonym.to_string(),
            Self::Guest { guest, .. } => guest.to_string(),
        }
    }
}

impl Entry {
    /// Chooses words for a connection to a room, or to the desk from which the rooms are seen.
    const fn in_room(&self, room: &'static str, desk: &'static str) -> &'static str {
        if self.draft.consultation.is_some() { room } else { desk }
    }

    /// Tells the entry as one French sentence; `actor` is the name shown for who acted.
    #[must_use]
    pub fn sentence(&self, actor: &str) -> String {
        match &self.draft.event {
            Event::ConnectionJoined { proofs, .. } => {
                let came = self.in_room("est entré dans la salle", "s’est connecté à la file d’attente");
                format!("{actor} {came}, identité vérifiée par {}.", list(proofs))
            }
            Event::ConnectionResumed { proofs, .. } => {
                let came = self.in_room("est revenu dans la salle", "est revenu à la file d’attente");
                format!("{actor} {came}, identité vérifiée par {}.", list(proofs))
            }
            Event::JoinRefused { refusal, .. } => {
                let place = self.in_room("entrer dans la salle", "se connecter à la file d’attente");
                format!("{actor} n’a pas pu {place} : {}.", refusal.french())
            }
            Event::MediaConnected { .. } => format!("Le son et l’image de {actor} passent."),
            Event::KeyAttested { .. } => {
                format!("La plateforme a attesté la clé de chiffrement de bout en bout de {actor}.")
            }
            Event::WordsCompared { .. } => format!("{actor} a comparé les mots de contrôle : ils sont identiques."),
            Event::WordsDiffered { .. } => {
                format!("{actor} a comparé les mots de contrôle : ils diffèrent, le son et l’image ont été coupés.")
            }
            Event::MediaLost { .. } => format!("Le son et l’image de {actor} ne passent plus."),
            Event::Disconnected { cause, .. } => {
                let went = self.in_room("est sorti de la salle", "s’est déconnecté de la file d’attente");
                format!("{actor} {went} : {}.", cause.french())
            }
            Event::TicketIssued { scope, .. } => format!("{actor} a reçu un billet d’entrée : {}.", scope.french()),
            Event::GuestInvited { role, .. } => {
                format!("{actor} a invité une personne à la consultation : {}.", role.french())
            }
            Event::GuestWithdrawn { .. } => format!("{actor} a repris le lien d’un invité."),
            Event::GuestLinkRefused { reason, .. } => format!("Un lien d’invité n’a pas servi : {}.", reason.french()),
            Event::GuestAgreed { .. } => format!("{actor} a accepté qu’un invité prenne part à la consultation."),
            Event::GuestDeclined { .. } => format!("{actor} a refusé qu’un invité prenne part à la consultation."),
            Event::GuestAdmitted { .. } => format!("{actor} a fait entrer un invité dans la consultation."),
            Event::GuestRemoved { .. } => format!("{actor} a écarté un invité de la consultation."),
            Event::ConsultationAdmitted {} => format!("{actor} a admis le patient : la consultation est ouverte."),
            Event::PatientRefused {} => format!("{actor} n’a pas reçu le patient."),
            Event::ConsultationEnded {} => format!("{actor} a terminé la consultation."),
            Event::ConsultationRead {} => format!("{actor} a ouvert le dossier de la consultation."),
            Event::NotesSaved { revision } => format!("{actor} a enregistré ses notes (révision {revision})."),
            Event::FirstFactorAccepted { proof } => {
                format!("{actor} a donné un premier facteur juste : {}.", proof.french())
            }
            Event::SignInSucceeded { proofs } => format!("{actor} s’est connecté par {}.", list(proofs)),
            Event::SignInFailed { stage, reason, .. } => {
                format!("{actor} n’a pas pu se connecter ({}) : {}.", stage.french(), reason.french())
            }
            Event::SignInThrottled { scope, attempts } => {
                format!("Des essais de connexion ont été freinés ({}) : {attempts}.", scope.french())
            }
            Event::SessionEnded { cause } => format!("La session de {actor} a pris fin : {}.", cause.french()),
            Event::SecondFactorConfirmed { proof } => {
                format!("{actor} a confirmé son second facteur : {}.", proof.french())
            }
            Event::AccountActivated {} => format!("{actor} a activé son compte."),
            Event::TotpEnrolled {} => format!("{actor} a installé le code à usage unique."),
            Event::PasskeyRegistered {} => format!("{actor} a ajouté une clé d’accès."),
            Event::PasskeyRemoved {} => format!("{actor} a retiré une clé d’accès."),
            Event::InvitationSent { .. } => format!("{actor} a envoyé une invitation au patient."),
            Event::InvitationRedeemed { .. } => format!("{actor} a ouvert son invitation."),
            Event::InvitationRefused { reason, .. } => format!("Une invitation n’a pas servi : {}.", reason.french()),
            Event::CodeSent { channel } => format!("Un code a été envoyé à {actor} : {}.", channel.french()),
            Event::CodeRefused { channel, reason } => {
                format!("Le code donné par {actor} a été refusé ({}) : {}.", channel.french(), reason.french())
            }
            Event::PatientVerified { proofs } => format!("{actor} a été vérifié par {}.", list(proofs)),
            Event::ConsentGiven { text_version } => {
                format!("{actor} a consenti à la téléconsultation (texte n° {text_version}).")
            }
            Event::PatientTotpEnrolled {} => format!("{actor} a installé le code à usage unique."),
            Event::PatientTotpReset {} => format!("{actor} a retiré le code à usage unique du patient."),
            Event::InvitationRequested { .. } => "Un nouveau lien a été demandé.".to_owned(),
            Event::ConsentWithdrawn {} => format!("{actor} a retiré son consentement à la téléconsultation."),
            Event::InvitationSuperseded { .. } => "Une invitation a été remplacée par une autre.".to_owned(),
            Event::PatientRecorded {} => format!("{actor} a enregistré un patient."),
            Event::AppointmentBooked { .. } => format!("{actor} a pris un rendez-vous."),
            Event::AppointmentMoved { .. } => format!("{actor} a déplacé un rendez-vous."),
            Event::AppointmentCancelled { .. } => format!("{actor} a annulé un rendez-vous."),
            Event::AppointmentReasonSaved { .. } => format!("{actor} a modifié le motif d’un rendez-vous."),
            Event::AppointmentReasonRead { .. } => format!("{actor} a lu le motif d’un rendez-vous."),
            Event::PatientsSearched { found } => format!("{actor} a cherché parmi les patients : {found} trouvé(s)."),
            Event::DocumentIssued { version, .. } => format!("{actor} a émis une ordonnance (version {version})."),
            Event::DocumentRead { .. } => format!("{actor} a ouvert un document."),
            Event::DocumentCancelled { .. } => format!("{actor} a annulé une ordonnance."),
            Event::PrescriptionRefused { lines } => {
                format!("Une ordonnance de {actor} a été refusée : {lines} ligne(s) à prescrire sur support sécurisé.")
            }
            Event::DocumentsListed { documents } => {
                format!("{actor} a ouvert la liste des documents du patient : {documents}.")
            }
            Event::PracticeOpened {} => "Le cabinet a été créé.".to_owned(),
            Event::StaffInvited { role, .. } => format!("{actor} a invité une personne : {}.", role.french()),
            Event::StaffChanged { role, active, .. } => {
                let active = if *active { "compte actif" } else { "compte désactivé" };
                format!("{actor} a modifié les droits d’une personne : {}, {active}.", role.french())
            }
            Event::StaffReset { .. } => format!("{actor} a réinitialisé l’accès d’une personne."),
            Event::JournalRead { lines } => format!("{actor} a consulté le journal : {lines} ligne(s)."),
            Event::JournalEventRead { .. } => format!("{actor} a ouvert le détail d’un événement du journal."),
            Event::JournalExported { lines } => format!("{actor} a exporté le journal : {lines} ligne(s)."),
            Event::AccessRefused { reason } => format!("Un accès a été refusé à {actor} : {}.", reason.french()),
        }
    }

    /// Lists what the entry holds: name in French, value. Optional values that are absent are left out.
    ///
    /// `date` writes an instant for people.
    #[must_use]
    pub fn fields(&self, date: impl Fn(colloque_ids::Timestamp) -> String) -> Vec<(&'static str, String)> {
        let Draft { occurred_at, practice: _, actor, session, origin, patient, consultation, event } = &self.draft;
        let mut fields = vec![
            ("Événement", self.id.full()),
            ("Instant", date(*occurred_at)),
            ("Résultat", event.kind().outcome().french().to_owned()),
        ];
        let mut add = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
        add("Personne", is_somebody(*actor).then(|| full_name(*actor)));
        let role = Some(Actor::role_in_french(actor.role_name()).to_owned());
        add("Rôle", role.filter(|role| !role.is_empty()));
        add("Session", session.map(|session| session.to_string()));
        add("Réseau", origin.map(|origin| origin.to_string()));
        add("Patient", patient.map(|patient| patient.to_string()));
        add("Consultation", consultation.map(|consultation| consultation.to_string()));
        fields.extend(details(event, date));
        fields
    }
}

/// Shows the first 16 hexadecimal digits of a key, as the person's own device does.
fn print_of(key: &[u8; 32]) -> String {
    key[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn details(event: &Event, date: impl Fn(colloque_ids::Timestamp) -> String) -> Vec<(&'static str, String)> {
    let connection = |connection: &Option<colloque_ids::ConnectionId>| {
        connection.map(|connection| ("Connexion", connection.to_string())).into_iter().collect::<Vec<_>>()
    };
    match event {
        Event::ConnectionJoined { connection: id, proofs } | Event::ConnectionResumed { connection: id, proofs } => {
            [connection(id), vec![("Preuves", list(proofs))]].concat()
        }
        Event::JoinRefused { connection: id, refusal } => {
            [connection(id), vec![("Cause", refusal.french().to_owned())]].concat()
        }
        Event::MediaConnected { connection: id }
        | Event::MediaLost { connection: id }
        | Event::WordsCompared { connection: id }
        | Event::WordsDiffered { connection: id } => connection(id),
        Event::KeyAttested { connection: id, leaf_key } => {
            [connection(id), vec![("Empreinte de la clé", print_of(leaf_key))]].concat()
        }
        Event::Disconnected { connection: id, cause } => {
            [connection(id), vec![("Cause", cause.french().to_owned())]].concat()
        }
        Event::TicketIssued { ticket, scope } => {
            vec![("Billet", ticket.to_string()), ("Ouvre", scope.french().to_owned())]
        }
        Event::GuestInvited { guest, role } => {
            vec![("Invité", guest.to_string()), ("Invité en tant que", role.french().to_owned())]
        }
        Event::GuestWithdrawn { guest }
        | Event::GuestAgreed { guest }
        | Event::GuestDeclined { guest }
        | Event::GuestAdmitted { guest }
        | Event::GuestRemoved { guest } => vec![("Invité", guest.to_string())],
        Event::GuestLinkRefused { guest, reason } => guest
            .map(|guest| ("Invité", guest.to_string()))
            .into_iter()
            .chain([("Cause", reason.french().to_owned())])
            .collect(),
        Event::NotesSaved { revision } => vec![("Révision", revision.to_string())],
        Event::FirstFactorAccepted { proof } | Event::SecondFactorConfirmed { proof } => {
            vec![("Preuve", proof.french().to_owned())]
        }
        Event::SignInSucceeded { proofs } | Event::PatientVerified { proofs } => vec![("Preuves", list(proofs))],
        Event::SignInFailed { account, stage, reason } => account
            .map(|account| ("Compte visé", account.full()))
            .into_iter()
            .chain([("Étape", stage.french().to_owned()), ("Cause", reason.french().to_owned())])
            .collect(),
        Event::SignInThrottled { scope, attempts } => {
            vec![("Limite", scope.french().to_owned()), ("Essais", attempts.to_string())]
        }
        Event::SessionEnded { cause } => vec![("Cause", cause.french().to_owned())],
        Event::InvitationSent { invitation }
        | Event::InvitationRedeemed { invitation }
        | Event::InvitationSuperseded { invitation }
        | Event::InvitationRequested { invitation } => vec![("Invitation", invitation.to_string())],
        Event::InvitationRefused { invitation, reason } => invitation
            .map(|invitation| ("Invitation", invitation.to_string()))
            .into_iter()
            .chain([("Cause", reason.french().to_owned())])
            .collect(),
        Event::CodeSent { channel } => vec![("Moyen", channel.french().to_owned())],
        Event::CodeRefused { channel, reason } => {
            vec![("Moyen", channel.french().to_owned()), ("Cause", reason.french().to_owned())]
        }
        Event::ConsentGiven { text_version } => vec![("Version du texte", text_version.to_string())],
        Event::AppointmentBooked { appointment, practitioner, starts_at } => vec![
            ("Rendez-vous", appointment.to_string()),
            ("Praticien", practitioner.to_string()),
            ("Début", date(*starts_at)),
        ],
        Event::AppointmentMoved { appointment, starts_at } => {
            vec![("Rendez-vous", appointment.to_string()), ("Début", date(*starts_at))]
        }
        Event::AppointmentCancelled { appointment }
        | Event::AppointmentReasonSaved { appointment }
        | Event::AppointmentReasonRead { appointment } => vec![("Rendez-vous", appointment.to_string())],
        Event::PatientsSearched { found } => vec![("Trouvés", found.to_string())],
        Event::DocumentIssued { prescription, document, version, sha256 } => vec![
            ("Ordonnance", prescription.to_string()),
            ("Document", document.to_string()),
            ("Version", version.to_string()),
            ("Empreinte SHA-256", sha256.iter().map(|byte| format!("{byte:02x}")).collect()),
        ],
        Event::DocumentRead { document } => vec![("Document", document.to_string())],
        Event::DocumentCancelled { prescription, document } => {
            vec![("Ordonnance", prescription.to_string()), ("Document", document.to_string())]
        }
        Event::PrescriptionRefused { lines } => vec![("Lignes refusées", lines.to_string())],
        Event::DocumentsListed { documents } => vec![("Documents", documents.to_string())],
        Event::StaffInvited { staff, role } => {
            vec![("Personne visée", staff.full()), ("Nouveau rôle", role.french().to_owned())]
        }
        Event::StaffChanged { staff, role, active } => vec![
            ("Personne visée", staff.full()),
            ("Nouveau rôle", role.french().to_owned()),
            ("Compte actif", if *active { "oui" } else { "non" }.to_owned()),
        ],
        Event::StaffReset { staff } => vec![("Personne visée", staff.full())],
        Event::JournalRead { lines } | Event::JournalExported { lines } => vec![("Lignes", lines.to_string())],
        Event::JournalEventRead { event } => vec![("Événement consulté", event.full())],
        Event::AccessRefused { reason } => vec![("Cause", reason.french().to_owned())],
        Event::ConsultationAdmitted {}
        | Event::PatientRefused {}
        | Event::ConsultationEnded {}
        | Event::ConsultationRead {}
        | Event::AccountActivated {}
        | Event::TotpEnrolled {}
        | Event::PasskeyRegistered {}
        | Event::PasskeyRemoved {}
        | Event::PatientTotpEnrolled {}
        | Event::PatientTotpReset {}
        | Event::ConsentWithdrawn {}
        | Event::PatientRecorded {}
        | Event::PracticeOpened {} => vec![],
    }
}

const fn is_somebody(actor: Actor) -> bool {
    match actor {
        Actor::Staff { .. } | Actor::Patient(_) | Actor::Guest { .. } => true,
        Actor::Unknown | Actor::Platform => false,
    }
}

fn full_name(actor: Actor) -> String {
    match actor {
        Actor::Staff { staff, .. } => staff.full(),
        Actor::Guest { guest, .. } => guest.full(),
        Actor::Unknown | Actor::Platform | Actor::Patient(_) => actor.french(),
    }
}

fn list(proofs: &[Proof]) -> String {
    if proofs.is_empty() {
        return "aucune preuve".to_owned();
    }
    proofs.iter().map(|proof| proof.french()).collect::<Vec<_>>().join(" et ")
}

#[cfg(test)]
mod tests {
    use colloque_ids::{JournalEventId, Timestamp};

    use crate::{Draft, Entry, Kind};

    #[test]
    fn every_kind_has_a_sentence_that_ends() {
        for kind in Kind::ALL {
            let draft = Draft::new(Timestamp::from_millis(0), kind.sample(&mut || 3));
            let entry = Entry { id: JournalEventId::from_parts(draft.occurred_at, [0; 10]), draft };
            let sentence = entry.sentence("Dre Claire Martin");
            assert!(sentence.ends_with('.') && sentence.len() > 20, "{kind:?}: {sentence}");
            assert!(!entry.fields(|_| String::new()).is_empty());
        }
    }
}
