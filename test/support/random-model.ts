/**
 * Random models as .rff text, for tests that compare backends: everything that this version runs, in random
 * combinations.
 *
 * Trajectories must reflect the compiler, not chaos: rates and scales are small, divisions by a norm or by an
 * optimizer's average have an eps that keeps rounding errors from growing, and most activations are smooth.
 */
import fc from 'fast-check';
import { check } from '../../compiler/check/index.js';
import { meaningless } from '../../compiler/check/learning.js';
import type { Purpose } from '../../compiler/graph/index.js';
import { parse } from '../../grammar/parser.js';

export interface RandomModel {
  readonly text: string;
  readonly batch: number;
  readonly predictBatch: number;
  readonly frames: number;
  /** What is compiled and run: the network, or its readout. */
  readonly purpose: Purpose;
  /** Whether the activities of every step are outputs. */
  readonly observe: boolean;
  /** Whether the optimizer state is that of a run in progress; otherwise zero. */
  readonly resumed: boolean;
  /** Seed of the parameters and the data. */
  readonly seed: number;
}

/** Many small ones, odd ones, multiples of four and their neighbours. */
const size = fc.oneof(
  { weight: 1, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.constantFrom(3, 4, 5, 8, 12, 16) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 17 }) },
);
const flag = fc.boolean();
const nat = fc.nat({ max: 1000 });
const rate = fc.constantFrom(0.02, 0.05);
/** True one time in `n`. */
const rarely = (n: number) => fc.nat({ max: n - 1 }).map((k) => k === n - 1);

const activation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      'tanh(z)',
      'silu(z)',
      'gelu(z)',
      'softplus(z)',
      'sin(z)',
      'sigmoid(z)',
      'z',
      'elu(z)',
      'tanh(z) + 0.1 * z',
      'swish(z, b: 0.7)',
      'ramp(z)',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('leaky_relu(z, 0.01)', 'leaky_relu(z)', 'relu(z)', 'clamp(z, -2, 2)'),
  },
);

const normalize = fc.constantFrom(
  'rms_norm(h, 0.05)',
  'l2_norm(h, 0.1)',
  'layer_norm(h, 0.1)',
  'h',
  'h / sqrt(mean(h^2) + 0.05)',
  '2 * h / (1 + mean(abs(h)))',
);

/** A layer that reads patches of a grid, and is then a grid itself. */
const local = fc.record({
  source: fc.nat({ max: 1000 }),
  type: fc.nat({ max: 1000 }),
  now: rarely(3),
  size: fc.integer({ min: 1, max: 4 }),
  stride: fc.integer({ min: 1, max: 3 }),
  maps: fc.integer({ min: 1, max: 5 }),
});
/** Rows, columns and channels. */
type Grid = readonly [number, number, number];

const layer = fc.record({
  size,
  activation,
  normalize,
  damping: fc.constantFrom(1, 0.7, 0.5, 0.25),
  /** Among the model's objectives. */
  objective: fc.nat({ max: 5 }),
  peers: fc.constantFrom(
    undefined,
    undefined,
    undefined,
    'peer_norm(0.3)',
    'peer_norm(0.2, momentum: 0.5)',
    '0.1',
  ),
  local: fc.option(local, { nil: undefined, freq: 2 }),
});

const init = fc.constantFrom(
  'kaiming_uniform()',
  'xavier_normal()',
  'uniform(-0.4, 0.4)',
  'normal(std: 0.3)',
  'orthogonal(gain: 0.8)',
  'identity(gain: 0.5)',
);

const connectionType = fc.record({
  init,
  bias: fc.constantFrom(undefined, undefined, 'off', 'zeros()', 'uniform(-0.2, 0.2)'),
  sign: fc.constantFrom(1, 1, -1),
  dropout: fc.constantFrom(0, 0, 0, 0, 0.25),
  learn: rarely(5).map((off) => !off),
  lr_scale: fc.constantFrom(1, 1, 1, 0.5, 2),
});

/** Small rates: what an activity recalls of itself grows if they are above 1 / fan_in. */
const fastType = fc.record({
  decay: fc.constantFrom(0.9, 0.5, 0, 1),
  rate: fc.constantFrom(undefined, '1 / fan_in', '0.2 / fan_in', '0.02'),
  sign: fc.constantFrom(1, -1),
  links: fc.array(fc.record({ source: nat, target: nat, now: rarely(3) }), { minLength: 1, maxLength: 3 }),
});

