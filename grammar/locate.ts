/** Converts offsets to lines and columns as editors count them: a line ends at `\n`, `\r\n` or `\r`. */
import type { Span } from './diagnostic.js';

/** The offset at which each line starts. */
export function lineTable(text: string): readonly number[] {
  const starts = [0];
  for (const end of text.matchAll(/\r\n|\r|\n/g)) starts.push(end.index + end[0].length);
  return starts;
}

/**
 * The span of `text` from offset `start` to `end` (exclusive, UTF-16 units), with its line and column from 1. Pass
 * `lines`, a `lineTable(text)`, to avoid counting them again.
 */
export function locate(text: string, start: number, end: number, lines = lineTable(text)): Span {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lines[middle]! <= start) low = middle;
    else high = middle - 1;
  }
  return { start, end, line: low + 1, column: start - lines[low]! + 1 };
}
