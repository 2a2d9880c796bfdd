//! STUN as ICE uses it: binding requests and their responses, in both directions.
//!
//! # Source
//!
//! RFC 8489 (messages), RFC 8445 section 16.1 (ICE attributes).

use std::net::{IpAddr, SocketAddr};

use aws_lc_rs::hmac;

/// Largest STUN message that is read. Browsers send about 100 bytes.
pub const MAX_MESSAGE_BYTES: usize = 548;

/// A well-formed binding request, not yet authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingRequest<'a> {
    /// Identifies the transaction; echoed in the response.
    pub transaction: [u8; 12],
    /// Left part of the user name: whom the sender wants to reach.
    pub to_ufrag: &'a [u8],
    /// Right part of the user name: who the sender says it is.
    pub from_ufrag: &'a [u8],
    /// Whether the controlling side chose this path.
    pub is_nominated: bool,
    integrity: Integrity<'a>,
}

/// Why bytes are not a binding request that this server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseBindingRequestError {
    /// Shorter than a header, longer than [`MAX_MESSAGE_BYTES`], or of another length than it says.
    #[error("stun message has a wrong length")]
    Length,
    /// The magic cookie is absent.
    #[error("message is not stun")]
    NotStun,
    /// Another method or class, such as a response.
    #[error("stun message is not a binding request")]
    NotBindingRequest,
    /// An attribute runs past the end.
    #[error("stun attribute runs past the end of its message")]
    Attribute,
    /// The user name is absent or has no colon.
    #[error("stun message names no receiver")]
    UserName,
    /// Message integrity is absent.
    #[error("stun message has no integrity")]
    NoIntegrity,
    /// The fingerprint is absent or wrong.
    #[error("stun message has a wrong fingerprint")]
    Fingerprint,
}

impl<'a> BindingRequest<'a> {
    /// Reads a binding request; total, no allocation.
    ///
    /// # Errors
    ///
    /// One variant of [`ParseBindingRequestError`] for each rule of the format that the bytes break.
    pub fn parse(message: &'a [u8]) -> Result<Self, ParseBindingRequestError> {
        use ParseBindingRequestError as Error;
        let attributes = Attributes::read(message, BINDING_REQUEST)?;
        if !attributes.has_fingerprint {
            return Err(Error::Fingerprint);
        }
        let integrity = attributes.integrity.ok_or(Error::NoIntegrity)?;
        let user_name = attributes.user_name.ok_or(Error::UserName)?;
        let colon = user_name.iter().position(|byte| *byte == b':').ok_or(Error::UserName)?;
        Ok(Self {
            transaction: attributes.transaction,
            to_ufrag: &user_name[..colon],
            from_ufrag: &user_name[colon + 1..],
            is_nominated: attributes.is_nominated,
            integrity,
        })
    }

    /// Checks that the sender knows the password behind `key`.
    #[must_use]
    pub fn is_authentic(&self, key: &hmac::Key) -> bool {
        self.integrity.is_by(key)
    }
}

/// A well-formed success response to a binding request, not yet authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingSuccess<'a> {
    /// The transaction that it answers.
    pub transaction: [u8; 12],
    integrity: Integrity<'a>,
}

impl<'a> BindingSuccess<'a> {
    /// Reads a success response; none when the bytes are no such message with integrity. Total, no allocation.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let attributes = Attributes::read(message, BINDING_SUCCESS).ok()?;
        Some(Self { transaction: attributes.transaction, integrity: attributes.integrity? })
    }

    /// Checks that the sender knows the password behind `key`.
    #[must_use]
    pub fn is_authentic(&self, key: &hmac::Key) -> bool {
        self.integrity.is_by(key)
    }
}

/// A message's proof that its sender knows a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Integrity<'a> {
    /// The message up to the integrity attribute.
    covered: &'a [u8],
    tag: [u8; 20],
}

impl Integrity<'_> {
    fn is_by(&self, key: &hmac::Key) -> bool {
        // The header counts the integrity attribute as its last one, whatever follows (RFC 8489 section 14.5).
        let mut context = hmac::Context::with_key(key);
        context.update(&self.covered[..2]);
        context.update(&integrity_length(self.covered.len()));
        context.update(&self.covered[4..]);
        subtle::ConstantTimeEq::ct_eq(context.sign().as_ref(), &self.tag[..]).into()
    }
}