const named = (options: readonly (string | false)[]) => options.filter(Boolean).join(', ');
const sgd = fc
  .record({
    lr: fc.constantFrom(0.1, 0.3),
    momentum: fc.constantFrom(0, 0.5, 0.9),
    dampening: fc.constantFrom(0, 0, 0.5, 0.9),
    nesterov: flag,
    weightDecay: fc.constantFrom(0, 0, 0.02),
    decoupled: flag,
  })
  .map(
    (o) =>
      `sgd(${named([
        `lr: ${o.lr}`,
        o.momentum > 0 && `momentum: ${o.momentum}`,
        o.momentum > 0 && o.dampening > 0 && `dampening: ${o.dampening}`,
        o.momentum > 0 && o.dampening === 0 && o.nesterov && 'nesterov: on',
        o.weightDecay > 0 && `weight_decay: ${o.weightDecay}`,
        o.weightDecay > 0 && o.decoupled && 'decoupled: on',
      ])})`,
  );
/** The eps keep gradients that are only rounding errors from being divided by their own size. */
const optimizer = fc.oneof(
  sgd,
  fc
    .tuple(rate, fc.constantFrom(0.9, 0.99), fc.constantFrom(0, 0.5))
    .map(([lr, alpha, m]) => `rmsprop(lr: ${lr}, alpha: ${alpha}, eps: 0.02, momentum: ${m})`),
  fc
    .tuple(fc.constantFrom('adam', 'adamw'), rate, fc.constantFrom(0, 0.02))
    .map(([name, lr, decay]) => `${name}(lr: ${lr}, eps: 0.02, weight_decay: ${decay})`),
  fc.constantFrom(0.5, 1).map((lr) => `adadelta(lr: ${lr}, eps: 0.001)`),
);

/** The loss on both rows of a sample: with `predict: min`, and with `max`. */
const pair = fc.constantFrom(
  ['softplus(pos - neg)', 'softplus(neg - pos)'],
  ['softplus(2 * (pos - neg))', 'softplus(2 * (neg - pos))'],
  ['(neg - pos - theta)^2 + 0.1 * pos', '(pos - neg - theta)^2 + 0.1 * neg'],
  ['sigmoid(pos) - tanh(neg)', 'sigmoid(neg) - tanh(pos)'],
);

const objective = fc.record({
  goodness: fc.constantFrom(
    'mean(h^2)',
    'mean(h^2)',
    '0.3 * sum(h^2)',
    'mean(h)',
    'sqrt(mean(h^2) + 0.1)',
    'log(1 + sum(h^2))',
    'mean(tanh(h)^2) + 0.1 * mean(h)',
    'sum(h^2) / n - mean(h)^2',
  ),
  /** The loss on positive and on negative rows with `predict: min`; with `max` the other way round. */
  loss: fc.constantFrom(
    ['softplus(goodness - theta)', 'softplus(theta - goodness)'],
    ['softplus(goodness - theta)', 'softplus(theta - goodness)'],
    ['(goodness - theta)^2', '-0.1 * goodness'],
    ['goodness', 'exp(-goodness)'],
    ['sigmoid(2 * (goodness - theta))', '1 - tanh(goodness)'],
  ),
  pair: fc.option(pair, { freq: 4, nil: undefined }),
});

const decoder = {
  loss: fc.constantFrom(
    undefined,
    'mean(abs(x - y))',
    'sum((x - y)^2) / (1 + mean(y^2))',
    'mean(softplus(y) - x * y)',
  ),
  activation: fc.constantFrom(undefined, 'sigmoid(z)', 'tanh(z)'),
  bias: fc.constantFrom(undefined, 'off', 'zeros()'),
  optimizer: fc.option(optimizer, { nil: undefined }),
  lrScale: fc.constantFrom(1, 0.5),
};

const phase = fc.record({
  steps: fc.integer({ min: 1, max: 3 }),
  label: fc.constantFrom(
    'given',
    'given',
    'given',
    'uniform',
    'hidden',
    'mix(uniform, given, t / 2)',
    'mix(given, mix(hidden, uniform, 0.3), 0.5)',
  ),
  input: fc.constantFrom(
    undefined,
    undefined,
    'frame(0)',
    'frame(2)',
    'frame(t)',
    'frame(2 * t + 1)',
    'hidden',
  ),
  learn: fc.constantFrom(true, true, false),
  damping: fc.constantFrom(true, true, false),
});

