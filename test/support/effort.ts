/**
 * The size of randomized tests: a few trials in `npm test`, so that it finishes in minutes; enough to find rare
 * failures in `npm run test:long`, which sets RFFC_LONG.
 */
export const isLong = process.env.RFFC_LONG !== undefined;

/** `usual` trials in `npm test`, `campaign` in `npm run test:long`. */
export function effort(usual: number, campaign: number): number {
  return isLong ? campaign : usual;
}

/** All items in `npm run test:long`; only those named by `usual` in `npm test`. */
export function itemsFor<T>(all: readonly T[], usual: (item: T) => boolean): readonly T[] {
  return isLong ? all : all.filter(usual);
}
