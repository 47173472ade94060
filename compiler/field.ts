/**
 * Local receptive fields (`field: patch(…)`): which numbers of its source a unit reads.
 *
 * A source is read as a grid of places with `channels` numbers each, channels innermost. A square patch of it stands at
 * every `stride`-th place, row-major; the units of one patch, its maps, lie side by side: unit = patch · maps + map. So
 * a layer made by a field is again such a grid, with the maps as channels.
 */
import type { PatchField } from './model.js';

/** A patch field over a source of known size. */
export interface Field {
  /** Rows and columns of the source's grid. */
  readonly grid: readonly [number, number];
  /** Numbers of the source at each place of the grid. */
  readonly channels: number;
  /** A patch's side, in places. */
  readonly size: number;
  readonly stride: number;
  /** Units that read the same patch. */
  readonly maps: number;
}

/**
 * A field of the language over a source of `source` units.
 * @returns undefined where these are not the same number of units for every place of the grid
 */
export function fieldOver({ grid, size, stride, maps }: PatchField, source: number): Field | undefined {
  const channels = source / (grid[0] * grid[1]);
  return Number.isInteger(channels) && channels > 0 ? { grid, channels, size, stride, maps } : undefined;
}

/** How many patches there are, down and across: ⌊(side - size) / stride⌋ + 1. */
export function patchGrid({ grid, size, stride }: Pick<Field, 'grid' | 'size' | 'stride'>): [number, number] {
  const along = (side: number) => Math.floor((side - size) / stride) + 1;
  return [along(grid[0]), along(grid[1])];
}

export function patchCount(field: Field): number {
  const [down, across] = patchGrid(field);
  return down * across;
}

/** The numbers of a patch: a unit's weights. */
export const patchSize = ({ size, channels }: Field): number => size * size * channels;

/** Numbers of the source. */
export const sourceSize = ({ grid, channels }: Field): number => grid[0] * grid[1] * channels;

/** The columns of the source that a patch reads: its places row-major, their channels innermost. */
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
 * Weights into a unit of the target, and on average out of one of the source.
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
