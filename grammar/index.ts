/** The text of the language: parsing, formatting and diagnostics. Runs in Node and in browsers. */
export type * from './ast.js';
export { type CodeInfo, syntaxCodes } from './codes.js';
export { type Diagnostic, failure, RffcError, type Severity, type Span } from './diagnostic.js';
export { format } from './format.js';
export { lineTable, locate } from './locate.js';
export { parse } from './parser.js';
export { render } from './render.js';
export { closest } from './suggest.js';
