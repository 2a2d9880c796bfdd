#![no_main]

use colloque_e2ee::frame::{BaseKey, Codec, Epoch, FrameHeader, LeafIndex, Opener, Opening, Sealer, TrackKind};
use colloque_ids::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let from = LeafIndex::FIRST;
    let (mut sealer, mut opener) = (Sealer::default(), Opener::default());
    sealer.switch(Epoch(3), from, &BaseKey::from_bytes(&[1; 32]));
    opener.install(Epoch(3), BaseKey::from_bytes(&[1; 32]), &[from], Timestamp::from_millis(0));
    // Whatever arrives is refused: nobody guesses a tag.
    for track in TrackKind::ALL {
        assert!(opener.open(Opening { from, track }, bytes).is_err());
    }
    assert!(opener.open_redundant_voice(from, bytes).is_err());
    if let Ok((header, length)) = FrameHeader::parse(bytes) {
        let mut again = Vec::new();
        header.write(&mut again);
        assert_eq!(again, bytes[..length], "one header has one form");
    }
    // What is sealed is opened once, and not after a change.
    let camera = Opening { from, track: TrackKind::Camera };
    let mut sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, bytes).expect("there is a key");
    let at = usize::from(bytes.first().copied().unwrap_or_default()) % sealed.len();
    sealed[at] ^= 0x40;
    assert!(opener.open(camera, &sealed).is_err());
    sealed[at] ^= 0x40;
    assert_eq!(opener.open(camera, &sealed).as_deref(), Ok(bytes));
    assert!(opener.open(camera, &sealed).is_err());
    // A voice with repetitions is taken apart or refused, never half.
    if let Ok(sealed) = sealer.seal_redundant_voice(bytes) {
        assert!(opener.open_redundant_voice(from, &sealed).is_ok());
    }
});
