//! Two made-up people who agree on keys, seal and open. Run before anybody is there: a machine that is seen to compute wrongly makes no keys, and the
//! programs that agree on keys are compiled and warm when a practitioner and a patient need them.

use colloque_attestation::{ProofOfPerson, Standing, Statement};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use ed25519_dalek::{Signer, SigningKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::engine::{EndToEnd, Output, Setup, State, ToOthers};
use crate::frame::{BaseKey, Codec, Epoch, LeafIndex, Opening, Sealer, TrackKind};
use crate::mls::{Provider, SEED_BYTES};

/// What is sealed is not opened as it was, or what was changed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this machine does not compute what end-to-end keys need")]
pub struct SelfTestError;

/// The keyframe of the published vectors, and what it becomes as the third frame of a camera under a known key.
///
/// # Source
///
/// `tests/vectors/envelope/frames.json`, the first.
const FRAME: [u8; 40] = [
    0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
    0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
    0x1c, 0x1d,
];
const SEALED: [u8; 59] = [
    0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 0x82, 0x93, 0xc2, 0x84, 0x1e, 0x3a, 0x10, 0xcd, 0x86,
    0x07, 0x1d, 0x1c, 0x01, 0x1e, 0x8c, 0x58, 0x8b, 0xf6, 0x69, 0xc8, 0xa1, 0x0e, 0x5d, 0xda, 0x7a, 0xfa, 0xa9, 0x2a,
    0xdf, 0xa7, 0xa5, 0xb1, 0xa0, 0xee, 0x70, 0xdf, 0xd5, 0xba, 0x61, 0x3f, 0xb2, 0x26, 0x7a, 0x3b, 0xcc, 0xcd, 0x07,
    0x85, 0x0a,
];

/// More turns than two people need to say all that they have to.
const MOST_TURNS: usize = 32;

/// Seals what is known, then agrees on keys, seals a frame each way, opens it, and refuses it changed. The keys are erased.
///
/// # Errors
///
/// [`SelfTestError`]: no keys may be made here.
pub fn self_test(seed: &Zeroizing<[u8; SEED_BYTES]>, now: Timestamp) -> Result<(), SelfTestError> {
    run(seed, now).ok_or(SelfTestError)
}

fn run(seed: &Zeroizing<[u8; SEED_BYTES]>, now: Timestamp) -> Option<()> {
    is_known()?;
    let provider = Provider::from_seed(seed);
    let fresh = || {
        let mut seed = Zeroizing::new([0; SEED_BYTES]);
        provider.fill(seed.as_mut());
        seed
    };
    let platform = SigningKey::from_bytes(&fresh());
    let enter = |standing: Standing| {
        let mut engine = EndToEnd::new(Setup {
            consultation: ConsultationId::from_parts(now, [0; 10]),
            identity_key: platform.verifying_key().to_bytes(),
            link: None,
            seed: fresh(),
        })
        .ok()?;
        let statement = Statement {
            consultation: ConsultationId::from_parts(now, [0; 10]),
            participant: ParticipantId::from_parts(now, [standing as u8; 10]),
            standing,
            proof: ProofOfPerson::One,
            name: String::new(),
            profession: None,
            rpps: None,
            leaf_key: engine.leaf_key(),
            issued_at: now,
            expires_at: now.after(std::time::Duration::from_secs(60)),
        };
        engine.attested(statement.seal(|bytes| platform.sign(bytes).to_bytes()).bytes(), now).ok()?;
        Some((engine, statement.participant))
    };
    let ((mut practitioner, _), (mut patient, id)) = (enter(Standing::Practitioner)?, enter(Standing::Patient)?);
    practitioner.make_group(now).ok()?;
    patient.offer().ok()?;
    // As the server would: each says something, and the other hears it, until both have said everything.
    for _ in 0..MOST_TURNS {
        let from_patient = next(&mut patient);
        match &from_patient {
            Some(ToOthers::KeyPackage { package }) => practitioner.take_key_package(id, package, now).ok()?,
            Some(ToOthers::Sealed { message }) => practitioner.take(message, now).ok()?,
            Some(ToOthers::Commit { .. }) | None => {}
        }
        match next(&mut practitioner) {
            Some(ToOthers::Commit { epoch, welcome, .. }) => {
                practitioner.accepted(epoch, now).ok()?;
                patient.take_welcome(&welcome?, now).ok()?;
            }
            Some(ToOthers::Sealed { message }) => patient.take(&message, now).ok()?,
            Some(ToOthers::KeyPackage { .. }) => {}
            None if from_patient.is_none() => break,
            None => {}
        }
    }
    pass(&mut practitioner, &mut patient, LeafIndex::new(0)?)?;
    pass(&mut patient, &mut practitioner, LeafIndex::new(1)?)?;
    let (one, other) = (practitioner.view(now), patient.view(now));
    (one.state == State::EndToEnd && one.words.is_some() && one.words == other.words).then_some(())
}

fn next(engine: &mut EndToEnd) -> Option<ToOthers> {
    std::iter::from_fn(|| engine.next_output()).find_map(|output| match output {
        Output::Send(told) => Some(told),
        _ => None,
    })
}

/// A known frame under a known key becomes what other implementations make of it too.
fn is_known() -> Option<()> {
    let base_key: Vec<u8> = (0x10..0x30).collect();
    let mut sealer = Sealer::default();
    sealer.switch(Epoch(3), LeafIndex::new(1)?, &BaseKey::from_bytes(&base_key));
    let mut seal = || sealer.seal(TrackKind::Camera, Codec::Vp8, &FRAME).ok();
    let (first, second, third) = (seal()?, seal()?, seal()?);
    (third == SEALED && first != second).then_some(())
}

/// Seals a frame of each kind, opens it, and refuses it with another bit: of what is readable, of the header, of the rest, of the tag.
fn pass(sender: &mut EndToEnd, receiver: &mut EndToEnd, from: LeafIndex) -> Option<()> {
    for (track, codec) in [(TrackKind::Voice, Codec::Opus), (TrackKind::Camera, Codec::Vp8)] {
        let sealed = sender.sealer().seal(track, codec, &FRAME).ok()?;
        let mut open = |bytes: &[u8]| receiver.opener().open(Opening { from, track }, bytes).ok();
        for bit in [0, FRAME.len() / 4, FRAME.len() / 2, sealed.len() - 2] {
            let mut changed = sealed.clone();
            *changed.get_mut(bit)? ^= 0x10;
            if open(&changed).is_some() {
                return None;
            }
        }
        if open(&sealed).as_deref() != Some(FRAME.as_slice()) || open(&sealed).is_some() {
            return None;
        }
    }
    Some(())
}
