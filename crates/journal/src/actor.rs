//! Who acted, and from where.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use colloque_ids::{GuestId, StaffId};
use thiserror::Error;

use crate::codec::{Canonical, ParseEntryError, Reader};
use crate::detail::codes;

codes! {
    /// Role of a member of the staff.
    StaffRole {
        Practitioner = 1, "practitioner", "praticien",
        Secretary = 2, "secretary", "secrétaire",
        Administrator = 3, "administrator", "administrateur",
    }
}

codes! {
    /// As what somebody was asked into one consultation.
    GuestRole {
        Expert = 1, "expert", "expert",
        AccompanyingPerson = 2, "accompanying_person", "accompagnant",
        Interpreter = 3, "interpreter", "interprète",
    }
}

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who proved nothing.
    Unknown,
    /// The platform itself.
    Platform,
    /// A member of the staff.
    Staff {
        /// The person.
        staff: StaffId,
        /// Role held at that moment.
        role: StaffRole,
    },
    /// A patient.
    Patient(PatientPseudonym),
    /// A guest of one consultation, whom a link lets in.
    Guest {
        /// The person.
        guest: GuestId,
        /// As what they were asked.
        role: GuestRole,
    },
}

/// Stands for a patient in the journal: only the holder of the pseudonym key can tell for whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatientPseudonym([u8; 8]);

/// Why a text is not a pseudonym.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("text is not a pseudonym")]
pub struct ParsePseudonymError;

/// The network that somebody acted from, wide enough not to single out a home.
///
/// # Source
///
/// CNIL, délibération 2021-122 (journalisation): collect no more than the purpose needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NetworkPrefix {
    /// The first 24 bits of an IPv4 address.
    V4([u8; 3]),
    /// The first 48 bits of an IPv6 address.
    V6([u8; 6]),
}

impl Actor {
    /// Wire name of the role, empty for somebody unknown.
    #[must_use]
    pub const fn role_name(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Platform => "platform",
            Self::Staff { role, .. } => role.name(),
            Self::Patient(_) => "patient",
            Self::Guest { role, .. } => role.name(),
        }
    }

    /// The role of a wire name in French; the name itself where it is none.
    #[must_use]
    pub fn role_in_french(name: &str) -> &str {
        let staff = StaffRole::ALL.iter().find(|role| role.name() == name);
        match (staff, GuestRole::from_name(name), name) {
            (Some(role), _, _) => role.french(),
            (None, Some(role), _) => role.french(),
            (None, None, "platform") => "plateforme",
            (None, None, name) => name,
        }
    }
}

impl GuestRole {
    /// Reads a wire name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.name() == name)
    }
}

impl PatientPseudonym {
    /// Takes the first bytes of a keyed hash of the patient's identifier.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for PatientPseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("P-")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PatientPseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PatientPseudonym {
    type Err = ParsePseudonymError;

    fn from_str(text: &str) -> Result<Self, ParsePseudonymError> {
        let digits = text.strip_prefix("P-").ok_or(ParsePseudonymError)?;
        if digits.len() != 16 || !digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ParsePseudonymError);
        }
        u64::from_str_radix(digits, 16).map(|value| Self(value.to_be_bytes())).map_err(|_| ParsePseudonymError)
    }
}

impl NetworkPrefix {
    /// Forgets the end of an address. An IPv4 address written inside IPv6 counts as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self::V4([a, b, c])
            }
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, ..] = address.octets();
                Self::V6([a, b, c, d, e, f])
            }
        }
    }
}

impl fmt::Display for NetworkPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4([a, b, c]) => write!(f, "{a}.{b}.{c}.0/24"),
            Self::V6([a, b, c, d, e, g]) => {
                let groups = [[*a, *b], [*c, *d], [*e, *g]].map(u16::from_be_bytes);
                write!(f, "{:x}:{:x}:{:x}::/48", groups[0], groups[1], groups[2])
            }
        }
    }
}

impl Canonical for Actor {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Unknown => out.push(0),
            Self::Platform => out.push(1),
            Self::Staff { staff, role } => {
                out.push(2);
                staff.write(out);
                role.write(out);
            }
            Self::Patient(pseudonym) => {
                out.push(3);
                pseudonym.write(out);
            }
            Self::Guest { guest, role } => {
                out.push(4);
                guest.write(out);
                role.write(out);
            }
        }
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        match u8::read(bytes)? {
            0 => Ok(Self::Unknown),
            1 => Ok(Self::Platform),
            2 => Ok(Self::Staff { staff: Canonical::read(bytes)?, role: Canonical::read(bytes)? }),
            3 => Ok(Self::Patient(Canonical::read(bytes)?)),
            4 => Ok(Self::Guest { guest: Canonical::read(bytes)?, role: Canonical::read(bytes)? }),
            5.. => Err(ParseEntryError::Malformed),
        }
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        match draw() % 5 {
            0 => Self::Unknown,
            1 => Self::Platform,
            2 => Self::Staff { staff: Canonical::sample(draw), role: Canonical::sample(draw) },
            3 => Self::Patient(Canonical::sample(draw)),
            _ => Self::Guest { guest: Canonical::sample(draw), role: Canonical::sample(draw) },
        }
    }
}

impl Canonical for PatientPseudonym {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        Ok(Self(bytes.array()?))
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        Self(std::array::from_fn(|_| draw()))
    }
}

impl Canonical for NetworkPrefix {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::V4(prefix) => {
                out.push(4);
                out.extend_from_slice(prefix);
            }
            Self::V6(prefix) => {
                out.push(6);
                out.extend_from_slice(prefix);
            }
        }
    }
    fn read(bytes: &mut Reader<'_>) -> Result<Self, ParseEntryError> {
        match u8::read(bytes)? {
            4 => Ok(Self::V4(bytes.array()?)),
            6 => Ok(Self::V6(bytes.array()?)),
            _ => Err(ParseEntryError::Malformed),
        }
    }
    #[cfg(test)]
    fn sample(draw: &mut dyn FnMut() -> u8) -> Self {
        if bool::sample(draw) {
            Self::V4(std::array::from_fn(|_| draw()))
        } else {
            Self::V6(std::array::from_fn(|_| draw()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_prefix_forgets_the_host() {
        let prefix = |text: &str| NetworkPrefix::of(text.parse().unwrap()).to_string();
        assert_eq!(prefix("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(prefix("::ffff:192.0.2.77"), "192.0.2.0/24");
        assert_eq!(prefix("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }

    #[test]
    fn every_role_is_read_in_french() {
        let french = ["practitioner", "patient", "platform", "expert", "accompanying_person", "interpreter", ""]
            .map(Actor::role_in_french);
        assert_eq!(french, ["praticien", "patient", "plateforme", "expert", "accompagnant", "interprète", ""]);
    }

    #[test]
    fn a_pseudonym_is_read_back_and_nothing_else_is() {
        let pseudonym = PatientPseudonym::from_bytes([0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff]);
        assert_eq!(pseudonym.to_string().parse(), Ok(pseudonym));
        for text in ["", "P-", "P-00010203FCFDFEFF", "P-+0010203fcfdfeff", "00010203fcfdfeff", "P-é"] {
            assert_eq!(text.parse::<PatientPseudonym>(), Err(ParsePseudonymError), "{text}");
        }
    }
}
