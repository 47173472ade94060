import { describe, expect, test } from 'vitest';
import type { Touch } from '../../compiler/plan/touches.js';
import { assignStreams } from './streams.js';

const touch = (place: number, write: boolean): Touch => ({
  ...{ write, address: 1000 * place, rows: 1, width: 4, step: 4, own: true },
});
const reads = (...places: number[]) => places.map((p) => touch(p, false));
const writes = (...places: number[]) => places.map((p) => touch(p, true));
const assign = (steps: readonly (readonly Touch[])[], most = 4) =>
  assignStreams(steps, most).map(({ stream, waits }) => [stream, ...waits]);

describe('streams', () => {
  test('dependent steps share a stream, independent ones do not', () => {
    expect(assign([writes(1), writes(2), [...reads(1), ...writes(3)], [...reads(2), ...writes(4)]])).toEqual([
      ...[[0], [1], [0], [1]],
    ]);
  });
  test('reads need no order; writes do', () => {
    const [w, ...readers] = [writes(1), reads(1), reads(1)];
    const slots = assign([w, ...readers, writes(1)]);
    expect(slots).toEqual([[0], [0], [1, 0], [0, 2]]);
  });
  test('a wait that another implies is left out', () => {
    // 0 → 1 (beside) → 2 waits for 1 alone, though it touches what 0 wrote.
    const steps = [
      writes(1),
      writes(5),
      [...reads(1, 5), ...writes(2)],
      [...reads(5), ...writes(5)],
      reads(1, 2, 5),
    ];
    const slots = assignStreams(steps, 2);
    const [, , , , last] = slots;
    expect(last!.waits.length).toBeLessThanOrEqual(1);
  });
  test('one stream needs no events', () => {
    const steps = [writes(1), reads(1), writes(2), [...reads(2), ...writes(1)]];
    expect(assign(steps, 1)).toEqual([[0], [0], [0], [0]]);
    expect(assignStreams(steps, 1).some(({ awaited }) => awaited)).toBe(false);
  });
  test('an event is recorded only if a step waits for it', () => {
    const slots = assignStreams([writes(1), reads(1), reads(1)], 4);
    expect(slots.map(({ awaited }) => awaited)).toEqual([true, false, false]);
  });
  test('there are never more than requested', () => {
    const slots = assignStreams(
      Array.from({ length: 20 }, (_, i) => writes(i)),
      3,
    );
    expect(new Set(slots.map(({ stream }) => stream))).toEqual(new Set([0, 1, 2]));
  });
});
