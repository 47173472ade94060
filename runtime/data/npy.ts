/**
 * NumPy's files: `.npy`, one array (numpy/lib/format.py), and `.npz`, a zip archive of such files, stored or deflated.
 * Arrays become the same tensors as those of safetensors files, little-endian and row-major, so that
 * that all that reads those reads these.
 */

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { type Diagnostic, failure, RffcError } from '../../grammar/diagnostic.js';
import { kindOfFile, SNIFFED_BYTES } from '../kinds.js';
import { type Dtype, elementCount, type Tensor } from '../safetensors.js';
import { unreadablePath } from './instead.js';
import { unreadable } from './records.js';

const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** `PK`, the start of every zip archive. */
const ZIP_MAGIC = [0x50, 0x4b];
/** Enough bytes for the magic, the version and the header's length in any version. */
const PREAMBLE_BYTES = 12;
/** Far above any header of a plain array. */
const MAX_HEADER_BYTES = 2 ** 20;
/** NumPy arrays have at most this many dimensions. */
const MAX_RANK = 64;

/** NumPy's type codes: kind and bytes per element. */
const DTYPES: Readonly<Record<string, Dtype>> = {
  b1: 'BOOL',
  u1: 'U8',
  i1: 'I8',
  u2: 'U16',
  i2: 'I16',
  u4: 'U32',
  i4: 'I32',
  u8: 'U64',
  i8: 'I64',
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
};

/** An array's header. */
export interface NpyHeader {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes an element. */
  readonly width: number;
  readonly bigEndian: boolean;
  /** Column-major: the first index varies fastest. */
  readonly fortran: boolean;
  /** Offset of the elements in bytes from the array's beginning. */
  readonly start: number;
}

/** An array in a file. */
export interface NumpyEntry extends NpyHeader {
  /** Offset of the elements in the file; null if compressed. */
  readonly position: number | null;
}

export function isNpy(bytes: Uint8Array): boolean {
  return NPY_MAGIC.every((byte, i) => bytes[i] === byte);
}

export function isZip(bytes: Uint8Array): boolean {
  return ZIP_MAGIC.every((byte, i) => bytes[i] === byte);
}

function invalid(file: string, what: string, hint?: string): RffcError {
  return failure('RFF615', `${file} is not a valid NumPy file: ${what}`, {
    file,
    ...(hint === undefined ? {} : { hint }),
  });
}

const CUT = 'save, copy or download it again';

