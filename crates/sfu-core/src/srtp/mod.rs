//! SRTP and SRTCP, on the packet path: in place, without allocation.
//!
//! # Source
//!
//! RFC 3711 (SRTP), RFC 7714 (AES-GCM), RFC 5764 (keys from DTLS).

mod cipher;
mod kdf;
mod replay;

use cipher::PacketCipher;
use kdf::Label;
pub(crate) use replay::ReplayWindow;

/// Protection profile, in the server's order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// `SRTP_AEAD_AES_256_GCM`.
    AeadAes256Gcm,
    /// `SRTP_AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`: only for a client that has nothing better.
    Aes128CmHmacSha1_80,
}

impl Profile {
    /// Bytes of a master key.
    #[must_use]
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::AeadAes256Gcm => 32,
            Self::AeadAes128Gcm | Self::Aes128CmHmacSha1_80 => 16,
        }
    }

    /// Bytes of a master salt.
    #[must_use]
    pub const fn salt_bytes(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 12,
            Self::Aes128CmHmacSha1_80 => 14,
        }
    }

    /// Bytes of keying material that DTLS exports for both directions.
    #[must_use]
    pub const fn keying_bytes(self) -> usize {
        2 * (self.key_bytes() + self.salt_bytes())
    }
}

/// Largest number of bytes that sealing adds to an RTP packet.
pub const MAX_RTP_OVERHEAD_BYTES: usize = 16;
/// Largest number of bytes that sealing adds to an RTCP packet: tag and index.
pub const MAX_RTCP_OVERHEAD_BYTES: usize = 20;

/// Why a protected packet was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenPacketError {
    /// Shorter than header, tag and index together.
    #[error("protected packet is too short")]
    Short,
    /// The packet was accepted before, or is older than the window.
    #[error("protected packet was replayed")]
    Replayed,
    /// The tag does not fit: damaged, forged or sealed with other keys.
    #[error("protected packet is not authentic")]
    Forged,
}

/// Keys of one direction of one transport.
pub struct SessionKeys {
    rtp: PacketCipher,
    rtcp: PacketCipher,
}

/// The two directions that one DTLS handshake keys.
pub struct KeyPair {
    /// Opens and seals what the DTLS client sends.
    pub client: SessionKeys,
    /// Opens and seals what the DTLS server sends.
    pub server: SessionKeys,
}

impl KeyPair {
    /// Derives both directions from exported keying material; none when its length does not fit the profile.
    ///
    /// # Source
    ///
    /// RFC 5764 section 4.2: client key, server key, client salt, server salt.
    #[must_use]
    pub fn from_keying_material(profile: Profile, material: &[u8]) -> Option<Self> {
        if material.len() != profile.keying_bytes() {
            return None;
        }
        let (keys, salts) = material.split_at(2 * profile.key_bytes());
        let (client_key, server_key) = keys.split_at(profile.key_bytes());
        let (client_salt, server_salt) = salts.split_at(profile.salt_bytes());
        Some(Self {
            client: SessionKeys::derive(profile, client_key, client_salt),
            server: SessionKeys::derive(profile, server_key, server_salt),
        })
    }
}

impl SessionKeys {
    /// Derives the session keys of one direction from its master key and salt, whose lengths the profile fixes.
    #[must_use]
    pub fn derive(profile: Profile, key: &[u8], salt: &[u8]) -> Self {
        Self {
            rtp: PacketCipher::derive(
                profile,
                key,
                salt,
                [Label::RtpEncryption, Label::RtpAuthentication, Label::RtpSalt],
            ),
            rtcp: PacketCipher::derive(
                profile,
                key,
                salt,
                [Label::RtcpEncryption, Label::RtcpAuthentication, Label::RtcpSalt],
            ),
        }
    }

    /// Seals an RTP packet in place: `packet` holds `plain_bytes` of header and payload, then room for
    /// [`MAX_RTP_OVERHEAD_BYTES`]. `index` is the rollover counter and the sequence number as one 48-bit number.
    ///
    /// Gives the sealed length in bytes. The same `ssrc` and `index` must never seal two different packets.
    #[must_use]
    pub fn seal_rtp(&self, ssrc: u32, index: u64, header_bytes: usize, packet: &mut [u8], plain_bytes: usize) -> usize {
        self.rtp.seal_rtp(ssrc, index, header_bytes, packet, plain_bytes)
    }

