/**
 * Lets the event loop turn. An engine may answer without ever leaving the current task (tfjs on the CPU does), and
 * then neither Ctrl-C nor a progress bar would get a word in during hours of training.
 */
let last = 0;

/** Where there is no `setImmediate` (a page), a timer: a turn then costs about a millisecond. */
const turn: (go: () => void) => unknown =
  typeof setImmediate === 'function' ? (go) => setImmediate(go) : (go) => setTimeout(go, 0);

/** Gives the event loop a turn, at most every 50 ms. */
export async function breathe(): Promise<void> {
  const now = performance.now();
  if (now - last < 50) return;
  last = now;
  await new Promise<void>(turn);
}
