/** Reads the schedule: phases in order, and the steps whose goodness counts for prediction. */
import type {
  Expression,
  PhaseDeclaration,
  Property,
  ScheduleDeclaration,
  ScoreDeclaration,
} from '../../grammar/ast.js';
import { modes as habits } from '../../grammar/habits.js';
import type { InputMode, LabelMode, Phase, Score } from '../model.js';
import { all, type Context, readProperties, suggestion, unknownName, whole } from './context.js';
import { bind, describe, numbers, readExpression, type Scope } from './expressions.js';
import { habit } from './habits.js';
import { keyword, mark } from './places.js';
import { propertyKinds } from './properties.js';
import { alternatives } from './report.js';
import type { DraftPhase } from './structure.js';
import { inputModes, labelModes } from './tables.js';
import { symbol } from './typing.js';
import { readNumber, resolveLayer, switchProperty, wordOf } from './values.js';

export interface CheckedSchedule {
  readonly drafts: readonly DraftPhase[];
  readonly phases: readonly Phase[] | undefined;
  readonly score: Score | undefined;
}

/** The schedule of a model; `hasLabel` decides what a phase shows where it does not say. */
export function readSchedule(
  cx: Context,
  declaration: ScheduleDeclaration,
  hasLabel: boolean,
): CheckedSchedule {
  const head = keyword(declaration.span, 'schedule');
  cx.spans.set('schedule', head);
  const seen = new Map<string, PhaseDeclaration>();
  const drafts: FullDraft[] = [];
  const scores: ScoreDeclaration[] = [];
  for (const item of declaration.items) {
    if (item.kind === 'score') {
      scores.push(item);
      continue;
    }
    const { text, span } = item.name;
    const first = seen.get(text);
    const draft = readPhase(cx, item, first === undefined, hasLabel);
    if (first) {
      cx.report.error(
        'RFF208',
        span,
        `phase \`${text}\` is declared twice`,
        `first declared on line ${first.name.span.line}`,
      );
    } else {
      seen.set(text, item);
      drafts.push(draft);
    }
  }
  if (!drafts.length && !cx.incomplete)
    cx.report.error(
      'RFF303',
      head,
      'empty schedule: expected at least one phase',
      'add `phase learn[10] { label: given }`',
    );
  const [score, ...more] = scores;
  for (const extra of more)
    cx.report.error(
      'RFF304',
      keyword(extra.span, 'score'),
      'duplicate `score`: a schedule has only one',
      `the first is on line ${score?.span.line}`,
    );
  const phases = all(drafts.map((draft) => whole<Phase>(draft)));
  return { drafts, phases, score: score ? readScore(cx, score, drafts) : wholePhase(cx, drafts.at(-1)) };
}

type FullDraft = DraftPhase & { readonly [K in keyof Phase]: Phase[K] | undefined } & {
  readonly name: string;
};

function readPhase(cx: Context, phase: PhaseDeclaration, marks: boolean, hasLabel: boolean): FullDraft {
  const name = phase.name.text;
  const properties = readProperties(cx, 'phase', 'a phase', phase.properties);
  if (marks) {
    cx.spans.set(`phases/${name}`, phase.name.span);
    if (phase.steps) cx.spans.set(`phases/${name}/steps`, phase.steps.span);
    mark(cx, `phases/${name}`, properties);
  }
  const label = properties.get('label');
  const input = properties.get('input');
  return {
    name,
    steps: readNumber(cx, phase.steps, propertyKinds.steps, numbers(`the number of steps of \`${name}\``)),
    label: label ? readLabelMode(cx, label.value, 0) : { name: hasLabel ? 'given' : 'hidden' },
    input: input ? readInputMode(cx, input) : { name: 'frame', index: 't' },
    learn: switchProperty(cx, properties.get('learn'), true),
    damping: switchProperty(cx, properties.get('damping'), true),
  };
}

const step = (what: string): Scope => numbers(what, new Map([['t', symbol('t', 'constant')]]));

/** Reports a mode that is not one of `modes`. */
function unknownMode(
  cx: Context,
  e: Expression,
  what: string,
  modes: Readonly<Record<string, string>>,
): undefined {
  const names = Object.keys(modes);
  const list = alternatives(names.map((m) => `\`${m}\``));
  const word = e.kind === 'name' ? e.name : e.kind === 'call' ? e.callee.text : undefined;
  if (word === undefined || word === 'on' || word === 'off') {
    const meant = habit(habits, wordOf(e) ?? '') ?? (names.includes(wordOf(e) ?? '') ? wordOf(e) : undefined);
    const write = meant === undefined || !names.includes(meant) ? undefined : `write \`${meant}\``;
    return cx.report.error(
      'RFF503',
      e.span,
      `invalid ${what}: expected ${list}, found ${describe(e)}`,
      write,
    );
  }
  const span = e.kind === 'call' ? e.callee.span : e.span;
  const meant = habit(habits, word);
  const hint = meant !== undefined && names.includes(meant) ? `write \`${meant}\`` : suggestion(word, names);
  return cx.report.error('RFF512', span, `invalid ${what}: expected ${list}, found \`${word}\``, hint);
}

