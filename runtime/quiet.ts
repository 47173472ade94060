/** Silences what native libraries write to stderr: their errors are reported by rffc. */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

const STDERR = 2;

/** The C library's functions on file descriptors. */
interface Descriptors {
  dup(fd: number): number;
  dup2(from: number, to: number): number;
}

/**
 * Runs `work` with the process's stderr discarded. Nothing else may write there meanwhile. If the system
 * does not have these functions (Windows), stderr stays.
 */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const descriptors = await load();
  if (!descriptors) return work();
  const kept = descriptors.dup(STDERR);
  // stderr is closed already.
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
    // Without them the messages stay.
    return undefined;
  }
}
