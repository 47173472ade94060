/** WGSL: a launch of a plan as the dispatches it takes, and the tiles that products may be made in. */
export { printShaders } from './emit.js';
export { gemmShader } from './gemm.js';
export { shaderFor } from './launches.js';
export type { Address, AddressOf, Binding, PlanKernels, Shader, WgslOptions } from './shader.js';
export { type GemmTile, gemmTiles, probeTiles, shapeClass } from './tiles.js';
