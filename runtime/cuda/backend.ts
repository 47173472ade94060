/** The cuda backend: CUDA kernels on an NVIDIA GPU, products by cuBLAS. */
import type { Backend } from '../backend.js';
import type { CudaPrecision } from './driver.js';

const precisions: readonly CudaPrecision[] = ['f32', 'tf32', 'bf16'];

export const cuda: Backend = {
  name: 'cuda',
  precisions,
  hasDevices: true,

  async look() {
    const { openMachine } = await import('./machine.js');
    const { describeDevice } = await import('./session.js');
    const { versionText } = await import('./libraries.js');
    const { driver, compiler } = openMachine();
    const first = describeDevice(driver, 0);
    const others = driver.deviceCount() - 1;
    const more = others > 0 ? ` (and ${others} more: \`--device\`)` : '';
    const by = `a driver of CUDA ${versionText(driver.version)}, cuBLAS and ${compiler.name}`;
    return { detail: `CUDA kernels on ${first}${more}, by ${by}: the first choice on an NVIDIA GPU` };
  },

  async open(network, { precision, profile, device }) {
    const { openCuda } = await import('./session.js');
    const choice = { precision: precision as CudaPrecision, profile };
    return openCuda(await network.plan(), { ...choice, ...(device === undefined ? {} : { device }) });
  },
};
