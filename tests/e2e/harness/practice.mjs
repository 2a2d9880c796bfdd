// The people of a practice and what they prepare before a consultation.

import { Caller } from './caller.mjs';
import { invite } from './founding.mjs';
import { newestCode, newestLink } from './smtp.mjs';

let count = 0;
let doctors = 0;

/** Traits of a patient that no other test uses. */
export function somePatient(traits = {}) {
  count += 1;
  const letters = [...String(count + process.pid * 100)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
  const family = letters[0].toUpperCase() + letters.slice(1);
  return {
    birth_name: `Vasseur${family}`,
    used_name: null,
    first_names: 'Jeanne',
    birth_date: '1957-03-14',
    sex: 'female',
    email: `patiente-${letters}@exemple.fr`,
    phone: '+33612345678',
    ...traits,
  };
}

/** An RPPS number with its key (Luhn). */
function rpps(number) {
  const digits = `100${String(number).padStart(7, '0')}`;
  const sum = [...digits].toReversed().reduce((total, digit, at) => {
    const value = Number(digit) * (at % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

export class Practice {
  /** The invented practice of a demonstration. */
  static async of(platform) {
    const practice = new Practice();
    practice.platform = platform;
    const person = (pattern) => {
      const found = platform.people.find(({ role }) => pattern.test(role));
      if (!found) throw new Error(`nobody is ${pattern} among ${JSON.stringify(platform.people)}\n${platform.output}`);
      return found;
    };
    practice.secretary = person(/secr/i);
    practice.administrator = person(/admin/i);
    practice.office = await new Caller(platform.origin).signIn(practice.administrator);
    await practice.welcomeDoctor();
    return practice;
  }

  /** A doctor who just began: nothing is booked yet, so that a story always finds a free time now. */
  async welcomeDoctor() {
    doctors += 1;
    const email = `claire.martin-${process.pid}-${doctors}@exemple.fr`;
    const { caller, person } = await invite(this.platform, this.office, {
      family_name: 'Martin', given_name: 'Claire', email, role: 'practitioner',
      practitioner: { title: 'Dre', profession: 'Médecin', specialty: 'Médecine générale', rpps: rpps(doctors) },
    });
    caller.me = await caller.get('/api/session');
    this.desk = caller;
    this.doctor = person;
  }

  /** A patient, an appointment and an invitation: everything up to the message. */
  async invite({ startsIn = 0, minutes = 5, traits = {} } = {}) {
    const form = somePatient(traits);
    const patient = await this.desk.post('/api/patients', form);
    const appointment = await this.#book(patient.patient, startsIn, minutes);
    const sent = await this.desk.post(`/api/appointments/${appointment.appointment}/invitation`);
    return new Visit(this, form, patient, appointment, sent);
  }

  /** Books the first free time: a practitioner's appointments do not overlap, and a room opens half an hour before. */
  async #book(patient, startsIn, minutes) {
    const base = Date.now() + startsIn * 60_000;
    let refusal;
    for (const offset of [0, 5, 10, 15, 20, 25]) {
      try {
        return await this.desk.post('/api/appointments', {
          practitioner: this.desk.me.staff, patient, starts_at: base + offset * 60_000, duration_min: minutes,
        });
      } catch (error) {
        if (!error.body?.fields?.some((fault) => fault.field === 'starts_at')) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }
}

/** One patient's appointment. */
export class Visit {
  constructor(practice, form, patient, appointment, sent) {
    Object.assign(this, { practice, form, patient, appointment, sent, email: form.email });
    this.link = sent.link;
    this.room = `/pro/salle/${appointment.consultation}`;
  }

  mails() {
    return this.practice.platform.mails(this.email);
  }

  mailedLink() {
    return newestLink(() => this.mails());
  }

  /** The code of a message that came after the first `seen`. */
  code(seen = 0) {
    return newestCode(() => this.mails(), seen);
  }
}