/// What the attributes of one message say, as far as ICE needs it.
struct Attributes<'a> {
    transaction: [u8; 12],
    user_name: Option<&'a [u8]>,
    is_nominated: bool,
    integrity: Option<Integrity<'a>>,
    has_fingerprint: bool,
}

impl<'a> Attributes<'a> {
    /// Reads a message of the type `wanted`.
    fn read(message: &'a [u8], wanted: u16) -> Result<Self, ParseBindingRequestError> {
        use ParseBindingRequestError as Error;
        if message.len() < HEADER_BYTES || message.len() > MAX_MESSAGE_BYTES {
            return Err(Error::Length);
        }
        if read_u32(message, 4) != Some(MAGIC_COOKIE) {
            return Err(Error::NotStun);
        }
        let length = usize::from(read_u16(message, 2).ok_or(Error::Length)?);
        if length % 4 != 0 || length + HEADER_BYTES != message.len() {
            return Err(Error::Length);
        }
        if read_u16(message, 0) != Some(wanted) {
            return Err(Error::NotBindingRequest);
        }
        let mut transaction = [0; 12];
        transaction.copy_from_slice(&message[8..HEADER_BYTES]);
        let mut attributes =
            Self { transaction, user_name: None, is_nominated: false, integrity: None, has_fingerprint: false };
        let mut at = HEADER_BYTES;
        while at < message.len() {
            let kind = read_u16(message, at).ok_or(Error::Attribute)?;
            let value_bytes = usize::from(read_u16(message, at + 2).ok_or(Error::Attribute)?);
            let value = message.get(at + 4..at + 4 + value_bytes).ok_or(Error::Attribute)?;
            match kind {
                FINGERPRINT => {
                    let expected = crc32(&message[..at]) ^ FINGERPRINT_MASK;
                    if value != expected.to_be_bytes() || at + 8 != message.len() {
                        return Err(Error::Fingerprint);
                    }
                    attributes.has_fingerprint = true;
                }
                // Whatever follows the integrity attribute is not covered by it, so only the fingerprint counts there.
                _ if attributes.integrity.is_some() => {}
                USERNAME => attributes.user_name = Some(value),
                USE_CANDIDATE => attributes.is_nominated = true,
                MESSAGE_INTEGRITY => {
                    let tag = value.try_into().map_err(|_| Error::Attribute)?;
                    attributes.integrity = Some(Integrity { covered: &message[..at], tag });
                }
                _ => {}
            }
            at += 4 + value_bytes.next_multiple_of(4);
        }
        if at != message.len() {
            return Err(Error::Attribute);
        }
        Ok(attributes)
    }
}

/// Bytes of the longest response: header, address, integrity, fingerprint.
pub const MAX_RESPONSE_BYTES: usize = HEADER_BYTES + 24 + 24 + 8;

