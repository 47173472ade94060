/**
 * From the model document to the dataflow graph: LANGUAGE.md's "Meaning", written out step by step.
 *
 * Nothing is optimized here and nothing is shared between steps: the graph says what a model means, in the plainest
 * way, so that the oracle which interprets it is worth testing against.
 */
import {
  add,
  constant,
  derive,
  type Expr,
  evaluate,
  fromJson,
  mul,
  select,
  sub,
  substitute,
  variable,
  width,
} from '../expr/index.js';
import type { Connection, LabelMode, Layer, ModelDocument, Objective, Optimizer, Phase } from '../model.js';
import { ProgramBuilder } from './builder.js';
import type { Axis, Graph, Program, Value } from './graph.js';
import { updateRule } from './optimizers.js';
import type { TensorInfo } from './tensors.js';

export interface LowerOptions {
  /** Samples in a training batch; the document's by default. */
  readonly batch?: number;
  /** Samples in a predicted chunk; by default as many as give no more rows than training has. */
  readonly predictBatch?: number;
  /** Frames a sample has; 1 by default. */
  readonly frames?: number;
  /** Adds outputs `observe/PHASE[T]/LAYER.h` [2, batch, n] of the training program, one a step and layer. */
  readonly observe?: boolean;
}

/** The first dropout site; see runtime/random/sites.ts. */
const DROPOUT_SITE = 0x100000;

const z = variable('z', 'element');
const h = variable('h', 'element');
const previous = variable('previous', 'element');
const goodness = variable('goodness', 'row');
const polarity = variable('polarity', 'row');

/** A layer's expressions, in `z` and `previous` (its activity a step before). */
interface LayerRules {
  /** The new activity, with and without damping. */
  readonly activity: (damped: boolean) => Expr;
  readonly normalize: Expr;
  /** In `h`. */
  readonly goodness: Expr;
  /** Of one row, in `goodness` and `polarity`. */
  readonly loss: Expr;
}

function layerRules(layer: Layer, objective: Objective): LayerRules {
  const scope = (e: Expr) =>
    new Map<string, Expr>([
      ['h', e],
      ['z', e],
      ['n', width],
    ]);
  const inGoodness = new Map<string, Expr>([
    ['goodness', goodness],
    ['n', width],
  ]);
  const activation = fromJson(layer.activation, scope(z));
  return {
    activity: (damped) => {
      const d = damped ? layer.damping : 1;
      return add(mul(previous, constant(1 - d)), mul(activation, constant(d)));
    },
    normalize: fromJson(layer.normalize, scope(h)),
    goodness: fromJson(objective.goodness, scope(h)),
    loss: select(
      polarity,
      fromJson(objective.positive!, inGoodness),
      fromJson(objective.negative!, inGoodness),
    ),
  };
}

/** Layers such that whoever is read in the same step (`delay: 0`) comes first. The checker has refused circles. */
function inOrder(document: ModelDocument): Layer[] {
  const order: Layer[] = [];
  const visit = (layer: Layer): void => {
    if (order.includes(layer)) return;
    for (const c of document.connections) {
      const source = document.layers.find((l) => l.name === c.source);
      if (c.target === layer.name && c.delay === 0 && source) visit(source);
    }
    order.push(layer);
  };
  document.layers.forEach(visit);
  return order;
}

interface Step {
  readonly phase: Phase;
  /** Within the phase, from 0. */
  readonly t: number;
  /** Among all steps, from 0. */
  readonly index: number;
  readonly scored: boolean;
}

function timeline(document: ModelDocument): Step[] {
  const { score, phases } = document;
  const steps: Step[] = [];
  for (const phase of phases) {
    for (let t = 0; t < phase.steps; t++) {
      steps.push({
        phase,
        t,
        index: steps.length,
        scored: phase.name === score.phase && t >= score.from && t <= score.to,
      });
    }
  }
  return steps;
}

/** What one layer computed in one step. */
interface LayerStep {
  readonly layer: Layer;
  readonly z: Value;
  readonly previous: Value;
  readonly h: Value;
  readonly s: Value;
  /** Per connection: its source's values and its dropout mask. */
  readonly heard: readonly {
    readonly connection: Connection;
    readonly source: Value;
    readonly mask: Value | undefined;
  }[];
}

