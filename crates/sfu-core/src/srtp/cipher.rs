use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use subtle::ConstantTimeEq;

use super::kdf::{Label, counter_mode_key, derive};
use super::{OpenPacketError, Profile};

/// Session key, authentication key and salt for one packet type in one direction.
pub(super) enum PacketCipher {
    Gcm { key: LessSafeKey, salt: [u8; 12] },
    CounterModeHmac { key: EncryptingKey, authentication: hmac::Key, salt: [u8; 14] },
}

impl PacketCipher {
    pub(super) fn derive(profile: Profile, key: &[u8], salt: &[u8], labels: [Label; 3]) -> Self {
        let [encryption, authentication, salting] = labels;
        match profile {
            Profile::AeadAes256Gcm => {
                let session = derive::<32>(profile, key, salt, encryption);
                let session = UnboundKey::new(&AES_256_GCM, &session[..]).expect("the key has 32 bytes");
                Self::Gcm { key: LessSafeKey::new(session), salt: *derive(profile, key, salt, salting) }
            }
            Profile::AeadAes128Gcm => {
                let session = derive::<16>(profile, key, salt, encryption);
                let session = UnboundKey::new(&AES_128_GCM, &session[..]).expect("the key has 16 bytes");
                Self::Gcm { key: LessSafeKey::new(session), salt: *derive(profile, key, salt, salting) }
            }
            Profile::Aes128CmHmacSha1_80 => Self::CounterModeHmac {
                key: counter_mode_key(profile, &derive::<16>(profile, key, salt, encryption)[..]),
                authentication: hmac::Key::new(
                    hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                    &derive::<20>(profile, key, salt, authentication)[..],
                ),
                salt: *derive(profile, key, salt, salting),
            },
        }
    }

    pub(super) fn seal_rtp(
        &self,
        ssrc: u32,
        index: u64,
        header_bytes: usize,
        packet: &mut [u8],
        plain_bytes: usize,
    ) -> usize {
        let (header, rest) = packet.split_at_mut(header_bytes);
        let (payload, tail) = rest.split_at_mut(plain_bytes - header_bytes);
        match self {
            Self::Gcm { key, salt } => {
                let tag = key
                    .seal_in_place_separate_tag(gcm_rtp_nonce(salt, ssrc, index), Aad::from(&*header), payload)
                    .expect("a datagram is within the limits of GCM");
                tail[..GCM_TAG_BYTES].copy_from_slice(tag.as_ref());
                plain_bytes + GCM_TAG_BYTES
            }
            Self::CounterModeHmac { key, authentication, salt } => {
                apply(key, counter_iv(salt, ssrc, index), payload);
                let rollover = ((index >> 16) as u32).to_be_bytes();
                let tag = authenticate(authentication, [header, payload, &rollover]);
                tail[..HMAC_TAG_BYTES].copy_from_slice(&tag.as_ref()[..HMAC_TAG_BYTES]);
                plain_bytes + HMAC_TAG_BYTES
            }
        }
    }

    pub(super) fn open_rtp(
        &self,
        ssrc: u32,
        index: u64,
        header_bytes: usize,
        packet: &mut [u8],
    ) -> Result<usize, OpenPacketError> {
        let plain_bytes = packet.len().checked_sub(self.tag_bytes()).ok_or(OpenPacketError::Short)?;
        if plain_bytes < header_bytes {
            return Err(OpenPacketError::Short);
        }
        let (header, rest) = packet.split_at_mut(header_bytes);
        match self {
            Self::Gcm { key, salt } => {
                key.open_in_place(gcm_rtp_nonce(salt, ssrc, index), Aad::from(&*header), rest)
                    .map_err(|_| OpenPacketError::Forged)?;
            }
            Self::CounterModeHmac { key, authentication, salt } => {
                let (payload, tag) = rest.split_at_mut(plain_bytes - header_bytes);
                let rollover = ((index >> 16) as u32).to_be_bytes();
                let expected = authenticate(authentication, [header, payload, &rollover]);
                if !bool::from(expected.as_ref()[..HMAC_TAG_BYTES].ct_eq(tag)) {
                    return Err(OpenPacketError::Forged);
                }
                apply(key, counter_iv(salt, ssrc, index), payload);
            }
        }
        Ok(plain_bytes)
    }

