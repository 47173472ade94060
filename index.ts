/**
 * rffc as a library: the language, the compiler, the runtime; what the command line is made of.
 *
 * `compile` makes a plan of a model's text, `openBackend` a session of a plan, and `train`, `evaluate` and `predict`
 * use the session; `docs/examples/digits.ts` goes all the way. `startRun` does what `rffc run` does, with a folder.
 */
export * from './compiler/index.js';
export * from './grammar/index.js';
export * from './runtime/index.js';
