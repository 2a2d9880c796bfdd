//! The closed lists that events choose their details from.
//!
//! A code, once used, keeps its meaning for as long as an entry is kept: add at the end, never renumber.

/// Declares a closed list: variant, code in the canonical bytes, wire name, French words.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal, $wire:literal, $french:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = concat!("In French: ", $french, ".")] $variant,)+
        }

        impl $name {
            /// Every value, in the order of the codes.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Stable wire name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// Words for people, in French, to stand inside a sentence.
            #[must_use]
            pub const fn french(self) -> &'static str {
                match self { $(Self::$variant => $french,)+ }
            }
        }

        impl $crate::codec::Canonical for $name {
            fn write(&self, out: &mut Vec<u8>) {
                out.push(match self { $(Self::$variant => $code,)+ });
            }
            fn read(bytes: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::ParseEntryError> {
                match u8::read(bytes)? {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::codec::ParseEntryError::Malformed),
                }
            }
            #[cfg(test)]
            fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
                Self::ALL[usize::from(draw()) % Self::ALL.len()]
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// One proof that a person gave of who they are.
    Proof {
        Password = 1, "password", "mot de passe",
        Totp = 2, "totp", "code à usage unique",
        Passkey = 3, "passkey", "clé d’accès",
        InvitationLink = 4, "invitation_link", "lien d’invitation",
        EmailCode = 5, "email_code", "code reçu par e-mail",
        SmsCode = 6, "sms_code", "code reçu par SMS",
    }
}

codes! {
    /// Why somebody was not let into a room.
    JoinRefusal {
        TicketInvalid = 1, "ticket_invalid", "billet d’entrée non valable",
        TicketExpired = 2, "ticket_expired", "billet d’entrée périmé",
        TicketReplayed = 3, "ticket_replayed", "billet d’entrée déjà utilisé",
        WrongPerson = 4, "wrong_person", "personne non attendue",
        ConsentMissing = 5, "consent_missing", "consentement absent",
        TooEarly = 6, "too_early", "salle pas encore ouverte",
        TooLate = 7, "too_late", "horaire dépassé",
        AlreadyElsewhere = 8, "already_elsewhere", "déjà présent sur un autre appareil",
        ConsultationOver = 9, "consultation_over", "consultation terminée",
        WrongVersion = 10, "wrong_version", "page à recharger",
        ServerFull = 11, "server_full", "service saturé",
        ServerFailed = 12, "server_failed", "erreur du service",
    }
}

codes! {
    /// Why a connection ended.
    DisconnectCause {
        Left = 1, "left", "départ volontaire",
        Ended = 2, "ended", "consultation terminée",
        SocketClosed = 3, "socket_closed", "page fermée ou appareil en veille",
        TimedOut = 4, "timed_out", "réseau perdu",
        Replaced = 5, "replaced", "suite sur un autre appareil",
        Misbehaved = 6, "misbehaved", "échanges anormaux",
        ServerStopped = 7, "server_stopped", "arrêt du service",
        SignedOut = 8, "signed_out", "session fermée ou consentement retiré",
    }
}

codes! {
    /// A step of signing in.
    SignInStage {
        Password = 1, "password", "mot de passe",
        Totp = 2, "totp", "code à usage unique",
        Passkey = 3, "passkey", "clé d’accès",
        Activation = 4, "activation", "activation du compte",
    }
}

codes! {
    /// Why a step of signing in failed.
    SignInFailure {
        UnknownAccount = 1, "unknown_account", "compte inconnu",
        WrongSecret = 2, "wrong_secret", "secret faux",
        InactiveAccount = 3, "inactive_account", "compte désactivé",
        CodeReplayed = 4, "code_replayed", "code déjà utilisé",
        TooManyCodes = 5, "too_many_codes", "trop d’essais de code",
        LinkUnknown = 6, "link_unknown", "lien inconnu, utilisé ou périmé",
        KeyUnknown = 7, "key_unknown", "clé d’accès inconnue",
    }
}

codes! {
    /// What a limit on attempts counted.
    ThrottleScope {
        Network = 1, "network", "réseau",
        Account = 2, "account", "compte",
        Service = 3, "service", "ensemble du service",
    }
}

codes! {
    /// Why a session ended.
    SessionEnd {
        SignedOut = 1, "signed_out", "déconnexion demandée",
        Idle = 2, "idle", "inactivité",
        Expired = 3, "expired", "durée maximale atteinte",
        RightsChanged = 4, "rights_changed", "droits modifiés",
        Reset = 5, "reset", "accès réinitialisé",
        InvitedAnew = 6, "invited_anew", "nouvelle invitation du cabinet",
    }
}

codes! {
    /// Why an invitation did not serve.
    InvitationRefusal {
        Unknown = 1, "unknown", "lien inconnu ou remplacé",
        AlreadyUsed = 2, "already_used", "lien déjà utilisé",
        Expired = 3, "expired", "horaire dépassé",
        AppointmentCancelled = 4, "appointment_cancelled", "rendez-vous annulé",
        TooMany = 5, "too_many", "trop d’essais",
        Withdrawn = 6, "withdrawn", "lien repris par le praticien",
    }
}

codes! {
    /// How a code reaches a patient.
    CodeChannel {
        Email = 1, "email", "e-mail",
        Sms = 2, "sms", "SMS",
        Totp = 3, "totp", "application du patient",
    }
}

codes! {
    /// Why a patient's code was not accepted.
    CodeRefusal {
        Wrong = 1, "wrong", "code faux",
        Expired = 2, "expired", "code périmé",
        TooMany = 3, "too_many", "trop d’essais",
        Replayed = 4, "replayed", "code déjà utilisé",
    }
}

codes! {
    /// What a ticket opens.
    TicketScope {
        Room = 1, "room", "salle de consultation",
        Desk = 2, "desk", "file d’attente",
    }
}

codes! {
    /// Why a signed-in person was refused something.
    AccessRefusal {
        WrongRole = 1, "wrong_role", "rôle non autorisé",
        NotTheirs = 2, "not_theirs", "inconnu ou hors de portée",
    }
}
