use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::Profile;

/// What a session key is for; the value is the label of RFC 3711.
#[derive(Debug, Clone, Copy)]
pub(super) enum Label {
    RtpEncryption = 0,
    RtpAuthentication = 1,
    RtpSalt = 2,
    RtcpEncryption = 3,
    RtcpAuthentication = 4,
    RtcpSalt = 5,
}

/// Derives one session key of `N` bytes from a master key and salt, with key derivation rate zero.
///
/// # Source
///
/// RFC 3711 section 4.3; RFC 7714 section 11: a 96-bit salt counts as if two zero bytes followed it.
pub(super) fn derive<const N: usize>(
    profile: Profile,
    master_key: &[u8],
    master_salt: &[u8],
    label: Label,
) -> Zeroizing<[u8; N]> {
    let mut iv = [0; 16];
    iv[..master_salt.len()].copy_from_slice(master_salt);
    iv[7] ^= label as u8;
    let mut out = Zeroizing::new([0; N]);
    apply_counter_mode(profile, master_key, iv, &mut out[..]);
    out
}

/// Encrypts or decrypts in place by AES in counter mode, starting at block `iv`.
pub(super) fn apply_counter_mode(profile: Profile, key: &[u8], iv: [u8; 16], in_out: &mut [u8]) {
    counter_mode_key(profile, key)
        .less_safe_encrypt(in_out, EncryptionContext::Iv128(FixedLength::from(iv)))
        .expect("counter mode takes any length");
}

/// Expands an AES key for counter mode; `key` has the profile's key length.
pub(super) fn counter_mode_key(profile: Profile, key: &[u8]) -> EncryptingKey {
    let algorithm = match profile {
        Profile::AeadAes256Gcm => &AES_256,
        Profile::AeadAes128Gcm | Profile::Aes128CmHmacSha1_80 => &AES_128,
    };
    let key = UnboundCipherKey::new(algorithm, key).expect("the profile fixes the length of its keys");
    EncryptingKey::ctr(key).expect("counter mode takes any key of the right length")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 appendix B.3.
    #[test]
    fn published_key_derivation_is_reproduced() {
        let key = [0xe1, 0xf9, 0x7a, 0x0d, 0x3e, 0x01, 0x8b, 0xe0, 0xd6, 0x4f, 0xa3, 0x2c, 0x06, 0xde, 0x41, 0x39];
        let salt = [0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6];
        let profile = Profile::Aes128CmHmacSha1_80;
        assert_eq!(
            *derive::<16>(profile, &key, &salt, Label::RtpEncryption),
            [0xc6, 0x1e, 0x7a, 0x93, 0x74, 0x4f, 0x39, 0xee, 0x10, 0x73, 0x4a, 0xfe, 0x3f, 0xf7, 0xa0, 0x87]
        );
        assert_eq!(
            *derive::<14>(profile, &key, &salt, Label::RtpSalt),
            [0x30, 0xcb, 0xbc, 0x08, 0x86, 0x3d, 0x8c, 0x85, 0xd4, 0x9d, 0xb3, 0x4a, 0x9a, 0xe1]
        );
        assert_eq!(
            derive::<20>(profile, &key, &salt, Label::RtpAuthentication)[..8],
            [0xce, 0xbe, 0x32, 0x1f, 0x6f, 0xf7, 0x71, 0x6b]
        );
    }
}
