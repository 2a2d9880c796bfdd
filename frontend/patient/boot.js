// Answers the first tap before the program has arrived: redeems the link and asks for camera and microphone in the same gesture.
(() => {
  'use strict';
  const root = document.documentElement;
  const data = root.dataset;
  const at = (id) => document.getElementById(id);
  const keep = (store, key, value) => {
    try {
      return value === undefined ? store().getItem(key) : value === null ? store().removeItem(key) : store().setItem(key, value);
    } catch {
      return null; // Storage may be forbidden; nothing here depends on it.
    }
  };
  const local = () => localStorage;
  const session = () => sessionStorage;
  const [, , invitation, test] = location.pathname.split('/');
  const agent = navigator.userAgent;
  // What the program takes over: `stream` and `redeemed` are promises once the person has tapped.
  const handed = (window.colloque = { invitation, test: test === 'test', stream: null, redeemed: null, resumed: null, unlock });
  const media = ['picture', 'screen', 'own', 'voice'].map(at);
  let started = false;
  let program = null;

  // Language and size of text, as chosen earlier in this browser.
  if (keep(local, 'colloque-language') === 'en') root.lang = 'en';
  const sizes = ['100%', '125%', '150%'];
  let size = Number(keep(local, 'colloque-text') || 0) % 3;
  root.style.fontSize = size ? sizes[size] : '';
  at('larger').onclick = () => {
    size = (size + 1) % 3;
    root.style.fontSize = sizes[size];
    keep(local, 'colloque-text', size);
  };
  at('language').onclick = () => {
    const other = root.lang === 'en' ? 'fr' : 'en';
    keep(local, 'colloque-language', other);
    if (data.view === 'app') {
      // Whoever is at the code or at the checks goes on there: this browser redeems its link again without a tap.
      if (document.querySelector('#screen-code, #screen-check')) keep(session, 'colloque-again', invitation);
      return location.reload();
    }
    root.lang = other;
    dates();
  };

  function dates() {
    const write = (at, options, tag) => new Intl.DateTimeFormat(tag, { ...options, timeZone: 'Europe/Paris' }).format(new Date(at));
    const hour = { hour: 'numeric', minute: '2-digit' };
    if (data.opens) {
      at('opens-fr').textContent = write(+data.opens, hour, 'fr').replace(':', '\u00a0h\u00a0');
      at('opens-en').textContent = write(+data.opens, hour, 'en-GB');
    }
    if (data.starts && root.lang === 'en') {
      document.querySelectorAll('.when').forEach((place) => (place.textContent = write(+data.starts, { weekday: 'long', day: 'numeric', month: 'long', ...hour }, 'en-GB')));
    }
  }

  function trouble(code) {
    data.view = 'trouble';
    data.trouble = code;
  }

  function browser() {
    if (/iPhone|iPad|iPod/.test(agent)) return /CriOS|FxiOS|EdgiOS/.test(agent) ? 'other-ios' : 'safari-ios';
    if (/SamsungBrowser/.test(agent)) return 'samsung';
    if (/Firefox/.test(agent)) return /Android/.test(agent) ? 'firefox-android' : 'firefox-desktop';
    if (/Android/.test(agent)) return 'chrome-android';
    return /Macintosh/.test(agent) && !/Chrome/.test(agent) ? 'safari-mac' : 'chrome-desktop';
  }

  // What cannot work here is said before anybody taps.
  function obstacle() {
    if (!window.isSecureContext) return 'E23';
    if (/FBAN|FBAV|Instagram|Line\/|Snapchat|MicroMessenger|musical_ly|BytedanceWebview|LinkedInApp|Twitter/.test(agent)) return 'E20';
    if (!navigator.mediaDevices) return 'E20';
    if (typeof WebAssembly !== 'object') return 'E21';
    // Who cannot seal frames is seen and heard from browser to browser, where there is a relay.
    handed.asks = !(window.RTCRtpScriptTransform || (window.RTCRtpSender && RTCRtpSender.prototype.createEncodedStreams));
    const known = !(handed.asks && !data.way) && window.RTCRtpTransceiver && window.indexedDB && window.crypto.subtle && WebAssembly.instantiateStreaming;
    return known && Array.prototype.at ? null : 'E22';
  }

  // An element that played in a gesture may play by itself later.
  function unlock() {
    for (const element of media) element.play().catch(() => {});
  }

  function ask(path, body) {
    return fetch(path, {
      method: body ? 'POST' : 'GET',
      headers: body ? { 'content-type': 'application/json', 'x-colloque': '1' } : { 'x-colloque': '1' },
      body: body && JSON.stringify(body),
    }).then(async (answer) => ({ status: answer.status, text: await answer.text() }));
  }

  const quiet = (promise) => (promise.catch(() => {}), promise);

  function capture() {
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    const video = { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
    return quiet(navigator.mediaDevices.getUserMedia({ audio, video }));
  }

  function start() {
    if (started) return;
    started = true;
    unlock();
    const over = data.state === 'over' && !handed.test;
    if (!over) handed.stream = capture();
    if (!handed.test) handed.redeemed = quiet(ask(`/api/invitations/${invitation}/redeem`, { secret: location.hash.slice(1, 44) }));
    if (!over) data.view = 'question';
    mount();
  }

  function load() {
    program ??= import(at('glue').src).then(async (glue) => {
      const link = at('wasm');
      await glue.default({ module_or_path: fetch(link.href, { integrity: link.dataset.integrity }) });
      performance.mark('ready');
      return glue;
    });
    // A failure is looked at when somebody taps; the next try starts afresh.
    program.catch(() => (program = null));
    return program;
  }

  function mount() {
    load().then(
      (glue) => glue.start(),
      () => {
        if (!navigator.onLine) {
          trouble('E30');
          addEventListener('online', () => location.reload(), { once: true });
        } else stopped();
      },
    );
  }

  // The program is gone. It is started again once; after that the person decides.
  function stopped() {
    trouble('E90');
    const last = Number(keep(session, 'colloque-restarted') || 0);
    keep(session, 'colloque-restarted', Date.now());
    if (Date.now() - last > 30000) setTimeout(() => location.reload(), 1500);
  }
  const crashed = (thrown) => thrown instanceof WebAssembly.RuntimeError && stopped();
  addEventListener('error', (event) => crashed(event.error));
  addEventListener('unhandledrejection', (event) => crashed(event.reason));

  // A reload, or the end of the appointment, finds its session again without a tap.
  async function resume() {
    const answer = await ask('/api/patient').catch(() => null);
    if (!answer || answer.status !== 200) return false;
    handed.resumed = answer.text;
    if (/ready|in_progress/.test(JSON.parse(answer.text).status)) handed.stream = capture();
    started = true;
    mount();
    return true;
  }

  function tick() {
    if (data.state === 'too_early' && Date.now() >= +data.opens) data.state = 'usable';
    at('rehearsal').hidden = !(data.starts && +data.starts - Date.now() > 15 * 60000);
  }

  data.browser = browser();
  if (handed.test) data.test = '';
  for (const link of document.querySelectorAll('a[href=test]')) link.href = `/c/${invitation}/test${location.hash}`;
  dates();
  tick();
  setInterval(tick, 5000);
  at('start').onclick = start;
  at('secure').href = location.href.replace(/^http:/, 'https:');
  at('again').onclick = () => location.reload();
  at('copy').onclick = () => navigator.clipboard.writeText(location.href).then(() => (at('copy').textContent = root.lang === 'en' ? 'Copied' : 'Lien copié'));
  at('resend').onclick = () =>
    ask(`/api/invitations/${invitation}/resend`, {}).then(
      (answer) => {
        if (answer.status >= 400) throw answer;
        at('resent').textContent = root.lang === 'en' ? 'If the appointment is still on, a new link is on its way. It comes to your usual e-mail address.' : 'Si le rendez-vous tient toujours, un nouveau lien vous est envoyé. Il arrive à votre adresse e-mail habituelle.';
      },
    ).catch(() => (at('resent').textContent = root.lang === 'en' ? 'This did not work. Try again, or call.' : "Cela n'a pas marché. Réessayez, ou appelez."));

  const found = obstacle();
  if (found) return trouble(found);
  const again = keep(session, 'colloque-again') === invitation;
  keep(session, 'colloque-again', null);
  if (again) return start();
  const here = keep(session, 'colloque-here') === invitation;
  const resumes = !handed.test && (here || /over|expired/.test(data.state)) ? resume() : Promise.resolve(false);
  resumes.then((resumed) => {
    if (resumed) return;
    keep(session, 'colloque-here', null);
    load().catch(() => {});
  });
})();
