/**
 * Yields to the event loop. An engine may answer without ever leaving the current task (tfjs on the CPU does), and
 * then neither Ctrl-C nor the progress bar would be served during hours of training.
 */
let last = 0;

/** Without `setImmediate` (in a page) it is a timer, which costs about a millisecond. */
const turn: (go: () => void) => unknown =
  typeof setImmediate === 'function' ? (go) => setImmediate(go) : (go) => setTimeout(go, 0);

/** Yields to the event loop, at most every 50 ms. */
export async function breathe(): Promise<void> {
  const now = performance.now();
  if (now - last < 50) return;
  last = now;
  await new Promise<void>(turn);
}
