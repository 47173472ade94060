/** Keeps what native libraries write to stderr off the terminal: they report through rffc, or not at all. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

const STDERR = 2;

/** The C library's functions on file descriptors. */
interface Descriptors {
  dup(fd: number): number;
  dup2(from: number, to: number): number;
}

/**
 * Does `work` while the process's stderr leads nowhere. Nothing else may want to write there meanwhile. Where the
 * system has no such functions (Windows), the work is done all the same.
 */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const descriptors = await load();
  if (!descriptors) return work();
  const kept = descriptors.dup(STDERR);
  // Closed from the start, there is nothing to keep quiet.
  if (kept < 0) return work();
  const nowhere = openSync(devNull, 'w');
  descriptors.dup2(nowhere, STDERR);
  closeSync(nowhere);
  try {
    return await work();
  } finally {
    descriptors.dup2(kept, STDERR);
    closeSync(kept);
  }
}

async function load(): Promise<Descriptors | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    return {
      dup: library.func('int dup(int)') as Descriptors['dup'],
      dup2: library.func('int dup2(int, int)') as Descriptors['dup2'],
    };
  } catch {
    // Without them the messages stay: no reason to stop.
    return undefined;
  }
}