    /// Opens an RTP packet in place; gives its index and the length of header and payload in bytes.
    ///
    /// # Errors
    ///
    /// As [`OpenPacketError`] says; the window is untouched then, the packet's bytes are not.
    pub fn open_rtp(
        &self,
        stream: &mut InboundStream,
        ssrc: u32,
        sequence: u16,
        header_bytes: usize,
        packet: &mut [u8],
    ) -> Result<(u64, usize), OpenPacketError> {
        let index = guess_index(stream.window.highest(), sequence);
        if !stream.window.is_fresh(index) {
            return Err(OpenPacketError::Replayed);
        }
        let plain_bytes = self.rtp.open_rtp(ssrc, index, header_bytes, packet)?;
        stream.window.accept(index);
        Ok((index, plain_bytes))
    }

    /// Seals a compound RTCP packet in place; `index` counts this direction's packets and fits 31 bits.
    #[must_use]
    pub fn seal_rtcp(&self, index: u32, packet: &mut [u8], plain_bytes: usize) -> usize {
        self.rtcp.seal_rtcp(index, packet, plain_bytes)
    }

    /// Opens a compound RTCP packet in place; gives its plain length in bytes.
    ///
    /// # Errors
    ///
    /// As [`OpenPacketError`] says.
    pub fn open_rtcp(&self, stream: &mut InboundStream, packet: &mut [u8]) -> Result<usize, OpenPacketError> {
        let index = self.rtcp.rtcp_index(packet).ok_or(OpenPacketError::Short)?;
        if !stream.window.is_fresh(u64::from(index)) {
            return Err(OpenPacketError::Replayed);
        }
        let plain_bytes = self.rtcp.open_rtcp(packet)?;
        stream.window.accept(u64::from(index));
        Ok(plain_bytes)
    }
}

/// What the receiver remembers of one SSRC: which packets came, and with them the rollover counter.
#[derive(Debug, Clone, Default)]
pub struct InboundStream {
    window: ReplayWindow,
}

