/** The section "Meaning" of LANGUAGE.md, step by step: the parts that make up every program of a model. */
import {
  add,
  apply,
  constant,
  type Expr,
  evaluate,
  fromJson,
  mul,
  select,
  sub,
  variable,
  width,
} from '../expr/index.js';
import { type Field, fansOf, fieldOver } from '../field.js';
import type { Connection, FastConnection, LabelMode, Layer, ModelDocument, Optimizer } from '../model.js';
import { h, type LayerRules, layerRules, polarity, slopeOf } from '../rules.js';
import { ProgramBuilder } from './builder.js';
import { type Activities, fastTerm } from './fast-weights.js';
import type { Program, Value } from './graph.js';
import { updateRule } from './optimizers.js';
import { biasOf, PREDICTED, peerMean, stateId, type TensorId, weightOf } from './tensors.js';
import { inOrder, type Step, timeline } from './timeline.js';

/** The first dropout site; see runtime/random/sites.ts. */
const DROPOUT_SITE = 0x100000;

/** The values of a layer in a step. */
export interface LayerStep {
  readonly layer: Layer;
  readonly z: Value;
  readonly previous: Value;
  readonly h: Value;
  readonly s: Value;
  /** For each connection: the values of its source and its dropout mask. */
  readonly heard: readonly {
    readonly connection: Connection;
    readonly source: Value;
    readonly mask: Value | undefined;
  }[];
}

/** Replaces the schedule's own steps and the data in a timeline. */
export interface Drive {
  readonly steps: readonly Step[];
  /** The frame of a step, from the layers' normalized activities in the previous step. */
  readonly frame: (step: Step, activityOf: (layer: string) => Value) => Value;
}

/** Lowers one program: holds the parameters at the current point of it. */
export class Lowering {
  readonly build: ProgramBuilder;
  /** Parameters and optimizer state by tensor name, replaced as learning updates them. */
  readonly current = new Map<string, Value>();
  readonly rules: ReadonlyMap<string, LayerRules>;

  constructor(
    readonly document: ModelDocument,
    readonly name: 'train' | 'predict',
    readonly extents: Program['extents'],
    readonly frames: number,
    /** `plain`: each sample is a single row, as in prediction, even if the negative rows are hybrid images. */
    private readonly options: { readonly plain?: true } = {},
  ) {
    this.build = new ProgramBuilder(name, extents);
    this.rules = new Map(
      document.layers.map((l) => [l.name, layerRules(l, document.objectives[l.objective]!)]),
    );
  }

  /** A parameter or state at the current point: [rows, cols]. */
  parameter(tensor: TensorId, rows: number, cols: number): Value {
    const known = this.current.get(tensor.name);
    if (known) return known;
    const made = this.build.state(tensor, rows, cols);
    this.current.set(tensor.name, made);
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
    const [target, source] = [this.sizeOf(c.target), this.sizeOf(c.source)];
    return this.parameter(weightOf(c), target, fansOf(source, target, c.field).in);
  }

  private fieldOf(c: Connection): Field | undefined {
    return c.field ? fieldOver(c.field, this.sizeOf(c.source)) : undefined;
  }

  private bias(c: Connection): Value | undefined {
    return c.bias ? this.parameter(biasOf(c), 1, this.sizeOf(c.target)) : undefined;
  }

  /** An unmodified frame of the data, or zeros. */
  frame({ phase, t }: Step): Value {
    const { input } = this.document;
    if (phase.input.name === 'hidden') return this.build.fill(0, input.size);
    const index = evaluate(fromJson(phase.input.index, new Map([['t', constant(t)]])), {}) as number;
    const frame = ((Math.floor(index) % this.frames) + this.frames) % this.frames;
    return this.data(frame);
  }