function readLabelMode(cx: Context, e: Expression | undefined, depth: number): LabelMode | undefined {
  if (!e) return undefined;
  const word = e.kind === 'name' ? e.name : e.kind === 'call' ? e.callee.text : undefined;
  switch (word) {
    case 'given':
    case 'uniform':
    case 'hidden':
      if (e.kind === 'name') return { name: word };
      return cx.report.error('RFF503', e.span, `\`${word}\` is a word, not a call`, `write \`${word}\``);
    case 'mix': {
      if (e.kind !== 'call')
        return cx.report.error(
          'RFF503',
          e.span,
          '`mix` needs its arguments',
          'write `mix(uniform, given, t / 10)`',
        );
      if (depth > 16) return cx.report.error('RFF410', e.span, 'too deeply nested `mix`');
      const bound = bind(
        cx,
        e,
        ['a', 'b', 'w'].map((name) => ({ name, optional: false })),
      );
      if (!bound) return undefined;
      const a = readLabelMode(cx, bound.get('a')?.value, depth + 1);
      const b = readLabelMode(cx, bound.get('b')?.value, depth + 1);
      const w = readExpression(cx, bound.get('w')?.value, step('`w` of `mix`'), 'number');
      return a && b && w !== undefined ? { name: 'mix', a, b, w } : undefined;
    }
    default:
      return unknownMode(cx, e, '`label`', labelModes);
  }
}

function readInputMode(cx: Context, property: Property): InputMode | undefined {
  const e = property.value;
  if (!e) return undefined;
  const word = e.kind === 'name' ? e.name : e.kind === 'call' ? e.callee.text : undefined;
  switch (word) {
    case 'hidden':
      if (e.kind === 'name') return { name: 'hidden' };
      return cx.report.error('RFF503', e.span, '`hidden` is a word, not a call', 'write `hidden`');
    case 'frame': {
      if (e.kind !== 'call')
        return cx.report.error('RFF503', e.span, '`frame` needs its index', 'write `frame(t)` or `frame(0)`');
      const argument = bind(cx, e, [{ name: 'index', optional: false }])?.get('index')?.value;
      const index = readExpression(cx, argument, step('the index of `frame`'), 'number');
      if (index === undefined) return undefined;
      // A plain number is checked here; an expression in t is rounded down.
      if (
        typeof index === 'number' &&
        readNumber(cx, argument, propertyKinds.index, numbers('the index of `frame`')) === undefined
      )
        return undefined;
      return { name: 'frame', index };
    }
    default:
      return unknownMode(cx, e, '`input`', inputModes);
  }
}

function wholePhase(cx: Context, phase: DraftPhase | undefined): Score | undefined {
  if (phase?.steps === undefined) return undefined;
  return { phase: phase.name, from: 0, to: phase.steps - 1, layers: cx.layers };
}

function readScore(cx: Context, score: ScoreDeclaration, phases: readonly DraftPhase[]): Score | undefined {
  cx.spans.set('score', spanOfRange(score) ?? score.phase.span);
  if (score.from) cx.spans.set('score/from', spanOfRange(score) ?? score.from.span);
  if (score.to) cx.spans.set('score/to', score.to.span);
  if (score.over?.[0]) cx.spans.set('score/layers', score.over[0].span);
  const from = readNumber(cx, score.from, propertyKinds.index, numbers('the first step of the score'));
  const to = readNumber(cx, score.to, propertyKinds.index, numbers('the last step of the score'));
  const seen = new Set<string>();
  const over = score.over?.map(({ text, span }) => {
    if (seen.has(text)) return cx.report.error('RFF208', span, `duplicate layer \`${text}\``);
    seen.add(text);
    return resolveLayer(cx, text, span);
  });
  const { text, span } = score.phase;
  const names = phases.map((p) => p.name);
  let phase: string | undefined = text;
  if (!names.includes(text)) {
    const hint =
      suggestion(text, names) ??
      (names.length ? `the phases are ${names.map((n) => `\`${n}\``).join(', ')}` : undefined);
    phase = phases.length
      ? unknownName(cx, 'phase', text, {
          code: 'RFF206',
          span,
          message: `unknown phase \`${text}\``,
          hint,
        })
      : undefined;
  }
  return whole<Score>({ phase, from, to, layers: over ? all(over) : cx.layers });
}

function spanOfRange(score: ScoreDeclaration): ScoreDeclaration['span'] | undefined {
  return score.from && score.to && { ...score.from.span, end: score.to.span.end };
}