/** Bytes from the array's beginning to its elements, from the first `PREAMBLE_BYTES`. */
function headerEnd(bytes: Uint8Array, file: string): number {
  if (!isNpy(bytes)) {
    const kind = kindOfFile(bytes);
    throw kind
      ? invalid(file, `found ${kind.what}`, kind.hint(file))
      : invalid(file, 'expected \\x93NUMPY at the start', 'save it with np.save or np.savez');
  }
  if (bytes.length < PREAMBLE_BYTES) throw invalid(file, 'truncated header', CUT);
  const [major, minor] = [bytes[6]!, bytes[7]!];
  if (major < 1 || major > 3 || minor !== 0) {
    throw invalid(
      file,
      `unknown format version ${major}.${minor}: expected 1.0, 2.0 or 3.0`,
      'save it with np.save',
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  if (end > MAX_HEADER_BYTES)
    throw invalid(file, `header of ${end} bytes: at most ${MAX_HEADER_BYTES} are allowed`);
  return end;
}

/**
 * An array's header, from its first bytes.
 * @param file the name for messages.
 * @throws RffcError RFF615 for a violation of the format, and for elements that are not numbers.
 */
export function parseNpyHeader(bytes: Uint8Array, file: string): NpyHeader {
  const start = headerEnd(bytes, file);
  if (bytes.length < start) throw invalid(file, 'truncated header', CUT);
  // Versions 1 and 2 are in Latin-1, 3 in UTF-8; what is read here is ASCII in each.
  const text = new TextDecoder().decode(bytes.subarray(bytes[6] === 1 ? 10 : 12, start)).trim();
  const field = (key: string, value: string) =>
    new RegExp(`(?:^\\{|,)\\s*(['"])${key}\\1\\s*:\\s*(?:${value})\\s*(?:,|\\}$)`).exec(text)?.[2];
  if (!text.startsWith('{') || !text.endsWith('}')) throw invalid(file, 'the header is not a Python dict');
  const fortran = field('fortran_order', '(True|False)');
  const sizes = field('shape', '\\(([\\d\\sL,]*)\\)');
  if (fortran === undefined || sizes === undefined)
    throw invalid(file, 'the header lacks `fortran_order` or `shape`');
  const shape = sizes
    .split(',')
    .map((size) => size.trim().replace(/L$/, ''))
    .filter((size) => size !== '')
    .map(Number);
  const described = field('descr', `['"]([^'"]*)['"]`);
  const [, order, code] = /^([<>|=])(\w+)$/.exec(described ?? '') ?? [];
  const dtype = code === undefined || !Object.hasOwn(DTYPES, code) ? undefined : DTYPES[code];
  if (dtype === undefined) throw notNumbers(file, described);
  const width = Number(code!.slice(1));
  const wrongSize = shape.some((size) => !Number.isSafeInteger(size));
  if (wrongSize || shape.length > MAX_RANK || !Number.isSafeInteger(elementCount(shape) * width))
    throw invalid(file, `invalid shape (${sizes.trim()})`);
  return { dtype, shape, width, bigEndian: order === '>', fortran: fortran === 'True', start };
}

function notNumbers(file: string, described: string | undefined): RffcError {
  const hint = 'save plain numbers, for example np.save(file, array.astype(np.float32))';
  if (described === undefined) return invalid(file, 'structured arrays are not supported', hint);
  if (described.endsWith('O')) return invalid(file, 'Python objects are not supported', hint);
  if (/[SU]/.test(described)) {
    return invalid(
      file,
      `text is not supported (dtype '${described}')`,
      'number the classes: `names, y = np.unique(y, return_inverse=True)`',
    );
  }
  return invalid(file, `unsupported dtype '${described}': expected bool, integers or floats`, hint);
}

/** A copy with the bytes of each element swapped. */
function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const copy = Buffer.from(bytes);
  return width === 2 ? copy.swap16() : width === 4 ? copy.swap32() : copy.swap64();
}

/** Column-major elements in row-major order, copied. */
function rowMajor(bytes: Uint8Array, shape: readonly number[], width: number): Uint8Array {
  const Elements = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }[width]!;
  // A view requires aligned elements.
  const from = new Elements(new Uint8Array(bytes).buffer);
  const to = new Elements(from.length);
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)));
  let next = 0;
  const copy = (axis: number, offset: number): void => {
    const stride = strides[axis]!;
    for (let i = 0; i < shape[axis]!; i++) {
      if (axis === shape.length - 1) to[next++] = from[offset + i * stride]!;
      else copy(axis + 1, offset + i * stride);
    }
  };
  if (from.length > 0) copy(0, 0);
  return new Uint8Array(to.buffer);
}

/**
 * Elements of a file as a tensor of `shape`: a record of an array, or all of it.
 * @param bytes exactly the elements; the tensor's data is a view of them if nothing has to be reordered.
 */
export function numpyTensor(bytes: Uint8Array, header: NpyHeader, shape = header.shape): Tensor {
  const { dtype, width, bigEndian, fortran } = header;
  const ordered = bigEndian && width > 1 ? swapped(bytes, width) : bytes;
  return { dtype, shape, data: fortran && shape.length > 1 ? rowMajor(ordered, shape, width) : ordered };
}

/**
 * The array of a whole `.npy` file; its data is a view of `bytes` if nothing has to be reordered.
 * @throws RffcError RFF615.
 */
export function parseNpy(bytes: Uint8Array, file: string): Tensor {
  const header = parseNpyHeader(bytes, file);
  checkSize(header, bytes.length, file);
  return numpyTensor(bytes.subarray(header.start), header);
}

function checkSize({ shape, width, start, dtype }: NpyHeader, total: number, file: string): void {
  const expected = start + elementCount(shape) * width;
  if (expected === total) return;
  const what = `${dtype} (${shape.join(', ')}) takes ${expected} bytes: the file has ${total}`;
  throw invalid(file, what, total < expected ? CUT : 'save one array per file, or all in one with np.savez');
}

/** A file of arrays, opened. */
export interface NumpyFile {
  readonly file: string;
  /** A `.npz` file's arrays by name; that of a `.npy` file is named `x`. */
  readonly entries: ReadonlyMap<string, NumpyEntry>;
  /** Why the other arrays of a `.npz` file cannot be read, for example text. */
  readonly unreadable: ReadonlyMap<string, RffcError>;
  /** The whole of an array. @throws RffcError RFF613, RFF615. */
  read(name: string): Promise<Tensor>;
}

/** The name of the array in a `.npy` file. */
export const ONLY = 'x';

/**
 * Reads a `.npy` or `.npz` file's headers, recognized by their first bytes; arrays are read on demand.
 * @throws RffcError RFF613 if it cannot be read, RFF615 for a damaged file or one of another kind.
 */
export async function openNumpy(file: string): Promise<NumpyFile> {
  try {
    const head = await readAt(file, 0, SNIFFED_BYTES);
    return isZip(head) ? await openNpz(file) : await openNpy(file, head);
  } catch (error) {
    throw error instanceof RffcError ? error : await unreadablePath(file, error);
  }
}

