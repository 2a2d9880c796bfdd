// Documents, with what programs hide in them, and without anything.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What nobody else may read. */
export const HIDDEN = 'Paul Girard 14 rue des Lilas';

/** What stands on the page. */
export const SEEN = 'Hemoglobine 13,2 g/dL';

/** A laboratory's letter of one page, with an author, a script, a link and a file within. */
export function letter() {
  const draws = `BT /F1 18 Tf 60 700 Td (${SEEN}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R /OpenAction 6 0 R /Names << /EmbeddedFiles << /Names [(a) 7 0 R] >> >> >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [8 0 R] >>',
    `<< /Length ${draws.length} >> stream\n${draws}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    `<< /S /JavaScript /JS (app.alert\\('${HIDDEN}'\\)) >>`,
    `<< /Type /Filespec /F (${HIDDEN}.exe) >>`,
    `<< /Type /Annot /Subtype /Link /Rect [60 690 200 720] /A << /S /URI /URI (https://${HIDDEN.replaceAll(' ', '-')}.example) >> >>`,
    `<< /Author (${HIDDEN}) /Producer (${HIDDEN}) >>`,
  ];
  let file = '%PDF-1.7\n';
  const offsets = objects.map((object, at) => {
    const offset = file.length;
    file += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const start = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}`;
  file += `trailer << /Size ${objects.length + 1} /Root 1 0 R /Info 9 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return { name: `${HIDDEN}.pdf`, mimeType: 'application/pdf', buffer: Buffer.from(file, 'latin1') };
}

/** Bytes that only say that they are a document. */
export function noLetter() {
  return { name: 'facture.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\nthis program cannot be run', 'latin1') };
}

/** One that opens with a password only. */
export function locked() {
  const buffer = readFileSync(new URL('../../../crates/pdf/tests/it/locked.pdf', import.meta.url));
  return { name: 'bulletin.pdf', mimeType: 'application/pdf', buffer };
}

/** What stands on the pages, as poppler reads it. */
export function wordsOf(bytes) {
  const file = join(mkdtempSync(join(tmpdir(), 'colloque-document-')), 'came.pdf');
  writeFileSync(file, bytes);
  return execFileSync('pdftotext', [file, '-'], { encoding: 'utf8' });
}
