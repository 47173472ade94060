/** Safetensors files: reading all or only the header, and atomic writing. */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { failure, RffcError } from '../grammar/diagnostic.js';
import { SNIFFED_BYTES } from './kinds.js';
import {
  headerLength,
  PREFIX_BYTES,
  parseHeader,
  parseSafetensors,
  type SafetensorsFile,
  type SafetensorsHeader,
  serializeParts,
  type Tensor,
} from './safetensors-format.js';

export {
  type Dtype,
  elementCount,
  parseSafetensors,
  type SafetensorsFile,
  type SafetensorsHeader,
  serializeSafetensors,
  type Tensor,
  type TensorEntry,
  toFloat32,
  toInt32,
} from './safetensors-format.js';

/** Reads a file. @throws RffcError RFF641 if it cannot be read, RFF640 if it is invalid. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  return parseSafetensors(bytes, path);
}

/** Reads a file's header only: names, types and shapes. @throws as `readSafetensors`. */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  try {
    const handle = await open(path);
    try {
      const { size } = await handle.stat();
      const prefix = new Uint8Array(SNIFFED_BYTES);
      const { bytesRead } = await handle.read(prefix, 0, SNIFFED_BYTES, 0);
      const header = new Uint8Array(headerLength(prefix.subarray(0, bytesRead), size, path));
      await handle.read(header, 0, header.byteLength, PREFIX_BYTES);
      return parseHeader(header, size, path);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof RffcError ? error : unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): RffcError {
  return failure('RFF641', `cannot read ${path}: ${reason(error)}`, { file: path });
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
      return 'permission denied';
    default:
      return error.message;
  }
}

/**
 * Writes a file atomically: into a temporary file beside it, synced to disk, then renamed to `path`.
 * @throws RffcError RFF642 if a tensor does not match its shape, or the file cannot be written.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const parts = serializeParts(tensors, metadata);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      for (const part of parts) await handle.writeFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw failure('RFF642', `cannot write ${path}: ${reason(error)}`, { file: path });
  }
}
