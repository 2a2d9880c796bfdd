//! The self-test, where everything computes as it should. That it fails elsewhere is seen where something is changed: `group`, `opening`.

use std::time::Duration;

use colloque_e2ee::{SEED_BYTES, self_test};
use colloque_ids::Timestamp;

#[test]
fn a_machine_that_computes_passes_whatever_the_seed_and_the_time() {
    for seed in 0..8 {
        let now = Timestamp::from_millis(0).after(Duration::from_secs(u64::from(seed) * 500_000_000));
        assert_eq!(self_test(&[seed; SEED_BYTES].into(), now), Ok(()), "{seed}");
    }
}
