// Starts a professional bundle. Says so in plain words when it cannot, or when it stops.
const glue = document.getElementById("glue").href;
const { wasm, integrity } = document.getElementById("boot").dataset;
const stopped = document.getElementById("stopped");

// Longest time between two stops that are mended by themselves: a page that stops at once again waits for a person.
const QUIET_MS = 60_000;

function stop(again) {
  stopped.hidden = false;
  document.getElementById("app").inert = true;
  document.getElementById("again").addEventListener("click", () => location.reload());
  const before = Number(sessionStorage.getItem("colloque-stopped") ?? 0);
  sessionStorage.setItem("colloque-stopped", String(Date.now()));
  if (again && Date.now() - before > QUIET_MS) {
    setTimeout(() => location.reload(), 1_500);
  } else {
    document.getElementById("again").focus();
  }
}

function isTrap(error) {
  return typeof WebAssembly === "object" && error instanceof WebAssembly.RuntimeError;
}

addEventListener("error", (event) => isTrap(event.error) && stop(true));
addEventListener("unhandledrejection", (event) => isTrap(event.reason) && stop(true));

// A room that is opened by its address needs the worker of the keys as soon as its program: both are on their way at once.
if (location.pathname.startsWith("/pro/salle/")) {
  globalThis.colloqueKeys = new Worker(document.documentElement.dataset.worker, { type: "module" });
  globalThis.colloqueKeys.onerror = () => delete globalThis.colloqueKeys;
}

try {
  const { default: start } = await import(glue);
  await start({ module_or_path: fetch(wasm, { integrity }) });
} catch (error) {
  if (!isTrap(error)) {
    stop(false);
  }
}