const negatives = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom({ name: 'random_label' as const }, { name: 'given' as const }) },
  { weight: 1, arbitrary: fc.constant({ name: 'hybrid_images' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      name: fc.constant('latent_classifier' as const),
      features: fc.constantFrom('raw', 'normalized'),
      learnFrom: fc.constantFrom('positive', 'neutral'),
      /** One bit per layer; none means all. */
      layers: fc.nat({ max: 15 }),
      optimizer,
    }),
  },
);

/** Half of the models with a readout train it, the others only predict with it. */
const readout = fc.option(
  fc.record({
    features: fc.constantFrom('raw', 'normalized'),
    /** One bit per layer; none means all. */
    layers: fc.nat({ max: 15 }),
    optimizer,
    played: flag,
  }),
  { freq: 2, nil: undefined },
);

/** The input of `render`; numbers that select something are taken modulo its count. */
const description = fc.record({
  inputs: size,
  /** Lays the input out as a grid, which layers may read patches of, instead of giving a size. */
  grid: fc.option(
    fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.constantFrom(1, 1, 2, 3)),
    { nil: undefined, freq: 2 },
  ),
  inputNormalize: fc.constantFrom(undefined, undefined, 'rms_norm(h, 0.05)', 'layer_norm(h, 0.1)', '0.5 * h'),
  classes: fc.integer({ min: 2, max: 5 }),
  /** Where the label is embedded in the input, if there is room for it. */
  embed: fc.option(fc.record({ at: nat, scale: fc.constantFrom(undefined, 0.5, 2) }), {
    freq: 4,
    nil: undefined,
  }),
  layers: fc.array(layer, { minLength: 1, maxLength: 4 }),
  /** Layers with their own optimizer. */
  ownOptimizers: fc.array(fc.record({ layer: nat, optimizer }), { maxLength: 1 }),
  types: fc.array(connectionType, { minLength: 1, maxLength: 3 }),
  /** For each layer its sources, among those already reached. */
  tree: fc.array(fc.record({ source: nat, type: nat, now: rarely(3) }), { minLength: 4, maxLength: 4 }),
  /** Whether the input or the label comes first among the sources. */
  fromLabel: rarely(6),
  links: fc.array(fc.record({ source: nat, target: nat, type: nat, now: rarely(2) }), { maxLength: 10 }),
  /** Layers that additionally receive the label. */
  labelled: fc.array(fc.record({ target: nat, type: nat }), { maxLength: 2 }),
  /** One bit per layer; none means the last. */
  decoder: fc.option(fc.record({ layers: fc.nat({ max: 15 }), ...decoder }), { nil: undefined, freq: 2 }),
  fast: fc.option(fastType, { nil: undefined, freq: 2 }),
  objectives: fc.array(objective, { minLength: 1, maxLength: 2 }),
  predict: fc.constantFrom('min', 'max'),
  phases: fc.array(phase, { minLength: 1, maxLength: 3 }),
  /** `over` is one bit per layer; none means that all are scored. */
  score: fc.option(fc.record({ phase: nat, from: nat, to: nat, over: fc.nat({ max: 15 }) }), {
    nil: undefined,
  }),
  negatives,
  readout,
  optimizer,
  batch: fc.integer({ min: 1, max: 7 }),
  predictBatch: fc.integer({ min: 1, max: 5 }),
  frames: fc.integer({ min: 1, max: 3 }),
  observe: rarely(3),
  resumed: flag,
  seed: fc.nat({ max: 2 ** 31 }),
});
type Description = typeof description extends fc.Arbitrary<infer T> ? T : never;

