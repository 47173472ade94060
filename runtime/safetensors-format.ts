/**
 * The safetensors format (huggingface/safetensors): eight bytes of header length, a JSON header, then the tensors'
 * bytes, back to back, little-endian and row-major. Reading checks every number in the header before it is used;
 * writing gives the same bytes for the same tensors. Nothing here needs Node: it runs in a page. Files:
 * `safetensors.ts`.
 */

import { failure, type RffcError } from '../grammar/diagnostic.js';
import { kindOfFile } from './kinds.js';

/** Bytes per element. Types below one byte, in newer versions, are not supported. */
const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type Dtype = keyof typeof DTYPE_BYTES;

/** One tensor; `data` holds exactly the bytes that `shape` and `dtype` ask for (a typed array or a view of bytes). */
export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

/** A header's entry of a tensor; `begin` and `end` are byte offsets into the file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The reference implementation's limit. */
const MAX_HEADER_BYTES = 100_000_000;
export const PREFIX_BYTES = 8;

function invalid(file: string | undefined, what: string, hint?: string): RffcError {
  const name = file ?? 'the safetensors data';
  return failure('RFF640', `${name} is not a valid safetensors file: ${what}`, {
    ...(file === undefined ? {} : { file }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Elements in a tensor of this shape; a scalar's shape is []. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Reads a whole file's bytes. The tensors' data are views into `bytes`, not copies.
 * @param file the name for messages.
 * @throws RffcError RFF640 for any violation of the format.
 */
export function parseSafetensors(bytes: Uint8Array, file?: string): SafetensorsFile {
  const headerBytes = headerLength(bytes, bytes.byteLength, file);
  const { entries, metadata } = parseHeader(
    bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerBytes),
    bytes.byteLength,
    file,
  );
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, begin, end }] of entries) {
    tensors.set(name, { dtype, shape, data: bytes.subarray(begin, end) });
  }
  return { tensors, metadata };
}

/**
 * The header's length in bytes, from the first eight bytes, checked against the whole file's; more bytes tell another
 * kind of file.
 */
export function headerLength(bytes: Uint8Array, fileBytes: number, file: string | undefined): number {
  if (bytes.byteLength < PREFIX_BYTES) {
    throw invalid(file, `${bytes.byteLength} bytes: expected at least 8 for the header's length`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  const kind = length > fileBytes - PREFIX_BYTES ? kindOfFile(bytes) : undefined;
  if (kind) throw invalid(file, `found ${kind.what}`, kind.hint(file ?? 'FILE'));
  if (length > MAX_HEADER_BYTES) {
    throw invalid(
      file,
      `header of ${length} bytes (at most ${MAX_HEADER_BYTES})`,
      'check that it is a safetensors file',
    );
  }
  if (length > fileBytes - PREFIX_BYTES) {
    throw invalid(file, `header of ${length} bytes in a file of ${fileBytes}`, 'copy or download it again');
  }
  return length;
}

/** A header's text, of a file of `fileBytes` bytes. @throws RffcError RFF640 */
export function parseHeader(
  header: Uint8Array,
  fileBytes: number,
  file: string | undefined,
): SafetensorsHeader {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(header);
    json = JSON.parse(text);
  } catch {
    throw invalid(file, 'the header is not JSON');
  }
  if (!text.startsWith('{') || !isRecord(json)) throw invalid(file, 'the header is not a JSON object');
  const keys = topLevelKeys(text);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (keys.length !== Object.keys(json).length) {
    throw invalid(file, `tensor ${JSON.stringify(twice ?? '')} is defined twice`);
  }

  const dataStart = PREFIX_BYTES + header.byteLength;
  const entries = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') metadata = parseMetadata(value, file);
    else entries.set(name, parseEntry(name, value, dataStart, file));
  }

  // The format allows neither overlap nor holes nor bytes left over: each tensor begins where the one before ends.
  let expected = dataStart;
  const byOffset = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  for (const [name, { begin, end }] of byOffset) {
    if (begin !== expected) {
      const how = begin < expected ? 'overlaps the previous tensor' : 'leaves a gap before it';
      throw invalid(file, `tensor ${JSON.stringify(name)} ${how}`);
    }
    if (end > fileBytes) {
      throw invalid(
        file,
        `tensor ${JSON.stringify(name)} ends past the file's end`,
        'copy or download it again',
      );
    }
    expected = end;
  }
  if (expected !== fileBytes)
    throw invalid(file, `${fileBytes - expected} bytes at the end belong to no tensor`);
  return { entries, metadata };
}

function parseMetadata(value: unknown, file: string | undefined): Record<string, string> {
  if (!isRecord(value)) throw invalid(file, '__metadata__ is not an object of strings');
  const metadata: [string, string][] = [];
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw invalid(file, '__metadata__ is not an object of strings');
    metadata.push([key, text]);
  }
  return Object.fromEntries(metadata);
}