/// Extends a sequence number to the index nearest to the highest one seen.
///
/// # Source
///
/// RFC 3711 section 3.3.1.
pub(crate) fn guess_index(highest: Option<u64>, sequence: u16) -> u64 {
    let Some(highest) = highest else { return u64::from(sequence) };
    let distance = i64::from(sequence.wrapping_sub(highest as u16) as i16);
    match highest.checked_add_signed(distance) {
        Some(index) => index,
        // Before the first packet of the stream there is no earlier rollover to belong to.
        None => u64::from(sequence),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PROFILES: [Profile; 3] = [Profile::AeadAes256Gcm, Profile::AeadAes128Gcm, Profile::Aes128CmHmacSha1_80];

    fn keys(profile: Profile) -> SessionKeys {
        SessionKeys::derive(profile, &[7; 32][..profile.key_bytes()], &[9; 14][..profile.salt_bytes()])
    }

    fn seal(keys: &SessionKeys, index: u64, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, 96, (index >> 8) as u8, index as u8, 0, 0, 0, 1, 0, 0, 0, 5];
        packet.extend_from_slice(payload);
        let plain_bytes = packet.len();
        packet.resize(plain_bytes + MAX_RTP_OVERHEAD_BYTES, 0);
        let sealed = keys.seal_rtp(5, index, 12, &mut packet, plain_bytes);
        packet.truncate(sealed);
        packet
    }

    fn open(
        keys: &SessionKeys,
        stream: &mut InboundStream,
        packet: &mut [u8],
    ) -> Result<(u64, usize), OpenPacketError> {
        let sequence = u16::from_be_bytes([packet[2], packet[3]]);
        keys.open_rtp(stream, 5, sequence, 12, packet)
    }

    #[test]
    fn sequence_numbers_wrap_into_the_next_rollover() {
        for profile in PROFILES {
            let keys = keys(profile);
            let mut stream = InboundStream::default();
            for index in 65_500u64..65_600 {
                let mut packet = seal(&keys, index, b"frame");
                assert_eq!(open(&keys, &mut stream, &mut packet), Ok((index, 17)));
            }
        }
    }

    #[test]
    fn a_late_packet_from_before_the_wrap_is_opened() {
        let keys = keys(Profile::AeadAes256Gcm);
        let mut stream = InboundStream::default();
        for index in [65_534, 65_537, 65_535, 65_536] {
            let mut packet = seal(&keys, index, b"frame");
            assert_eq!(open(&keys, &mut stream, &mut packet).map(|(index, _)| index), Ok(index));
        }
    }

    #[test]
    fn a_replayed_packet_is_refused() {
        for profile in PROFILES {
            let keys = keys(profile);
            let mut stream = InboundStream::default();
            let packet = seal(&keys, 40, b"frame");
            assert!(open(&keys, &mut stream, &mut packet.clone()).is_ok());
            assert_eq!(open(&keys, &mut stream, &mut packet.clone()), Err(OpenPacketError::Replayed));
        }
    }

    #[test]
    fn a_forged_packet_does_not_move_the_window() {
        let keys = keys(Profile::AeadAes256Gcm);
        let mut stream = InboundStream::default();
        assert!(open(&keys, &mut stream, &mut seal(&keys, 40, b"frame")).is_ok());
        let mut forged = seal(&keys, 30_000, b"frame");
        forged[14] ^= 1;
        assert_eq!(open(&keys, &mut stream, &mut forged), Err(OpenPacketError::Forged));
        assert!(open(&keys, &mut stream, &mut seal(&keys, 41, b"frame")).is_ok());
    }

    #[test]
    fn any_changed_bit_is_noticed() {
        for profile in PROFILES {
            let keys = keys(profile);
            let packet = seal(&keys, 40, b"frame");
            for at in 0..packet.len() {
                let mut changed = packet.clone();
                changed[at] ^= 4;
                assert!(open(&keys, &mut InboundStream::default(), &mut changed).is_err(), "{profile:?} byte {at}");
            }
        }
    }

    #[test]
    fn rtcp_is_read_back_and_replays_are_refused() {
        for profile in PROFILES {
            let keys = keys(profile);
            let plain: Vec<u8> = [0x81, 201, 0, 7, 0, 0, 0, 5].into_iter().chain(10..34).collect();
            let mut packet = plain.clone();
            packet.resize(plain.len() + MAX_RTCP_OVERHEAD_BYTES, 0);
            let sealed = keys.seal_rtcp(77, &mut packet, plain.len());
            packet.truncate(sealed);
            assert_ne!(packet[8..20], plain[8..20]);
            let mut stream = InboundStream::default();
            let mut opened = packet.clone();
            assert_eq!(keys.open_rtcp(&mut stream, &mut opened), Ok(plain.len()));
            assert_eq!(opened[..plain.len()], plain);
            assert_eq!(keys.open_rtcp(&mut stream, &mut packet.clone()), Err(OpenPacketError::Replayed));
            packet[9] ^= 1;
            assert_eq!(keys.open_rtcp(&mut InboundStream::default(), &mut packet), Err(OpenPacketError::Forged));
        }
    }

    #[test]
    fn keying_material_of_another_length_is_refused() {
        for profile in PROFILES {
            assert!(KeyPair::from_keying_material(profile, &vec![1; profile.keying_bytes()]).is_some());
            assert!(KeyPair::from_keying_material(profile, &vec![1; profile.keying_bytes() - 1]).is_none());
        }
    }

    proptest! {
        #[test]
        fn sealed_packets_are_read_back(index in 0u64..1 << 20, payload in proptest::collection::vec(any::<u8>(), 0..1200)) {
            for profile in PROFILES {
                let keys = keys(profile);
                let mut stream = InboundStream::default();
                if index > 0 {
                    stream.window.accept(index - 1);
                }
                let mut packet = seal(&keys, index, &payload);
                prop_assert_eq!(open(&keys, &mut stream, &mut packet), Ok((index, 12 + payload.len())));
                prop_assert_eq!(&packet[12..12 + payload.len()], &payload[..]);
            }
        }

        #[test]
        fn any_bytes_are_refused_without_a_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            for profile in PROFILES {
                let keys = keys(profile);
                prop_assert!(keys.open_rtcp(&mut InboundStream::default(), &mut bytes).is_err());
                let header_bytes = bytes.len().min(12);
                prop_assert!(keys.open_rtp(&mut InboundStream::default(), 5, 1, header_bytes, &mut bytes).is_err());
            }
        }

        #[test]
        fn a_guessed_index_is_the_nearest(highest in 0u64..1 << 40, distance in -32_000i64..32_000) {
            let Some(index) = highest.checked_add_signed(distance) else { return Ok(()) };
            prop_assert_eq!(guess_index(Some(highest), index as u16), index);
        }
    }
}
