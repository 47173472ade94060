/** The backends by name: what can run here, the fastest of them, and a session on one. */
import type { Graph } from '../compiler/graph/graph.js';
import { failure, RffcError } from '../grammar/diagnostic.js';
import { closest } from '../grammar/suggest.js';
import { isSoftware, openDawn } from './dawn.js';
import type { Session } from './engine.js';
import { openTfjs, prepareTfjs, type TfjsBackend, tfjsBackends } from './tfjs/load.js';

export interface BackendOptions {
  readonly threads?: number;
}

export interface BackendInfo {
  readonly name: string;
  readonly available: boolean;
  /** What it runs on, or why it cannot. */
  readonly detail: string;
  /** What to do about it. */
  readonly install?: string;
}

/** Every name that `--backend` takes beside `auto`. */
export const backendNames: readonly string[] = tfjsBackends;

const description: Readonly<Record<TfjsBackend, string>> = {
  'tfjs-cpu': 'TensorFlow.js in plain JavaScript, one thread: the reference, slow',
  'tfjs-wasm': 'TensorFlow.js in WebAssembly, one thread',
  'tfjs-webgpu': 'TensorFlow.js on WebGPU',
  'tfjs-node-gpu': "TensorFlow's own library on CUDA",
};

async function look(name: TfjsBackend): Promise<BackendInfo> {
  try {
    await prepareTfjs(name);
    const software = name === 'tfjs-webgpu' && (await isSoftware());
    return {
      name,
      available: true,
      detail: description[name] + (software ? ', here on a software adapter: slow' : ''),
    };
  } catch (error) {
    if (!(error instanceof RffcError)) throw error;
    const [{ message, hint }] = error.diagnostics as [RffcError['diagnostics'][number]];
    return { name, available: false, detail: message, ...(hint === undefined ? {} : { install: hint }) };
  }
}

/** What can run here; for what cannot, why, and what to install. */
export async function listBackends(): Promise<BackendInfo[]> {
  const all: BackendInfo[] = [];
  for (const name of tfjsBackends) all.push(await look(name));
  return all;
}

/** From the fastest: a GPU if there is a real one, else the processor. */
async function fastest(): Promise<TfjsBackend> {
  for (const name of ['tfjs-node-gpu', 'tfjs-webgpu', 'tfjs-wasm'] as const) {
    if (name === 'tfjs-webgpu') {
      try {
        await openDawn();
        if (await isSoftware()) continue;
      } catch {
        continue;
      }
    }
    if ((await look(name)).available) return name;
  }
  return 'tfjs-cpu';
}

/**
 * A session of a network on a backend.
 *
 * @param name one of `backendNames`, or `auto` for the fastest that works here
 * @throws RffcError RFF810 for an unknown name, RFF811 to RFF813 where the backend cannot run
 */
export async function openBackend(
  name: string,
  graph: Graph,
  _options: BackendOptions = {},
): Promise<Session> {
  const chosen = name === 'auto' ? await fastest() : name;
  const known = tfjsBackends.find((b) => b === chosen);
  if (known) return openTfjs(known, graph);
  const near = closest(name, ['auto', ...backendNames]);
  throw failure('RFF810', `there is no backend \`${name}\``, {
    hint: near ? `did you mean \`${near}\`?` : `choose from auto, ${backendNames.join(', ')}`,
  });
}
