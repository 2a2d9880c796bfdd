// What every screen owes to everybody: no axe violation, no overflow, targets large enough, at both widths and both themes.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from './platform.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const OUT = join(ROOT, 'tests/e2e/out');
mkdirSync(OUT, { recursive: true });

const OPTIONS = {
  runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
  rules: { 'target-size': { enabled: true } },
  resultTypes: ['violations'],
};

/** Every state looked at, for the count at the end. */
export const looked = [];

/** Least side of a target, in pixels, at every width. */
const SMALLEST = 44;

/** Looks at the present state of a page at 320 and 1280 pixels, light and dark. */
export async function inspect(page, name) {
  const before = page.viewportSize();
  const faults = [];
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: width === 320 ? 640 : 800 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      const where = `${name} ${width} ${colorScheme}`;
      looked.push(where);
      const violations = await axe(page);
      faults.push(...violations.map((violation) => `${where}: ${violation}`));
      if (colorScheme === 'light') {
        faults.push(...(await layout(page, SMALLEST)).map((fault) => `${where}: ${fault}`));
      }
      await page.screenshot({ path: join(OUT, `${name}-${width}-${colorScheme}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  if (before) await page.setViewportSize(before);
  return faults;
}

/** Collects what inspections found and fails once, with everything. */
export class Inspection {
  faults = [];

  async at(page, name) {
    this.faults.push(...(await inspect(page, name)));
  }

  assertNone() {
    assert.deepEqual(this.faults, [], `${this.faults.length} faults on ${looked.length} states`);
  }
}

async function settled(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity).map((a) => a.finished.catch(() => {}))));
}

async function axe(page) {
  if (!(await page.evaluate(() => Boolean(globalThis.axe)))) await page.evaluate(AXE);
  const { violations } = await page.evaluate((options) => globalThis.axe.run(document, options), OPTIONS);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''})`).slice(0, 3).join(' | ')}`);
}

function layout(page, smallest) {
  return page.evaluate((smallest) => {
    const faults = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) {
      const wide = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1 && e.checkVisibility?.());
      faults.push(`overflow ${root.scrollWidth} > ${root.clientWidth}: ${wide.slice(-2).map((e) => `${e.tagName.toLowerCase()}.${e.className}`).join(', ')}`);
    }
    const dialog = document.querySelector('dialog[open]');
    if (dialog && dialog.scrollWidth > dialog.clientWidth) faults.push(`overflow of the dialog ${dialog.scrollWidth} > ${dialog.clientWidth}`);
    const targets = (dialog ?? document).querySelectorAll('button, a[href], summary, input:not([type=hidden]), select, textarea, [role=tab], [role=button]');
    for (const target of targets) {
      if (!target.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
      if (target.closest('.visually-hidden, .skip, [inert]')) continue;
      const style = getComputedStyle(target);
      // A link within a sentence is exempt (WCAG 2.5.8, inline).
      if (target.matches('a') && style.display.startsWith('inline') && style.display === 'inline') continue;
      const area = (target.matches('input[type=checkbox], input[type=radio]') && target.closest('label')) || target;
      const box = area.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      if (box.width < smallest - 0.5 || box.height < smallest - 0.5) {
        faults.push(`target ${Math.round(box.width)}×${Math.round(box.height)} < ${smallest}: ${target.tagName.toLowerCase()} «${(target.getAttribute('aria-label') ?? target.textContent ?? target.name ?? '').trim().slice(0, 40)}»`);
      }
    }
    return faults;
  }, smallest);
}