  /** A frame as the layers receive it: with the label embedded, normalized. */
  private input(frame: Value, label: Value | null): Value {
    const { input } = this.document;
    const { embed } = input;
    let x = frame;
    if (embed && label) {
      const scaled =
        embed.scale === 1
          ? label
          : this.build.map(
              mul(variable('label', 'element'), constant(embed.scale)),
              { label },
              label.cols,
              'label',
            );
      x = this.build.embed(x, scaled, embed.at, input.name);
    }
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

  /** A frame of the data; with hybrid images, separate for positive and negative rows. */
  private data(frame: number): Value {
    const { build, frames } = this;
    const { input, negatives } = this.document;
    if (this.name === 'predict') return build.input(PREDICTED, input.size, frame, frames);
    const x = build.input('x', input.size, frame, frames);
    if (negatives.name !== 'hybrid_images' || this.options.plain) return x;
    return build.map(
      select(polarity, variable('x', 'element'), variable('hybrid', 'element')),
      {
        polarity: build.polarity(),
        x,
        hybrid: build.input('x_negative', input.size, frame, frames),
      },
      input.size,
      `${input.name}.rows`,
    );
  }

  /** The label as the layers receive it in a step. */
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
   * Runs the whole timeline from rest.
   *
   * @param given the one-hot labels of the phases that show them; undefined shows the uniform label throughout
   * @param dropout whether dropout is active
   * @param scope prefix of the names of new values
   * @param visit called after each step with the values of every layer
   * @param drive the steps and the frames, if they are not the model's own
   */
  unroll(
    given: Value | undefined,
    dropout: boolean,
    scope: string,
    visit: (step: Step, layers: readonly LayerStep[]) => void,
    drive?: Drive,
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
    const past: Activities[] = [];
    for (const step of drive?.steps ?? timeline(document)) {
      build.within(`${scope}${step.phase.name}[${step.t}]`);
      const label =
        document.label &&
        (given ? this.label(step.phase.label, step.t, given) : build.fill(1 / classes, classes));
      const earlier = activity;
      const frame = drive?.frame(step, (name) => earlier.get(name)!.s) ?? this.frame(step);
      const x = this.input(frame, label);
      const next = new Map<string, { h: Value; s: Value }>();
      const visited: LayerStep[] = [];
      for (const layer of inOrder(document)) {
        const sourceOf = (c: Pick<Connection, 'source' | 'delay'>): Value => {
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
        const recalled = document.fast_weights.flatMap((connection) => {
          if (connection.target !== layer.name) return [];
          const value = fastTerm(build, connection, past, sourceOf(connection), layer.size);
          return value ? [{ connection, value }] : [];
        });
        const zValue = this.sum(layer, heard, recalled);
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
      past.push(next);
      visit(
        step,
        document.layers.map((l) => visited.find((v) => v.layer === l)!),
      );
    }
  }

  private product(c: Connection, source: Value): Value {
    return this.build.product(source, this.weight(c), c.name, this.fieldOf(c));
  }

  /** z = Σ sign · dropout( s · Wᵀ + b ), and what fast weights add to it. */
  private sum(
    layer: Layer,
    heard: LayerStep['heard'],
    recalled: readonly { readonly connection: FastConnection; readonly value: Value }[],
  ): Value {
    const bindings: Record<string, Value> = {};
    let sum: Expr = constant(0);
    heard.forEach(({ connection, source, mask }, i) => {
      const term = (name: string, value: Value): Expr => {
        bindings[`${name}${i}`] = value;
        return variable(`${name}${i}`, 'element');
      };
      let heardHere = term('p', this.product(connection, source));
      const bias = this.bias(connection);
      if (bias) heardHere = add(heardHere, term('b', bias));
      if (mask) heardHere = mul(heardHere, term('m', mask));
      sum = add(sum, mul(heardHere, constant(connection.sign)));
    });
    recalled.forEach(({ connection, value }, i) => {
      bindings[`f${i}`] = value;
      sum = add(sum, mul(variable(`f${i}`, 'element'), constant(connection.sign)));
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
    const { sample } = this.extents;
    const moves: (() => void)[] = [];
    for (const at of layers) {
      const { layer } = at;
      const rules = this.rules.get(layer.name)!;
      const activity = rules.activity(step.phase.damping);
      const peers = layer.peer_norm && this.peers(at);
      const slope = slopeOf(rules, activity, layer.size, sample);
      const dz = build.map(
        peers ? add(slope, peers.pull) : slope,
        {
          z: at.z,
          previous: at.previous,
          polarity: build.polarity(),
          ...(rules.isPair ? this.pairOf(this.goodnessOf(at)) : {}),
          ...peers?.bindings,
        },
        layer.size,
        `${layer.name}.dz`,
        layer.size,
        // It determines the step, whatever the slope reads.
        'z',
      );
      for (const { connection, source, mask } of at.heard) {
        if (!connection.learn) continue;
        // The gradient passes through the connection's sign and mask, as its contribution to z does.
        const masked = mask
          ? build.map(
              mul(variable('d', 'element'), variable('m', 'element')),
              { d: dz, m: mask },
              layer.size,
              `${connection.name}.dz`,
              layer.size,
            )
          : dz;
        const gradient = build.outer(
          masked,
          source,
          connection.sign * this.rowsPerRow(masked, source),
          `${connection.name}.weight.gradient`,
          this.fieldOf(connection),
        );
        const bias =
          this.bias(connection) &&
          build.total(masked, connection.sign * this.rowsPerRow(masked), `${connection.name}.bias.gradient`);
        const optimizer = layer.optimizer ?? document.train.optimizer;
        moves.push(() => {
          this.update(weightOf(connection), gradient, optimizer, connection.lr_scale, perBatch, index);
          if (bias) this.update(biasOf(connection), bias, optimizer, connection.lr_scale, perBatch, index);
        });
      }
    }
    // All layers learn simultaneously: first all gradients, with the old parameters.
    for (const move of moves) move();
  }

  /** How many rows of a batch each row of these values stands for: they do not vary over all row axes. */
  private rowsPerRow(...values: readonly Value[]): number {
    return (['sample', 'polarity'] as const)
      .filter((axis) => !values.some((v) => v.axes.includes(axis)))
      .reduce((n, axis) => n * this.extents[axis], 1);
  }

  /** The goodness of the positive and the negative row of each sample. */
  pairOf(g: Value): { readonly pos: Value; readonly neg: Value } {
    return { pos: this.build.part(g, 'positive'), neg: this.build.part(g, 'negative') };
  }

  /**
   * Peer normalization (Hinton 2022): updates the running mean m of each unit's activity on positive rows, and returns
   * the term that it adds to the gradient at z, strength · (m - mean of m over the units) / samples, as an expression
   * in `m` and `polarity`.
   */
  private peers({ layer, h: activity }: LayerStep): { pull: Expr; bindings: { readonly m: Value } } {
    const { build } = this;
    const { strength, momentum } = layer.peer_norm!;
    const tensor = peerMean(layer.name);
    const before = this.parameter(tensor, 1, layer.size);
    const positive = build.part(activity, 'positive');
    const samples = positive.axes.includes('sample') ? this.extents.sample : 1;
    const mean = build.total(positive, 1 / samples, `${layer.name}.mean`);
    const m = variable('m', 'element');
    const moved = add(mul(m, constant(momentum)), mul(variable('g', 'element'), constant(1 - momentum)));
    const after = build.version(tensor, moved, { m: before, g: mean }, before);
    this.current.set(tensor.name, after);
    const above = sub(m, apply('mean', m));
    const pull = mul(mul(above, variable('polarity', 'row')), constant(strength / this.extents.sample));
    return { pull, bindings: { m: after } };
  }

  /** Updates a parameter and its optimizer state by one step of its optimizer. */
  update(
    tensor: TensorId,
    gradient: Value,
    optimizer: Optimizer,
    scale: number,
    perBatch: number,
    index: number,
  ): void {
    const { train, readout } = this.document;
    // A readout is trained by its own program, which has no other optimizer.
    const own = optimizer !== train.optimizer && optimizer !== readout?.optimizer;
    const rule = updateRule(optimizer, scale, perBatch, index, own);
    const w = this.current.get(tensor.name)!;
    const states = rule.states.map((s) => stateId(tensor, s));
    const bindings: Record<string, Value> = { w, g: gradient };
    rule.states.forEach((s, i) => {
      bindings[s] = this.parameter(states[i]!, w.rows as number, w.cols);
    });
    for (const [name, scalar] of Object.entries(rule.scalars)) bindings[name] = this.build.scalar(scalar);
    const next = (name: string, target: TensorId) => {
      this.current.set(target.name, this.build.version(target, rule.next[name]!, bindings, w));
    };
    next('w', tensor);
    rule.states.forEach((s, i) => {
      next(s, states[i]!);
    });
  }

  /** Finishes the program: every parameter that changed is an update. */
  finish(): Program {
    for (const [name, value] of this.current) if (value.op.kind !== 'state') this.build.update(name, value);
    return this.build.finish();
  }
}
