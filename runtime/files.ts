/**
 * Reading and writing files, with one plain error for each way the file system can refuse.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failure, RffcError } from '../grammar/diagnostic.js';

/**
 * A file's first `length` bytes, fewer of a shorter file, and its size in bytes. @throws the file system's error, which
 * the caller names: each kind of file has its code.
 */
export async function readHead(path: string, length: number): Promise<{ head: Buffer; bytes: number }> {
  const handle = await open(path);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return { head: buffer.subarray(0, bytesRead), bytes: (await handle.stat()).size };
  } finally {
    await handle.close();
  }
}

/**
 * A file's text; `name` is for messages. @throws RffcError RFF701 if it does not exist, RFF702 for a folder, RFF703
 * if it cannot be read.
 */
export function readText(path: string, name = path): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(error, name);
  }
}

/**
 * Writes a file so that a crash leaves the old one or the new one, never half of one. What a link points to is
 * replaced, not the link; permissions stay; a device or a pipe is simply written to.
 *
 * Ours rather than write-file-atomic's, which replaces files in the same way but does not sync the folder, so that a
 * loss of power can undo the rename; takes a short write for a whole one; gives temporary files names that a resumed
 * run could not tell from a user's files; and needs Node 22 in its current version.
 *
 * @throws RffcError RFF701 to RFF703.
 */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  try {
    const old = statSync(path, { throwIfNoEntry: false });
    if (old && !old.isFile()) writeFileSync(path, content);
    else replace(old ? realpathSync(path) : path, content, old?.mode);
  } catch (error) {
    throw fileError(error, path);
  }
}

/** @param mode the old file's */
function replace(path: string, content: string | Uint8Array, mode: number | undefined): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = openSync(temporary, 'w', mode);
    try {
      writeFileSync(file, content);
      // The mode asked for is subject to the umask. Some file systems know no modes and refuse to set one.
      if (mode !== undefined && fstatSync(file).mode !== mode) fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Checks that a folder, existing or to be created, is writable, before hours are spent on what would go
 * there.
 *
 * @param hint where to write instead
 * @throws RffcError RFF702 if a file is in the way, RFF703 if it is not writable
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

/** Flushes an appended file to disk. @throws RffcError RFF701 to RFF703. */
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

/** Flushes a folder's renames to disk, where the system can: Windows does not open folders. */
export function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // The rename is done: only a power loss within seconds could undo it.
  }
}

/**
 * A file system error at `path` as an `RffcError`; any other error unchanged.
 *
 * @param hint for a missing permission
 */
export function fileError(error: unknown, path: string, hint = 'check its permissions'): unknown {
  if (error instanceof RffcError || !(error instanceof Error) || !('code' in error)) return error;
  switch (error.code) {
    case 'ENOENT':
      return failure('RFF701', `\`${path}\` does not exist`, {
        file: path,
        hint: 'check the spelling and the working directory',
      });
    case 'EISDIR':
      return failure('RFF702', `\`${path}\` is a folder, not a file`, {
        file: path,
        hint: `give a file in it, for example \`${path}/*.rff\``,
      });
    case 'ENOTDIR':
      return failure('RFF702', `a parent of \`${path}\` is a file, not a folder`, { file: path });
    case 'EEXIST':
      return failure('RFF702', `\`${path}\` is a file, not a folder`, { file: path });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return failure('RFF703', `permission denied for \`${path}\` (${error.code})`, {
        file: path,
        hint,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return failure('RFF703', `no space left on the disk of \`${path}\``, {
        file: path,
        hint: 'free some space; `rffc run --resume DIR` then resumes from the last checkpoint',
      });
    case 'EPIPE':
      return failure('RFF703', `the reader of \`${path}\` closed it before all was written`, { file: path });
    case 'EIO':
    case 'EMFILE':
    case 'ENAMETOOLONG':
    case 'ELOOP':
      return failure('RFF703', `\`${path}\` cannot be opened (${error.code})`, { file: path });
    default:
      return error;
  }
}
