//! Every vector published with RFC 9605.

use colloque_e2ee::frame::{BaseKey, FrameHeader, FrameKey, FrameSuite};
use serde_json::Value;

use crate::ctr_hmac::{CtrHmac, Suite};
use crate::hex::Hex;

const VECTORS: &str = include_str!("../../../vectors/rfc9605/test-vectors.json");
const VECTORS_AES_256_CTR: &str = include_str!("../../../vectors/rfc9605/test-vectors-aes256.json");

fn cases(name: &str) -> Vec<Value> {
    [VECTORS, VECTORS_AES_256_CTR]
        .into_iter()
        .filter_map(|file| serde_json::from_str::<Value>(file).unwrap()[name].as_array().cloned())
        .flatten()
        .collect()
}

fn number(case: &Value, name: &str) -> u64 {
    case[name].as_u64().unwrap_or_else(|| panic!("{name}: {case}"))
}

fn field(case: &Value, name: &str) -> Vec<u8> {
    Hex::parse(case[name].as_str().unwrap_or_else(|| panic!("{name}: {case}"))).to_vec()
}

#[test]
fn every_published_header_is_written_and_read() {
    let cases = cases("header");
    assert_eq!(cases.len(), 289);
    for case in cases {
        let header = FrameHeader { key_id: number(&case, "kid"), counter: number(&case, "ctr") };
        let mut written = Vec::new();
        header.write(&mut written);
        assert_eq!(written, field(&case, "encoded"), "{case}");
        assert_eq!(FrameHeader::parse(&written), Ok((header, written.len())), "{case}");
    }
}

#[test]
fn every_published_frame_is_sealed_and_opened() {
    let cases = [cases("sframe"), cases("sframe_aes_256_ctr_hmac")].concat();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let (key_id, counter) = (number(&case, "kid"), number(&case, "ctr"));
        let (metadata, plain, sealed) = (field(&case, "metadata"), field(&case, "pt"), field(&case, "ct"));
        let base_key = field(&case, "base_key");
        let mut written = Vec::new();
        FrameHeader { key_id, counter }.write(&mut written);
        let header_bytes = written.len();
        match number(&case, "cipher_suite") {
            gcm @ (4 | 5) => {
                let suite = if gcm == 4 { FrameSuite::Aes128Gcm } else { FrameSuite::Aes256Gcm };
                let key = FrameKey::derive(suite, &BaseKey::from_bytes(&base_key), key_id);
                written.extend_from_slice(&plain);
                let tag = key.seal_in_place(counter, &metadata, &mut written[header_bytes..]).unwrap();
                written.extend_from_slice(&tag);
                assert_eq!(written, sealed, "{case}");

                let (frame, tag) = written[header_bytes..].split_last_chunk_mut().unwrap();
                key.open_in_place(counter, &metadata, frame, tag).unwrap();
                assert_eq!(frame, plain, "{case}");
            }
            ctr => {
                let suite = Suite::from_number(u16::try_from(ctr).unwrap());
                let key = CtrHmac::derive(suite, &base_key, key_id);
                let aad = [written.as_slice(), &metadata].concat();
                written.extend(key.seal(counter, &aad, &plain));
                assert_eq!(written, sealed, "{case}");
            }
        }
    }
}

#[test]
fn every_published_ctr_hmac_is_computed() {
    let cases = [cases("aes_ctr_hmac"), cases("aes_256_ctr_hmac")].concat();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let suite = Suite::from_number(u16::try_from(number(&case, "cipher_suite")).unwrap());
        let key = CtrHmac::from_parts(suite, &field(&case, "key"), &field(&case, "nonce"));
        assert_eq!(key.seal(0, &field(&case, "aad"), &field(&case, "pt")), field(&case, "ct"), "{case}");
    }
}
