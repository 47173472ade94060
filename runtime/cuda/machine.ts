/**
 * Puts together what the cuda engine stands on: the driver, cuBLAS, and NVRTC or nvcc, each found where it is or missed
 * by name.
 */

import { openNvcc, openNvrtc } from './compiler.js';
import type { CudaCompiler, CudaDriver, CudaMachine } from './driver.js';
import { type Host, thisHost } from './host.js';
import { findDriver, findNvcc, findToolkitLibrary } from './libraries.js';
import { openDriver, openProducts } from './native.js';

let opened: CudaMachine | undefined;

/**
 * This computer's CUDA.
 *
 * @throws RffcError RFF840 without a driver that works, RFF841 for one too old, RFF842 for a library that is missing,
 * RFF847 for an `RFFC_CUDA` that names no folder
 */
export function openMachine(host: Host = thisHost): CudaMachine {
  if (host === thisHost && opened) return opened;
  const driver = openDriver(findDriver(host));
  const cublas = findToolkitLibrary(host, 'cublas', driver.version);
  if ('missing' in cublas) throw cublas.missing;
  const machine = { driver, products: openProducts(cublas), compiler: openCompiler(host, driver) };
  if (host === thisHost) opened = machine;
  return machine;
}

function openCompiler(host: Host, { version }: CudaDriver): CudaCompiler {
  const nvrtc = findToolkitLibrary(host, 'nvrtc', version);
  if (!('missing' in nvrtc)) return openNvrtc(nvrtc);
  const nvcc = findNvcc(host);
  if (nvcc === undefined) throw nvrtc.missing;
  return openNvcc(nvcc);
}
