/** The backends of TensorFlow.js: its operations on a network's graph. */
import type { Backend } from '../backend.js';
import { withPackages } from '../packages.js';
import { type TfjsBackend, tfjsBackends, tfjsPackages } from './packages.js';

const descriptions: Readonly<Record<TfjsBackend, string>> = {
  'tfjs-cpu': 'TensorFlow.js in plain JavaScript, one thread: the reference, slow',
  'tfjs-wasm': 'TensorFlow.js in WebAssembly, one thread',
  'tfjs-webgpu': 'TensorFlow.js on WebGPU',
  'tfjs-node-gpu':
    "TensorFlow's own library on CUDA 11: for where that is set up already and `cuda` does not run",
};

/** The part of rffc that runs on tfjs, which needs tfjs. @throws RffcError RFF811 where that is not installed */
const loadTfjs = (name: TfjsBackend) => withPackages(tfjsPackages[name], () => import('./load.js'));

export const tfjs: readonly Backend[] = tfjsBackends.map((name) => ({
  name,
  precisions: ['f32'],

  async look() {
    const { prepareTfjs } = await loadTfjs(name);
    await prepareTfjs(name);
    const slow = name === 'tfjs-webgpu' && (await (await import('../dawn.js')).isSoftware());
    return { detail: descriptions[name] + (slow ? ', here on a software adapter: slow' : '') };
  },

  async open(network) {
    const { openTfjs } = await loadTfjs(name);
    return openTfjs(name, await network.graph());
  },
}));
