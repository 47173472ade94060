/**
 * How much a campaign of random trials tries: a few in `npm test`, so that it ends in minutes; as many as find what is
 * rare in `npm run test:long`, which sets RFFC_LONG.
 */
export const isLong = process.env.RFFC_LONG !== undefined;

/** `usual` trials in `npm test`, `campaign` in `npm run test:long`. */
export function effort(usual: number, campaign: number): number {
  return isLong ? campaign : usual;
}

/** All items in `npm run test:long`; in `npm test` those that `usual` names. */
export function itemsFor<T>(all: readonly T[], usual: (item: T) => boolean): readonly T[] {
  return isLong ? all : all.filter(usual);
}
