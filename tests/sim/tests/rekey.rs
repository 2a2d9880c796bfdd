//! Changes of keys on a bad network lose nothing that was sealed, and nobody who was put out reads on.

use colloque_sim::rekey::{Cause, Changes, Removals, quantile};

#[test]
fn changes_of_keys_lose_nothing_between_those_who_are_there() {
    let Changes { tallies, rooms } = Changes::measure(0..1, 0.05);
    println!("{}", Changes { tallies: tallies.clone(), rooms });
    assert_eq!((tallies.refused, tallies.not_taken), (0, 0));
    assert_eq!(tallies.changes[Cause::Join as usize], 7);
    assert!(tallies.changes[Cause::Renewal as usize] >= 8);
    for cause in [Cause::Join, Cause::Renewal] {
        let kept = tallies.two_phase.present(cause);
        assert!(kept.arrived > 10_000, "{kept:?}");
        assert_eq!(kept.lost, 0, "{kept:?}");
        // The peers of the same run: whoever switches at once keeps frames waiting, and without a place to wait loses them.
        let at_once = tallies.at_once.present(cause);
        assert!(at_once.waited > kept.waited, "{at_once:?}");
        assert!(tallies.at_once_dropping.present(cause).lost > at_once.lost);
    }
}

#[test]
fn on_a_network_that_only_loses_media_no_change_loses_a_frame() {
    let Changes { tallies, .. } = Changes::measure(1..2, 0.0);
    assert_eq!((tallies.refused, tallies.not_taken), (0, 0));
    for cause in [Cause::Join, Cause::Renewal] {
        assert!(tallies.two_phase.present(cause).arrived > 10_000);
        assert_eq!((tallies.two_phase.present(cause).lost, tallies.two_phase.newcomer(cause).lost), (0, 0));
    }
}

#[test]
fn who_is_put_out_reads_nothing_that_is_sealed_by_who_knows_of_it() {
    let removals = Removals::measure(20, 0.0);
    println!("{removals}");
    assert_eq!((removals.tallies.refused, removals.tallies.not_taken, removals.read_too_late), (0, 0, 0));
    assert_eq!(removals.tallies.changes[Cause::Removal as usize], 20);
    // Until the order has reached everybody they do read on: the measurement would notice.
    assert!(removals.read.iter().all(|read| !read.is_zero()), "{:?}", removals.read);
    for (read, switched) in removals.read.iter().zip(&removals.switched) {
        assert!(read <= switched, "{read:?} {switched:?}");
    }
    assert!(quantile(&removals.worked, 0.5).as_millis() < 50, "{:?}", removals.worked);
}
