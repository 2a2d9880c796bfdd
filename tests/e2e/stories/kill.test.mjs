// Nothing that was acknowledged is lost when the process is killed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Caller } from '../harness/caller.mjs';
import { Scene } from '../harness/scene.mjs';
import { until } from '../harness/wait.mjs';

const ROUNDS = 3;

let scene;

before(async () => (scene = await Scene.open()));
after(() => scene?.close());

const LINE = { name: 'Paracétamol', strength: '1 g, comprimé', dosage: '1 comprimé toutes les 6 heures', duration: '3 jours', refills: 0 };

test('notes, prescriptions and journal entries outlive kill -9', async (t) => {
  const { platform, practice } = scene;
  const { desk } = practice;
  const { visit } = await scene.call();
  await scene.endStory();
  const { consultation } = visit.appointment;
  const administrator = await new Caller(platform.origin).signIn(practice.administrator);
  let revision = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const acknowledged = { notes: null, documents: [], saves: 0 };
    const sent = new Map();
    // Saves follow one another until the process dies under them.
    const writing = (async () => {
      for (let turn = 0; ; turn += 1) {
        const text = `tour ${round}, ligne ${turn}, ${'é'.repeat(turn % 50)}`;
        sent.set(revision + 1, text);
        const saved = await desk.put(`/api/consultations/${consultation}/notes`, { text, base_revision: revision });
        revision = saved.revision;
        acknowledged.notes = { text, revision };
        acknowledged.saves += 1;
      }
    })().catch(() => {});
    const issuing = (async () => {
      for (;;) {
        const issued = await desk.post(`/api/consultations/${consultation}/prescriptions`, { lines: [LINE] });
        acknowledged.documents.push(issued.document);
      }
    })().catch((error) => (acknowledged.refusal = error));
    await until('several saves and a document are acknowledged', () => {
      if (acknowledged.refusal?.status) throw acknowledged.refusal;
      return acknowledged.saves >= 5 + round && acknowledged.documents.length >= 1;
    }, { within: 30_000, every: 5 });
    await platform.kill();
    await Promise.all([writing, issuing]);
    await platform.start();

    const view = await desk.get(`/api/consultations/${consultation}`);
    const { notes } = acknowledged;
    assert.ok(view.notes.revision >= notes.revision, `revision ${view.notes.revision} < ${notes.revision}`);
    // The last save may have been stored without its answer: then its text is there, whole.
    assert.ok(sent.has(view.notes.revision), `nobody sent revision ${view.notes.revision}`);
    assert.equal(view.notes.text, sent.get(view.notes.revision));
    revision = view.notes.revision;
    const kept = new Set(view.documents.map((entry) => entry.document));
    for (const document of acknowledged.documents) {
      assert.ok(kept.has(document), `document ${document} is lost`);
      const pdf = await desk.send('GET', `/api/documents/${document}`);
      assert.equal(pdf.bytes.subarray(0, 5).toString(), '%PDF-');
    }
    const { lines } = await administrator.get('/api/journal?limit=200&kind=document_issued');
    assert.ok(lines.length >= kept.size, `${lines.length} journal lines for ${kept.size} documents`);
    t.diagnostic(`round ${round}: ${acknowledged.saves} saves, ${acknowledged.documents.length} documents acknowledged, all there`);
  }
});
