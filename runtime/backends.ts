/**
 * The backends by name: what can run here, and a session on one. Each is loaded when it is asked for: none needs
 * another's libraries.
 */
import { buildPlan } from '../compiler/build.js';
import type { Graph } from '../compiler/graph/graph.js';
import { lower } from '../compiler/graph/lower.js';
import { compiledArgument, isPlan } from '../compiler/network.js';
import type { PassName } from '../compiler/passes/pipeline.js';
import type { Plan } from '../compiler/plan/plan.js';
import { checkOptions, type OptionKind, wrongArgument } from '../grammar/arguments.js';
import { type Diagnostic, failure, RffcError } from '../grammar/diagnostic.js';
import { closest } from '../grammar/suggest.js';
import type { BlasInfo } from './cpu/blas.js';
import type { CudaPrecision } from './cuda/driver.js';
import type { Session } from './engine.js';
import { withPackages } from './packages.js';
import { type TfjsBackend, tfjsBackends, tfjsPackages } from './tfjs/packages.js';
import type { Precision as WebgpuPrecision } from './webgpu/device.js';

/** What products' operands are rounded to; sums are f32 always. */
export type Precision = WebgpuPrecision | CudaPrecision;
export const precisions: readonly Precision[] = ['f32', 'tf32', 'bf16', 'f16'];

export interface BackendOptions {
  readonly threads?: number;
  /** Passes that a graph is compiled without, where a plan is made of it. */
  readonly without?: readonly PassName[];
  /** Of products, on webgpu and cuda. */
  readonly precision?: Precision;
  /** Which GPU, from 0, on cuda. */
  readonly device?: number;
  /** Time every launch; on engines of our own. */
  readonly profile?: boolean;
}

export interface BackendInfo {
  readonly name: string;
  readonly available: boolean;
  /** What it runs on, or why it cannot. */
  readonly detail: string;
  /** What to do about it; of a backend that is available, to make it faster. */
  readonly install?: string;
}

const tfjs: Readonly<Record<TfjsBackend, string>> = {
  'tfjs-cpu': 'TensorFlow.js in plain JavaScript, one thread: the reference, slow',
  'tfjs-wasm': 'TensorFlow.js in WebAssembly, one thread',
  'tfjs-webgpu': 'TensorFlow.js on WebGPU',
  'tfjs-node-gpu':
    "TensorFlow's own library on CUDA 11: for where that is set up already and `cuda` does not run",
};

/** The part of rffc that runs on tfjs, which needs tfjs. @throws RffcError RFF811 where that is not installed */
const loadTfjs = (name: TfjsBackend) => withPackages(tfjsPackages[name], () => import('./tfjs/load.js'));

/** Every name that `--backend` takes beside `auto`. */
export const backendNames: readonly string[] = ['cpu', 'webgpu', 'cuda', ...tfjsBackends];

/**
 * What can run here; for what cannot, why, and what to install.
 *
 * @param options.verbose show what drivers write to stderr while they are looked for
 */
export async function listBackends(options: { readonly verbose?: boolean } = {}): Promise<BackendInfo[]> {
  const all = [await lookAtCpu(), await lookAtWebgpu(options), await lookAtCuda()];
  for (const name of tfjsBackends) all.push(await lookAtTfjs(name));
  return all;
}

async function lookAtCpu(): Promise<BackendInfo> {
  const { blasHint, findBlas, whyNoBlas } = await import('./cpu/blas.js');
  const { defaultThreads } = await import('./cpu/threads.js');
  const threads = `SIMD kernels on ${defaultThreads()} threads`;
  try {
    const blas = findBlas();
    if (blas) {
      const detail = `${threads}, products by ${blasText(blas)} (${blas.path})`;
      return { name: 'cpu', available: true, detail };
    }
    const own = 'products by WebAssembly of our own';
    if (process.env.RFFC_BLAS === 'off')
      return { name: 'cpu', available: true, detail: `${threads}, ${own}: RFFC_BLAS=off` };
    const missing = whyNoBlas()?.diagnostics[0];
    const detail = `${threads}, ${own}, ${missing ? missing.message : 'no BLAS found'}: slower`;
    return { name: 'cpu', available: true, detail, install: missing?.hint ?? blasHint };
  } catch (error) {
    return unavailable('cpu', error);
  }
}

/** `OpenBLAS 0.3.21`: a BLAS's name and, where it says so, its version. */
export function blasText({ name, version }: Pick<BlasInfo, 'name' | 'version'>): string {
  const number = /\d+(\.\d+)+/.exec(version)?.[0];
  return number === undefined ? name : `${name} ${number}`;
}

