/**
 * Lets the event loop turn. An engine may answer without ever leaving the current task (tfjs on the CPU does), and
 * then neither Ctrl-C nor a progress bar would get a word in during hours of training.
 */
let last = 0;

/** Gives the event loop a turn, at most every 50 ms: a turn costs about a millisecond. */
export async function breathe(): Promise<void> {
  const now = performance.now();
  if (now - last < 50) return;
  last = now;
  await new Promise((resolve) => setTimeout(resolve, 0));
}
