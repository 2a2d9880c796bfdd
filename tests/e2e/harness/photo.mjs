// A photograph with what cameras hide in it: place, device, owner, a turn.

/** What nobody else may read. */
export const HIDDEN = 'Appareil de Camille Faure 48.8584 N 2.2945 E';

/** Puts an Exif segment into a JPEG: orientation 6 (a quarter turn), and words in the maker's place. */
function withHidden(jpeg) {
  const words = Buffer.from(`${HIDDEN}\0`, 'latin1');
  const tiff = Buffer.alloc(8 + 2 + 2 * 12 + 4);
  tiff.write('II*\0', 0, 'latin1');
  tiff.writeUInt32LE(8, 4);
  tiff.writeUInt16LE(2, 8);
  const entry = (at, tag, type, count, value) => {
    tiff.writeUInt16LE(tag, at);
    tiff.writeUInt16LE(type, at + 2);
    tiff.writeUInt32LE(count, at + 4);
    tiff.writeUInt32LE(value, at + 8);
  };
  entry(10, 0x10f, 2, words.length, tiff.length);
  entry(22, 0x112, 3, 1, 6);
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff, words]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

/** Draws a picture in a browser, wider than high until it is turned, and hides in it what cameras hide. */
export async function photo(page, { width = 1600, height = 1200 } = {}) {
  const url = await page.evaluate(([width, height]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    for (let at = 0; at < 400; at += 1) {
      context.fillStyle = `hsl(${at * 37 % 360} 60% ${30 + at % 50}%)`;
      context.fillRect(Math.random() * width, Math.random() * height, 120, 90);
    }
    return canvas.toDataURL('image/jpeg', 0.9);
  }, [width, height]);
  return { name: 'IMG_2041.jpg', mimeType: 'image/jpeg', buffer: withHidden(Buffer.from(url.split(',')[1], 'base64')) };
}