/** Lowers one program: holds the parameters as they are at this point of it. */
class Lowering {
  readonly build: ProgramBuilder;
  /** Parameters and optimizer state by tensor name, replaced as learning moves them. */
  readonly current = new Map<string, Value>();
  readonly rules: ReadonlyMap<string, LayerRules>;

  constructor(
    readonly document: ModelDocument,
    readonly name: 'train' | 'predict',
    readonly extents: Program['extents'],
    readonly frames: number,
  ) {
    this.build = new ProgramBuilder(name, extents);
    this.rules = new Map(
      document.layers.map((l) => [l.name, layerRules(l, document.objectives[l.objective]!)]),
    );
  }

  parameter(tensor: string, rows: number, cols: number): Value {
    const known = this.current.get(tensor);
    if (known) return known;
    const made = this.build.state(tensor, rows, cols);
    this.current.set(tensor, made);
    return made;
  }

  private sizeOf(name: string): number {
    const { input, label, layers } = this.document;
    return name === input.name
      ? input.size
      : name === label?.name
        ? label.classes
        : layers.find((l) => l.name === name)!.size;
  }

  private weight(c: Connection): Value {
    return this.parameter(`${c.name}.weight`, this.sizeOf(c.target), this.sizeOf(c.source));
  }

  private bias(c: Connection): Value | undefined {
    return c.bias ? this.parameter(`${c.name}.bias`, 1, this.sizeOf(c.target)) : undefined;
  }

  /** The data as the layers see it in a step: one frame, normalized. */
  private input({ phase, t }: Step): Value {
    const { input } = this.document;
    if (phase.input.name === 'hidden') return this.build.fill(0, input.size);
    const index = evaluate(fromJson(phase.input.index, new Map([['t', constant(t)]])), {}) as number;
    const frame = ((Math.floor(index) % this.frames) + this.frames) % this.frames;
    const x = this.build.input(this.name === 'train' ? 'x' : 'predict/x', input.size, frame, this.frames);
    if (input.normalize === null) return x;
    return this.build.map(
      fromJson(
        input.normalize,
        new Map([
          ['h', h],
          ['n', width],
        ]),
      ),
      { h: x },
      input.size,
      input.name,
      input.size,
    );
  }

  /** The label as the layers see it in a step. */
  private label(mode: LabelMode, t: number, given: Value): Value {
    const classes = given.cols;
    switch (mode.name) {
      case 'given':
        return given;
      case 'uniform':
        return this.build.fill(1 / classes, classes);
      case 'hidden':
        return this.build.fill(0, classes);
      case 'mix': {
        const weight = evaluate(fromJson(mode.w, new Map([['t', constant(t)]])), {}) as number;
        const a = variable('a', 'element');
        const b = variable('b', 'element');
        const mixed = add(mul(a, constant(1 - weight)), mul(b, constant(weight)));
        return this.build.map(
          mixed,
          { a: this.label(mode.a, t, given), b: this.label(mode.b, t, given) },
          classes,
          'label',
        );
      }
      default:
        return mode satisfies never;
    }
  }

