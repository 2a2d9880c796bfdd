// Drawn people for the pictures of the README: invented cameras show somebody instead of a test pattern.

import { writeFileSync } from 'node:fs';

const FRAMES = 24;

/** Writes a film of a drawn person that a Chromium takes for its camera. */
export async function film(browser, path, { width, height, wall, light, skin, hair, cloth, coat, long, scale = 1 }) {
  const page = await browser.newPage();
  const frames = await page.evaluate(async ({ FRAMES, width, height, wall, light, skin, hair, cloth, coat, long, scale }) => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const pen = canvas.getContext('2d');
    const oval = (x, y, a, b, fill) => {
      pen.fillStyle = fill;
      pen.beginPath();
      pen.ellipse(x, y, a, b, 0, 0, 2 * Math.PI);
      pen.fill();
    };
    const shots = [];
    for (let frame = 0; frame < FRAMES; frame += 1) {
      const turn = (2 * Math.PI * frame) / FRAMES;
      const room = pen.createRadialGradient(width * 0.3, height * 0.2, 10, width * 0.5, height * 0.5, Math.max(width, height) * 0.8);
      room.addColorStop(0, light);
      room.addColorStop(1, wall);
      pen.fillStyle = room;
      pen.fillRect(0, 0, width, height);
      const size = (scale * Math.min(width, height * 1.1)) / 2.6;
      const x = width / 2 + Math.sin(turn) * size * 0.015;
      const y = height * 0.46 + Math.cos(turn) * size * 0.012;
      // A shelf behind, out of focus.
      pen.filter = 'blur(6px)';
      pen.fillStyle = 'rgba(255,255,255,.35)';
      pen.fillRect(width * 0.68, height * 0.16, width * 0.24, height * 0.012);
      for (let book = 0; book < 6; book += 1) {
        pen.fillStyle = ['#7d9b93', '#b98d6a', '#8d7f9e', '#5f8790', '#c2ab7f', '#94806b'][book];
        pen.fillRect(width * (0.695 + book * 0.034), height * (0.07 + (book % 3) * 0.012), width * 0.026, height * (0.09 - (book % 3) * 0.012));
      }
      pen.filter = 'none';
      if (long) oval(x, y + size * 0.15, size * 0.62, size * 0.9, hair);
      oval(x, height * 1.12, size * 1.35, height * 1.12 - (y + size * 0.82), cloth);
      pen.fillStyle = skin;
      pen.fillRect(x - size * 0.2, y + size * 0.4, size * 0.4, size * 0.5);
      oval(x, y + size * 0.9, size * 0.2, size * 0.14, skin);
      if (coat) {
        pen.fillStyle = coat;
        for (const side of [-1, 1]) {
          pen.beginPath();
          pen.moveTo(x + side * size * 0.22, y + size * 0.8);
          pen.quadraticCurveTo(x + side * size * 1.3, y + size * 0.95, x + side * size * 1.4, height + 10);
          pen.lineTo(x + side * size * 0.12, height + 10);
          pen.closePath();
          pen.fill();
        }
      }
      oval(x, y - size * 0.1, size * 0.52, size * 0.62, hair);
      oval(x, y + size * 0.05, size * 0.44, size * 0.55, skin);
      pen.fillStyle = hair;
      pen.beginPath();
      pen.ellipse(x, y - size * 0.34, size * 0.47, size * 0.26, 0, Math.PI, 2 * Math.PI);
      pen.fill();
      for (const side of [-1, 1]) {
        oval(x + side * size * 0.17, y, size * 0.045, size * 0.05, '#2b2320');
        pen.strokeStyle = hair;
        pen.lineWidth = size * 0.028;
        pen.beginPath();
        pen.arc(x + side * size * 0.17, y - size * 0.03, size * 0.12, 1.25 * Math.PI, 1.75 * Math.PI);
        pen.stroke();
      }
      pen.strokeStyle = 'rgba(90,40,30,.35)';
      pen.lineWidth = size * 0.02;
      pen.beginPath();
      pen.moveTo(x, y + size * 0.06);
      pen.quadraticCurveTo(x + size * 0.07, y + size * 0.19, x - size * 0.01, y + size * 0.19);
      pen.stroke();
      pen.strokeStyle = '#9c4a44';
      pen.lineWidth = size * 0.03;
      pen.beginPath();
      pen.arc(x, y + size * (0.2 + 0.01 * Math.sin(2 * turn)), size * 0.16, 0.22 * Math.PI, 0.78 * Math.PI);
      pen.stroke();
      const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.92));
      const bytes = new Uint8Array(await blob.arrayBuffer());
      shots.push(btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')));
    }
    return shots;
  }, { FRAMES, width, height, wall, light, skin, hair, cloth, coat, long, scale });
  await page.close();
  writeFileSync(path, Buffer.concat(frames.map((frame) => Buffer.from(frame, 'base64'))));
}

export const DOCTOR = { width: 1280, height: 720, wall: '#8fa9a6', light: '#e6efec', skin: '#d9a582', hair: '#4a3226', cloth: '#2f6f73', coat: '#f7f9f9', long: true, scale: 0.66 };
export const PATIENT = { width: 720, height: 960, wall: '#b79c7c', light: '#f3e6d2', skin: '#e8bd9d', hair: '#a8a29b', cloth: '#5d6c94', long: false };