function render(d: Description): string {
  const pick = <T>(list: readonly T[], k: number): T => list[k % list.length]!;
  const names = d.layers.map((_, i) => `h${i + 1}`);
  const typeNames = d.types.map((_, i) => `c${i}`);
  const links = new Map<string, string>();
  const connectAs = (as: string, source: string, target: string, now: boolean) => {
    // Only from an earlier layer, so that there is no cycle.
    const early = now && names.includes(source) && names.indexOf(source) < names.indexOf(target);
    const own = early ? ' { delay: 0 }' : '';
    const key = `${target} ${source} ${as}`;
    if (!links.has(key)) links.set(key, `  connect ${source} -> ${target} as ${as}${own}`);
  };
  const connect = (source: string, target: string, type: number, now = false) =>
    connectAs(pick(typeNames, type), source, target, now);
  const reached = [d.fromLabel ? 'digit' : 'image'];
  const inputs = d.grid ? d.grid.reduce((n, side) => n * side, 1) : d.inputs;
  const grids = new Map<string, Grid>(d.grid ? [['image', d.grid]] : []);
  const sizes = d.layers.map((l, i) => {
    if (!l.local || grids.size === 0) return l.size;
    const [source, [rows, columns]] = pick([...grids], l.local.source);
    const { stride, maps, type, now } = l.local;
    const side = Math.min(l.local.size, rows, columns);
    const along = (n: number) => Math.floor((n - side) / stride) + 1;
    grids.set(names[i]!, [along(rows), along(columns), maps]);
    const patch = `patch([${rows}, ${columns}], size: ${side}, stride: ${stride}, maps: ${maps})`;
    const as = pick(typeNames, type);
    const own = named([`field: ${patch}`, now && source !== 'image' && 'delay: 0']);
    links.set(`${names[i]} ${source} ${as}`, `  connect ${source} -> ${names[i]} as ${as} { ${own} }`);
    return along(rows) * along(columns) * maps;
  });
  names.forEach((name, i) => {
    connect(pick(reached, d.tree[i]!.source), name, d.tree[i]!.type, d.tree[i]!.now);
    reached.push(name);
  });
  for (const l of d.labelled) connect('digit', pick(names, l.target), l.type);
  for (const l of d.links) connect(pick(['image', ...names], l.source), pick(names, l.target), l.type, l.now);
  for (const l of d.fast?.links ?? []) connectAs('fast', pick(names, l.source), pick(names, l.target), l.now);

  const used = new Set([...links.keys()].map((key) => key.split(' ')[2]!));
  const types = d.types.flatMap((t, i) => {
    const properties = named([
      `init: ${t.init}`,
      t.bias !== undefined && `bias: ${t.bias}`,
      t.sign < 0 && 'sign: -1',
      t.dropout > 0 && `dropout: ${t.dropout}`,
      !t.learn && 'learn: off',
      t.lr_scale !== 1 && `lr_scale: ${t.lr_scale}`,
    ]);
    return used.has(typeNames[i]!) ? [`connection ${typeNames[i]} { ${properties} }`] : [];
  });
  if (d.fast)
    types.push(
      `connection fast { ${named([
        `fast: decay(${d.fast.decay})`,
        d.fast.rate !== undefined && `rate: ${d.fast.rate}`,
        d.fast.sign < 0 && 'sign: -1',
      ])} }`,
    );
  const layers = d.layers.map((l, i) => {
    const own = d.ownOptimizers.find((o) => pick(names, o.layer) === names[i]);
    const properties = named([
      `activation: ${l.activation}`,
      `normalize: ${l.normalize}`,
      `damping: ${l.damping}`,
      `objective: o${l.objective % d.objectives.length}`,
      l.peers !== undefined && `peer_norm: ${l.peers}`,
      own !== undefined && `optimizer: ${own.optimizer}`,
    ]);
    return `  layer ${names[i]}[${sizes[i]}] { ${properties} }`;
  });
  const objectives = d.objectives.flatMap((o, i) => {
    const least = d.predict === 'min';
    const [positive, negative] = least ? o.loss : o.loss.toReversed();
    // Unused objectives are left out.
    if (!d.layers.some((l) => l.objective % d.objectives.length === i)) return [];
    return [
      `  objective o${i} {`,
      `    goodness: ${o.goodness}`,
      ...(o.pair === undefined
        ? [`    positive: ${positive}`, `    negative: ${negative}`]
        : [`    pair: ${o.pair[least ? 0 : 1]}`]),
      `    predict: ${d.predict}`,
      '  }',
    ];
  });
  // A decoder learns only if a frame is shown.
  const decoded = d.phases.some((p) => p.learn && p.input !== 'hidden') ? d.decoder : undefined;
  const decoderLines = () => {
    if (!decoded) return [];
    const chosen = names.filter((_, i) => (decoded.layers >> i) & 1);
    const properties = named([
      decoded.loss !== undefined && `loss: ${decoded.loss}`,
      decoded.activation !== undefined && `activation: ${decoded.activation}`,
      decoded.bias !== undefined && `bias: ${decoded.bias}`,
      decoded.optimizer !== undefined && `optimizer: ${decoded.optimizer}`,
      decoded.lrScale !== 1 && `lr_scale: ${decoded.lrScale}`,
    ]);
    return [
      `  decode image from ${(chosen.length > 0 ? chosen : names.slice(-1)).join(', ')} { ${properties} }`,
    ];
  };
  const embed = d.embed && inputs >= d.classes ? d.embed : undefined;
  const inputProperties = named([
    embed !== undefined &&
      'embed: digit(at: ' +
        `${embed.at % (inputs - d.classes + 1)}${embed.scale === undefined ? '' : `, scale: ${embed.scale}`})`,
    d.inputNormalize !== undefined && `normalize: ${d.inputNormalize}`,
  ]);
  const phases = d.phases.map((p, i) => {
    const properties = named([
      `label: ${p.label}`,
      p.input !== undefined && `input: ${p.input}`,
      !p.learn && 'learn: off',
      !p.damping && 'damping: off',
    ]);
    return `    phase p${i}[${p.steps}] { ${properties} }`;
  });
  const score = () => {
    if (!d.score) return [];
    const which = d.score.phase % d.phases.length;
    const { steps } = d.phases[which]!;
    const from = d.score.from % steps;
    const { over } = d.score;
    const scored = names.filter((_, i) => (over >> i) & 1);
    const those = scored.length > 0 ? ` over ${scored.join(', ')}` : '';
    return [`    score p${which}[${from}..${from + (d.score.to % (steps - from))}]${those}`];
  };
  const layersOf = (bits: number) => {
    const chosen = names.filter((_, i) => (bits >> i) & 1);
    return chosen.length > 0 ? `[${chosen.join(', ')}]` : 'all';
  };
  const readouts = () => {
    if (!d.readout) return [];
    const { features, layers: bits, optimizer: own } = d.readout;
    return [`  readout: softmax(features: ${features}, layers: ${layersOf(bits)}, optimizer: ${own})`];
  };
  const negatives = () => {
    if (d.negatives.name === 'hybrid_images') return `hybrid_images(grid: [1, ${inputs}])`;
    if (d.negatives.name !== 'latent_classifier') return `${d.negatives.name}()`;
    const { features, learnFrom, layers: bits, optimizer: own } = d.negatives;
    return (
      `latent_classifier(features: ${features}, layers: ${layersOf(bits)}, learn_from: ${learnFrom}, ` +
      `optimizer: ${own})`
    );
  };
  return [
    'fn swish(z, b = 1) = z * sigmoid(b * z)',
    // Continuous, so that rounding changes it little, with a derivative that is not its own.
    'fn ramp(z) = clamp(z, -1.5, 1.5) derivative exp(-abs(z) / 2)',
    ...types,
    'model random {',
    '  param theta = 0.5',
    `  input image[${inputs}]${inputProperties === '' ? '' : ` { ${inputProperties} }`}`,
    `  label digit[${d.classes}]`,
    ...layers,
    ...links.values(),
    ...decoderLines(),
    ...objectives,
    '  schedule {',
    ...phases,
    ...score(),
    '  }',
    `  negatives: ${negatives()}`,
    ...readouts(),
    '  train {',
    '    data: tensors("none.safetensors")',
    `    batch: ${d.batch}`,
    `    optimizer: ${d.optimizer}`,
    `    seed: ${d.seed}`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/**
 * One random model in three cannot learn, or does not see its label: plans of such are rejected. Any other error is one
 * of `render`'s, and is left for the tests to find.
 */
function isMeaningful(text: string): boolean {
  const { diagnostics } = check(parse(text).tree);
  return !diagnostics.some(({ severity, code }) => severity === 'error' && meaningless.has(code));
}

/** A model's text and its inputs. Shrinks towards one small layer. */
export const randomModel: fc.Arbitrary<RandomModel> = description
  .map((d) => ({
    text: render(d),
    batch: d.batch,
    predictBatch: d.predictBatch,
    frames: d.frames,
    purpose: d.readout?.played ? ('readout' as const) : ('network' as const),
    observe: d.observe,
    resumed: d.resumed,
    seed: d.seed,
  }))
  .filter(({ text }) => isMeaningful(text));
