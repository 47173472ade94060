export { derive } from './derive.js';
export { evaluate, type RowValue } from './evaluate.js';
export * from './expr.js';
export { erf, isOperator, type Operator, operators } from './operators.js';