  /**
   * Plays the whole timeline from rest.
   *
   * @param given the one-hot labels of the phases that show them; undefined shows the uniform label throughout
   * @param dropout whether the connections' dropout acts
   * @param scope goes before the names of what is made
   * @param visit called after each step, with what every layer computed in it
   */
  play(
    given: Value | undefined,
    dropout: boolean,
    scope: string,
    visit: (step: Step, layers: readonly LayerStep[]) => void,
  ): void {
    const { document, build } = this;
    const classes = document.label?.classes ?? 0;
    let activity = new Map<string, { h: Value; s: Value }>();
    build.within(`${scope}start`);
    for (const layer of document.layers) {
      const rest = build.fill(0, layer.size);
      activity.set(layer.name, {
        h: rest,
        s: build.map(
          this.rules.get(layer.name)!.normalize,
          { h: rest },
          layer.size,
          `${layer.name}.s`,
          layer.size,
        ),
      });
    }
    for (const step of timeline(document)) {
      build.within(`${scope}${step.phase.name}[${step.t}]`);
      const x = this.input(step);
      const label =
        document.label &&
        (given ? this.label(step.phase.label, step.t, given) : build.fill(1 / classes, classes));
      const next = new Map<string, { h: Value; s: Value }>();
      const visited: LayerStep[] = [];
      for (const layer of inOrder(document)) {
        const sourceOf = (c: Connection): Value => {
          if (c.source === document.input.name) return x;
          if (label && c.source === document.label?.name) return label;
          return (c.delay === 0 ? next : activity).get(c.source)!.s;
        };
        const heard = document.connections
          .filter((c) => c.target === layer.name)
          .map((connection) => {
            const site =
              DROPOUT_SITE +
              step.index * document.connections.length +
              document.connections.indexOf(connection);
            const mask =
              dropout && connection.dropout > 0
                ? build.dropout(site, 1 - connection.dropout, layer.size)
                : undefined;
            return { connection, source: sourceOf(connection), mask };
          });
        const before = activity.get(layer.name)!;
        const zValue = this.sum(layer, heard);
        const rules = this.rules.get(layer.name)!;
        const hValue = build.map(
          rules.activity(step.phase.damping),
          { z: zValue, previous: before.h },
          layer.size,
          `${layer.name}.h`,
          layer.size,
        );
        const sValue = build.map(rules.normalize, { h: hValue }, layer.size, `${layer.name}.s`, layer.size);
        next.set(layer.name, { h: hValue, s: sValue });
        visited.push({ layer, z: zValue, previous: before.h, h: hValue, s: sValue, heard });
      }
      activity = next;
      visit(
        step,
        document.layers.map((l) => visited.find((v) => v.layer === l)!),
      );
    }
  }

  /** z = Σ sign · dropout( s · Wᵀ + b ) */
  private sum(layer: Layer, heard: LayerStep['heard']): Value {
    const bindings: Record<string, Value> = {};
    let sum: Expr = constant(0);
    heard.forEach(({ connection, source, mask }, i) => {
      const term = (name: string, value: Value): Expr => {
        bindings[`${name}${i}`] = value;
        return variable(`${name}${i}`, 'element');
      };
      let heardHere = term('p', this.build.product(source, this.weight(connection), `${connection.name}`));
      const bias = this.bias(connection);
      if (bias) heardHere = add(heardHere, term('b', bias));
      if (mask) heardHere = mul(heardHere, term('m', mask));
      sum = add(sum, mul(heardHere, constant(connection.sign)));
    });
    return this.build.map(sum, bindings, layer.size, `${layer.name}.z`, layer.size);
  }

  goodnessOf({ layer, h: activity }: LayerStep): Value {
    return this.build.map(
      this.rules.get(layer.name)!.goodness,
      { h: activity },
      layer.size,
      `${layer.name}.goodness`,
    );
  }

  /** The mean of values over steps and layers, as one value: (Σ v) / count. */
  meanOf(values: readonly Value[], cols: number, name: string): Value {
    const kind = cols === 1 ? 'row' : 'element';
    const bindings = Object.fromEntries(values.map((v, i) => [`v${i}`, v]));
    const sum = values.map((_, i): Expr => variable(`v${i}`, kind)).reduce(add);
    return this.build.map(mul(sum, constant(1 / values.length)), bindings, cols, name);
  }

