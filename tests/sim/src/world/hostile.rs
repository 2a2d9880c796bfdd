//! Attackers: strangers who send what they like, and people in a room whose browser does what no browser does.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_load::client::{OPUS, RTX, VP8};
use colloque_network::Dice;
use colloque_protocol::Role;
use colloque_protocol::signaling::{ClientMessage, DeviceCheck, MediaState, SIGNALING_VERSION};

use super::access::{Datagram, Item};
use super::chance::BrowserSecret;
use super::event::Event;
use super::scene::Scene;
use super::{Around, World};

/// An attacker.
pub(super) struct Hostile {
    pub(super) kind: Kind,
    secret: BrowserSecret,
    streams: Vec<u64>,
    /// Does nothing any more.
    pub(super) is_quiet: bool,
}

/// What an attacker has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A way into the network, and eyes on everybody else's.
    Outsider { access: usize },
    /// The device of a person who belongs here.
    Insider { device: usize },
}

/// First bytes of STUN, DTLS, RTP and RTCP, and of nothing.
const FIRST_BYTES: [u8; 8] = [0, 1, 22, 23, 63, 128, 0x90, 0xff];
/// Streams that one attacker keeps open.
const MOST_STREAMS: usize = 70;

impl Hostile {
    pub(super) fn new(scene: &mut Scene, kind: Kind) -> Self {
        Self { kind, secret: BrowserSecret::draw(&mut scene.dice), streams: Vec::new(), is_quiet: false }
    }
}

impl World {
    /// Has an attacker do something, and something else later.
    pub(super) fn mischief(&mut self, number: usize) {
        if self.hostiles[number].is_quiet {
            return;
        }
        self.around.scene.within(20..600, Event::Mischief { hostile: number });
        match self.hostiles[number].kind {
            Kind::Outsider { access } if self.around.scene.dice.is(0.6) => self.send_strange(access),
            Kind::Outsider { access } => self.say_strange(number, access),
            Kind::Insider { device } if self.around.scene.dice.is(0.8) => self.send_as(device),
            Kind::Insider { device } => self.say_as(device),
        }
    }

    /// A stranger's datagrams: noise, and what was overheard, from their own address or another's.
    fn send_strange(&mut self, access: usize) {
        let Around { scene, net, .. } = &mut self.around;
        let count = [1, 1, 5, 60][scene.dice.below(4) as usize];
        for _ in 0..count {
            let own = net.accesses[access].address;
            let heard = match net.overheard.len() as u64 {
                0 => None,
                length => net.overheard.get(scene.dice.below(length) as usize).cloned(),
            };
            let (client, bytes) = match (heard, scene.dice.below(4)) {
                (Some((_, bytes)), 0) => (own, bytes),
                (Some((victim, bytes)), 1) => (victim, bytes),
                (Some((victim, bytes)), 2) => (victim, damaged(&mut scene.dice, bytes)),
                _ => (own, noise(&mut scene.dice)),
            };
            push(net, scene, access, client, bytes);
        }
    }

    /// A stranger's messages: no ticket, somebody else's, or one made at home.
    fn say_strange(&mut self, number: usize, access: usize) {
        let Self { around, hostiles, .. } = self;
        let hostile = &mut hostiles[number];
        let Around { scene, net, clinic, .. } = around;
        if hostile.streams.len() < MOST_STREAMS && (hostile.streams.is_empty() || scene.dice.is(0.4)) {
            hostile.streams.push(net.open_stream(scene, access));
            return;
        }
        let stream = hostile.streams[scene.dice.below(hostile.streams.len() as u64) as usize];
        let text = match scene.dice.below(5) {
            0 => String::from_utf8_lossy(&noise(&mut scene.dice)).into_owned(),
            1 => "[".repeat(70_000),
            2 => text_of(&ClientMessage::Ping { sequence: 1 }),
            3 => text_of(&ClientMessage::Admit),
            _ => {
                let stolen = clinic.issued.keys().nth(scene.dice.below(clinic.issued.len().max(1) as u64) as usize);
                let ticket = match stolen {
                    Some(ticket) if scene.dice.is(0.7) => ticket.clone(),
                    _ => {
                        let scope = clinic.scope(0, scene.timestamp());
                        let key = hostile.secret.public();
                        clinic.claims(scene, 0, colloque_protocol::ticket::Scope::Room(scope), key).seal(|_| [7; 64])
                    }
                };
                let proof = hostile.secret.sign_join(&URL_SAFE_NO_PAD.encode([0; 32]), &ticket);
                let key = hostile.secret.public().clone();
                text_of(&ClientMessage::Join { version: SIGNALING_VERSION, ticket, key, proof, take_over: true })
            }
        };
        net.push_up(scene, stream, Item::Text(text));
    }

