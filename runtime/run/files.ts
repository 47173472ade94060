/**
 * Reading and writing files as a user meets them: what the file system says comes out as one plain line.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { failure, RffcError } from '../../grammar/diagnostic.js';

/**
 * A file's text; messages call it `name`. @throws RffcError RFF701 where there is none, RFF702 for a folder, RFF703
 * where it cannot be read.
 */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(error, name);
  }
}

/**
 * Writes a file so that a crash leaves the old one or the new one, never half of one. @throws RffcError RFF701 to
 * RFF703.
 */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w');
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError(error, path);
  }
}

/**
 * Refuses a folder, there or still to be made, that nothing can be written into: before hours are spent on what would
 * go there.
 *
 * @param hint where to write instead
 * @throws RffcError RFF702 where a file is in the way, RFF703 where it may not be written
 */
export function checkWritable(folder: string, hint: string): void {
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory())
    throw failure('RFF702', `\`${nearest}\` is a file, not a folder`, { file: folder, hint });
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError(error, folder, hint);
  }
}

/** Brings what was appended to a file onto the disk. @throws RffcError RFF701 to RFF703. */
export function syncFile(path: string): void {
  try {
    const file = openSync(path, 'r+');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileError(error, path);
  }
}

/** Brings a folder's renamed files onto the disk, where the system can: Windows does not open folders. */
export function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // The rename itself has been done: only a loss of power within seconds could undo it.
  }
}

/**
 * What the file system refused at `path`, as an `RffcError`; any other error as it is.
 *
 * @param hint what to do where it may not be read or written
 */
export function fileError(error: unknown, path: string, hint = 'look at its permissions'): unknown {
  if (error instanceof RffcError || !(error instanceof Error) || !('code' in error)) return error;
  switch (error.code) {
    case 'ENOENT':
      return failure('RFF701', `there is no \`${path}\``, {
        file: path,
        hint: 'check the spelling and the folder you are in',
      });
    case 'EISDIR':
      return failure('RFF702', `\`${path}\` is a folder, not a file`, {
        file: path,
        hint: `name a file in it, for example \`${path}/*.rff\``,
      });
    case 'ENOTDIR':
      return failure('RFF702', `\`${path}\` runs through a file as if it were a folder`, { file: path });
    case 'EEXIST':
      return failure('RFF702', `\`${path}\` is a file, not a folder`, { file: path });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return failure('RFF703', `\`${path}\` may not be read or written (${error.code})`, {
        file: path,
        hint,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return failure('RFF703', `no space is left for \`${path}\``, {
        file: path,
        hint: 'free some space on its disk; `rffc run --resume DIR` then resumes from the last checkpoint',
      });
    case 'EIO':
    case 'EMFILE':
    case 'ENAMETOOLONG':
    case 'ELOOP':
      return failure('RFF703', `\`${path}\` cannot be opened (${error.code})`, { file: path });
    default:
      return error;
  }
}
