use std::time::{Duration, Instant};

use colloque_participant::picture::{Camera, Eye, PictureStatistics, Piece, split};

const PICTURE: Duration = Duration::from_millis(33);

/// Looks at what has become whole; nothing is sealed here.
fn look(eye: &mut Eye, now: Instant) {
    for picture in eye.take_whole() {
        eye.show(&picture.frame, picture.id, now);
    }
}

/// Shows pictures for a while; each piece goes through `way`, which may lose it; gives how they were seen.
fn seen(pictures: u32, mut way: impl FnMut(u32, Piece) -> Vec<Piece>) -> (PictureStatistics, u32) {
    let (mut camera, mut eye) = (Camera::new(), Eye::new());
    let begins_at = Instant::now();
    let (mut sequence, mut wishes) = (0, 0);
    for number in 0..pictures {
        let now = begins_at + PICTURE * number;
        let (id, frame) = camera.picture(400_000, 30);
        for piece in split(&frame, id) {
            for piece in way(number, piece) {
                eye.put(sequence, piece.is_last, &piece.payload, now);
                sequence = sequence.wrapping_add(1);
            }
        }
        look(&mut eye, now);
        if eye.wants_keyframe(now) {
            wishes += 1;
            camera.show_keyframe();
        }
    }
    (eye.statistics(), wishes)
}

#[test]
fn whole_pictures_are_all_seen() {
    let (statistics, wishes) = seen(90, |_, piece| vec![piece]);
    assert_eq!((statistics.shown, statistics.keyframes, wishes), (90, 1, 0), "{statistics:?}");
    assert_eq!((statistics.foreign, statistics.freezes), (0, 0));
}

#[test]
fn a_changed_byte_is_a_foreign_picture() {
    let (statistics, _) = seen(30, |number, piece| {
        let mut payload = piece.payload.to_vec();
        if number == 10
            && let Some(last) = payload.last_mut()
        {
            *last ^= 1;
        }
        vec![Piece { payload: payload.into(), ..piece }]
    });
    assert!(statistics.foreign >= 1, "{statistics:?}");
    assert!(statistics.shown < 30, "{statistics:?}");
}

#[test]
fn a_picture_that_never_comes_freezes_until_a_keyframe_that_was_asked_for() {
    let (mut camera, mut eye) = (Camera::new(), Eye::new());
    let begins_at = Instant::now();
    let (mut sequence, mut wishes, mut frozen) = (0u16, 0, 0);
    for number in 0..90 {
        let now = begins_at + PICTURE * number;
        let (id, frame) = camera.picture(400_000, 30);
        for piece in split(&frame, id) {
            if number != 20 {
                eye.put(sequence, piece.is_last, &piece.payload, now);
            }
            sequence = sequence.wrapping_add(1);
        }
        look(&mut eye, now);
        if eye.wants_keyframe(now) {
            wishes += 1;
            camera.show_keyframe();
        }
        frozen = eye.statistics().freezes;
    }
    let statistics = eye.statistics();
    assert_eq!((wishes, frozen, statistics.keyframes), (1, 1, 2), "{statistics:?}");
    assert!((60..85).contains(&statistics.shown), "{statistics:?}");
}

#[test]
fn a_piece_that_comes_late_fills_its_hole() {
    let (mut camera, mut eye) = (Camera::new(), Eye::new());
    let begins_at = Instant::now();
    let (mut sequence, mut kept) = (0u16, None);
    for number in 0..60 {
        let now = begins_at + PICTURE * number;
        let (id, frame) = camera.picture(400_000, 30);
        for piece in split(&frame, id) {
            match number {
                20 if kept.is_none() => kept = Some((sequence, piece)),
                _ => eye.put(sequence, piece.is_last, &piece.payload, now),
            }
            sequence = sequence.wrapping_add(1);
        }
        if number == 23
            && let Some((sequence, piece)) = kept.take()
        {
            eye.put(sequence, piece.is_last, &piece.payload, now);
        }
        look(&mut eye, now);
        assert!(!eye.wants_keyframe(now), "{number}");
    }
    assert_eq!((eye.statistics().shown, eye.statistics().freezes), (60, 0));
}
