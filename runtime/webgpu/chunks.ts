/**
 * A plan's arenas as storage buffers: one chunk per arena, or several if an arena is larger than the adapter's limit
 * of a buffer or a binding be. A plan's buffer never straddles chunks.
 */
import type { Address } from '../../compiler/codegen/wgsl/index.js';
import type { ArenaName, Plan } from '../../compiler/plan/plan.js';
import { failure } from '../../grammar/diagnostic.js';

/** A storage buffer; its index is its binding. */
export interface Chunk {
  readonly arena: ArenaName;
  readonly bytes: number;
}

export interface Layout {
  readonly chunks: readonly Chunk[];
  /** By index into `plan.buffers`. */
  readonly addresses: readonly Address[];
}

/** Chunks are padded to whole blocks, as shaders also bind them as vectors. */
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
 * Buffers of one arena may share bytes if they never live at the same time. Those in the same chunk keep
 * their distances, others share nothing, so disjoint buffers stay disjoint.
 *
 * @throws RffcError RFF831 for a buffer larger than the limit
 */
export function layOutChunks(plan: Pick<Plan, 'arenas' | 'buffers'>, limit: number): Layout {
  const chunks: Chunk[] = [];
  const addresses: Address[] = new Array(plan.buffers.length);
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
          `\`${name}\` takes ${bytesText(bytes)}, more than the ${bytesText(limit)} that this WebGPU adapter allows`,
          { hint: 'reduce `batch` or the layer sizes; or use `--backend cpu`' },
        );
      }
      for (const buffer of fits)
        addresses[buffer.index] = { binding: chunks.length, offset: (buffer.offset - start) / 4 };
      const bytes = BLOCK * Math.ceil(Math.max(...fits.map(({ end }) => end - start)) / BLOCK);
      chunks.push({ arena: arena.name, bytes });
      left = left.filter((buffer) => !fits.includes(buffer));
    }
  }
  return { chunks, addresses };
}
