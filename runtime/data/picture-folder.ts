/** The images of a folder or its class folders, and the files that were skipped. */

import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../../grammar/diagnostic.js';
import { readHead } from '../files.js';
import { convertible, formatOf, PICTURE_HEAD } from './picture.js';
import { unreadable } from './records.js';

export interface PictureFile {
  readonly path: string;
  /** Relative to the listed folder. */
  readonly name: string;
  /** Its class folder. */
  readonly folder?: string;
}

export interface PictureFolder {
  readonly pictures: readonly PictureFile[];
  /** RFF766 for skipped files. */
  readonly warnings: readonly Diagnostic[];
}

const byName = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true });

/** Names of split folders. */
const SPLITS = { train: /^train(ing)?$/i, test: /^(test(ing)?|val(id|idation)?)$/i } as const;

/**
 * The images of a data set: those of `listPictures`, or of the folder `test` or `train` in it, the first that exists
 * unless `part` is given.
 * @throws RffcError RFF613 if a file cannot be read
 */
export async function listSplit(
  folder: string,
  part: 'train' | 'test' | undefined,
): Promise<PictureFolder & { readonly part: 'train' | 'test' }> {
  const { folders } = await contents(folder);
  for (const one of part ? [part] : (['test', 'train'] as const)) {
    const name = folders.find((candidate) => SPLITS[one].test(candidate));
    const found = name === undefined ? undefined : await listPictures(join(folder, name));
    if (found && found.pictures.length > 0) return { ...found, part: one };
  }
  return { ...(await listPictures(folder)), part: part ?? 'test' };
}

/**
 * PNG and JPEG files in a folder, by content, sorted by name; if it has none, those in its
 * subfolders. Hidden files are ignored.
 * @throws RffcError RFF613 if a file cannot be read
 */
export async function listPictures(folder: string): Promise<PictureFolder> {
  const { files, folders } = await contents(folder);
  const here = await sorted(folder, files);
  if (here.pictures.length > 0)
    return withWarning(
      folder,
      here.pictures,
      [...here.skipped, ...folders.map((name) => `${name}/`)],
      here.convert,
    );
  const inside = await Promise.all(
    folders.map(async (name) => {
      const found = await contents(join(folder, name));
      const { pictures, skipped, convert } = await sorted(join(folder, name), found.files);
      return {
        pictures: pictures.map((picture) => ({ ...picture, name: join(name, picture.name), folder: name })),
        skipped: [...skipped, ...found.folders.map((deeper) => `${deeper}/`)].map((one) => join(name, one)),
        convert,
      };
    }),
  );
  return withWarning(
    folder,
    inside.flatMap(({ pictures }) => pictures),
    [...here.skipped, ...inside.flatMap(({ skipped }) => skipped)],
    here.convert ?? inside.find(({ convert }) => convert)?.convert,
  );
}

/** Names of the regular files and folders in a folder, following links. */
async function contents(folder: string): Promise<{ files: string[]; folders: string[] }> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch((error) =>
    Promise.reject(unreadable(folder, error)),
  );
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries.sort((a, b) => byName(a.name, b.name))) {
    const { name } = entry;
    if (name.startsWith('.') || /^(thumbs\.db|desktop\.ini|__MACOSX)$/i.test(name)) continue;
    const target = entry.isSymbolicLink() ? await stat(join(folder, name)).catch(() => null) : entry;
    if (target?.isFile()) files.push(name);
    else if (target?.isDirectory()) folders.push(name);
  }
  return { files, folders };
}

interface Sorted {
  readonly pictures: PictureFile[];
  /** Names, with the format if known. */
  readonly skipped: string[];
  /** The command to convert the first image of another format. */
  readonly convert: string | undefined;
}

async function sorted(folder: string, names: readonly string[]): Promise<Sorted> {
  const pictures: PictureFile[] = [];
  const skipped: string[] = [];
  let convert: string | undefined;
  for (const name of names) {
    const path = join(folder, name);
    const format = formatOf(await headOf(path));
    // A file named like an image is not skipped: reading it reports what is wrong.
    if (format === 'PNG' || format === 'JPEG' || (!format && /\.(png|jpe?g)$/i.test(name))) {
      pictures.push({ path, name });
      continue;
    }
    skipped.push(format ? `${name} (${format})` : name);
    if (format) convert ??= convertible(format, path).diagnostics[0]!.hint;
  }
  return { pictures, skipped, convert };
}

async function headOf(file: string): Promise<Uint8Array> {
  try {
    return (await readHead(file, PICTURE_HEAD)).head;
  } catch (error) {
    throw unreadable(file, error);
  }
}

function withWarning(
  folder: string,
  pictures: readonly PictureFile[],
  skipped: readonly string[],
  convert: string | undefined,
): PictureFolder {
  if (skipped.length === 0) return { pictures, warnings: [] };
  const named = `${skipped.slice(0, 5).join(', ')}${skipped.length > 5 ? ', …' : ''}`;
  const message =
    `skipped in ${folder}, ` +
    `${skipped.length === 1 ? 'not a PNG or JPEG image' : `${skipped.length} that are not PNG or JPEG images`}: ` +
    `${named}`;
  const warning: Diagnostic = { code: 'RFF766', severity: 'warning', file: folder, message };
  return { pictures, warnings: [convert === undefined ? warning : { ...warning, hint: convert }] };
}
