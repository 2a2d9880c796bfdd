// Instants at which signaling messages of a page passed.

/** Keeps `{at, out, type}` of every signaling message of a page opened from now on. */
export function recordFrames(page) {
  const frames = [];
  page.on('websocket', (socket) => {
    const keep = (out) => ({ payload }) => {
      try {
        const message = JSON.parse(payload);
        // A message is a name, or an object whose one key is the name.
        frames.push({ at: Date.now(), out, type: typeof message === 'string' ? message : Object.keys(message)[0] });
      } catch {
        frames.push({ at: Date.now(), out, type: 'not understood' });
      }
    };
    socket.on('framesent', keep(true));
    socket.on('framereceived', keep(false));
  });
  return frames;
}

/** Writes into the page when `selector` first shows something that contains `text`. */
export function watchAppearance(page, selector, text) {
  return page.evaluate(({ selector, text }) => {
    const seen = (globalThis.appeared ??= {});
    const look = () => {
      const found = [...document.querySelectorAll(selector)].some((element) => element.textContent.toLowerCase().includes(text.toLowerCase()));
      if (found) seen[text] ??= Date.now();
      return found;
    };
    if (!look()) new MutationObserver((_, observer) => look() && observer.disconnect()).observe(document, { childList: true, subtree: true, characterData: true });
  }, { selector, text });
}

export function appearedAt(page, text) {
  return page.waitForFunction((text) => globalThis.appeared?.[text], text).then((handle) => handle.jsonValue());
}
