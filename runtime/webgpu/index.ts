/** The webgpu engine, for pages too: a plan on a WebGPU device. */
export type { Precision } from './device.js';
export { openWebgpu, type WebgpuOptions, WebgpuSession } from './session.js';
export type { TileCache } from './tiles.js';
