/**
 * The memory plan: every buffer's lifetime within a program is known, so buffers whose lives do not overlap share
 * memory.
 *
 * Offsets are assigned greedily, the largest buffer first, each at the lowest place where nothing else that lives at
 * the same time lies (the usual heuristic for this form of interval packing). Legal: launches run in the plan's order,
 * and an engine that runs some at once must respect the memory they touch. Buys: activities of 13 steps in the room of
 * two or three.
 */
export interface Lifetime {
  readonly bytes: number;
  /** Positions of the first and the last launch that touch the buffer, in one program. */
  readonly from: number;
  readonly to: number;
}

export const align = (bytes: number): number => Math.ceil(bytes / 256) * 256;

/** Every buffer in room of its own: offsets in bytes. */
export function separate(lives: readonly Lifetime[]): number[] {
  let end = 0;
  return lives.map(({ bytes }) => {
    const at = end;
    end += align(bytes);
    return at;
  });
}

/** Buffers whose lives do not overlap in the same room: offsets in bytes. */
export function share(lives: readonly Lifetime[]): number[] {
  const offsets = new Array<number>(lives.length).fill(0);
  const order = lives
    .map((_, i) => i)
    .sort((a, b) => lives[b]!.bytes - lives[a]!.bytes || lives[a]!.from - lives[b]!.from || a - b);
  const placed: number[] = [];
  for (const i of order) {
    const life = lives[i]!;
    const rivals = placed
      .filter((j) => lives[j]!.from <= life.to && life.from <= lives[j]!.to)
      .sort((a, b) => offsets[a]! - offsets[b]!);
    let at = 0;
    for (const j of rivals) {
      if (at + align(life.bytes) <= offsets[j]!) break;
      at = Math.max(at, offsets[j]! + align(lives[j]!.bytes));
    }
    offsets[i] = at;
    placed.push(i);
  }
  return offsets;
}
