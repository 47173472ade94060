/**
 * The method name of `await using`. Browsers without it get the symbol that bundlers substitute,
 * so that transpiled code finds the method too.
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);
