/** Suggests the data set that reads a path, for the message of one that does not. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnostic, failure, type RffcError } from '../../grammar/diagnostic.js';
import { readHead } from '../files.js';
import { kindOfFile, SNIFFED_BYTES } from '../kinds.js';
import { findIdxFiles, withRaw } from './folders.js';
import { unreadable } from './records.js';

/**
 * A hint: the call that reads a file or a folder's content; undefined if none does.
 * @param asked the data set that failed, not suggested for a folder.
 */
export async function callThatReads(path: string, asked?: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => null);
  if (!found) return undefined;
  return found.isDirectory() ? inFolder(path, asked) : ofFile(path);
}

async function ofFile(file: string): Promise<string | undefined> {
  if (/\.safetensors$/i.test(file)) return `\`tensors("${file}")\` reads it`;
  if (/\.csv\.gz$/i.test(file)) return `\`csv("${file}")\` reads it`;
  const found = await readHead(file, SNIFFED_BYTES).catch(() => null);
  return found ? kindOfFile(found.head)?.hint(file) : undefined;
}

async function inFolder(folder: string, asked: string | undefined): Promise<string | undefined> {
  for (const candidate of withRaw(folder)) {
    const complete = [...(await findIdxFiles(candidate)).values()].some(
      ({ missing }) => missing.length === 0,
    );
    if (complete) return `it has IDX files: \`idx("${folder}")\` reads them`;
  }
  const names = (await readdir(folder).catch(() => [])).sort();
  const file = names.find((name) => /\.(np[yz]|csv|csv\.gz|safetensors)$/i.test(name));
  const call = file && (await ofFile(join(folder, file)));
  if (call) return `it has ${file}: ${call}`;
  for (const name of asked === 'image_folder' ? [] : names) {
    const inside = await readdir(join(folder, name)).catch(() => []);
    if (inside.some((one) => /\.(png|jpe?g)$/i.test(one)))
      return `it has one folder of images per class: \`image_folder("${folder}")\` reads them`;
  }
  return undefined;
}

/** RFF613 as `unreadable`, with the call that reads a folder's content as a hint. */
export async function unreadablePath(path: string, error: unknown): Promise<RffcError> {
  const refused = unreadable(path, error);
  const hint = await callThatReads(path);
  const [{ code, message, ...more }] = refused.diagnostics as readonly [Diagnostic];
  const isFolder = (await stat(path).catch(() => null))?.isDirectory();
  return isFolder && hint ? failure(code, message, { ...more, hint }) : refused;
}