  /**
   * One local update of every layer, from one step: the gradient of the layer's mean loss over all rows, through this
   * step's own product, activation and goodness only.
   */
  learn(step: Step, layers: readonly LayerStep[], perBatch: number, index: number): void {
    const { build, document } = this;
    const { sample, polarity } = this.extents;
    const rows = sample * polarity;
    const moves: (() => void)[] = [];
    for (const at of layers) {
      const { layer } = at;
      const rules = this.rules.get(layer.name)!;
      const activity = rules.activity(step.phase.damping);
      const ofActivity = substitute(rules.goodness, new Map([[h, activity]]));
      const loss = substitute(rules.loss, new Map([[goodness, ofActivity]]));
      // The mean over the rows weighs the loss first: one product for a row, not one for each of its units.
      const slope = substitute(
        derive(mul(loss, constant(1 / rows)), z),
        new Map([[width, constant(layer.size)]]),
      );
      const dz = build.map(
        slope,
        { z: at.z, previous: at.previous, polarity: build.polarity() },
        layer.size,
        `${layer.name}.dz`,
        layer.size,
      );
      for (const { connection, source, mask } of at.heard) {
        if (!connection.learn) continue;
        // z takes the connection in with its sign, through its mask; so does what comes back.
        const masked = mask
          ? build.map(
              mul(variable('d', 'element'), variable('m', 'element')),
              { d: dz, m: mask },
              layer.size,
              `${connection.name}.dz`,
              layer.size,
            )
          : dz;
        // Where the layer hears no input, a row stands for all samples.
        const scale = connection.sign * (masked.axes.includes('sample') ? 1 : sample);
        const gradient = build.outer(masked, source, scale, `${connection.name}.weight.gradient`);
        const bias = this.bias(connection) && build.total(masked, scale, `${connection.name}.bias.gradient`);
        const optimizer = layer.optimizer ?? document.train.optimizer;
        moves.push(() => {
          this.update(`${connection.name}.weight`, gradient, optimizer, connection.lr_scale, perBatch, index);
          if (bias)
            this.update(`${connection.name}.bias`, bias, optimizer, connection.lr_scale, perBatch, index);
        });
      }
    }
    // All layers learn at once: gradients first, with the parameters as they were.
    for (const move of moves) move();
  }

  /** Moves one parameter and its optimizer state by one step of its optimizer. */
  update(
    tensor: string,
    gradient: Value,
    optimizer: Optimizer,
    scale: number,
    perBatch: number,
    index: number,
  ): void {
    const rule = updateRule(optimizer, scale, perBatch, index);
    const w = this.current.get(tensor)!;
    const stateNames = rule.states.map((s) => `optimizer/${tensor}/${s}`);
    const bindings: Record<string, Value> = { w, g: gradient };
    rule.states.forEach((s, i) => {
      bindings[s] = this.parameter(stateNames[i]!, w.rows as number, w.cols);
    });
    for (const [name, scalar] of Object.entries(rule.scalars)) bindings[name] = this.build.scalar(scalar);
    const next = (name: string, target: string) => {
      this.current.set(target, this.build.version(target, rule.next[name]!, bindings, w));
    };
    next('w', tensor);
    rule.states.forEach((s, i) => {
      next(s, stateNames[i]!);
    });
  }

  /** The classifier's features: the chosen activities at the score steps, averaged, side by side. */
  features(collected: ReadonlyMap<string, readonly Value[]>, name: string): Value {
    const parts = [...collected].map(([layer, values]) =>
      this.meanOf(values, values[0]!.cols, `${layer}.${name}`),
    );
    return this.build.concat(parts, name);
  }

  /** Finishes the program: every parameter that moved is an update. */
  finish(): Program {
    for (const [tensor, value] of this.current)
      if (value.op.kind !== 'state') this.build.update(tensor, value);
    return this.build.finish();
  }
}

