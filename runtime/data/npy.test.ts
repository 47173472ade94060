import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RffcError } from '../../grammar/diagnostic.js';
import { refusal } from '../../test/support/mnist-files.js';
import { type Tensor, toFloat32 } from '../safetensors.js';
import { openNumpy, parseNpy } from './npy.js';

const fixtures = fileURLToPath(new URL('../../test/fixtures/cases/numpy/', import.meta.url));
const read = async (name: string) => parseNpy(await readFile(join(fixtures, name)), name);
const numbers = (tensor: Tensor) => [...toFloat32(tensor)];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rffc-npy-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A version 1 file of this header and elements. */
function npy(header: string, elements: Uint8Array): Uint8Array {
  const text = `${header.padEnd(117)}\n`;
  const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, text.length & 255, text.length >> 8]);
  return Buffer.concat([head, Buffer.from(text), elements]);
}
const described = (descr: string, shape: string) =>
  `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;

describe('.npy', () => {
  it.each([
    ['u1', 'U8', [0, 1, 2, 3, 4, 5]],
    ['u2', 'U16', [0, 1, 2, 3, 4, 5]],
    ['i1', 'I8', [-2, -1, 0, 1, 2, 3]],
    ['i2', 'I16', [-2, -1, 0, 1, 2, 3]],
    ['i4', 'I32', [-2, -1, 0, 1, 2, 3]],
    ['i8', 'I64', [-2, -1, 0, 1, 2, 3]],
    ['f2', 'F16', [-1, -0.5, 0, 0.5, 1, 1.5]],
    ['f4', 'F32', [-1, -0.5, 0, 0.5, 1, 1.5]],
    ['f8', 'F64', [-1, -0.5, 0, 0.5, 1, 1.5]],
    ['bool', 'BOOL', [0, 1, 0, 1, 0, 1]],
  ] as const)('reads %s in both byte orders', async (name, dtype, values) => {
    const single = /1$|bool/.test(name);
    for (const file of single ? [`${name}.npy`] : [`${name}.npy`, `${name}_big.npy`]) {
      const tensor = await read(file);
      expect(tensor).toMatchObject({ dtype, shape: [2, 3] });
      expect(numbers(tensor)).toEqual(values);
    }
  });

  it('reads column-major arrays and all three versions', async () => {
    const cube = await read('fortran.npy');
    expect(cube.shape).toEqual([2, 3, 4]);
    expect(numbers(cube)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(numbers(await read('fortran_big.npy'))).toEqual([0, 1, 2, 3, 4, 5]);
    for (const version of [1, 2, 3])
      expect(numbers(await read(`version${version}.npy`))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await read('scalar.npy')).toMatchObject({ shape: [] });
  });

  it('reads the header of Python 2, whose sizes are long', () => {
    const { shape } = parseNpy(npy(described("'|u1'", '(2L, 1L)'), new Uint8Array(2)), 'old');
    expect(shape).toEqual([2, 1]);
  });

  it.each([
    ['text', /text is not supported \(dtype '<U3'\)/, /return_inverse/],
    ['objects', /Python objects are not supported/, /astype\(np\.float32\)/],
    ['complex', /unsupported dtype '<c16'/, /astype/],
    ['structured', /structured arrays are not supported/, /astype/],
  ])('rejects %s', async (name, message, hint) => {
    const found = await refusal(() => read(`${name}.npy`));
    expect(found).toMatchObject({ code: 'RFF615', file: `${name}.npy` });
    expect(found.message).toMatch(message);
    expect(found.hint).toMatch(hint);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a file of another kind', Buffer.from('hello, world and more'), /expected \\x93NUMPY at the start/],
    ['an unknown version', Buffer.from([0x93, ...Buffer.from('NUMPY'), 9, 0, 1, 0, 0, 0]), /version 9\.0/],
    ['a cut header', npy(described("'|u1'", '(2,)'), new Uint8Array(2)).subarray(0, 40), /truncated header/],
    ['cut elements', npy(described("'<f4'", '(2,)'), new Uint8Array(7)), /takes 136 bytes: the file has 135/],
    ['bytes left over', npy(described("'<f4'", '(2,)'), new Uint8Array(9)), /the file has 137/],
    [
      'a shape beyond all memory',
      npy(described("'<f8'", '(99999999, 99999999)'), new Uint8Array(0)),
      /invalid shape/,
    ],
    ['a negative size', npy(described("'<f8'", '(-1,)'), new Uint8Array(0)), /lacks/],
    ['a header that is none', npy('[]', new Uint8Array(0)), /not a Python dict/],
  ])('rejects %s', async (_, bytes, message) => {
    const found = await refusal(() => parseNpy(bytes, 'f'));
    expect(found.code).toBe('RFF615');
    expect(found.message).toMatch(message);
  });

  it('reads or rejects any bytes, and never anything else', () => {
    const valid = npy(described("'<u2'", '(2, 2)'), Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0));
    const accept = (bytes: Uint8Array) => {
      try {
        parseNpy(bytes, 'f');
      } catch (error) {
        if (!(error instanceof RffcError)) throw error;
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), accept));
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, byte) => {
        const changed = valid.slice();
        changed[at] = byte;
        accept(changed);
        accept(changed.subarray(0, at));
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (text) => accept(npy(`{${text}}`, new Uint8Array(8)))),
    );
  });
});

describe('.npz', () => {
  it('reads archives, stored and deflated', async () => {
    const stored = await openNumpy(join(fixtures, 'stored.npz'));
    expect([...stored.entries.keys()]).toEqual(['x', 'y']);
    expect(stored.entries.get('x')).toMatchObject({ dtype: 'U8', shape: [2, 3] });
    expect(numbers(await stored.read('x'))).toEqual([0, 1, 2, 3, 4, 5]);
    // What is stored can be read by position.
    const bytes = await readFile(join(fixtures, 'stored.npz'));
    const { position } = stored.entries.get('x')!;
    expect([...bytes.subarray(position!, position! + 6)]).toEqual([0, 1, 2, 3, 4, 5]);

    const large = await openNumpy(join(fixtures, 'zip64.npz'));
    expect(large.entries).toEqual(
      new Map([...stored.entries].map(([name, entry]) => [name, { ...entry, position: expect.any(Number) }])),
    );
    expect(numbers(await large.read('y'))).toEqual([0, 1]);

    const deflated = await openNumpy(join(fixtures, 'deflated.npz'));
    expect(deflated.entries.get('y')).toMatchObject({ dtype: 'I32', shape: [2], position: null });
    expect(numbers(await deflated.read('x'))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(numbers(await deflated.read('y'))).toEqual([0, 1]);
  });

  it('names the array of a .npy file x, whatever the file’s name', async () => {
    const { entries, read } = await openNumpy(join(fixtures, 'f8_big.npy'));
    expect([...entries.keys()]).toEqual(['x']);
    expect(numbers(await read('x'))).toEqual([-1, -0.5, 0, 0.5, 1, 1.5]);
  });

  it('rejects a missing file, one of another kind, and a truncated one', async () => {
    expect(await refusal(() => openNumpy(join(folder, 'absent.npz')))).toMatchObject({ code: 'RFF613' });
    expect(await refusal(() => openNumpy(folder))).toMatchObject({ code: 'RFF613' });
    const whole = await readFile(join(fixtures, 'stored.npz'));
    const cut = join(folder, 'cut.npz');
    await writeFile(cut, whole.subarray(0, 200));
    expect(await refusal(() => openNumpy(cut))).toMatchObject({
      code: 'RFF615',
      hint: expect.stringContaining('again'),
    });
  });

  it('notices every changed byte of an array', async () => {
    const whole = await readFile(join(fixtures, 'stored.npz'));
    const { position } = (await openNumpy(join(fixtures, 'stored.npz'))).entries.get('x')!;
    const changed = Uint8Array.from(whole);
    changed[position! + 2]! ^= 1;
    const file = join(folder, 'changed.npz');
    await writeFile(file, changed);
    const found = await refusal(async () => (await openNumpy(file)).read('x'));
    expect(found.message).toMatch(/wrong checksum of `x`/);
  });

  it('reads or rejects any damage', async () => {
    const file = join(folder, 'fuzz.npz');
    for (const name of ['stored.npz', 'deflated.npz']) {
      const whole = await readFile(join(fixtures, name));
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), async (at, byte, cut) => {
          const changed = Uint8Array.from(whole);
          changed[at] = byte;
          await writeFile(file, cut ? changed.subarray(0, at) : changed);
          try {
            const { entries, read } = await openNumpy(file);
            for (const entry of entries.keys()) await read(entry);
          } catch (error) {
            if (!(error instanceof RffcError)) throw error;
          }
        }),
        { numRuns: 200 },
      );
    }
  });
});
