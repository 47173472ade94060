/**
 * Loads the TensorFlow.js backends, each when it is asked for: plain JavaScript, WebAssembly, WebGPU through Dawn, and
 * TensorFlow's own library with CUDA through `@tensorflow/tfjs-node-gpu`. All of its packages are optional: this module
 * loads only where tfjs-core is installed.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { Graph } from '../../compiler/graph/graph.js';
import { failure, RffcError } from '../../grammar/diagnostic.js';
import { openDawn } from '../dawn.js';
import { firstLine, withPackages } from '../packages.js';
import { type TfjsBackend, tfjsPackages } from './packages.js';
import { TfjsSession } from './session.js';

const require = createRequire(import.meta.url);

/** Loads a backend and makes it tfjs's present one. Returns tfjs's own name of it. */
async function load(backend: TfjsBackend): Promise<string> {
  // No hint on the console about other packages, no checks of every result.
  tf.enableProdMode();
  switch (backend) {
    case 'tfjs-cpu':
      await withPackages(tfjsPackages[backend], () => import('@tensorflow/tfjs-backend-cpu'));
      return 'cpu';
    case 'tfjs-wasm': {
      const wasm = await withPackages(tfjsPackages[backend], () => import('@tensorflow/tfjs-backend-wasm'));
      wasm.setWasmPaths(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + sep);
      return 'wasm';
    }
    case 'tfjs-webgpu': {
      const gpu = await openDawn();
      const host = globalThis as { navigator?: object };
      if (!host.navigator)
        Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true, writable: true });
      if (!('gpu' in host.navigator!))
        Object.defineProperty(host.navigator, 'gpu', { value: gpu, configurable: true });
      await withPackages(tfjsPackages[backend], () => import('@tensorflow/tfjs-backend-webgpu'));
      return 'webgpu';
    }
    case 'tfjs-node-gpu': {
      // Removed in Node 23; the package's 4.22 still calls it.
      const node = util as unknown as Record<string, unknown>;
      node.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
      await withPackages(tfjsPackages[backend], async () => require('@tensorflow/tfjs-node-gpu'));
      return 'tensorflow';
    }
    default:
      return backend satisfies never;
  }
}

const ready = new Map<TfjsBackend, Promise<string>>();

/**
 * Makes a backend ready to be used, once a process.
 * @throws RffcError that says why it cannot run here and what to install
 */
export function prepareTfjs(backend: TfjsBackend): Promise<string> {
  const pending = ready.get(backend) ?? prepare(backend);
  ready.set(backend, pending);
  return pending;
}

async function prepare(backend: TfjsBackend): Promise<string> {
  const name = await load(backend);
  try {
    if (await tf.setBackend(name)) return name;
  } catch (error) {
    if (error instanceof RffcError) throw error;
    throw failure('RFF813', `tfjs could not start its \`${name}\` backend: ${firstLine(error)}`);
  }
  throw failure('RFF813', `tfjs could not start its \`${name}\` backend`);
}

/** A session of the oracle on one of tfjs's backends. @throws RffcError as `prepareTfjs` does */
export async function openTfjs(backend: TfjsBackend, graph: Graph): Promise<TfjsSession> {
  const name = await prepareTfjs(backend);
  await tf.setBackend(name);
  return new TfjsSession(backend, name, graph);
}
