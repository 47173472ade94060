/** rffc as a library: the language, the compiler, the runtime. */
export * from './compiler/index.js';
export * from './grammar/index.js';
export * from './runtime/index.js';