/// Writes the success response to a request that came from `from`; gives its length in bytes.
///
/// Never longer than the request it answers: a request carries user name, integrity and fingerprint at least.
#[must_use]
pub fn write_binding_success(
    transaction: [u8; 12],
    from: SocketAddr,
    key: &hmac::Key,
    out: &mut [u8; MAX_RESPONSE_BYTES],
) -> usize {
    out[0..2].copy_from_slice(&BINDING_SUCCESS.to_be_bytes());
    out[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
    out[8..20].copy_from_slice(&transaction);
    let mut at = HEADER_BYTES;
    let (family, address_bytes) = match from.ip() {
        IpAddr::V4(_) => (1, 4),
        IpAddr::V6(_) => (2, 16),
    };
    out[at..at + 2].copy_from_slice(&XOR_MAPPED_ADDRESS.to_be_bytes());
    out[at + 2..at + 4].copy_from_slice(&(4 + address_bytes as u16).to_be_bytes());
    out[at + 4] = 0;
    out[at + 5] = family;
    out[at + 6..at + 8].copy_from_slice(&(from.port() ^ (MAGIC_COOKIE >> 16) as u16).to_be_bytes());
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
    mask[4..].copy_from_slice(&transaction);
    let mut address = [0; 16];
    match from.ip() {
        IpAddr::V4(ip) => address[..4].copy_from_slice(&ip.octets()),
        IpAddr::V6(ip) => address.copy_from_slice(&ip.octets()),
    }
    for index in 0..address_bytes {
        out[at + 8 + index] = address[index] ^ mask[index];
    }
    at += 8 + address_bytes;

    out[2..4].copy_from_slice(&integrity_length(at));
    let tag = hmac::sign(key, &out[..at]);
    out[at..at + 2].copy_from_slice(&MESSAGE_INTEGRITY.to_be_bytes());
    out[at + 2..at + 4].copy_from_slice(&20u16.to_be_bytes());
    out[at + 4..at + 24].copy_from_slice(tag.as_ref());
    at += 24;

    out[2..4].copy_from_slice(&((at + 8 - HEADER_BYTES) as u16).to_be_bytes());
    let fingerprint = crc32(&out[..at]) ^ FINGERPRINT_MASK;
    out[at..at + 2].copy_from_slice(&FINGERPRINT.to_be_bytes());
    out[at + 2..at + 4].copy_from_slice(&4u16.to_be_bytes());
    out[at + 4..at + 8].copy_from_slice(&fingerprint.to_be_bytes());
    at + 8
}

/// Writes a binding request as a client does: for the test clients and the load client.
#[must_use]
pub fn write_binding_request(
    transaction: [u8; 12],
    to_ufrag: &[u8],
    from_ufrag: &[u8],
    is_nominated: bool,
    key: &hmac::Key,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    write_request(&mut out, transaction, to_ufrag, from_ufrag, ICE_CONTROLLING, is_nominated, key);
    out
}

/// Writes into `out`, in place of what is there, the request by which this server has a client prove that it receives at an address;
/// `key` is the client's.
///
/// Not longer than a check of the same client: both carry the same two user names.
///
/// # Source
///
/// RFC 8445 section 7.2.2: a check carries its priority and its sender's role, and full agents answer it.
pub(crate) fn write_challenge(
    out: &mut Vec<u8>,
    transaction: [u8; 12],
    to_ufrag: &[u8],
    from_ufrag: &[u8],
    key: &hmac::Key,
) {
    write_request(out, transaction, to_ufrag, from_ufrag, ICE_CONTROLLED, false, key);
}

/// Length of a challenge with user names of these lengths.
pub(crate) const fn challenge_bytes(to_ufrag_bytes: usize, from_ufrag_bytes: usize) -> usize {
    let user_name = (to_ufrag_bytes + 1 + from_ufrag_bytes).next_multiple_of(4);
    // Header; user name, priority, role, integrity and fingerprint, with four bytes before each.
    HEADER_BYTES + (4 + user_name) + 8 + 12 + 24 + 8
}

fn write_request(
    out: &mut Vec<u8>,
    transaction: [u8; 12],
    to_ufrag: &[u8],
    from_ufrag: &[u8],
    role: u16,
    is_nominated: bool,
    key: &hmac::Key,
) {
    out.clear();
    out.extend_from_slice(&BINDING_REQUEST.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
    out.extend_from_slice(&transaction);
    push_attribute(out, USERNAME, &[to_ufrag, b":", from_ufrag]);
    push_attribute(out, PRIORITY, &[&0x6e00_1effu32.to_be_bytes()]);
    push_attribute(out, role, &[&transaction[..8]]);
    if is_nominated {
        push_attribute(out, USE_CANDIDATE, &[]);
    }
    let length = integrity_length(out.len());
    out[2..4].copy_from_slice(&length);
    let tag = hmac::sign(key, out);
    push_attribute(out, MESSAGE_INTEGRITY, &[tag.as_ref()]);
    let length = (out.len() + 8 - HEADER_BYTES) as u16;
    out[2..4].copy_from_slice(&length.to_be_bytes());
    let fingerprint = crc32(out) ^ FINGERPRINT_MASK;
    push_attribute(out, FINGERPRINT, &[&fingerprint.to_be_bytes()]);
}

/// Key for short-term credentials: the password itself.
#[must_use]
pub fn integrity_key(password: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password)
}

/// Adds an attribute whose value is made of `pieces`.
fn push_attribute(out: &mut Vec<u8>, kind: u16, pieces: &[&[u8]]) {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&(length as u16).to_be_bytes());
    pieces.iter().for_each(|piece| out.extend_from_slice(piece));
    out.resize(out.len().next_multiple_of(4), 0);
}

/// The header's length field while integrity over `before` bytes is computed.
fn integrity_length(before: usize) -> [u8; 2] {
    ((before + 24 - HEADER_BYTES) as u16).to_be_bytes()
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| CRC_TABLE[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8))
}

