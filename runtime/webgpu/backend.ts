/** The webgpu backend in Node: WGSL kernels on Dawn. A page has `navigator.gpu` and opens the engine itself. */
import type { Backend } from '../backend.js';
import type { Precision } from './device.js';

const precisions: readonly Precision[] = ['f32', 'f16'];

export const webgpu: Backend = {
  name: 'webgpu',
  precisions,

  async look(options) {
    const { isSoftware, openDawn } = await import('../dawn.js');
    const { adapterName, openAdapter } = await import('./device.js');
    const adapter = adapterName(await openAdapter(await openDawn(options)));
    if (!(await isSoftware())) return { detail: `WGSL kernels on ${adapter}` };
    const install = "a graphics card's own driver: Vulkan, Metal or Direct3D 12";
    return { detail: `WGSL kernels on ${adapter}, a software adapter: slow`, install };
  },

  async open(network, { precision, profile }) {
    const { openDawn } = await import('../dawn.js');
    const { openWebgpu } = await import('./session.js');
    const { tileCache } = await import('./tile-cache.js');
    const plan = await network.plan();
    return openWebgpu(plan, await openDawn(), {
      precision: precision as Precision,
      profile,
      tiles: tileCache(),
    });
  },
};
