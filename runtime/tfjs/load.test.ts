/** A backend of TensorFlow.js that is there and does not start. */
import { expect, test, vi } from 'vitest';
import { prepareTfjs } from './load.js';

vi.mock('@tensorflow/tfjs-core', async (original) => ({
  ...(await original<typeof import('@tensorflow/tfjs-core')>()),
  setBackend: async (name: string) => {
    if (name === 'wasm') throw new Error('no WebAssembly here\nat somewhere');
    return false;
  },
}));

test('reports a failed start, with the reason if known', async () => {
  await expect(prepareTfjs('tfjs-cpu')).rejects.toThrow('RFF813: tfjs backend `cpu` failed to start');
  await expect(prepareTfjs('tfjs-wasm')).rejects.toThrow(
    /RFF813: .*`wasm` failed to start: no WebAssembly here$/,
  );
});