    /// A participant's datagrams, sealed with their own keys as no browser seals them.
    fn send_as(&mut self, number: usize) {
        let Self { around, devices, .. } = self;
        let Around { scene, net, .. } = around;
        let own = net.accesses[number].address;
        let Some(transport) = &mut devices[number].transport else { return };
        if !transport.is_connected() {
            return;
        }
        let dice = &mut scene.dice;
        let client = &mut transport.media.client;
        let own_ssrc = client.ssrcs[dice.below(3) as usize];
        let mut sent = Vec::new();
        match dice.below(6) {
            0 => {
                let foreign = own_ssrc.wrapping_sub(16).wrapping_add(dice.below(64) as u32);
                let kind = [OPUS, VP8, RTX, dice.below(128) as u8][dice.below(4) as usize];
                let payload = noise(dice);
                sent.push(client.sealed(
                    foreign,
                    kind,
                    dice.is(0.5),
                    dice.below(1 << 20),
                    dice.bits() as u32,
                    &payload,
                ));
            }
            1 => {
                let payload = noise(dice);
                let index = dice.below(70_000);
                sent.push(client.sealed(own_ssrc, VP8, true, index, dice.bits() as u32, &payload));
            }
            2 => (0..200).for_each(|_| sent.push(client.sealed_rtcp(&pli(dice)))),
            3 => (0..40).for_each(|_| sent.push(client.sealed_rtcp(&nack(dice)))),
            4 => {
                let mut compound = noise(dice);
                compound.truncate(compound.len() / 4 * 4);
                if compound.len() >= 8 {
                    compound[..2].copy_from_slice(&[0x81, 200 + dice.below(8) as u8]);
                    sent.push(client.sealed_rtcp(&compound));
                }
            }
            _ => {
                let theirs: Vec<_> = net.overheard.iter().filter(|(client, _)| *client == own).cloned().collect();
                sent.extend(theirs.into_iter().map(|(_, bytes)| bytes));
            }
        }
        for bytes in sent {
            push(net, scene, number, own, bytes);
        }
    }

    /// A participant's messages, past the engine.
    fn say_as(&mut self, number: usize) {
        let Self { around, devices, .. } = self;
        let Around { scene, net, .. } = around;
        let Some(stream) = devices[number].stream() else { return };
        let count = [1, 1, 1, 130][scene.dice.below(4) as usize];
        for _ in 0..count {
            let message = match scene.dice.below(7) {
                0 if devices[number].role == Role::Patient => ClientMessage::Admit,
                1 if devices[number].role == Role::Patient => ClientMessage::End,
                2 => ClientMessage::AnnounceDelay { appointment: Some(scene.id()), minutes: 9_999 },
                3 => {
                    ClientMessage::Offer { generation: scene.dice.bits() as u32, ice_restart: false, sdp: "v=0".into() }
                }
                4 => ClientMessage::DeviceCheck(DeviceCheck {
                    camera: true,
                    microphone: true,
                    round_trip_ms: u32::MAX,
                    media_blocked: true,
                }),
                5 => ClientMessage::NotifyAgain,
                _ => ClientMessage::MediaState(MediaState { screen: scene.dice.is(0.5), ..MediaState::default() }),
            };
            net.push_up(scene, stream, Item::Text(text_of(&message)));
        }
    }
}

fn push(net: &mut super::net::Net, scene: &Scene, access: usize, client: SocketAddr, bytes: Vec<u8>) {
    let length = bytes.len();
    let datagram = Datagram { client, bytes, sent_ms: scene.now_ms };
    net.accesses[access].up.push(scene.instant(), length, datagram);
}

fn text_of(message: &ClientMessage) -> String {
    serde_json::to_string(message).expect("messages hold no map, so they have a JSON form")
}

fn noise(dice: &mut Dice) -> Vec<u8> {
    let length = 1 + dice.below(1_400) as usize;
    let mut bytes: Vec<u8> = (0..length).map(|_| dice.bits() as u8).collect();
    bytes[0] = FIRST_BYTES[dice.below(8) as usize];
    bytes
}

fn damaged(dice: &mut Dice, mut bytes: Vec<u8>) -> Vec<u8> {
    let at = dice.below(bytes.len() as u64) as usize;
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << dice.below(8);
    }
    bytes
}

fn pli(dice: &mut Dice) -> Vec<u8> {
    let mut pli = vec![0x81, 206, 0, 2, 0, 0, 0, 1];
    pli.extend_from_slice(&(dice.bits() as u32).to_be_bytes());
    pli
}

fn nack(dice: &mut Dice) -> Vec<u8> {
    let entries = 1 + dice.below(100) as u16;
    let mut nack = vec![0x81, 205];
    nack.extend_from_slice(&(entries + 2).to_be_bytes());
    nack.extend_from_slice(&[0, 0, 0, 1]);
    nack.extend_from_slice(&(dice.bits() as u32).to_be_bytes());
    for _ in 0..entries {
        nack.extend_from_slice(&(dice.bits() as u32).to_be_bytes());
    }
    nack
}
