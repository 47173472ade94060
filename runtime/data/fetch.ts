/**
 * `rffc data fetch`: downloads a published data set's files from public mirrors. Bytes go into a .part file that a
 * later attempt goes on from; a file gets its name only once its content is known to be the published one.
 */

import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { failure } from '../../grammar/diagnostic.js';
import { dataFolder } from './folders.js';
import { isKnown, KNOWN, type KnownFile, ROLES } from './known.js';

export interface FetchProgress {
  /** The file's name, for example `train-images-idx3-ubyte.gz`. */
  readonly file: string;
  readonly mirror: string;
  /** Bytes so far, those of an earlier attempt included. */
  readonly received: number;
  /** null where the mirror does not say. */
  readonly total: number | null;
}

export interface FetchOptions {
  /** As for loading; the files go into its subfolder of the data set's name. */
  readonly dataDir?: string;
  /** Instead of the public ones: URLs of folders, tried in order. */
  readonly mirrors?: readonly string[];
  readonly onProgress?: (progress: FetchProgress) => void;
}

/** Times a mirror is asked for a file: an interrupted transfer goes on where it stopped. */
const ATTEMPTS = 3;
/** A mirror that sends nothing for this long counts as interrupted. */
const SILENCE_MS = 30_000;
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Downloads what is not there yet; a file that is there and right is kept.
 * @returns the folder the files lie in, and the names of those downloaded.
 * @throws RffcError RFF600 for a data set without published files, RFF620 where no mirror gave a file.
 */
export async function fetchDataset(
  name: string,
  options: FetchOptions = {},
): Promise<{ readonly folder: string; readonly downloaded: readonly string[] }> {
  // These are made from MNIST's files.
  const source = name === 'row_mnist' || name === 'moving_mnist' ? 'mnist' : name;
  if (!isKnown(source)) {
    throw failure('RFF600', `"${name}" is not a data set that can be downloaded`, {
      hint: `${Object.keys(KNOWN).join(' and ')} can`,
    });
  }
  const folder = join(dataFolder(options.dataDir), source);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw failure('RFF620', `cannot make the folder ${folder}: ${messageOf(error)}`, { file: folder });
  }
  const downloaded: string[] = [];
  for (const role of ROLES) {
    const file = KNOWN[source].files[role];
    if (await isAlreadyThere(folder, file)) continue;
    await fetchFile(folder, file, options.mirrors ?? KNOWN[source].mirrors, options.onProgress);
    downloaded.push(`${file.name}.gz`);
  }
  return { folder, downloaded };
}

async function isAlreadyThere(folder: string, file: KnownFile): Promise<boolean> {
  const bytes = await readFile(join(folder, `${file.name}.gz`)).catch(() => null);
  return bytes !== null && (await contentProblem(bytes, file)) === null;
}

/** What is wrong with a compressed file's content, or null. */
async function contentProblem(compressed: Uint8Array, file: KnownFile): Promise<string | null> {
  let bytes: Uint8Array;
  try {
    bytes = await promisify(gunzip)(compressed, { maxOutputLength: MAX_BYTES });
  } catch {
    return 'not a whole gzip file';
  }
  if (bytes.length !== file.bytes) return `${bytes.length} bytes decompressed, not ${file.bytes}`;
  if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) return 'wrong SHA-256';
  return null;
}

/** One file, from the first mirror that gives it whole. @throws RffcError RFF620 with what each mirror said. */
async function fetchFile(
  folder: string,
  file: KnownFile,
  mirrors: readonly string[],
  onProgress: FetchOptions['onProgress'],
): Promise<void> {
  const name = `${file.name}.gz`;
  const path = join(folder, name);
  const part = `${path}.part`;
  const refusals: string[] = [];
  for (const mirror of mirrors) {
    let problem = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const resumed = await sizeOf(part);
      try {
        await download(
          new URL(name, mirror.endsWith('/') ? mirror : `${mirror}/`),
          part,
          resumed,
          (received, total) => onProgress?.({ file: name, mirror, received, total }),
        );
      } catch (error) {
        problem = messageOf(error);
        if (error instanceof Refused) break;
        continue;
      }
      const wrong = await contentProblem(await readFile(part), file);
      if (wrong === null) {
        await rename(part, path);
        return;
      }
      // What an earlier attempt left may be at fault: ask again from the start, once. Else this mirror's file is wrong.
      await rm(part, { force: true });
      problem = wrong;
      if (resumed === 0) break;
    }
    refusals.push(`${mirror}: ${problem}`);
  }
  throw failure('RFF620', `could not download ${name}: ${refusals.join('; ')}`, {
    file: path,
    hint: `run the command again to go on, or put the file into ${folder} yourself`,
  });
}

/** The mirror answered, and trying it again will not help. */
class Refused extends Error {}

/** Appends to `part` from `resumed` bytes on, or writes it anew where the mirror does not know ranges. */
async function download(
  url: URL,
  part: string,
  resumed: number,
  onProgress: (received: number, total: number | null) => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(new Error('it stopped answering')), SILENCE_MS);
  try {
    const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
    if (resumed > 0) headers.Range = `bytes=${resumed}-`;
    const response = await fetch(url, { headers, signal: silence.signal });
    if (response.status === 416) {
      // Nothing comes after what is there: it is whole, or it is not this file. The check of its content decides.
      await response.body?.cancel();
      return;
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      const problem = `HTTP ${response.status} ${response.statusText}`.trim();
      throw response.status >= 500 ? new Error(problem) : new Refused(problem);
    }
    const start = response.status === 206 ? rangeStart(response.headers.get('content-range')) : 0;
    if (start !== 0 && start !== resumed)
      throw new Refused(`it answered with bytes from ${start}, not from ${resumed}`);
    const length = response.headers.get('content-length');
    const total = length === null ? null : start + Number(length);
    let received = start;
    const handle = await open(part, start === 0 ? 'w' : 'a');
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(new Error('it stopped answering')), SILENCE_MS);
        await handle.writeFile(chunk);
        received += chunk.length;
        onProgress(received, total);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (total !== null && received < total)
      throw new Error(`the transfer stopped at ${received} of ${total} bytes`);
  } finally {
    clearTimeout(timer);
  }
}

function rangeStart(contentRange: string | null): number {
  return Number(/^bytes (\d+)-/.exec(contentRange ?? '')?.[1] ?? Number.NaN);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

/** The innermost cause: `fetch failed` alone says nothing. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? messageOf(error.cause) : error.message || error.name;
}
