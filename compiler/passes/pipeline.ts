/**
 * The optimizer, in the order in which it acts. What `always` runs makes a program that engines can play at all; every
 * other row is a pass, which `--no-pass NAME` leaves out, or the second round of one: packing makes new values that are
 * known beforehand, equal, or read by nothing.
 */
import type { ModelDocument } from '../model.js';
import { foldConstants, foldProducts } from './constants.js';
import { dropDead } from './dead.js';
import { splitEmbeds } from './embed.js';
import { fuseRows } from './fusion.js';
import { expandAll, shareEqual, sumBeforeOuter } from './hoist.js';
import type { Ir } from './ir.js';
import { gatherLabels } from './label-gather.js';
import { completeOperands, spreadSums } from './legalize/operands.js';
import { splitConcatenations } from './legalize/parts.js';
import { gatherPatches } from './legalize/patches.js';
import { type Lifetime, separate, share } from './memory.js';
import type { Pack } from './packs.js';
import { joinPolarities } from './polarity.js';
import { type Schedule, scheduleOf } from './schedule.js';
import { packProducts } from './slots.js';
import { fuseUpdates } from './update-fusion.js';

/** What passes over a program's values know beside them. */
export interface Context {
  readonly model: ModelDocument;
  readonly packs: readonly Pack[];
}

type OnValues = (program: Ir, context: Context) => Ir;

/** On a program's values: graph to graph. `without` stands in for a pass that is left out. */
const onValues = [
  { always: 'patches', run: gatherPatches },
  {
    name: 'constants',
    purpose: 'works out what is known when the plan is made, and drops terms that are 0',
    run: foldConstants,
  },
  {
    name: 'hoist',
    purpose: 'computes once what does not vary over polarity, tried label or step',
    run: shareEqual,
    without: expandAll,
  },
  {
    name: 'dead',
    purpose: 'leaves out what no result needs, in prediction all after the last scored step',
    run: dropDead,
  },
  {
    name: 'embed',
    purpose: 'multiplies the data apart from the label that is written into them',
    run: splitEmbeds,
  },
  {
    name: 'slots',
    purpose: 'packs a layer’s weights and biases into one matrix over neighbouring slots',
    run: packProducts,
  },
  {
    name: 'label-gather',
    purpose: 'looks a label’s weights up instead of multiplying by one-hot rows',
    run: gatherLabels,
  },
  { always: 'parts', run: splitConcatenations },
  { again: 'constants', run: foldProducts },
  { again: 'hoist', run: sumBeforeOuter, without: spreadSums },
  { always: 'operands', run: completeOperands },
  { again: 'dead', run: dropDead },
] as const satisfies readonly Row<OnValues>[];

/** On the schedule, which starts with a launch for each value. */
const onLaunches = [
  {
    name: 'polarity',
    purpose: 'runs positive and negative rows as one launch',
    run: joinPolarities,
  },
  {
    name: 'fusion',
    purpose: 'joins a layer’s row expressions into one kernel',
    run: fuseRows,
  },
  {
    name: 'update-fusion',
    purpose: 'moves parameters as their gradients come out, which are kept nowhere else',
    run: fuseUpdates,
  },
] as const satisfies readonly Row<(schedule: Schedule) => Schedule>[];

/** On the buffers of a program's launches. */
const onBuffers = [
  {
    name: 'memory',
    purpose: 'lets buffers whose lives do not overlap lie in the same bytes',
    run: share,
    without: separate,
  },
] as const satisfies readonly Row<(lives: readonly Lifetime[]) => number[]>[];

type Row<Run> =
  | { readonly always: string; readonly run: Run }
  | { readonly name: string; readonly purpose: string; readonly run: Run; readonly without?: Run }
  | { readonly again: string; readonly run: Run; readonly without?: Run };

/** The passes, in order. */
export const passes = [...onValues, ...onLaunches, ...onBuffers].flatMap((row) =>
  'name' in row ? [row] : [],
);
export type PassName = (typeof passes)[number]['name'];
export const passNames: readonly PassName[] = passes.map(({ name }) => name);

/** Whether a pass acts. */
export type IsOn = (pass: PassName) => boolean;

/** What a row does: its work, or what stands in for it where its pass is left out. */
function workOf<Run>(row: Row<Run>, isOn: IsOn): Run | undefined {
  if ('always' in row) return row.run;
  const pass = ('again' in row ? row.again : row.name) as PassName;
  return isOn(pass) ? row.run : row.without;
}

/** A program's values, optimized. */
export function optimize(program: Ir, context: Context, isOn: IsOn): Ir {
  return onValues.reduce<Ir>((now, row) => workOf<OnValues>(row, isOn)?.(now, context) ?? now, program);
}

/** An optimized program's launches. */
export function schedule(program: Ir, isOn: IsOn): Schedule {
  return onLaunches.reduce<Schedule>(
    (now, row) => workOf<(s: Schedule) => Schedule>(row, isOn)?.(now) ?? now,
    scheduleOf(program),
  );
}

/** Offsets of a program's buffers, in bytes. */
export function arrange(lives: readonly Lifetime[], isOn: IsOn): number[] {
  return workOf<(lives: readonly Lifetime[]) => number[]>(onBuffers[0], isOn)!(lives);
}
