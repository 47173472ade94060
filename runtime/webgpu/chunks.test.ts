/** Arenas cut into chunks: nothing straddles, and what was apart stays apart. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ArenaName, Buffer } from '../../compiler/plan/plan.js';
import { layOutChunks } from './chunks.js';

const arena = (name: ArenaName, buffers: readonly Buffer[]) => ({
  name,
  bytes: Math.max(0, ...buffers.filter((b) => b.arena === name).map((b) => b.offset + b.bytes)),
});
const planOf = (buffers: readonly Buffer[]) => ({
  buffers,
  arenas: [arena('io', buffers), arena('scratch', buffers), arena('activities', buffers)],
});
const buffer = (name: ArenaName, offset: number, bytes: number): Buffer => ({
  arena: name,
  offset: 256 * offset,
  bytes: 256 * bytes,
  name: 'x',
});

it('is one chunk an arena where that fits, and none for an empty one', () => {
  const { chunks, addresses } = layOutChunks(
    planOf([buffer('io', 0, 2), buffer('io', 2, 3), buffer('activities', 0, 5), buffer('activities', 2, 1)]),
    256 * 5,
  );
  expect(chunks).toEqual([
    { arena: 'io', bytes: 1280 },
    { arena: 'activities', bytes: 1280 },
  ]);
  expect(addresses).toEqual([
    { binding: 0, offset: 0 },
    { binding: 0, offset: 128 },
    { binding: 1, offset: 0 },
    { binding: 1, offset: 128 },
  ]);
});

it('keeps every buffer whole, in bounds, and apart from what it was apart from', () => {
  const buffers = fc.array(
    fc
      .tuple(fc.constantFrom<ArenaName>('io', 'activities'), fc.nat(40), fc.integer({ min: 1, max: 8 }))
      .map(([a, offset, bytes]) => buffer(a, offset, bytes)),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(buffers, fc.integer({ min: 8, max: 20 }), (list, limit) => {
      const { chunks, addresses } = layOutChunks(planOf(list), 256 * limit);
      const bytes = list.map((b, i) => {
        const { binding, offset } = addresses[i]!;
        expect(offset % 64).toBe(0);
        expect(chunks[binding]!.arena).toBe(b.arena);
        expect(4 * offset + b.bytes).toBeLessThanOrEqual(chunks[binding]!.bytes);
        return { binding, start: 4 * offset, end: 4 * offset + b.bytes };
      });
      for (const { bytes: size } of chunks) expect(size).toBeLessThanOrEqual(256 * limit);
      for (const [i, a] of list.entries())
        for (const [j, b] of list.entries()) {
          const wereApart =
            a.arena !== b.arena || a.offset >= b.offset + b.bytes || b.offset >= a.offset + a.bytes;
          const [p, q] = [bytes[i]!, bytes[j]!];
          const meet = p.binding === q.binding && p.start < q.end && q.start < p.end;
          if (wereApart) expect(meet).toBe(false);
        }
    }),
    { numRuns: 300 },
  );
});

it('says which buffer is too large for the adapter', () => {
  expect(() => layOutChunks(planOf([buffer('io', 0, 1), buffer('io', 1, 8 * 4096)]), 4 * 2 ** 20)).toThrow(
    'RFF831: `x` takes 8.0 MiB in one piece, more than the 4.0 MiB that this WebGPU adapter allows',
  );
});
