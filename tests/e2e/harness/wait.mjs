// Waiting on conditions.

/** Calls `probe` until it gives something true, and gives that; fails after `within` milliseconds, naming `what`. */
export async function until(what, probe, { within = 15_000, every = 50 } = {}) {
  const deadline = Date.now() + within;
  let last;
  for (;;) {
    try {
      const found = await probe();
      if (found) return found;
      last = found;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) {
      const cause = last instanceof Error ? last : new Error(String(last));
      throw new Error(`not within ${within} ms: ${what} (${cause.message})`, { cause });
    }
    await pause(every);
  }
}

/** Lets time pass: only between two looks at a condition, or where time itself is what is tested. */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