function parseEntry(name: string, value: unknown, dataStart: number, file: string | undefined): TensorEntry {
  const label = `tensor ${JSON.stringify(name)}`;
  if (!isRecord(value)) throw invalid(file, `${label} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(DTYPE_BYTES, dtype)) {
    throw invalid(file, `${label} has unknown dtype ${JSON.stringify(dtype)}`);
  }
  if (!isSizes(shape)) throw invalid(file, `${label} has an invalid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw invalid(file, `${label} has invalid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const expected = elementCount(shape) * DTYPE_BYTES[dtype as Dtype];
  if (!Number.isSafeInteger(expected) || end - begin !== expected) {
    throw invalid(
      file,
      `${label} of ${dtype} [${shape.join(', ')}] takes ${expected} bytes, but its offsets span ${end - begin}`,
    );
  }
  return { dtype: dtype as Dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** The keys of the outermost object of a valid JSON text, duplicates kept (`JSON.parse` drops them). */
function topLevelKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === '"') {
      const start = i;
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++;
      if (depth !== 1) continue;
      let after = i + 1;
      while (/\s/.test(text[after] ?? '')) after++;
      if (text[after] === ':') keys.push(JSON.parse(text.slice(start, i + 1)) as string);
    }
  }
  return keys;
}

/** The file's parts, in order: one header, then each tensor's bytes, the widest types first so that all are aligned. */
export function serializeParts(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  const ordered = [...tensors].sort(([, a], [, b]) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype]);
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(['__metadata__', metadata]);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    const bytes = elementCount(shape) * DTYPE_BYTES[dtype];
    if (name === '__metadata__' || bytes !== data.byteLength) {
      throw failure(
        'RFF642',
        `cannot write tensor "${name}": ${dtype} [${shape.join(', ')}] takes ${bytes} bytes, but its data ` +
          `has ${data.byteLength}`,
      );
    }
    header.push([name, { dtype, shape, data_offsets: [offset, offset + bytes] }]);
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Spaces up to a multiple of 8 keep the tensors aligned in a mapped file.
  const padded = Math.ceil(json.byteLength / 8) * 8;
  const head = new Uint8Array(PREFIX_BYTES + padded).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(padded), true);
  head.set(json, PREFIX_BYTES);
  return [head, ...parts];
}

/**
 * A file's bytes. Tensors of one width stay in the map's order.
 * @throws RffcError RFF642 if a tensor's data does not match its shape and type.
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const parts = serializeParts(tensors, metadata);
  const out = new Uint8Array(parts.reduce((total, part) => total + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

/** A tensor's elements as f32, row-major, copied. 64-bit types are rounded. */
export function toFloat32(tensor: Tensor): Float32Array {
  const view = dataView(tensor);
  const count = elementCount(tensor.shape);
  const read = elementReader(tensor.dtype, view);
  if (tensor.dtype === 'F32') return new Float32Array(alignedCopy(tensor.data));
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = read(i);
  return out;
}

/**
 * A tensor's elements as i32, row-major, copied.
 * @param name for the message.
 * @throws RffcError RFF643 where an element is not an integer that fits.
 */
export function toInt32(tensor: Tensor, name = 'the tensor'): Int32Array {
  const view = dataView(tensor);
  const count = elementCount(tensor.shape);
  const read = elementReader(tensor.dtype, view);
  if (tensor.dtype === 'I32') return new Int32Array(alignedCopy(tensor.data));
  const out = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const value = read(i);
    out[i] = value;
    if (out[i] !== value) {
      throw failure('RFF643', `element ${i} of ${name} is ${value}: expected a 32-bit integer`);
    }
  }
  return out;
}

function dataView({ data }: Tensor): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * A fresh buffer of the same bytes: views into a file may stand at any offset. Hosts are little-endian, as
 * WebAssembly is.
 */
function alignedCopy(data: ArrayBufferView): ArrayBuffer {
  const copy = new Uint8Array(data.byteLength);
  copy.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return copy.buffer;
}

function elementReader(dtype: Dtype, view: DataView): (index: number) => number {
  switch (dtype) {
    case 'BOOL':
    case 'U8':
      return (i) => view.getUint8(i);
    case 'I8':
      return (i) => view.getInt8(i);
    case 'F8_E5M2':
      return (i) => floatFromBits(view.getUint8(i), 5, 2);
    case 'F8_E4M3':
      return (i) => float8E4M3(view.getUint8(i));
    case 'I16':
      return (i) => view.getInt16(2 * i, true);
    case 'U16':
      return (i) => view.getUint16(2 * i, true);
    case 'F16':
      return (i) => floatFromBits(view.getUint16(2 * i, true), 5, 10);
    case 'BF16':
      return (i) => floatFromBits(view.getUint16(2 * i, true), 8, 7);
    case 'I32':
      return (i) => view.getInt32(4 * i, true);
    case 'U32':
      return (i) => view.getUint32(4 * i, true);
    case 'F32':
      return (i) => view.getFloat32(4 * i, true);
    case 'F64':
      return (i) => view.getFloat64(8 * i, true);
    case 'I64':
      return (i) => Number(view.getBigInt64(8 * i, true));
    case 'U64':
      return (i) => Number(view.getBigUint64(8 * i, true));
    default:
      return dtype satisfies never;
  }
}

/** An IEEE 754 number of a narrow format from its bits: sign, exponent, mantissa. */
function floatFromBits(bits: number, exponentBits: number, mantissaBits: number): number {
  const sign = bits >> (exponentBits + mantissaBits) ? -1 : 1;
  const largest = (1 << exponentBits) - 1;
  const bias = largest >> 1;
  const exponent = (bits >> mantissaBits) & largest;
  const fraction = (bits & ((1 << mantissaBits) - 1)) / (1 << mantissaBits);
  if (exponent === largest) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** E4M3 without infinities (Micikevicius et al. 2022): only all ones is NaN, the top exponent is a number. */
function float8E4M3(bits: number): number {
  if ((bits & 0x7f) === 0x7f) return Number.NaN;
  const sign = bits >> 7 ? -1 : 1;
  const exponent = (bits >> 3) & 15;
  const fraction = (bits & 7) / 8;
  return exponent === 0 ? sign * fraction * 2 ** -6 : sign * (1 + fraction) * 2 ** (exponent - 7);
}