    pub(super) fn seal_rtcp(&self, index: u32, packet: &mut [u8], plain_bytes: usize) -> usize {
        let trailer = (index | ENCRYPTED_FLAG).to_be_bytes();
        let (header, rest) = packet.split_at_mut(RTCP_HEADER_BYTES);
        let (payload, tail) = rest.split_at_mut(plain_bytes - RTCP_HEADER_BYTES);
        let ssrc = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        match self {
            Self::Gcm { key, salt } => {
                let tag = key
                    .seal_in_place_separate_tag(gcm_rtcp_nonce(salt, ssrc, index), rtcp_aad(header, trailer), payload)
                    .expect("a datagram is within the limits of GCM");
                tail[..GCM_TAG_BYTES].copy_from_slice(tag.as_ref());
                tail[GCM_TAG_BYTES..GCM_TAG_BYTES + 4].copy_from_slice(&trailer);
                plain_bytes + GCM_TAG_BYTES + 4
            }
            Self::CounterModeHmac { key, authentication, salt } => {
                apply(key, counter_iv(salt, ssrc, u64::from(index)), payload);
                let tag = authenticate(authentication, [header, payload, &trailer]);
                tail[..4].copy_from_slice(&trailer);
                tail[4..4 + HMAC_TAG_BYTES].copy_from_slice(&tag.as_ref()[..HMAC_TAG_BYTES]);
                plain_bytes + 4 + HMAC_TAG_BYTES
            }
        }
    }

    /// Reads the packet's index, which travels in clear; none when the packet is too short to have one.
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Option<u32> {
        let trailer = self.rtcp_trailer(packet)?;
        Some(u32::from_be_bytes(trailer) & !ENCRYPTED_FLAG)
    }

    pub(super) fn open_rtcp(&self, packet: &mut [u8]) -> Result<usize, OpenPacketError> {
        let trailer = self.rtcp_trailer(packet).ok_or(OpenPacketError::Short)?;
        let word = u32::from_be_bytes(trailer);
        // A browser always encrypts; a packet that is only authenticated comes from something else.
        if word & ENCRYPTED_FLAG == 0 {
            return Err(OpenPacketError::Forged);
        }
        let index = word & !ENCRYPTED_FLAG;
        let plain_bytes = packet.len() - self.tag_bytes() - 4;
        let (header, rest) = packet.split_at_mut(RTCP_HEADER_BYTES);
        let ssrc = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        match self {
            Self::Gcm { key, salt } => {
                let sealed_bytes = rest.len() - 4;
                key.open_in_place(
                    gcm_rtcp_nonce(salt, ssrc, index),
                    rtcp_aad(header, trailer),
                    &mut rest[..sealed_bytes],
                )
                .map_err(|_| OpenPacketError::Forged)?;
            }
            Self::CounterModeHmac { key, authentication, salt } => {
                let (payload, tail) = rest.split_at_mut(plain_bytes - RTCP_HEADER_BYTES);
                let expected = authenticate(authentication, [header, payload, &trailer]);
                if !bool::from(expected.as_ref()[..HMAC_TAG_BYTES].ct_eq(&tail[4..])) {
                    return Err(OpenPacketError::Forged);
                }
                apply(key, counter_iv(salt, ssrc, u64::from(index)), payload);
            }
        }
        Ok(plain_bytes)
    }

    fn rtcp_trailer(&self, packet: &[u8]) -> Option<[u8; 4]> {
        let trailer_at = match self {
            Self::Gcm { .. } => packet.len().checked_sub(4)?,
            Self::CounterModeHmac { .. } => packet.len().checked_sub(4 + HMAC_TAG_BYTES)?,
        };
        if packet.len() < RTCP_HEADER_BYTES + self.tag_bytes() + 4 {
            return None;
        }
        packet.get(trailer_at..trailer_at + 4)?.try_into().ok()
    }

    const fn tag_bytes(&self) -> usize {
        match self {
            Self::Gcm { .. } => GCM_TAG_BYTES,
            Self::CounterModeHmac { .. } => HMAC_TAG_BYTES,
        }
    }
}

fn apply(key: &EncryptingKey, iv: [u8; 16], payload: &mut [u8]) {
    key.less_safe_encrypt(payload, EncryptionContext::Iv128(FixedLength::from(iv)))
        .expect("counter mode takes any length");
}

fn authenticate(key: &hmac::Key, parts: [&[u8]; 3]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    context.sign()
}

