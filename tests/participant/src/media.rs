//! What runs beside the call: a person speaks, films, listens and looks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use colloque_call::CameraRate;
use colloque_network::Dice;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp::Packet;
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};

use crate::driver;
use crate::keys::Frame;
use crate::offered::{OPUS, RED, VP8};
use crate::participant::{Shared, lock};
use crate::picture::{Camera, split};
use crate::red;
use crate::speech::Speech;
use crate::voice::Mouth;

/// Says the speech for ever, in the steps of a microphone; it is sent while there is somewhere to send it.
pub(crate) async fn speak(shared: Arc<Shared>, mut mouth: Mouth, speech: Speech, seed: u64) {
    let mut dice = Dice::new(seed);
    let (mut sequence, begins_at) = (dice.bits() as u16, dice.bits() as u32);
    let mut begins = true;
    let mut frames = interval(VOICE_FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0.. {
        frames.tick().await;
        let spoken = match mouth.speak(speech.frame(number)) {
            Ok(spoken) => spoken,
            Err(error) => return warn!("a person stops to speak: {error}"),
        };
        let outlet = shared.outlet.borrow().clone().filter(|_| shared.local.borrow().microphone);
        let sealed = outlet.and_then(|outlet| {
            let (format, payload) = if outlet.repeats_voice { (RED, spoken.redundant) } else { (OPUS, spoken.plain) };
            let frame = Frame::Voice { timestamp: begins_at.wrapping_add(spoken.timestamp), format, payload };
            Some((outlet, lock(&shared.keys).seal(frame)?))
        });
        let Some((outlet, Frame::Voice { timestamp, format, payload })) = sealed else {
            begins = true;
            continue;
        };
        // A transport that closes meanwhile loses the packet, as a network would.
        if outlet.voice.send(format, sequence, timestamp, begins, payload).await.is_ok() {
            sequence = sequence.wrapping_add(1);
            begins = false;
        }
    }
}

/// Films for ever; keyframes are made when the server asks for one, or when a transport is new.
pub(crate) async fn film(shared: Arc<Shared>, picture_bps: u64, seed: u64) {
    let mut dice = Dice::new(seed ^ 1);
    let (mut sequence, begins_at) = (dice.bits() as u16, dice.bits() as u32);
    let mut camera = Camera::new();
    let mut sends = false;
    let mut pictures = interval(Duration::from_secs(1) / PICTURES_PER_SECOND);
    pictures.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0.. {
        pictures.tick().await;
        let rate = shared.adaptation.borrow().camera;
        let is_on = shared.local.borrow().camera && rate != CameraRate::Nothing;
        let outlet = shared.outlet.borrow().clone().filter(|_| is_on);
        let Some(outlet) = outlet else {
            sends = false;
            continue;
        };
        if !std::mem::replace(&mut sends, true) | shared.readings.take_keyframe_wish() {
            camera.show_keyframe();
        }
        let allowed = shared.readings.allowed_bps().map_or(picture_bps, |bps| bps.saturating_sub(VOICE_BPS));
        let timestamp = begins_at.wrapping_add(90_000 / PICTURES_PER_SECOND * number);
        let most = if rate == CameraRate::Low { picture_bps.min(LOW_BPS) } else { picture_bps };
        let (id, bytes) = camera.picture(allowed.min(most).max(LEAST_BPS), u64::from(PICTURES_PER_SECOND));
        let sealed = lock(&shared.keys).seal(Frame::Picture { id, bytes });
        let Some(Frame::Picture { id, bytes }) = sealed else {
            sends = false;
            continue;
        };
        for piece in split(&bytes, id) {
            if outlet.camera.send(VP8, sequence, timestamp, piece.is_last, piece.payload).await.is_err() {
                // Without its number nobody could tell what is missing.
                camera.show_keyframe();
                break;
            }
            sequence = sequence.wrapping_add(1);
        }
    }
}

/// Plays what was heard, in the steps of a loudspeaker.
pub(crate) async fn listen(shared: Arc<Shared>) {
    let mut steps = interval(VOICE_FRAME / 2);
    loop {
        steps.tick().await;
        lock(&shared.ear).play(Instant::now());
    }
}

/// Takes what arrives on one track until it ends.
pub(crate) async fn receive(shared: Arc<Shared>, track: Arc<dyn TrackRemote>) {
    match track.track_id().await.as_str() {
        "microphone" => {
            lock(&shared.ear).renew();
            while let Some(event) = track.poll().await {
                match event {
                    TrackRemoteEvent::OnRtpPacket(packet) => hear(&shared, &packet),
                    TrackRemoteEvent::OnEnded => return,
                    _ => {}
                }
            }
        }
        "camera" => {
            lock(&shared.eye).renew();
            look(&shared, track.as_ref()).await;
        }
        // A screen is shown by nobody here; what comes of it is thrown away.
        _ => while track.poll().await.is_some() {},
    }
}

fn hear(shared: &Shared, packet: &Packet) {
    let (timestamp, format) = (packet.header.timestamp, packet.header.payload_type);
    match format {
        RED | OPUS => open(shared, Frame::Voice { timestamp, format, payload: packet.payload.clone() }),
        _ => lock(&shared.ear).put_broken(),
    }
}

fn open(shared: &Shared, frame: Frame) {
    let opened = lock(&shared.keys).open(frame, driver::now());
    if let Some(opened) = opened {
        play(shared, opened);
    }
}

/// Plays or shows a frame that was opened.
pub(crate) fn play(shared: &Shared, frame: Frame) {
    let now = Instant::now();
    match frame {
        Frame::Voice { timestamp, format: RED, payload } => {
            let mut ear = lock(&shared.ear);
            match red::read(&payload) {
                Some(blocks) => {
                    for (offset, block) in blocks {
                        ear.put(timestamp.wrapping_sub(offset), &block, offset > 0, now);
                    }
                }
                None => ear.put_broken(),
            }
        }
        Frame::Voice { timestamp, payload, .. } => lock(&shared.ear).put(timestamp, &payload, false, now),
        Frame::Picture { id, bytes } => lock(&shared.eye).show(&bytes, id, now),
    }
}

async fn look(shared: &Shared, track: &dyn TrackRemote) {
    let mut steps = interval(PICTURE_CHECK);
    loop {
        let mut wants_keyframe = false;
        tokio::select! {
            event = track.poll() => match event {
                Some(TrackRemoteEvent::OnRtpPacket(packet)) => {
                    let header = &packet.header;
                    lock(&shared.eye).put(header.sequence_number, header.marker, &packet.payload, Instant::now());
                }
                Some(TrackRemoteEvent::OnEnded) | None => return,
                Some(_) => {}
            },
            _ = steps.tick() => wants_keyframe = lock(&shared.eye).wants_keyframe(Instant::now()),
            () = shared.keyframe_wish.notified() => wants_keyframe = true,
        }
        let whole = lock(&shared.eye).take_whole();
        for picture in whole {
            open(shared, Frame::Picture { id: picture.id, bytes: picture.frame });
        }
        if wants_keyframe && let Some(media_ssrc) = track.ssrcs().await.first().copied() {
            let request = PictureLossIndication { sender_ssrc: SENDER_SSRC, media_ssrc };
            // A transport that is gone brings no keyframe either way.
            let _ = track.write_rtcp(vec![Box::new(request)]).await;
        }
    }
}

/// What a camera takes at its low rate, as in browsers, in bits per second.
const LOW_BPS: u64 = 136_000;
const VOICE_FRAME: Duration = Duration::from_millis(20);
const PICTURES_PER_SECOND: u32 = 30;
/// How often a person looks whether pictures are missing.
const PICTURE_CHECK: Duration = Duration::from_millis(50);
/// What a voice with its repetitions takes, in bits per second.
const VOICE_BPS: u64 = 90_000;
/// Pictures never get less than this, in bits per second.
const LEAST_BPS: u64 = 40_000;
/// Names the sender of requests; nothing follows from it.
const SENDER_SSRC: u32 = 1;
