/** The recorded cases of the reference program (test/fixtures/seed), each as the .rff text of its model. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSafetensors, toFloat32, toInt32 } from '../../runtime/safetensors.js';

export interface SeedCase {
  readonly name: string;
  readonly layers: readonly number[];
  readonly data_size: number;
  readonly num_classes: number;
  readonly batch: number;
  readonly batches: number;
  readonly prelabel_steps: number;
  readonly learn_steps: number;
  readonly score_window: readonly [number, number];
  readonly threshold: number;
  readonly damping: number;
  readonly epsilon: number;
  readonly leaky_slope: number;
  readonly optimizer: Readonly<Record<string, number | string>>;
  readonly frames: number;
  readonly dynamic_negatives: boolean;
  readonly classifier?: { readonly optimizer: string; readonly lr: number };
}

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

const seedFolder = join(import.meta.dirname, '../fixtures/seed');
export const seedCases: readonly string[] = readdirSync(seedFolder)
  .filter((f) => f.endsWith('.json'))
  .map((f) => f.slice(0, -5));

export function loadSeed(name: string): { config: SeedCase; tensors: ReadonlyMap<string, Tensor> } {
  const config = JSON.parse(readFileSync(join(seedFolder, `${name}.json`), 'utf8')) as SeedCase;
  const file = join(seedFolder, `${name}.safetensors`);
  const { tensors } = parseSafetensors(readFileSync(file), file);
  const converted = [...tensors].map(([key, t]): [string, Tensor] => [
    key,
    { shape: t.shape, data: t.dtype === 'I32' ? toInt32(t) : toFloat32(t) },
  ]);
  return { config, tensors: new Map(converted) };
}

/** Our name of a parameter of the reference program: `h2.forward.weight` → `h2.h1.forward.weight`. */
export function parameterName(seedName: string, layers: number): string {
  const match = /^h(\d+)\.(forward|backward|lateral)\.(weight|bias)$/.exec(seedName);
  if (!match) return seedName;
  const i = Number(match[1]);
  const source =
    match[2] === 'lateral'
      ? `h${i}`
      : match[2] === 'forward'
        ? i === 1
          ? 'image'
          : `h${i - 1}`
        : i === layers
          ? 'digit'
          : `h${i + 1}`;
  return `h${i}.${source}.${match[2]}.${match[3]}`;
}

export function seedModel(config: SeedCase): string {
  const names = config.layers.map((_, i) => `h${i + 1}`);
  const { name, ...settings } = config.optimizer;
  const optimizer = `${name}(${Object.entries(settings)
    .map(([k, v]) => `${k}: ${v}`)
    .join(', ')})`;
  const negatives = config.dynamic_negatives
    ? 'latent_classifier(features: raw, layers: all, learn_from: positive, optimizer: ' +
      `${config.classifier!.optimizer}(lr: ${config.classifier!.lr}))`
    : 'given()';
  return `
connection forward  { }
connection backward { sign: -1 }
connection lateral  { }

model ${config.name.replaceAll('-', '_')} {
  param theta = ${config.threshold}
  input image[${config.data_size}]
  label digit[${config.num_classes}]
  layer ${config.layers.map((n, i) => `h${i + 1}[${n}]`).join(', ')} {
    activation: leaky_relu(z, ${config.leaky_slope})
    normalize: h / sqrt(mean(h^2) + ${config.epsilon})
    damping: ${config.damping}
  }
  connect image -> ${names.join(' -> ')} as forward
  connect digit -> ${[...names].reverse().join(' -> ')} as backward
  connect ${names.map((n) => `${n} -> ${n}`).join(', ')} as lateral
  objective {
    goodness: mean(h^2)
    positive: softplus(goodness - theta)
    negative: softplus(theta - goodness)
    predict: min
  }
  schedule {
    phase settle[${config.prelabel_steps}] { label: uniform, input: frame(0), learn: off, damping: off }
    phase learn[${config.learn_steps}] { label: given }
    score learn[${config.score_window[0]}..${config.score_window[1]}]
  }
  negatives: ${negatives}
  train {
    data: tensors("seed.safetensors")
    batch: ${config.batch}
    optimizer: ${optimizer}
  }
}
`;
}
