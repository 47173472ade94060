/** The webgpu engine, in Node and in pages: a plan on a WebGPU device. Everything a page needs is in `browser.ts`. */
export type { Precision } from './device.js';
export { openWebgpu, type WebgpuOptions, WebgpuSession } from './session.js';
export type { TileCache } from './tiles.js';
