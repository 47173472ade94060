/** The backends by name: what can run here, and a session on one. */
import type { Graph } from '../compiler/graph/graph.js';
import { compiledArgument, isPlan } from '../compiler/network.js';
import type { PassName } from '../compiler/passes/pipeline.js';
import type { Plan } from '../compiler/plan/plan.js';
import { checkOptions, type OptionKind, wrongArgument } from '../grammar/arguments.js';
import { type Diagnostic, failure, RffcError } from '../grammar/diagnostic.js';
import { closest } from '../grammar/suggest.js';
import type { Backend, Compiled } from './backend.js';
import { cpu } from './cpu/backend.js';
import { cuda } from './cuda/backend.js';
import { type Precision, precisions, type Session } from './engine.js';
import { tfjs } from './tfjs/backend.js';
import { webgpu } from './webgpu/backend.js';

export interface BackendOptions {
  readonly threads?: number;
  /** Disabled passes, if a plan has to be compiled from a graph. */
  readonly without?: readonly PassName[];
  /** Of products, on webgpu and cuda. */
  readonly precision?: Precision;
  /** CUDA device, from 0. */
  readonly device?: number;
  /** Time every launch; on native engines. */
  readonly profile?: boolean;
}

export interface BackendInfo {
  readonly name: string;
  readonly available: boolean;
  /** What it runs on, or why it is unavailable. */
  readonly detail: string;
  /** What to install: to make it available, or faster. */
  readonly install?: string;
}

const backends: readonly Backend[] = [cpu, webgpu, cuda, ...tfjs];

/** The values of `--backend` besides `auto`. */
export const backendNames: readonly string[] = backends.map(({ name }) => name);

/**
 * Lists the available backends, and what the others need.
 *
 * @param options.verbose show what drivers write to stderr meanwhile
 */
export async function listBackends(options: { readonly verbose?: boolean } = {}): Promise<BackendInfo[]> {
  const all: BackendInfo[] = [];
  for (const backend of backends) all.push(await lookAt(backend, options));
  return all;
}

async function lookAt(
  { name, look }: Backend,
  options: { readonly verbose?: boolean },
): Promise<BackendInfo> {
  try {
    return { name, available: true, ...(await look(options)) };
  } catch (error) {
    return unavailable(name, error);
  }
}

function unavailable(name: string, error: unknown): BackendInfo {
  if (!(error instanceof RffcError)) throw error;
  const [{ message, hint }] = error.diagnostics as readonly [Diagnostic];
  return { name, available: false, detail: message, ...(hint === undefined ? {} : { install: hint }) };
}

/**
 * A session of a network on a backend. Native engines run the plan, tfjs runs the graph; either is derived if
 * absent.
 *
 * @param name one of `backendNames`, or `auto`, which is `cpu`
 * @throws RffcError RFF810 for an unknown name, RFF770 to RFF772 for wrong arguments, and the backend's own errors
 */
export async function openBackend(
  name: string,
  compiled: Graph | Plan,
  options: BackendOptions = {},
): Promise<Session> {
  checkArguments(name, compiled, options);
  const { without, precision = 'f32', profile = false, threads, device } = options;
  const backend = backendNamed(name);
  checkPrecision(name, backend, precision);
  if (device !== undefined && !backend.hasDevices) {
    throw failure('RFF843', `\`${name}\` has no devices to choose from`, {
      hint: 'drop `--device`, or use `--backend cuda`',
    });
  }
  const network: Compiled = {
    async plan() {
      if (isPlan(compiled)) return compiled;
      const { buildPlan } = await import('../compiler/build.js');
      return buildPlan(compiled, without === undefined ? {} : { without }).plan;
    },
    async graph() {
      if (!isPlan(compiled)) return compiled;
      const { model, batch, predictBatch, frames } = compiled;
      const { lower } = await import('../compiler/graph/lower.js');
      return lower(model, { batch, predictBatch, frames });
    },
  };
  return backend.open(network, {
    precision,
    profile,
    ...(threads === undefined ? {} : { threads }),
    ...(device === undefined ? {} : { device }),
  });
}

/** @throws RffcError RFF810 for an unknown name */
function backendNamed(name: string): Backend {
  if (name === 'auto') return cpu;
  const found = backends.find((backend) => backend.name === name);
  if (found) return found;
  const near = closest(name, ['auto', ...backendNames]);
  throw failure('RFF810', `unknown backend \`${name}\``, {
    hint: near ? `did you mean \`${near}\`?` : `choose from auto, ${backendNames.join(', ')}`,
  });
}

const backendOptions: Readonly<Record<keyof BackendOptions, OptionKind>> = {
  threads: { expected: 'a number', accepts: (value) => typeof value === 'number' },
  without: { expected: 'a list of passes', accepts: Array.isArray },
  precision: { expected: precisions.join(', '), accepts: (value) => precisions.includes(value as Precision) },
  device: {
    expected: 'an integer from 0',
    accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  },
  profile: { expected: 'true or false', accepts: (value) => typeof value === 'boolean' },
};

function checkArguments(name: unknown, compiled: Graph | Plan, options: unknown): void {
  if (typeof name !== 'string') {
    throw wrongArgument('openBackend', 'the name of a backend', name, "`openBackend('auto', plan)`");
  }
  compiledArgument('openBackend', compiled);
  checkOptions('openBackend', options, backendOptions);
}

/** @throws RffcError RFF826 for a precision that the backend does not have */
function checkPrecision(name: string, { precisions: own }: Backend, precision: Precision): void {
  if (own.includes(precision)) return;
  const others = backends.filter((other) => other.precisions.includes(precision));
  throw failure(
    'RFF826',
    `precision ${precision} is not supported on \`${name}\`: expected ${own.join(' or ')}`,
    {
      hint: `drop \`--precision\`, or use \`--backend ${others.map((other) => other.name).join('` or `')}\``,
    },
  );
}
