/**
 * Local receptive fields (`field: patch(…)`): which values of its source a unit reads.
 *
 * A source is a grid of places with `channels` values each, channels innermost. Square patches start at every
 * `stride`-th place, in row-major order; the units that read the same patch, its maps, are adjacent: unit = patch ·
 * maps + map. So a layer made by a field is again such a grid, with the maps as channels.
 */
import type { PatchField } from './model.js';

/** A patch field over a source of known size. */
export interface Field {
  /** Rows and columns of the source grid. */
  readonly grid: readonly [number, number];
  /** Values of the source at each place of the grid. */
  readonly channels: number;
  /** Side length of a patch, in places. */
  readonly size: number;
  readonly stride: number;
  /** Units that read the same patch. */
  readonly maps: number;
}

/**
 * A field of the language over a source of `source` units.
 * @returns undefined if the number of units is not a multiple of the grid's places
 */
export function fieldOver({ grid, size, stride, maps }: PatchField, source: number): Field | undefined {
  const channels = source / (grid[0] * grid[1]);
  return Number.isInteger(channels) && channels > 0 ? { grid, channels, size, stride, maps } : undefined;
}

/** Number of patches vertically and horizontally: ⌊(side - size) / stride⌋ + 1. */
export function patchGrid({ grid, size, stride }: Pick<Field, 'grid' | 'size' | 'stride'>): [number, number] {
  const along = (side: number) => Math.floor((side - size) / stride) + 1;
  return [along(grid[0]), along(grid[1])];
}

export function patchCount(field: Field): number {
  const [down, across] = patchGrid(field);
  return down * across;
}

/** The number of values in a patch, which is the number of weights of a unit. */
export const patchSize = ({ size, channels }: Field): number => size * size * channels;

/** The number of values of the source. */
export const sourceSize = ({ grid, channels }: Field): number => grid[0] * grid[1] * channels;

/** The columns of the source that a patch reads: places in row-major order, channels innermost. */
export function patchColumns(field: Field, patch: number): number[] {
  const { grid, channels, size, stride } = field;
  const [, across] = patchGrid(field);
  const top = Math.floor(patch / across) * stride;
  const left = (patch % across) * stride;
  return Array.from({ length: patchSize(field) }, (_, i) => {
    const place = Math.floor(i / channels);
    const row = top + Math.floor(place / size);
    const column = left + (place % size);
    return (row * grid[1] + column) * channels + (i % channels);
  });
}

/**
 * The number of weights into a unit of the target, and the average number out of a unit of the source.
 * @param field null: every unit reads the whole source
 */
export function fansOf(
  source: number,
  target: number,
  field: PatchField | null,
): { readonly in: number; readonly out: number } {
  const over = field && fieldOver(field, source);
  if (!over) return { in: source, out: target };
  const weights = patchSize(over);
  return { in: weights, out: (weights * target) / source };
}
