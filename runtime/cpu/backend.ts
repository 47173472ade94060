/** The cpu backend: SIMD kernels on threads, products by a system's BLAS. */
import type { Backend } from '../backend.js';

export const cpu: Backend = {
  name: 'cpu',
  precisions: ['f32'],

  async look() {
    const { blasHint, blasText, findBlas, whyNoBlas } = await import('./blas.js');
    const { defaultThreads } = await import('./threads.js');
    const threads = `SIMD kernels on ${defaultThreads()} threads`;
    const blas = findBlas();
    if (blas) return { detail: `${threads}, products by ${blasText(blas)} (${blas.path})` };
    const own = 'products by WebAssembly of our own';
    if (process.env.RFFC_BLAS === 'off') return { detail: `${threads}, ${own}: RFFC_BLAS=off` };
    const missing = whyNoBlas()?.diagnostics[0];
    const detail = `${threads}, ${own}, ${missing ? missing.message : 'no BLAS found'}: slower`;
    return { detail, install: missing?.hint ?? blasHint };
  },

  async open(network, { profile, threads }) {
    const { openCpu } = await import('./session.js');
    return openCpu(await network.plan(), { profile, ...(threads === undefined ? {} : { threads }) });
  },
};