const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

const HEADER_BYTES: usize = 20;
const MAGIC_COOKIE: u32 = 0x2112_a442;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802a;
const FINGERPRINT_MASK: u32 = 0x5354_554e;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn crc_matches_the_published_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    /// RFC 5769 section 2.1, whose password is known.
    #[test]
    fn published_sample_request_is_read_and_authentic() {
        let message = [
            0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87,
            0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c,
            0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f,
            0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76,
            0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e,
            0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
        ];
        let request = BindingRequest::parse(&message).unwrap();
        assert_eq!((request.to_ufrag, request.from_ufrag), (&b"evtj"[..], &b"h6vY"[..]));
        assert!(request.is_authentic(&integrity_key(b"VOkJxbRl1RmTxUk/WvJxBt")));
        assert!(!request.is_authentic(&integrity_key(b"another password")));
    }

    #[test]
    fn a_changed_byte_is_refused() {
        let key = integrity_key(b"password of the server");
        let message = write_binding_request([7; 12], b"server", b"client", true, &key);
        for at in 0..message.len() {
            let mut changed = message.clone();
            changed[at] ^= 1;
            let accepted = BindingRequest::parse(&changed).is_ok_and(|request| request.is_authentic(&key));
            assert!(!accepted, "byte {at}");
        }
    }

    #[test]
    fn a_response_is_never_longer_than_the_request() {
        let key = integrity_key(b"password of the server");
        let request = write_binding_request([7; 12], b"server12", b"abcd", false, &key);
        for from in ["192.0.2.1:5000", "[2001:db8::1]:5000"] {
            let mut out = [0; MAX_RESPONSE_BYTES];
            let length = write_binding_success([7; 12], from.parse().unwrap(), &key, &mut out);
            assert!(length <= request.len());
        }
    }

    #[test]
    fn a_response_is_read_back_and_a_changed_byte_is_refused() {
        let key = integrity_key(b"password of the client");
        let mut out = [0; MAX_RESPONSE_BYTES];
        let length = write_binding_success([7; 12], "192.0.2.1:5000".parse().unwrap(), &key, &mut out);
        let success = BindingSuccess::parse(&out[..length]).unwrap();
        assert_eq!(success.transaction, [7; 12]);
        assert!(success.is_authentic(&key) && !success.is_authentic(&integrity_key(b"another password")));
        // A changed fingerprint attribute may read as another one that nobody knows: integrity covers what stands before.
        for at in 0..length - 8 {
            let mut changed = out;
            changed[at] ^= 1;
            let accepted = BindingSuccess::parse(&changed[..length]).is_some_and(|success| success.is_authentic(&key));
            assert!(!accepted, "byte {at}");
        }
    }

    #[test]
    fn a_challenge_is_never_longer_than_the_clients_own_check() {
        let key = integrity_key(b"password of the client");
        let check = write_binding_request([7; 12], b"server12", b"abcd", false, &key);
        let mut challenge = Vec::new();
        write_challenge(&mut challenge, [8; 12], b"abcd", b"server12", &key);
        assert!(challenge.len() <= check.len());
        let read = BindingRequest::parse(&challenge).unwrap();
        assert_eq!((read.to_ufrag, read.from_ufrag, read.is_nominated), (&b"abcd"[..], &b"server12"[..], false));
        assert!(read.is_authentic(&key));
    }

    #[test]
    fn published_sample_response_is_written() {
        // RFC 5769 section 2.2 without its software attribute: the mapped address is what is compared.
        let mut out = [0; MAX_RESPONSE_BYTES];
        let transaction = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];
        let key = integrity_key(b"VOkJxbRl1RmTxUk/WvJxBt");
        let length = write_binding_success(transaction, "192.0.2.1:32853".parse().unwrap(), &key, &mut out);
        assert_eq!(&out[20..32], &[0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        assert_eq!(length, 64);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            let _ = BindingRequest::parse(&bytes);
            let _ = BindingSuccess::parse(&bytes);
        }

        #[test]
        fn damaged_requests_are_read_without_a_panic(at in 0usize..120, value: u8, cut in 0usize..120) {
            let mut message = write_binding_request([7; 12], b"server", b"client", true, &integrity_key(b"x"));
            let at = at % message.len();
            message[at] = value;
            message.truncate(message.len() - cut % message.len());
            let _ = BindingRequest::parse(&message);
        }
    }
}