/** Up to `length` bytes from `position` on. */
async function readAt(file: string, position: number, length: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await handle.close();
  }
}

async function openNpy(file: string, head: Uint8Array): Promise<NumpyFile> {
  const header = parseNpyHeader(await readAt(file, 0, headerEnd(head, file)), file);
  const handle = await open(file);
  const { size } = await handle.stat().finally(() => handle.close());
  checkSize(header, size, file);
  return {
    file,
    entries: new Map([[ONLY, { ...header, position: header.start }]]),
    unreadable: new Map(),
    async read() {
      const bytes = await readAt(file, header.start, size - header.start).catch((error) =>
        Promise.reject(unreadable(file, error)),
      );
      if (bytes.length !== size - header.start) throw invalid(file, 'it was truncated while being read', CUT);
      return numpyTensor(bytes, header);
    },
  };
}

const STORED = 0;

/** Errors of yauzl are faults of the archive, except system errors, which have a code. */
function damaged(file: string, error: unknown): RffcError {
  if (error instanceof RffcError) return error;
  if (error instanceof Error && 'syscall' in error) return unreadable(file, error);
  const reason = error instanceof Error ? error.message : String(error);
  return invalid(file, reason.charAt(0).toLowerCase() + reason.slice(1), CUT);
}

/** Runs a function on an archive and closes it. @throws RffcError RFF613, RFF615. */
async function withZip<T>(file: string, work: (zip: ZipFile) => Promise<T>): Promise<T> {
  try {
    const zip = await openPromise(file, { autoClose: false });
    try {
      return await work(zip);
    } finally {
      zip.close();
    }
  } catch (error) {
    throw damaged(file, error);
  }
}

async function openNpz(file: string): Promise<NumpyFile> {
  const members = new Map<string, Entry>();
  const entries = new Map<string, NumpyEntry>();
  const refused = new Map<string, RffcError>();
  await withZip(file, async (zip) => {
    for await (const member of zip.eachEntry()) {
      if (!member.fileName.endsWith('.npy')) continue;
      const name = member.fileName.slice(0, -'.npy'.length);
      if (members.has(name)) throw invalid(file, `two arrays are named \`${name}\``);
      members.set(name, member);
    }
    for (const [name, member] of members) {
      try {
        entries.set(name, await readMemberHeader(zip, member, name, file));
      } catch (error) {
        if (!(error instanceof RffcError)) throw error;
        refused.set(name, error);
      }
    }
  });
  if (members.size === 0) {
    throw invalid(file, 'no .npy file in the archive', 'save it with np.savez(file, x=x, y=y)');
  }
  return {
    file,
    entries,
    unreadable: refused,
    async read(name) {
      const member = members.get(name);
      const entry = entries.get(name);
      if (!member || !entry) throw new RangeError(`${file} has no array ${name}`);
      const bytes = await withZip(file, async (zip) => {
        const all = new Uint8Array(member.uncompressedSize);
        const had = await fill(all, await zip.openReadStreamPromise(member));
        if (had !== all.length || crc32(all) !== member.crc32)
          throw invalid(file, `wrong checksum of \`${name}\``, CUT);
        return all;
      });
      return numpyTensor(bytes.subarray(entry.start), entry);
    },
  };
}

async function readMemberHeader(
  zip: ZipFile,
  member: Entry,
  name: string,
  file: string,
): Promise<NumpyEntry> {
  const first = async (length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(Math.min(length, member.uncompressedSize));
    const stream = await zip.openReadStreamPromise(member);
    try {
      return bytes.subarray(0, await fill(bytes, stream));
    } finally {
      stream.destroy();
    }
  };
  const header = await inMember(name, file, async () => {
    const found = parseNpyHeader(await first(headerEnd(await first(PREAMBLE_BYTES), file)), file);
    checkSize(found, member.uncompressedSize, file);
    return found;
  });
  if (member.compressionMethod !== STORED) return { ...header, position: null };
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(member, { minimal: true });
  return { ...header, position: fileDataStart + header.start };
}

/** Adds the array's name to an error. */
async function inMember<T>(name: string, file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RffcError)) throw error;
    const [{ code, message, ...more }] = error.diagnostics as readonly [Diagnostic];
    throw failure(code, message.replace(file, `\`${name}\` in ${file}`), more);
  }
}

/** Fills `bytes` from a stream, ignoring the rest. Returns the number of bytes read. */
async function fill(bytes: Uint8Array, stream: Readable): Promise<number> {
  let done = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    const part = chunk.subarray(0, bytes.length - done);
    bytes.set(part, done);
    done += part.length;
    if (done === bytes.length) break;
  }
  return done;
}
