/** The TensorFlow.js backends, and the optional packages that each needs. */
export const tfjsBackends = ['tfjs-cpu', 'tfjs-wasm', 'tfjs-webgpu', 'tfjs-node-gpu'] as const;
export type TfjsBackend = (typeof tfjsBackends)[number];

const core = '@tensorflow/tfjs-core';

export const tfjsPackages: Readonly<Record<TfjsBackend, readonly string[]>> = {
  'tfjs-cpu': [core, '@tensorflow/tfjs-backend-cpu'],
  'tfjs-wasm': [core, '@tensorflow/tfjs-backend-wasm'],
  'tfjs-webgpu': [core, '@tensorflow/tfjs-backend-webgpu', 'webgpu'],
  'tfjs-node-gpu': [core, '@tensorflow/tfjs-node-gpu'],
};
