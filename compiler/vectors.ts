/** Engines load and store whole vectors of four numbers: matrices have rows of whole vectors, the last one padded. */
export const pad4 = (n: number): number => (n + 3) & ~3;
