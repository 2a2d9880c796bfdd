//! The media plane with its sockets and threads, on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use colloque_load::client::MediaClient;
use colloque_load::memory::{peer, room};
use colloque_load::traffic::Fleet;
use colloque_sfu::{
    ConnectPeerError, DatagramKind, ReadMediaError, RefusePeerError, Sfu, SfuConfig, SfuEvent, StartSfuError, start,
};

fn loopback() -> SfuConfig {
    SfuConfig {
        bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        announce: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        ..SfuConfig::default()
    }
}

/// Connects `count` clients in rooms of two.
async fn join(sfu: &Sfu, fleet: &mut Fleet, count: u32) {
    for number in 0..count {
        let mut client = MediaClient::new(number, true, Instant::now());
        let (room, peer) = (room(u128::from(number / 2)), peer(u128::from(number)));
        let answer = sfu.connect_peer(room, peer, client.offer(3)).await.expect("a sound offer is taken");
        sfu.gate_room(room, true);
        assert!(client.accept(&answer));
        let server = client.remote().expect("the answer was taken").candidates[0];
        fleet.add(client, server).expect("the socket is bound");
    }
    assert_eq!(fleet.connect(Duration::from_secs(10)), count as usize);
}

async fn everything_arrives(config: SfuConfig, first_client: Ipv4Addr) {
    let (sfu, mut events) = start(config).expect("the media plane starts");
    let mut fleet = Fleet::bind(first_client).expect("a port is free");
    join(&sfu, &mut fleet, 6).await;
    for _ in 0..6 {
        assert!(matches!(events.recv().await, Some(SfuEvent::PeerConnected { .. })));
    }
    let window = fleet.run(6, Duration::from_millis(200), Duration::from_millis(500));
    assert!(window.sent > 100);
    assert_eq!(window.arrived, window.sent);
    let reading = sfu.read().await.expect("all workers answer");
    assert_eq!(reading.workers as usize, sfu.local_addrs().count());
    assert_eq!((reading.counters.handshakes_completed, reading.population.peers_connected), (6, 6));
    assert_eq!((reading.population.rooms_open, reading.streams, reading.meter.truncated), (3, 0, 0));
    assert!(reading.counters.forwarded >= window.sent);
    assert_eq!(reading.meter.forwarding.count(), reading.counters.forwarded, "each packet sent on was timed");
    let links = sfu.links().await.expect("all workers answer");
    assert_eq!(links.iter().filter(|link| !link.is_by_tcp && link.lost_sent == 0.0).count(), 6);
    let taken = reading.meter.receive_batches.sum();
    assert_eq!(DatagramKind::ALL.map(|kind| reading.counters.received(kind)).iter().sum::<u64>(), taken);
    assert!(reading.meter.sent >= reading.counters.forwarded && reading.meter.messages_sent <= reading.meter.sent);
    sfu.shutdown();
    assert!(matches!(events.recv().await, None | Some(SfuEvent::PeerGone { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_takes_effect_in_order_though_nobody_waits() {
    let (sfu, _events) = start(loopback()).expect("the media plane starts");
    let offer = || MediaClient::new(1, true, Instant::now()).offer(3);
    let answer = sfu.connect_peer(room(1), peer(1), offer());
    sfu.disconnect_peer(room(1), peer(1));
    answer.await.expect("a sound offer is taken");
    let reading = sfu.read().await.expect("all workers answer");
    assert_eq!(reading.population.rooms_open, 0, "a peer that left at once is gone");
    sfu.shutdown();
}

#[tokio::test]
async fn media_flows_through_real_sockets() {
    everything_arrives(loopback(), Ipv4Addr::new(127, 99, 0, 1)).await;
}

#[tokio::test]
async fn media_flows_without_segmentation() {
    everything_arrives(SfuConfig { segmentation: false, ..loopback() }, Ipv4Addr::new(127, 99, 1, 1)).await;
}

#[tokio::test]
async fn media_flows_through_several_workers_with_a_port_each() {
    let config = SfuConfig { workers: 3, ..loopback() };
    everything_arrives(config, Ipv4Addr::new(127, 99, 2, 1)).await;
}

#[tokio::test]
async fn one_socket_serves_both_address_families() {
    let bind = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 0));
    everything_arrives(SfuConfig { bind, ..loopback() }, Ipv4Addr::new(127, 99, 3, 1)).await;
}

#[tokio::test]
async fn a_refused_offer_is_named_and_nothing_is_kept() {
    let (sfu, _events) = start(loopback()).unwrap();
    let refused = sfu.connect_peer(room(1), peer(1), "no offer".to_owned()).await;
    assert!(matches!(refused, Err(ConnectPeerError::Refused(RefusePeerError::Offer(_)))));
    let offer = MediaClient::new(1, true, Instant::now()).offer(3);
    let unknown = sfu.restart_ice(room(1), peer(1), offer).await;
    assert!(matches!(unknown, Err(ConnectPeerError::Refused(RefusePeerError::UnknownPeer))));
    sfu.shutdown();
}

#[tokio::test]
async fn after_the_end_commands_are_refused() {
    let (sfu, mut events) = start(loopback()).unwrap();
    sfu.clone().shutdown();
    let offer = MediaClient::new(1, true, Instant::now()).offer(3);
    assert!(matches!(sfu.connect_peer(room(1), peer(1), offer).await, Err(ConnectPeerError::Stopped)));
    assert!(matches!(sfu.read().await, Err(ReadMediaError)));
    sfu.disconnect_peer(room(1), peer(1));
    assert_eq!(events.recv().await, None);
}

#[tokio::test]
async fn the_kernels_queue_counts_as_latency() {
    use colloque_sfu::io::{ReceiveBatch, UdpPort};
    let port = UdpPort::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), 1 << 16).unwrap();
    port.stamp_arrivals().expect("Linux notes arrivals");
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..3 {
        sender.send_to(b"datagram", port.local_addr().unwrap()).unwrap();
    }
    std::thread::sleep(Duration::from_millis(30));
    let mut received = ReceiveBatch::default();
    assert_eq!(received.receive(&port).unwrap(), 3);
    let waited = received.arrived_at().expect("the kernel said when").elapsed().unwrap();
    assert!((Duration::from_millis(30)..Duration::from_secs(5)).contains(&waited), "{waited:?}");
    assert_eq!(received.datagram(0).unwrap().1, b"datagram");
}

#[test]
fn what_keeps_it_from_starting_is_named() {
    let nowhere = SfuConfig { announce: Vec::new(), ..loopback() };
    assert!(matches!(start(nowhere), Err(StartSfuError::NoAnnouncedAddress)));
    let foreign = SfuConfig { bind: SocketAddr::from(([192, 0, 2, 200], 0)), ..loopback() };
    assert!(matches!(start(foreign), Err(StartSfuError::Bind { .. })));
    let (sfu, _events) = start(loopback()).unwrap();
    let taken = SfuConfig { bind: sfu.local_addr(), ..loopback() };
    assert!(matches!(start(taken), Err(StartSfuError::Bind { .. })));
    sfu.shutdown();
}
