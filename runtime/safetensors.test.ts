import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RffcError } from '../grammar/diagnostic.js';
import {
  type Dtype,
  parseSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  serializeSafetensors,
  type Tensor,
  toFloat32,
  toInt32,
  writeSafetensors,
} from './safetensors.js';

const sample = new Map<string, Tensor>([
  ['h1.image.forward.weight', { dtype: 'F32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ['y', { dtype: 'I32', shape: [3], data: Int32Array.of(7, -8, 9) }],
  ['empty', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
  ['wide', { dtype: 'I64', shape: [], data: BigInt64Array.of(5n) }],
]);

/** A file with a header of our choosing. */
function withHeader(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const out = new Uint8Array(8 + json.byteLength + dataBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.byteLength), true);
  out.set(json, 8);
  return out;
}
const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

function refusal(bytes: Uint8Array): string {
  try {
    parseSafetensors(bytes, 'w.safetensors');
  } catch (error) {
    expect(error).toBeInstanceOf(RffcError);
    return (error as RffcError).message;
  }
  throw new Error('the file was accepted');
}

describe('safetensors in memory', () => {
  it('round-trips tensors and metadata', () => {
    const { tensors, metadata } = parseSafetensors(serializeSafetensors(sample, { epoch: '3' }));
    expect([...tensors.keys()].sort()).toEqual([...sample.keys()].sort());
    expect(tensors.get('h1.image.forward.weight')!.shape).toEqual([2, 3]);
    expect([...toFloat32(tensors.get('h1.image.forward.weight')!)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...toInt32(tensors.get('y')!)]).toEqual([7, -8, 9]);
    expect([...toInt32(tensors.get('wide')!)]).toEqual([5]);
    expect(tensors.get('empty')!.shape).toEqual([0, 4]);
    expect(metadata).toEqual({ epoch: '3' });
  });

  it('aligns every tensor to its width', () => {
    const bytes = serializeSafetensors(sample);
    for (const [name, { data }] of parseSafetensors(bytes).tensors) {
      expect(data.byteOffset % (name === 'wide' ? 8 : 4)).toBe(0);
    }
  });

  it('reads every dtype', () => {
    const cases: [Dtype, number[], number[]][] = [
      ['BOOL', [1, 0], [1, 0]],
      ['U8', [255, 1], [255, 1]],
      ['I8', [255, 1], [-1, 1]],
      ['I16', [0xfe, 0xff], [-2]],
      ['U16', [0xfe, 0xff], [65534]],
      ['I32', [0xff, 0xff, 0xff, 0xff], [-1]],
      ['U32', [0xff, 0xff, 0xff, 0xff], [4294967295]],
      ['F16', [0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc], [1, 2 ** -24, Number.NEGATIVE_INFINITY]],
      ['BF16', [0x80, 0x3f, 0x49, 0xc0], [1, -3.140625]],
      ['F8_E5M2', [0x3c, 0x7c, 0x01], [1, Number.POSITIVE_INFINITY, 2 ** -16]],
      ['F8_E4M3', [0x38, 0x7e, 0x81], [1, 448, -(2 ** -9)]],
      ['F32', [0, 0, 0x20, 0x41], [10]],
      ['F64', [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], [1.5]],
      ['I64', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [-2]],
      ['U64', [3, 0, 0, 0, 0, 0, 0, 0], [3]],
    ];
    for (const [dtype, data, values] of cases) {
      const tensor: Tensor = { dtype, shape: [values.length], data: Uint8Array.from(data) };
      const [[, read] = []] = [...parseSafetensors(serializeSafetensors(new Map([['t', tensor]]))).tensors];
      expect([...toFloat32(read!)], dtype).toEqual(values.map(Math.fround));
    }
  });

  it('rejects fractions and numbers too large for an integer', () => {
    expect(() => toInt32({ dtype: 'F32', shape: [2], data: Float32Array.of(1, 1.5) }, 'y')).toThrow(
      /element 1 of y is 1\.5/,
    );
    expect(() => toInt32({ dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 40n) })).toThrow(RffcError);
  });

  it('rejects data that does not match its shape', () => {
    const wrong: Tensor = { dtype: 'F32', shape: [3], data: new Float32Array(2) };
    expect(() => serializeSafetensors(new Map([['w', wrong]]))).toThrow(
      /tensor "w": F32 \[3\] takes 12 bytes/,
    );
  });

  it.each([
    ['too short', Uint8Array.of(1, 2, 3), /3 bytes: expected at least 8/],
    ['header beyond the file', withHeader('{}', 0).subarray(0, 9), /header of 2 bytes/],
    ['huge header', Uint8Array.of(255, 255, 255, 255, 255, 0, 0, 0, 123), /at most 100000000/],
    ['not JSON', withHeader('{nope', 0), /not JSON/],
    ['an array', withHeader('[]', 0), /not a JSON object/],
    ['unknown dtype', withHeader(`{"w":${entry([1], [0, 4], 'F7')}}`, 4), /unknown dtype "F7"/],
    ['inherited dtype', withHeader(`{"w":${entry([1], [0, 4], 'toString')}}`, 4), /unknown dtype/],
    ['negative size', withHeader(`{"w":${entry([-1], [0, 4])}}`, 4), /an invalid shape/],
    ['size overflow', withHeader(`{"w":${entry([2 ** 50, 2 ** 50], [0, 4])}}`, 4), /takes/],
    ['wrong length', withHeader(`{"w":${entry([2], [0, 4])}}`, 4), /takes 8 bytes, but its offsets span 4/],
    ['overlap', withHeader(`{"a":${entry([1], [0, 4])},"b":${entry([1], [2, 6])}}`, 6), /"b" overlaps/],
    ['hole', withHeader(`{"a":${entry([1], [0, 4])},"b":${entry([1], [8, 12])}}`, 12), /"b" leaves a gap/],
    ['past the end', withHeader(`{"a":${entry([2], [0, 8])}}`, 4), /"a" ends past/],
    ['left over', withHeader(`{"a":${entry([1], [0, 4])}}`, 7), /3 bytes at the end/],
    [
      'defined twice',
      withHeader(`{"a":${entry([1], [0, 4])},"\\u0061":${entry([1], [0, 4])}}`, 4),
      /"a" is defined twice/,
    ],
    ['metadata of numbers', withHeader('{"__metadata__":{"epoch":3}}', 0), /__metadata__/],
  ])('refuses a file: %s', (_, bytes, message) => {
    expect(refusal(bytes)).toMatch(message);
  });

  it('throws nothing but RffcError on random and on damaged bytes', () => {
    const whole = serializeSafetensors(sample, { a: 'b' });
    const attempt = (bytes: Uint8Array) => {
      try {
        for (const tensor of parseSafetensors(bytes).tensors.values()) toFloat32(tensor);
      } catch (error) {
        if (!(error instanceof RffcError)) throw error;
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 300 });
    fc.assert(
      fc.property(fc.json(), fc.nat(64), (json, extra) => attempt(withHeader(json, extra))),
      { numRuns: 300 },
    );
    const edit = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.nat(whole.length), (edits, cut) => {
        const damaged = whole.slice();
        for (const [at, value] of edits) damaged[at] = value;
        attempt(damaged);
        attempt(damaged.subarray(0, cut));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('safetensors on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rffc-safetensors-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('writes, reads back, and leaves no temporary file', async () => {
    const path = join(folder, 'checkpoint.safetensors');
    await writeSafetensors(path, sample, { epoch: '1' });
    await writeSafetensors(path, sample, { epoch: '2' });
    const { tensors, metadata } = await readSafetensors(path);
    expect(metadata).toEqual({ epoch: '2' });
    expect([...toInt32(tensors.get('y')!)]).toEqual([7, -8, 9]);
    expect(await readdir(folder)).toEqual(['checkpoint.safetensors']);
    const header = await readSafetensorsHeader(path);
    expect(header.entries.get('h1.image.forward.weight')).toMatchObject({ dtype: 'F32', shape: [2, 3] });
  });

  it('says which file cannot be read or written', async () => {
    await expect(readSafetensors(join(folder, 'none.safetensors'))).rejects.toThrow(
      /none\.safetensors: no such file/,
    );
    await expect(readSafetensorsHeader(folder)).rejects.toThrow(RffcError);
    await expect(writeSafetensors(join(folder, 'no', 'w.safetensors'), sample)).rejects.toThrow(
      /cannot write .*no such file/,
    );
    await writeFile(join(folder, 'cut.safetensors'), serializeSafetensors(sample).subarray(0, 40));
    await expect(readSafetensorsHeader(join(folder, 'cut.safetensors'))).rejects.toThrow(
      /copy or download it again|header of/,
    );
  });
});
