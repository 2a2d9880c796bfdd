// The pictures of the README, from a real consultation of the demonstration.
//
// Usage: npm run screenshots; writes docs/images/consultation-{doctor,patient}.png and more into tests/e2e/out.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium } from '../harness/chromium.mjs';
import { mediaFlows } from '../harness/media.mjs';
import { ROOT } from '../harness/platform.mjs';
import { Scene } from '../harness/scene.mjs';
import { OUT } from '../harness/screen.mjs';
import { pause } from '../harness/wait.mjs';
import { DOCTOR, film, PATIENT } from './faces.mjs';

const IMAGES = join(ROOT, 'docs/images');
mkdirSync(IMAGES, { recursive: true });

const scene = await Scene.open();
const camera = (path) => [`--use-file-for-fake-video-capture=${path}`];
const opened = [];
try {
  const films = { doctor: join(OUT, 'doctor.mjpeg'), patient: join(OUT, 'patient.mjpeg') };
  await film(scene.browser, films.doctor, DOCTOR);
  await film(scene.browser, films.patient, PATIENT);
  const phones = await launchChromium(camera(films.patient));
  opened.push(phones);
  await scene.browser.close();
  scene.browser = await launchChromium(camera(films.doctor));

  const visit = await scene.practice.invite({ traits: { birth_name: 'Delaunay', first_names: 'Élodie' } });
  const patient = await scene.patient({ browser: phones });
  const doctor = await scene.doctor();
  await patient.open(visit.link);
  await patient.button('Commencer').waitFor();
  await patient.page.screenshot({ path: join(OUT, 'readme-patient-welcome.png') });
  await patient.start();
  await patient.enterCode(await visit.code(1));
  await patient.page.getByText('On vous entend').first().waitFor();
  await patient.page.screenshot({ path: join(OUT, 'readme-patient-check.png') });
  await patient.accept();
  await patient.waiting();
  await doctor.openDay();
  await doctor.queued('Delaunay').waitFor();
  await doctor.page.screenshot({ path: join(OUT, 'readme-doctor-day.png') });
  await doctor.receive('Delaunay');
  await doctor.page.locator('#admit[aria-disabled=false]').waitFor();
  await doctor.page.screenshot({ path: join(OUT, 'readme-doctor-before.png') });
  await patient.page.screenshot({ path: join(OUT, 'readme-patient-waiting.png') });
  await doctor.admit();
  await patient.answer();
  await Promise.all([mediaFlows(doctor.page, { frames: 60 }), mediaFlows(patient.page, { frames: 60 })]);
  await doctor.write('Toux sèche depuis trois jours, sans fièvre.\nPas d\'essoufflement. Appétit conservé.\n\nRevoir si la toux dure plus de dix jours.');
  // Notices of the first seconds go away by themselves.
  await pause(6_000);
  await doctor.page.screenshot({ path: join(IMAGES, 'consultation-doctor.png') });
  await patient.page.screenshot({ path: join(IMAGES, 'consultation-patient.png') });
  await scene.endStory({ clean: false });
} finally {
  await Promise.all(opened.map((browser) => browser.close()));
  await scene.close();
}
