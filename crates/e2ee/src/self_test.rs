//! Two made-up people who agree on keys, seal and open. Run before anybody is there: a machine that computes wrongly makes no keys, and the
//! programs that agree on keys are compiled and warm when a practitioner and a patient need them.

use colloque_attestation::{ProofOfPerson, Standing, Statement};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use ed25519_dalek::{Signer, SigningKey};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::engine::{EndToEnd, Output, Setup, State, ToOthers};
use crate::frame::{Codec, LeafIndex, Opening, TrackKind};
use crate::mls::{Provider, SEED_BYTES};

/// What is sealed is not opened as it was, or what was changed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this machine does not compute what end-to-end keys need")]
pub struct SelfTestError;

/// A frame that is neither empty nor all the same.
const FRAME: &[u8] = b"\x10\x02\x00\x9d\x01\x2a\x80\x02\x68\x01 a frame of a made-up camera.";

/// More turns than two people need to say all that they have to.
const MOST_TURNS: usize = 32;

/// Agrees on keys, seals a frame each way, opens it, and refuses it changed. The keys are erased.
///
/// # Errors
///
/// [`SelfTestError`]: no keys may be made here.
pub fn self_test(seed: &Zeroizing<[u8; SEED_BYTES]>, now: Timestamp) -> Result<(), SelfTestError> {
    run(seed, now).ok_or(SelfTestError)
}

fn run(seed: &Zeroizing<[u8; SEED_BYTES]>, now: Timestamp) -> Option<()> {
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

/// Seals a frame of each kind, opens it, and refuses it with another bit.
fn pass(sender: &mut EndToEnd, receiver: &mut EndToEnd, from: LeafIndex) -> Option<()> {
    for (track, codec) in [(TrackKind::Voice, Codec::Opus), (TrackKind::Camera, Codec::Vp8)] {
        let sealed = sender.sealer().seal(track, codec, FRAME).ok()?;
        let mut changed = sealed.clone();
        *changed.get_mut(FRAME.len() / 2)? ^= 1;
        let mut open = |bytes: &[u8]| receiver.opener().open(Opening { from, track }, bytes).ok();
        if open(&changed).is_some() || open(&sealed).as_deref() != Some(FRAME) {
            return None;
        }
    }
    Some(())
}