/// RFC 7714 section 8.1.
fn gcm_rtp_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut nonce = *salt;
    mix(&mut nonce[2..6], &ssrc.to_be_bytes());
    mix(&mut nonce[6..12], &index.to_be_bytes()[2..]);
    Nonce::assume_unique_for_key(nonce)
}

/// RFC 7714 section 9.1.
fn gcm_rtcp_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> Nonce {
    let mut nonce = *salt;
    mix(&mut nonce[2..6], &ssrc.to_be_bytes());
    mix(&mut nonce[8..12], &index.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// RFC 3711 section 4.1.1.
fn counter_iv(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(salt);
    mix(&mut iv[4..8], &ssrc.to_be_bytes());
    mix(&mut iv[8..14], &index.to_be_bytes()[2..]);
    iv
}

/// RFC 7714 section 9.2: the fixed header, then the index word.
fn rtcp_aad(header: &[u8], trailer: [u8; 4]) -> Aad<[u8; 12]> {
    let mut aad = [0; 12];
    aad[..RTCP_HEADER_BYTES].copy_from_slice(header);
    aad[RTCP_HEADER_BYTES..].copy_from_slice(&trailer);
    Aad::from(aad)
}

fn mix(into: &mut [u8], with: &[u8]) {
    for (into, with) in into.iter_mut().zip(with) {
        *into ^= with;
    }
}

const GCM_TAG_BYTES: usize = 16;
const HMAC_TAG_BYTES: usize = 10;
const RTCP_HEADER_BYTES: usize = 8;
const ENCRYPTED_FLAG: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    const PLAINTEXT: &[u8] = b"Gallia est omnis divisa in partes tres";
    const HEADER: [u8; 12] = [0x80, 0x40, 0xf1, 0x7b, 0x80, 0x41, 0xf8, 0xd3, 0x55, 0x01, 0xa0, 0xb2];
    const SALT: [u8; 12] = [0x51, 0x75, 0x69, 0x64, 0x20, 0x70, 0x72, 0x6f, 0x20, 0x71, 0x75, 0x6f];

    fn gcm(key_bytes: usize) -> PacketCipher {
        let algorithm = if key_bytes == 16 { &AES_128_GCM } else { &AES_256_GCM };
        let key: Vec<u8> = (0..key_bytes as u8).collect();
        PacketCipher::Gcm { key: LessSafeKey::new(UnboundKey::new(algorithm, &key).unwrap()), salt: SALT }
    }

    fn hexadecimal(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 7714 sections 16.1.1 and 16.2.1.
    #[test]
    fn published_gcm_packets_are_reproduced() {
        let expected = [
            (
                16,
                "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
            ),
            (
                32,
                "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
            ),
        ];
        for (key_bytes, sealed_payload) in expected {
            let mut packet = HEADER.to_vec();
            packet.extend_from_slice(PLAINTEXT);
            let plain_bytes = packet.len();
            packet.resize(plain_bytes + GCM_TAG_BYTES, 0);
            let length = gcm(key_bytes).seal_rtp(0x5501_a0b2, 0xf17b, 12, &mut packet, plain_bytes);
            assert_eq!(hexadecimal(&packet[12..length]), sealed_payload);
            assert_eq!(gcm(key_bytes).open_rtp(0x5501_a0b2, 0xf17b, 12, &mut packet), Ok(plain_bytes));
            assert_eq!(&packet[12..plain_bytes], PLAINTEXT);
        }
    }

    /// RFC 7714 section 17.1.
    #[test]
    fn published_gcm_rtcp_packet_is_reproduced() {
        let plain = [
            0x81, 0xc8, 0x00, 0x0d, 0x4d, 0x61, 0x72, 0x73, 0x4e, 0x54, 0x50, 0x31, 0x4e, 0x54, 0x50, 0x32, 0x52, 0x54,
            0x50, 0x20, 0x00, 0x00, 0x04, 0x2a, 0x00, 0x00, 0xe9, 0x30, 0x4c, 0x75, 0x6e, 0x61, 0xde, 0xad, 0xbe, 0xef,
            0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef,
        ];
        let mut packet = plain.to_vec();
        packet.resize(plain.len() + GCM_TAG_BYTES + 4, 0);
        let length = gcm(16).seal_rtcp(0x05d4, &mut packet, plain.len());
        assert_eq!(
            hexadecimal(&packet[8..length]),
            "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4"
        );
    }
}
