/** Counter-based random numbers, and what is drawn from them: initial parameters, orders, negative labels. */
export { type Fans, initialize, normals } from './initialize.js';
export { randomNegatives } from './negatives.js';
export { permutation } from './permutation.js';
export { below, philox, uniformAt, uniforms, type Words2, type Words4, words } from './philox.js';
export { SITE } from './sites.js';
