/**
 * Records in a file, read by position: data that does not fit memory stays on disk, and the system's cache does the
 * rest.
 */

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
 * Any bytes of a file. It is opened for a batch and closed after it, so that nothing needs closing in the end. What
 * `read` gives is valid until the next `read`.
 * @throws RffcError RFF613 from `open` and `read` where the system refuses, or the file became shorter.
 */
export function fileSpans(file: string): {
  open(): { read(begin: number, end: number, what?: string): Uint8Array; close(): void };
} {
  let buffer = new Uint8Array(0);
  return {
    open() {
      const handle = attempt(file, () => openSync(file, 'r'));
      return {
        read(begin, end, what = 'the sample') {
          const length = end - begin;
          if (buffer.length < length) buffer = new Uint8Array(length);
          for (let done = 0; done < length; ) {
            const got = attempt(file, () => readSync(handle, buffer, done, length - done, begin + done));
            if (got === 0) {
              throw failure('RFF613', `cannot read ${file}: it ends within ${what}`, {
                file,
                hint: 'did it change during the run?',
              });
            }
            done += got;
          }
          return buffer.subarray(0, length);
        },
        close: () => closeSync(handle),
      };
    },
  };
}

/** Records of `recordBytes` bytes from byte `start` of a file on. @throws RffcError RFF613 as `fileSpans`. */
export function fileRecords(file: string, start: number, recordBytes: number): Records {
  const spans = fileSpans(file);
  return {
    open() {
      const { read, close } = spans.open();
      return {
        read(index) {
          const at = start + index * recordBytes;
          return read(at, at + recordBytes, `sample ${index}`);
        },
        close,
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

export const FETCH_AGAIN = 'it was cut off or damaged on its way: fetch or copy it again';

/** What the system's codes mean; other errors come in their own words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};

/** RFF613 for a file that the system or gzip refuses. */
export function unreadable(file: string, error: unknown): RffcError {
  const { code } = error as NodeJS.ErrnoException;
  const reason = REASONS[code ?? ''] ?? (error instanceof Error ? error.message : String(error));
  // zlib's codes: an unexpected end, a wrong checksum, bytes that nothing compresses to.
  const hint = /^Z_/.test(code ?? '') ? FETCH_AGAIN : undefined;
  return failure('RFF613', `cannot read ${file}: ${reason}`, {
    file,
    ...(hint === undefined ? {} : { hint }),
  });
}
