/**
 * A plan's arenas as storage buffers: one chunk an arena, or several where an arena is larger than the adapter lets a
 * buffer or a binding be. A plan's buffer never straddles chunks.
 */
import type { ArenaName, Plan } from '../../compiler/plan/plan.js';
import { failure } from '../../grammar/diagnostic.js';

/** A storage buffer; its index is its binding. */
export interface Chunk {
  readonly arena: ArenaName;
  readonly bytes: number;
}

/** Where a buffer of the plan lies: which chunk, and how many numbers from its start. */
export interface Place {
  readonly binding: number;
  readonly offset: number;
}

export interface Layout {
  readonly chunks: readonly Chunk[];
  /** By index into `plan.buffers`. */
  readonly places: readonly Place[];
}

/** Chunks are as long as whole blocks: shaders see them as vectors too. */
const BLOCK = 256;

/** Bytes for people: `1.5 GiB`, `3.2 MiB`, `0.5 KiB`. */
export function bytesText(bytes: number): string {
  const [size, unit] =
    bytes >= 2 ** 30 ? [2 ** 30, 'GiB'] : bytes >= 2 ** 20 ? [2 ** 20, 'MiB'] : [2 ** 10, 'KiB'];
  return `${(bytes / size).toFixed(1)} ${unit}`;
}

/**
 * Lays a plan's buffers out in chunks of at most `limit` bytes, a multiple of 256.
 *
 * Buffers of one arena may share bytes, because they never live at the same time. Those that go to the same chunk keep
 * their distances, those that do not share nothing any more, so whatever is cut, what was apart stays apart.
 *
 * @throws RffcError RFF831 for a buffer that is larger than the limit
 */
export function layOutChunks(plan: Pick<Plan, 'arenas' | 'buffers'>, limit: number): Layout {
  const chunks: Chunk[] = [];
  const places: Place[] = new Array(plan.buffers.length);
  for (const arena of plan.arenas) {
    let left = plan.buffers
      .map((buffer, index) => ({ ...buffer, index, end: buffer.offset + buffer.bytes }))
      .filter((buffer) => buffer.arena === arena.name)
      .sort((a, b) => a.offset - b.offset);
    while (left.length > 0) {
      const start = left[0]!.offset;
      const fits = left.filter(({ end }) => end - start <= limit);
      if (!fits.some((buffer) => buffer === left[0])) {
        const { name, bytes } = left[0]!;
        throw failure(
          'RFF831',
          `\`${name}\` takes ${bytesText(bytes)} in one piece, more than the ${bytesText(limit)} that this ` +
            'WebGPU adapter allows',
          { hint: 'make `batch` smaller, or the layers; or use `--backend cpu`' },
        );
      }
      for (const buffer of fits)
        places[buffer.index] = { binding: chunks.length, offset: (buffer.offset - start) / 4 };
      const bytes = BLOCK * Math.ceil(Math.max(...fits.map(({ end }) => end - start)) / BLOCK);
      chunks.push({ arena: arena.name, bytes });
      left = left.filter((buffer) => !fits.includes(buffer));
    }
  }
  return { chunks, places };
}
