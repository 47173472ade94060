/** Fits a line to the terminal: the most useful facts, in a fixed order. */

/** What a line can hold, in the order it stands there. */
const COLUMNS = [
  'share',
  'batch',
  'time',
  'loss',
  'gap',
  'decoding',
  'accuracy',
  'softmax',
  'seconds',
  'speed',
] as const;
export type Column = (typeof COLUMNS)[number];

/**
 * A text for a place. Offers come in the order of what they are worth: first short forms, later longer ones for the
 * same place.
 */
export type Offer = readonly [place: Column, text: string];

/** Separators: plain lines form the columns of a table. */
const BETWEEN = '  ';
/** A narrower bar would be unreadable, a wider one adds nothing. */
const BAR_LEAST = 6;
const BAR_MOST = 24;

/** The offers that fit into `columns` columns, taken greedily. */
export function choose(offers: readonly Offer[], columns: number): string {
  let line = '';
  const taken = new Map<Column, string>();
  for (const [place, text] of offers) {
    const before = taken.get(place);
    taken.set(place, text);
    const longer = COLUMNS.flatMap((one) => taken.get(one) ?? []).join(BETWEEN);
    if (longer.length <= columns) line = longer;
    else if (before === undefined) taken.delete(place);
    else taken.set(place, before);
  }
  return line;
}

export interface ProgressLine {
  readonly head: string;
  /** How many columns wide; 0 for no bar. */
  readonly bar: number;
  readonly facts: string;
}

/**
 * A line with a bar in the space left by the facts. If both do not fit, the first fact wins; a line that wraps
 * could not be redrawn, so even the head is cut.
 */
export function fitProgress(head: string, offers: readonly Offer[], columns: number): ProgressLine {
  const room = columns - head.length - 1;
  const facts = choose(offers, room - BAR_LEAST - BETWEEN.length);
  if (facts !== '') {
    const bar = Math.min(BAR_MOST, room - facts.length - BETWEEN.length);
    return { head, bar, facts: `${BETWEEN}${facts}` };
  }
  const alone = choose(offers, room - 1);
  return {
    head: head.slice(0, Math.max(columns, 0)),
    bar: 0,
    facts: alone === '' ? '' : `${BETWEEN}${alone}`,
  };
}

/** A line without a bar. */
export function fitLine(head: string, offers: readonly Offer[], columns: number): string {
  const facts = choose(offers, columns - head.length - BETWEEN.length);
  return facts === '' ? head.slice(0, Math.max(columns, 0)) : `${head}${BETWEEN}${facts}`;
}
