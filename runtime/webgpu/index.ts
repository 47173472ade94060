/** The webgpu engine, for pages too: a plan on a WebGPU device. With all that a page needs beside it: `browser.ts`. */
export type { Precision } from './device.js';
export { openWebgpu, type WebgpuOptions, WebgpuSession } from './session.js';
export type { TileCache } from './tiles.js';
