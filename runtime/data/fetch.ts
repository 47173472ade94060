/**
 * `rffc data fetch`: downloads a published data set's files from public mirrors. Bytes go into a .part file, which a
 * later attempt resumes; a file gets its name only once its content is verified.
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
  /** Bytes so far, including earlier attempts. */
  readonly received: number;
  /** null if the mirror does not say. */
  readonly total: number | null;
}

export interface FetchOptions {
  /** As for loading; the files go into the subfolder named after the data set. */
  readonly dataDir?: string;
  /** URLs of folders, tried in order; default: the public mirrors. */
  readonly mirrors?: readonly string[];
  readonly onProgress?: (progress: FetchProgress) => void;
}

/** Attempts per mirror and file: an interrupted transfer resumes where it stopped. */
const ATTEMPTS = 3;
/** A mirror that sends nothing for this long counts as interrupted. */
const SILENCE_MS = 30_000;
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Downloads missing or invalid files; valid ones are kept.
 * @returns the folder of the files, and the names of those downloaded.
 * @throws RffcError RFF600 for a data set without published files, RFF620 if no mirror provided a file.
 */
export async function fetchDataset(
  name: string,
  options: FetchOptions = {},
): Promise<{ readonly folder: string; readonly downloaded: readonly string[] }> {
  // These use MNIST's files.
  const source = name === 'row_mnist' || name === 'moving_mnist' ? 'mnist' : name;
  if (!isKnown(source)) {
    throw failure('RFF600', `data set \`${name}\` has no files to download`, {
      hint: `${Object.keys(KNOWN).join(' and ')} can`,
    });
  }
  const folder = join(dataFolder(options.dataDir), source);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw failure('RFF620', `cannot create folder ${folder}: ${messageOf(error)}`, { file: folder });
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
    return 'incomplete gzip file';
  }
  if (bytes.length !== file.bytes) return `${bytes.length} bytes decompressed: expected ${file.bytes}`;
  if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) return 'wrong SHA-256';
  return null;
}

/** Downloads a file from the first mirror that provides it. @throws RffcError RFF620 with each mirror's error. */
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
      // The rest of an earlier attempt may be invalid: start over once. Otherwise this mirror's file is wrong.
      await rm(part, { force: true });
      problem = wrong;
      if (resumed === 0) break;
    }
    refusals.push(`${mirror}: ${problem}`);
  }
  throw failure('RFF620', `could not download ${name}: ${refusals.join('; ')}`, {
    file: path,
    hint: `run the command again to resume, or copy the file into ${folder}`,
  });
}

/** The mirror refused; retrying will not help. */
class Refused extends Error {}

/** Appends to `part` from `resumed` bytes on, or rewrites it if the mirror does not support ranges. */
async function download(
  url: URL,
  part: string,
  resumed: number,
  onProgress: (received: number, total: number | null) => void,
): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(new Error('timed out')), SILENCE_MS);
  try {
    const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
    if (resumed > 0) headers.Range = `bytes=${resumed}-`;
    const response = await fetch(url, { headers, signal: silence.signal });
    if (response.status === 416) {
      // The range is empty: the file is complete or a different one, which its checksum decides.
      await response.body?.cancel();
      return;
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      const problem = `HTTP ${response.status} ${response.statusText}`.trim();
      throw response.status >= 500 ? new Error(problem) : new Refused(problem);
    }
    const start = response.status === 206 ? rangeStart(response.headers.get('content-range')) : 0;
    if (start !== 0 && start !== resumed) throw new Refused(`sent bytes from ${start}: expected ${resumed}`);
    const length = response.headers.get('content-length');
    const total = length === null ? null : start + Number(length);
    let received = start;
    const handle = await open(part, start === 0 ? 'w' : 'a');
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(new Error('timed out')), SILENCE_MS);
        await handle.writeFile(chunk);
        received += chunk.length;
        onProgress(received, total);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (total !== null && received < total)
      throw new Error(`transfer stopped at ${received} of ${total} bytes`);
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
