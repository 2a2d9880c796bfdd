// Rows of the tables that the measurements print.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUT } from '../harness/screen.mjs';

/** The value below which a share of a list lies. */
export const at = (list, share) => list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.ceil(share * list.length) - 1)];

/** Median, least and most. */
export function spread(list, digits) {
  const sorted = list.toSorted((a, b) => a - b);
  const median = (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.floor(sorted.length / 2)]) / 2;
  return `${median.toFixed(digits)} (${sorted[0].toFixed(digits)}–${sorted.at(-1).toFixed(digits)})`;
}

/** A line of times in milliseconds: median, 95th percentile, least, most. */
export function timesLine(name, list) {
  return `| ${[name, at(list, 0.5), at(list, 0.95), Math.min(...list), Math.max(...list)].map((cell) => (typeof cell === 'number' ? Math.round(cell) : cell)).join(' | ')} |`;
}

/** Prints a table and keeps it beside the other results. */
export function publish(name, lines) {
  const table = lines.join('\n');
  writeFileSync(join(OUT, `${name}.md`), `${table}\n`);
  console.log(table);
}