async function lookAtWebgpu(options: { readonly verbose?: boolean }): Promise<BackendInfo> {
  try {
    const { isSoftware, openDawn } = await import('./dawn.js');
    const { adapterName, openAdapter } = await import('./webgpu/device.js');
    const adapter = adapterName(await openAdapter(await openDawn(options)));
    const slow = await isSoftware();
    return {
      name: 'webgpu',
      available: true,
      detail: `WGSL kernels on ${adapter}${slow ? ', a software adapter: slow' : ''}`,
      ...(slow ? { install: "a graphics card's own driver: Vulkan, Metal or Direct3D 12" } : {}),
    };
  } catch (error) {
    return unavailable('webgpu', error);
  }
}

async function lookAtCuda(): Promise<BackendInfo> {
  try {
    const { openMachine } = await import('./cuda/machine.js');
    const { describeDevice } = await import('./cuda/session.js');
    const { versionText } = await import('./cuda/libraries.js');
    const { driver, compiler } = openMachine();
    const first = describeDevice(driver, 0);
    const others = driver.deviceCount() - 1;
    const more = others > 0 ? ` (and ${others} more: \`--device\`)` : '';
    const with_ = `a driver of CUDA ${versionText(driver.version)}, cuBLAS and ${compiler.name}`;
    return {
      name: 'cuda',
      available: true,
      detail: `CUDA kernels on ${first}${more}, by ${with_}: the first choice on an NVIDIA GPU`,
    };
  } catch (error) {
    return unavailable('cuda', error);
  }
}

async function lookAtTfjs(name: TfjsBackend): Promise<BackendInfo> {
  try {
    const { prepareTfjs } = await loadTfjs(name);
    await prepareTfjs(name);
    const slow = name === 'tfjs-webgpu' && (await (await import('./dawn.js')).isSoftware());
    return { name, available: true, detail: tfjs[name] + (slow ? ', here on a software adapter: slow' : '') };
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
 * A session of a network on a backend. The engines of our own play its plan, those of tfjs its graph: what is missing
 * is made of what is there.
 *
 * @param name one of `backendNames`, or `auto` for the fastest that works here
 * @throws RffcError RFF810 for an unknown name, RFF770 to RFF772 for wrong arguments, and what the backend itself has
 * to say where it cannot run
 */
export async function openBackend(
  name: string,
  compiled: Graph | Plan,
  options: BackendOptions = {},
): Promise<Session> {
  checkArguments(name, compiled, options);
  const { threads, without, profile = false, device } = options;
  const precision = precisionOn(name, options.precision ?? 'f32');
  if (device !== undefined && name !== 'cuda') {
    throw failure('RFF843', `\`${name}\` has no devices to choose from`, {
      hint: 'leave out `--device`, or use `--backend cuda`',
    });
  }
  const plan = () =>
    isPlan(compiled) ? compiled : buildPlan(compiled, without === undefined ? {} : { without }).plan;
  if (name === 'cpu' || name === 'auto') {
    const { openCpu } = await import('./cpu/session.js');
    return openCpu(plan(), { profile, ...(threads === undefined ? {} : { threads }) });
  }
  if (name === 'webgpu') {
    const { openDawn } = await import('./dawn.js');
    const { openWebgpu } = await import('./webgpu/session.js');
    const { tileCache } = await import('./tile-cache.js');
    return openWebgpu(plan(), await openDawn(), {
      precision: precision as WebgpuPrecision,
      profile,
      tiles: tileCache(),
    });
  }
  if (name === 'cuda') {
    const { openCuda } = await import('./cuda/session.js');
    const choice = { precision: precision as CudaPrecision, profile };
    return openCuda(plan(), { ...choice, ...(device === undefined ? {} : { device }) });
  }
  const known = tfjsBackends.find((b) => b === name);
  if (known) {
    const { openTfjs } = await loadTfjs(known);
    return openTfjs(known, isPlan(compiled) ? graphOf(compiled) : compiled);
  }
  const near = closest(name, ['auto', ...backendNames]);
  throw failure('RFF810', `there is no backend \`${name}\``, {
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

/** A precision, if the backend has it. @throws RffcError RFF826 */
function precisionOn(name: string, precision: Precision): Precision {
  const has: Readonly<Record<string, readonly Precision[]>> = {
    webgpu: ['f32', 'f16'] satisfies WebgpuPrecision[],
    cuda: ['f32', 'tf32', 'bf16'] satisfies CudaPrecision[],
  };
  const own = has[name] ?? ['f32'];
  if (own.includes(precision)) return precision;
  const others = Object.keys(has).filter((other) => has[other]!.includes(precision));
  throw failure('RFF826', `\`${name}\` computes in ${own.join(', ')}, not in ${precision}`, {
    hint: `leave out \`--precision\`, or use \`--backend ${others.join('` or `')}\``,
  });
}

/** The graph that a plan was made of. */
function graphOf({ model, batch, predictBatch, frames }: Plan): Graph {
  return lower(model, { batch, predictBatch, frames });
}
