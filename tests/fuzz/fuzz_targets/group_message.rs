#![no_main]

use std::time::Duration;

use colloque_attestation::{Attestation, ProofOfPerson, Standing, Statement};
use colloque_e2ee::{EndToEnd, Setup, State};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use ed25519_dalek::{Signer, SigningKey};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fuzz_target!(|bytes: &[u8]| {
    let platform = SigningKey::from_bytes(&[42; 32]);
    let consultation = ConsultationId::from_parts(NOW, [1; 10]);
    let setup = Setup {
        consultation,
        identity_key: platform.verifying_key().to_bytes(),
        link: None,
        seed: [7; 32].into(),
    };
    let mut practitioner = EndToEnd::new(setup).expect("the key is one");
    let statement = Statement {
        consultation,
        participant: ParticipantId::from_parts(NOW, [2; 10]),
        standing: Standing::Practitioner,
        proof: ProofOfPerson::Passkey,
        name: "Dre Claire Martin".to_owned(),
        profession: None,
        rpps: None,
        leaf_key: practitioner.leaf_key(),
        issued_at: NOW,
        expires_at: NOW.after(Duration::from_secs(3_600)),
    };
    let attestation = statement.seal(|bytes| platform.sign(bytes).to_bytes());
    practitioner.attested(attestation.bytes(), NOW).expect("the statement is good");
    practitioner.make_group(NOW).expect("a practitioner makes a group");
    let before = practitioner.view(NOW);
    assert_eq!(before.state, State::Alone);
    // Whatever the server passes on, nobody comes in.
    let stranger = ParticipantId::from_parts(NOW, [3; 10]);
    assert!(practitioner.take(bytes, NOW).is_err());
    assert!(practitioner.take_welcome(bytes, NOW).is_err());
    assert!(practitioner.take_key_package(stranger, bytes, NOW).is_err());
    assert!(practitioner.attested(bytes, NOW).is_err() || bytes == attestation.bytes());
    assert_eq!(practitioner.view(NOW), before);
    if let Ok(attestation) = Attestation::parse(bytes) {
        assert_eq!(attestation.bytes(), bytes);
    }
});
