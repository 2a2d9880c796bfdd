// A practice from nothing: its administrator is created on the command line and invites everybody else.

import { Caller } from './caller.mjs';
import { freshCode } from './totp.mjs';
import { newestLink } from './smtp.mjs';

const PASSWORD = 'quatre lampes bleues sous la pluie 71';

/** Activates an account by its link; gives who can sign in. */
export async function activate(platform, link, email) {
  const caller = new Caller(platform.origin);
  const step = await caller.post('/api/activation/redeem', { secret: new URL(link).hash.slice(1), password: PASSWORD });
  if (step.next !== 'enrol_totp') throw new Error(`unexpected step ${step.next}`);
  const { secret } = await caller.post('/api/account/totp/start');
  await caller.post('/api/account/totp/finish', { code: await freshCode(secret) });
  return { caller, person: { email, password: PASSWORD, secret } };
}

/** Invites a person, who follows the link of the message; gives who can sign in. */
export async function invite(platform, administrator, form) {
  await administrator.post('/api/admin/staff', form);
  return activate(platform, await newestLink(() => platform.mails(form.email)), form.email);
}

/** Founds a practice with a doctor, a secretary and an administrator. */
export async function foundPractice(platform) {
  const email = 'administration@exemple.fr';
  const printed = await platform.command(
    'practice', 'create', ...platform.settings,
    '--name', 'Cabinet des Tilleuls', '--phone', '+33140000000', '--street', '12 rue des Tilleuls', '--postal-code', '75011', '--city', 'Paris',
    '--administrator-email', email, '--administrator-given-name', 'Paule', '--administrator-family-name', 'Garnier',
  );
  const link = /https:\S+#\S+/.exec(printed)?.[0] ?? (await newestLink(() => platform.mails(email)));
  const administrator = await activate(platform, link, email);
  const rpps = '10003456786';
  const welcome = async (form) => (await invite(platform, administrator.caller, form)).person;
  return {
    administrator: administrator.person,
    doctor: await welcome({
      family_name: 'Martin', given_name: 'Claire', email: 'claire.martin@exemple.fr', role: 'practitioner',
      practitioner: { title: 'Dre', profession: 'Médecin', specialty: 'Médecine générale', rpps },
    }),
    secretary: await welcome({ family_name: 'Petit', given_name: 'Nadia', email: 'nadia.petit@exemple.fr', role: 'secretary' }),
    doctorName: 'Dre Claire Martin',
    doctorFamily: 'Martin',
    rpps,
  };
}
