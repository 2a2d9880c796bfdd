//! How a world begins: who there is, by chance.

use std::time::Duration;

use colloque_protocol::Role;

use super::access::draw_conditions;
use super::act::{self, Cast};
use super::clinic::Clinic;
use super::device::{Device, Purpose};
use super::event::Event;
use super::hostile::{Hostile, Kind};
use super::net::Net;
use super::oracle::Oracle;
use super::phases::Phase;
use super::recorder::Storage;
use super::scene::Scene;
use super::server::Server;
use super::watch::Watch;
use super::{Around, World, chance, keys};
use crate::meter;

impl World {
    /// Sets the world of a seed up.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        chance::seed(seed);
        meter::forget();
        let mut scene = Scene::new(seed);
        let clinic = Clinic::new(&mut scene);
        let mut around = Around {
            clinic,
            net: Net::default(),
            oracle: Oracle::default(),
            storage: Storage::Fine,
            transports: 0,
            admits: scene.dice.is(0.7),
            is_calm: false,
            seals: keys::seals(seed),
            sabotage: None,
            scene,
        };
        let mut devices = Vec::new();
        let mut cast = Cast { devices: Vec::new(), desks: Vec::new(), consultations: 0, people: 0 };
        cast.consultations = [1, 1, 1, 2, 3][around.scene.dice.below(5) as usize];
        let mut second_devices = Vec::new();
        let is_heavy = around.scene.dice.is(0.04);
        for number in 0..cast.consultations {
            let Around { scene, clinic, oracle, .. } = &mut around;
            let doctor = match number > 0 && scene.dice.is(0.4) {
                true => clinic.consultations[number - 1].doctor,
                false => clinic.add_person(scene, Role::Practitioner),
            };
            let patient = clinic.add_person(scene, Role::Patient);
            let has_consent = scene.dice.is(0.9);
            clinic.add_consultation(scene, doctor, patient, has_consent);
            oracle.add_consultation();
            for (person, role) in [(doctor, Role::Practitioner), (patient, Role::Patient)] {
                let device = add_device(&mut around, &mut devices, person, role, Purpose::Consultation(number));
                cast.devices.push(device);
                if around.scene.dice.is(0.2) {
                    let purpose = Purpose::Consultation(number);
                    second_devices.push(add_device(&mut around, &mut devices, person, role, purpose));
                }
            }
        }
        cast.devices.extend(second_devices);
        if around.scene.dice.is(0.5) {
            let secretary = around.clinic.add_person(&mut around.scene, Role::Secretary);
            cast.desks.push(add_device(&mut around, &mut devices, secretary, Role::Secretary, Purpose::Desk));
        }
        cast.people = around.clinic.people.len();
        for device in &mut devices {
            if !is_heavy {
                device.sending.most_bps = 80_000;
                device.sending.frame = Duration::from_millis(100);
            }
        }
        let server = Server::start(&mut around, 1);
        let mut world = Self {
            seed,
            watch: Watch::new(cast.consultations),
            around,
            server,
            devices,
            hostiles: Vec::new(),
            phase: Phase::Eventful,
        };
        world.add_hostiles();
        for (at_ms, act) in act::draw(&mut world.around.scene.dice, &cast) {
            world.schedule(at_ms, act);
        }
        world
    }

    fn add_hostiles(&mut self) {
        let Self { around, hostiles, devices, .. } = self;
        if around.scene.dice.is(0.25) {
            let access = add_access(around);
            hostiles.push(Hostile::new(&mut around.scene, Kind::Outsider { access }));
        }
        if around.scene.dice.is(0.15) {
            let device = around.scene.dice.below(devices.len() as u64) as usize;
            if let Some(consultation) = devices[device].consultation() {
                around.oracle.odd.insert(consultation);
                hostiles.push(Hostile::new(&mut around.scene, Kind::Insider { device }));
            }
        }
        for hostile in 0..hostiles.len() {
            around.scene.within(3_000..15_000, Event::Mischief { hostile });
        }
    }
}

fn add_access(around: &mut Around) -> usize {
    let conditions = draw_conditions(&mut around.scene.dice);
    around.net.add(&mut around.scene, conditions)
}

fn add_device(around: &mut Around, devices: &mut Vec<Device>, person: usize, role: Role, purpose: Purpose) -> usize {
    let number = add_access(around);
    devices.push(Device::new(&mut around.scene, number, person, role, purpose));
    around.scene.within(500..2_000, Event::React { device: number });
    number
}
