/**
 * WebAssembly SIMD as a language of the shared printer: four units at a time, conditions as masks of all ones or zeros.
 */
import type { Language } from '../printer.js';
import { elementary } from './elementary.js';
import type { Scope } from './scope.js';

export function watLanguage(scope: Scope): Language {
  const zero = scope.number(0);
  return {
    number: (value) => scope.number(value),
    apply: (op, [a, b]) => elementary[op](scope, a!, b ?? ''),
    compare: (op, a, b) => `(f32x4.${op} ${a} ${b})`,
    // A choice against 0 is one instruction in place of three.
    choose: (condition, a, b) => {
      if (b === zero) return `(v128.and ${a} ${condition})`;
      if (a === zero) return `(v128.andnot ${b} ${condition})`;
      return `(v128.bitselect ${a} ${b} ${condition})`;
    },
    toNumber: (condition) => `(v128.and ${condition} ${scope.number(1)})`,
    toCondition: (number) => `(f32x4.ne ${number} ${zero})`,
  };
}
