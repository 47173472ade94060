/** WGSL as a language of the shared printer: numbers are f32 or vec4<f32>, conditions bool or vec4<bool>. */
import type { Arithmetic, Language } from '../printer.js';
import { type Functions, isFunction, numberLiteral, type Width } from './functions.js';

const infix: Readonly<Partial<Record<Arithmetic, string>>> = { add: '+', sub: '-', mul: '*', div: '/' };
const comparisons = { lt: '<', le: '<=', gt: '>', ge: '>=', eq: '==', ne: '!=' } as const;

/** @param functions gains what is called */
export function wgslLanguage(width: Width, functions: Functions): Language {
  const zero = numberLiteral(0, width);
  return {
    number: (value) => numberLiteral(value, width),
    apply: (op, args) => {
      const sign = infix[op];
      if (sign) return `(${args[0]} ${sign} ${args[1]})`;
      if (op === 'neg') return `(-${args[0]})`;
      if (isFunction(op)) return functions.call(op, width, args);
      // abs, sqrt, sign, floor, max and min are WGSL's own.
      return `${op}(${args.join(', ')})`;
    },
    compare: (op, a, b) => `(${a} ${comparisons[op]} ${b})`,
    choose: (condition, then, otherwise) => `select(${otherwise}, ${then}, ${condition})`,
    toNumber: (condition) => `select(${zero}, ${numberLiteral(1, width)}, ${condition})`,
    toCondition: (number) => `(${number} != ${zero})`,
  };
}
