export { type Builtin, builtins, constants, variableHomes } from './builtins.js';
export { type Checked, type CheckOptions, check } from './check.js';
export { checkCodes } from './codes.js';
export { type Validated, validateDocument } from './document.js';
export * from './properties.js';
export * from './tables.js';
