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

test('says that it did not start, and why if that is known', async () => {
  await expect(prepareTfjs('tfjs-cpu')).rejects.toThrow('RFF813: tfjs could not start its `cpu` backend');
  await expect(prepareTfjs('tfjs-wasm')).rejects.toThrow(/RFF813: .*`wasm` backend: no WebAssembly here$/);
});
