/** Records in a file, read by position: data that does not fit memory stays on disk, and the system's cache does the rest. */

import { closeSync, openSync, readSync } from 'node:fs';
import { totalmem } from 'node:os';
import { failure, type RffcError } from '../../grammar/diagnostic.js';
import type { DataOptions, Records } from './dataset.js';

/** Node reads no larger file at once. */
const LARGEST_READ = 2 ** 31 - 1;

/** The bytes from which on a data file is read sample by sample. */
export function memoryLimit({ memoryLimit }: DataOptions): number {
  return Math.min(memoryLimit ?? totalmem() / 4, LARGEST_READ);
}

/**
 * Records of `recordBytes` bytes from byte `start` of a file on. It is opened for a batch and closed after it, so that
 * nothing needs closing in the end.
 * @throws RffcError RFF613 from `open` and `read` where the system refuses, or the file became shorter.
 */
export function fileRecords(file: string, start: number, recordBytes: number): Records {
  const record = new Uint8Array(recordBytes);
  return {
    open() {
      const handle = attempt(file, () => openSync(file, 'r'));
      return {
        read(index) {
          const at = start + index * recordBytes;
          for (let done = 0; done < recordBytes; ) {
            const got = attempt(file, () => readSync(handle, record, done, recordBytes - done, at + done));
            if (got === 0) {
              throw failure('RFF613', `cannot read ${file}: it ends within sample ${index}`, {
                file,
                hint: 'did it change during the run?',
              });
            }
            done += got;
          }
          return record;
        },
        close: () => closeSync(handle),
      };
    },
  };
}

function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** RFF613 for a file that the system or gzip refuses. */
export function unreadable(file: string, error: unknown): RffcError {
  const reason = error instanceof Error ? error.message : String(error);
  return failure('RFF613', `cannot read ${file}: ${reason}`, { file });
}