function lowerTraining(
  document: ModelDocument,
  extents: Program['extents'],
  frames: number,
  observe: boolean,
): Program {
  const low = new Lowering(document, 'train', extents, frames);
  const { build } = low;
  const { negatives } = document;
  const classes = document.label?.classes ?? 0;
  const steps = timeline(document);
  const perBatch = steps.filter((s) => s.phase.learn).length;
  const layerNames = document.layers.map((l) => l.name);

  const y = build.input('y', 1, 0, 1);
  let yNegative: Value;
  let neutral: Value | undefined;
  if (negatives.name === 'latent_classifier') {
    // What the network makes of the sample without its label decides which wrong label is the hardest.
    const collected = collector(negatives);
    low.play(undefined, false, 'neutral/', collected.visit);
    build.within('negatives');
    neutral = low.features(collected.values, 'features');
    const probabilities = softmax(low, neutral, classes);
    if (observe) {
      build.result('observe/features', 0, neutral, ['sample']);
      build.result('observe/probabilities', 0, probabilities, ['sample']);
    }
    yNegative = build.draw(probabilities, y, build.input('negative_draw', 1, 0, 1));
    build.result('y_negative', 0, yNegative, ['sample']);
  } else {
    yNegative = build.input('y_negative', 1, 0, 1);
  }

  build.within('');
  const given = build.onehot(y, yNegative, classes);
  const positives = negatives.name === 'latent_classifier' ? collector(negatives) : undefined;
  let learned = 0;
  low.play(given, true, '', (step, layers) => {
    if (observe) {
      for (const at of layers)
        build.result(`observe/${step.phase.name}[${step.t}]/${at.layer.name}.h`, 0, at.h, [
          'polarity',
          'sample',
        ]);
    }
    positives?.visit(step, layers);
    if (!step.phase.learn) return;
    layers.forEach((at, i) => {
      const g = low.goodnessOf(at);
      const rules = low.rules.get(at.layer.name)!;
      const loss = build.map(
        rules.loss,
        { goodness: g, polarity: build.polarity() },
        1,
        `${at.layer.name}.loss`,
      );
      const offset = learned * layerNames.length + i;
      build.result('loss', offset, build.mean(loss, 'all', `${at.layer.name}.loss`));
      build.result('goodness_positive', offset, build.mean(g, 'positive', `${at.layer.name}.goodness+`));
      build.result('goodness_negative', offset, build.mean(g, 'negative', `${at.layer.name}.goodness-`));
    });
    low.learn(step, layers, perBatch, learned);
    learned++;
  });

  if (negatives.name === 'latent_classifier') {
    build.within('classifier');
    const features =
      negatives.learn_from === 'neutral'
        ? neutral!
        : low.features(
            new Map(
              [...positives!.values].map(([name, values]) => [
                name,
                values.map((v) => build.part(v, 'positive')),
              ]),
            ),
            'features',
          );
    // Softmax cross-entropy: d loss / d logits = (p - truth) / batch.
    const p = variable('p', 'element');
    const truth = variable('truth', 'element');
    const probabilities = softmax(low, features, classes);
    const onehot = build.onehotOf(y, classes);
    const slope = build.map(
      mul(sub(p, truth), constant(1 / extents.sample)),
      { p: probabilities, truth: onehot },
      classes,
      'dlogits',
    );
    const surprise = build.map(
      fromJson(
        ['neg', ['log', ['max', ['sum', ['mul', 'p', 'truth']], 1e-30]]],
        new Map<string, Expr>([
          ['p', p],
          ['truth', truth],
        ]),
      ),
      { p: probabilities, truth: onehot },
      classes,
      'loss',
    );
    build.result('classifier_loss', 0, build.mean(surprise, 'all', 'loss'));
    low.update(
      'classifier.weight',
      build.outer(slope, features, 1, 'classifier.gradient'),
      negatives.optimizer,
      1,
      1,
      0,
    );
  }
  return low.finish();
}

/** Collects the activities that the classifier reads, at the score steps. */
function collector(negatives: Extract<ModelDocument['negatives'], { name: 'latent_classifier' }>) {
  const values = new Map<string, Value[]>(negatives.layers.map((l) => [l, []]));
  const visit = (step: Step, layers: readonly LayerStep[]): void => {
    if (!step.scored) return;
    for (const at of layers) values.get(at.layer.name)?.push(negatives.features === 'raw' ? at.h : at.s);
  };
  return { values, visit };
}

function softmax(low: Lowering, features: Value, classes: number): Value {
  const logits = low.build.product(
    features,
    low.parameter('classifier.weight', classes, features.cols),
    'logits',
  );
  const x = variable('x', 'element');
  const scope = new Map<string, Expr>([['x', x]]);
  const exponentials = ['exp', ['sub', 'x', ['amax', 'x']]];
  return low.build.map(
    fromJson(['div', exponentials, ['sum', exponentials]], scope),
    { x: logits },
    classes,
    'probabilities',
  );
}

