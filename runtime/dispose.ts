/**
 * `await using` closes what has a method of this name. Browsers without it get the symbol that bundlers put in its
 * place, so that code they have translated finds the method too.
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as typeof Symbol.asyncDispose);