function lowerPrediction(document: ModelDocument, extents: Program['extents'], frames: number): Program {
  const low = new Lowering(document, 'predict', extents, frames);
  const given = low.build.candidates(extents.candidate);
  const scored: Value[] = [];
  low.play(given, false, '', (step, layers) => {
    if (!step.scored) return;
    for (const at of layers)
      if (document.score.layers.includes(at.layer.name)) scored.push(low.goodnessOf(at));
  });
  low.build.within('');
  low.build.result('predict/goodness', 0, low.meanOf(scored, 1, 'goodness'), ['sample', 'candidate']);
  return low.finish();
}

/**
 * The dataflow graph of a model: its training program and its prediction program, and the tensors they share.
 *
 * @throws RangeError for a batch or number of frames below 1
 */
export function lower(document: ModelDocument, options: LowerOptions = {}): Graph {
  const batch = options.batch ?? document.train.batch;
  const frames = options.frames ?? 1;
  const classes = document.label?.classes ?? 1;
  const predictBatch =
    options.predictBatch ?? Math.max(1, Math.min(document.evaluate.batch, Math.floor((2 * batch) / classes)));
  for (const n of [batch, frames, predictBatch])
    if (!(Number.isInteger(n) && n >= 1)) throw new RangeError(`a batch cannot have ${n} samples or frames`);

  const train = lowerTraining(
    document,
    { sample: batch, polarity: 2, candidate: classes },
    frames,
    options.observe ?? false,
  );
  const predict = lowerPrediction(
    document,
    { sample: predictBatch, polarity: 2, candidate: classes },
    frames,
  );
  const steps = timeline(document);
  const learnSteps = steps.filter((s) => s.phase.learn).length;
  const layers = document.layers.map((l) => l.name);
  return {
    document,
    batch,
    predictBatch,
    frames,
    classes,
    layers,
    learnSteps,
    tensors: tensorsOf(document, { batch, predictBatch, frames, classes, learnSteps }, train, predict),
    programs: { train, predict },
  };
}

function tensorsOf(
  document: ModelDocument,
  {
    batch,
    predictBatch,
    frames,
    classes,
    learnSteps,
  }: Pick<Graph, 'batch' | 'predictBatch' | 'frames' | 'classes' | 'learnSteps'>,
  train: Program,
  predict: Program,
): TensorInfo[] {
  const d = document.input.size;
  const tensors = new Map<string, TensorInfo>();
  const declare = (
    name: string,
    role: TensorInfo['role'],
    shape: readonly number[],
    type: TensorInfo['type'] = 'f32',
  ) => {
    if (!tensors.has(name)) tensors.set(name, { name, shape, type, role });
  };
  for (const program of [train, predict]) {
    for (const v of program.values) {
      if (v.op.kind !== 'state') continue;
      const isBias = /\.bias(\/|$)/.test(v.op.tensor);
      declare(
        v.op.tensor,
        v.op.tensor.startsWith('optimizer/') ? 'state' : 'parameter',
        isBias ? [v.cols] : [v.rows as number, v.cols],
      );
    }
  }
  declare('x', 'input', [frames, batch, d]);
  declare('y', 'input', [batch], 'i32');
  if (document.negatives.name === 'latent_classifier') declare('negative_draw', 'input', [batch]);
  else declare('y_negative', 'input', [batch], 'i32');
  declare('predict/x', 'input', [frames, predictBatch, d]);
  for (const name of ['loss', 'goodness_positive', 'goodness_negative'])
    declare(name, 'output', [learnSteps, document.layers.length]);
  declare('predict/goodness', 'output', [predictBatch, classes]);
  const extent = (axis: Axis) => train.extents[axis as keyof Program['extents']];
  for (const r of train.results) {
    const value = train.values[r.value]!;
    declare(
      r.tensor,
      'output',
      [
        ...r.axes.map(extent),
        ...(value.cols === 1 && !r.tensor.startsWith('observe/') ? (r.axes.length ? [] : [1]) : [value.cols]),
      ],
      r.tensor === 'y_negative' ? 'i32' : 'f32',
    );
  }
  return [...tensors.values()];
}
