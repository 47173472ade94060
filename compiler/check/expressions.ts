/**
 * From the syntax of an expression to its JSON: resolves names in a scope, expands functions, computes constants, and
 * distinguishes rows and elements.
 */
import type {
  Argument,
  BinaryOperator,
  CallExpression,
  Expression,
  NameExpression,
} from '../../grammar/ast.js';
import type { Span } from '../../grammar/diagnostic.js';
import { argumentNames, signs } from '../../grammar/habits.js';
import { plain } from '../../grammar/suggest.js';
import type { Operator } from '../expr/operators.js';
import type { ExpressionJson } from '../model.js';
import { constants, variableHomes } from './builtins.js';
import { type Context, suggestion, unknownName } from './context.js';
import { argumentMeant, functionMeant, habit } from './habits.js';
import {
  combine,
  dependsSmoothly,
  type Fault,
  instantiate,
  limits,
  literal,
  mentions,
  type Typed,
} from './typing.js';

export interface Scope {
  /** What the expression is, for messages: `\`activation\``, `the size of \`h1\``. */
  readonly what: string;
  readonly variables: ReadonlyMap<string, Typed>;
  /** Whether `mean`, `sum` and `amax` are allowed. */
  readonly reductions: boolean;
  /** The body of a function, which sees no params. */
  readonly closed?: true;
}

/** A scope with numbers only: constants, params and `variables`. */
export function numbers(what: string, variables: ReadonlyMap<string, Typed> = new Map()): Scope {
  return { what, variables, reductions: false };
}

const binaryOperators: Readonly<Record<BinaryOperator, Operator>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '^': 'pow',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '==': 'eq',
  '!=': 'ne',
};

/** A description of an expression that is not of the expected kind. */
export function describe(e: Expression): string {
  switch (e.kind) {
    case 'number':
      return `the number ${e.text}`;
    case 'string':
      return 'text';
    case 'name':
      return e.name === 'on' || e.name === 'off' ? `the switch \`${e.name}\`` : `\`${e.name}\``;
    case 'list':
      return 'a list';
    case 'call':
      return `\`${e.callee.text}(…)\``;
    case 'unary':
    case 'binary':
    case 'if':
      return 'an expression';
    default:
      return e satisfies never;
  }
}

/**
 * The value of an expression in a scope.
 *
 * @returns undefined if something in it was reported
 */
export function translate(cx: Context, e: Expression, scope: Scope, depth = 0): Typed | undefined {
  const fault = faultAt(cx, e.span);
  if (depth > limits.depth && e.kind !== 'name' && e.kind !== 'number')
    return fault('RFF410', 'this expression is nested too deeply', 'split it with `fn`');
  const sub = (part: Expression) => translate(cx, part, scope, depth + 1);
  switch (e.kind) {
    case 'number':
      return Number.isFinite(e.value)
        ? literal(e.value)
        : fault('RFF407', `${e.text} is too large: the largest number is about 1.8e308`);
    case 'string':
    case 'list': {
      const meant = functionMeant(e, cx.functions.names, firstVariable(scope));
      const hint = meant === undefined ? undefined : `write \`${meant}\``;
      return fault('RFF406', `expected an expression for ${scope.what}, found ${describe(e)}`, hint);
    }
    case 'name':
      return lookup(cx, e, scope);
    case 'unary': {
      const operand = sub(e.operand);
      return operand && combine('neg', [operand], scope.reductions, fault);
    }
    case 'binary': {
      const left = sub(e.left);
      const right = sub(e.right);
      return left && right && combine(binaryOperators[e.operator], [left, right], scope.reductions, fault);
    }
    case 'if': {
      const parts = [sub(e.condition), sub(e.then), sub(e.otherwise)];
      return parts.every((p) => p !== undefined)
        ? combine('select', parts, scope.reductions, fault)
        : undefined;
    }
    case 'call':
      return call(cx, e, scope, depth);
    default:
      return e satisfies never;
  }
}

/** The variable that a function without arguments is meant to be applied to. */
function firstVariable(scope: Scope): string | undefined {
  const [name] = scope.variables.keys();
  return name === 'n' || name === 't' || name === 'fan_in' ? undefined : name;
}

function faultAt(cx: Context, span: Span): Fault {
  return (code, message, hint) => cx.report.error(code, span, message, hint);
}

function lookup(cx: Context, e: NameExpression, scope: Scope): Typed | undefined {
  const { name, span } = e;
  const variable = scope.variables.get(name);
  if (variable) return variable;
  const constant = Object.hasOwn(constants, name) ? constants[name] : undefined;
  if (constant) return literal(constant.value);
  const param = cx.params.lookup(name);
  if (param && !scope.closed) return param.value;
  const known = [
    ...scope.variables.keys(),
    ...(scope.closed ? [] : cx.params.names),
    ...Object.keys(constants),
  ];
  const here = `available here: ${known.map((k) => `\`${k}\``).join(', ')}`;
  if (param) {
    return cx.report.error(
      'RFF201',
      span,
      `\`${name}\` is a param of the model, and ${scope.what} sees only its own parameters`,
      `add a parameter for \`${name}\` to the function`,
    );
  }
  if (name === 'on' || name === 'off') {
    return cx.report.error(
      'RFF406',
      span,
      `expected an expression for ${scope.what}, found the switch \`${name}\``,
      name === 'off' && scope.what === '`normalize`' ? 'write `h`' : here,
    );
  }
  const home = Object.hasOwn(variableHomes, name) ? variableHomes[name] : undefined;
  if (home)
    return cx.report.error(
      'RFF201',
      span,
      `unknown name \`${name}\` in ${scope.what}`,
      `\`${name}\` is only available in ${home}; ${here}`,
    );
  if (cx.functions.has(name)) {
    const first = scope.variables.keys().next().value ?? '…';
    return cx.report.error(
      'RFF201',
      span,
      `missing arguments of function \`${name}\``,
      `write \`${name}(${first})\``,
    );
  }
  const same = known.find((other) => plain(other) === plain(name));
  const meant = same ?? functionMeant(e, cx.functions.names, firstVariable(scope)) ?? habit(signs, name);
  const hint = meant === undefined ? (suggestion(name, known) ?? here) : `write \`${meant}\``;
  return unknownName(cx, 'value', name, {
    code: 'RFF201',
    span,
    message: `unknown name \`${name}\` in ${scope.what}`,
    hint,
  });
}

function call(cx: Context, e: CallExpression, scope: Scope, depth: number): Typed | undefined {
  const name = e.callee.text;
  const callable = cx.functions.lookup(name);
  const values = e.arguments.map((a) => translate(cx, a.value, scope, depth + 1));
  if (!callable) {
    const same = cx.functions.names.find((other) => plain(other) === plain(name));
    const renamed = same !== undefined && e.arguments.length > 0;
    const meant = renamed ? undefined : functionMeant(e, cx.functions.names, firstVariable(scope));
    const hint =
      meant === undefined
        ? (suggestion(name, cx.functions.names) ??
          'see the list of functions, or define it with `fn` at the top of the file')
        : `write \`${meant}\``;
    return unknownName(cx, 'function', name, {
      code: 'RFF202',
      span: meant === undefined ? e.callee.span : e.span,
      message: `unknown function \`${name}\``,
      hint,
    });
  }
  if (callable.broken) return undefined;
  // `sum(h^2, 1)`, `mean(h^2, axis: 1)`: a row has only its units to reduce over. `relu()`: applied to the only
  // variable.
  const { parameters } = callable;
  const more = e.arguments.slice(parameters.length);
  const stray = e.arguments.some((a) => a.name !== undefined && habit(argumentNames, a.name.text) === '');
  if (
    e.arguments.length === 0 ? parameters.length > 0 : parameters.length === 1 && (more.length > 0 || stray)
  ) {
    const meant = functionMeant(e, cx.functions.names, firstVariable(scope));
    const [code, what] =
      e.arguments.length === 0
        ? (['RFF508', 'needs an argument'] as const)
        : (['RFF507', 'takes one argument'] as const);
    if (meant !== undefined)
      return cx.report.error(code, e.span, `\`${name}\` ${what}`, `write \`${meant}\``);
  }
  const bound = bind(
    cx,
    e,
    callable.parameters.map((p) => ({ name: p.name, optional: p.optional })),
  );
  if (!bound || callable.body === undefined || values.includes(undefined)) return undefined;
  const variables = new Map(
    callable.parameters.map((p) => {
      const argument = bound.get(p.name);
      return [p.name, argument ? values[e.arguments.indexOf(argument)] : p.default] as const;
    }),
  );
  // The default of the parameter has an error.
  if ([...variables.values()].includes(undefined)) return undefined;
  return instantiate(callable.body, variables, scope.reductions, faultAt(cx, e.span));
}

/**
 * Arguments by parameter: positional ones first, then named ones.
 *
 * @returns undefined if one is unknown, repeated, missing or too many
 */
export function bind(
  cx: Context,
  e: CallExpression,
  parameters: readonly { readonly name: string; readonly optional: boolean }[],
): ReadonlyMap<string, Argument> | undefined {
  const callee = `\`${e.callee.text}\``;
  const list = parameters.length
    ? `it takes ${parameters.map((p) => `\`${p.name}\``).join(', ')}`
    : 'it takes no arguments';
  const bound = new Map<string, Argument>();
  let ok = true;
  let named = false;
  const wrong = (code: string, span: Span, message: string, hint?: string) => {
    cx.report.error(code, span, message, hint);
    ok = false;
  };
  e.arguments.forEach((argument, i) => {
    const name = argument.name?.text ?? parameters[i]?.name;
    named ||= argument.name !== undefined;
    if (argument.name === undefined && named) {
      wrong(
        'RFF509',
        argument.span,
        'a positional argument cannot follow a named one',
        'name it, or move it to the front',
      );
    } else if (name === undefined) {
      wrong(
        'RFF507',
        argument.span,
        `too many arguments for ${callee}: expected at most ${parameters.length}, found ${e.arguments.length}`,
        list,
      );
    } else if (argument.name && !parameters.some((p) => p.name === name)) {
      const names = parameters.map((p) => p.name);
      const meant = argumentMeant(argument, names);
      const hint = meant?.hint ?? suggestion(name, names) ?? list;
      wrong(
        'RFF506',
        meant?.whole ? argument.span : argument.name.span,
        `unknown argument \`${name}\` of ${callee}`,
        hint,
      );
    } else if (bound.has(name)) {
      wrong('RFF509', argument.span, `duplicate argument \`${name}\` of ${callee}`, list);
    } else {
      bound.set(name, argument);
    }
  });
  // The missing argument may be there under a wrong name: one mistake, one error.
  if (!ok) return undefined;
  const missing = parameters.filter((p) => !p.optional && !bound.has(p.name));
  if (missing.length) {
    wrong('RFF508', e.span, `${callee} requires ${missing.map((p) => `\`${p.name}\``).join(' and ')}`, list);
    return undefined;
  }
  return bound;
}

/**
 * An expression of a required kind that must depend on a variable: an activation on `z`, a goodness on `h`.
 *
 * @param kind what it must be: `element`, `row`, or `number` (anything)
 * @param on the variables of which it must use at least one; warns if its derivative is zero everywhere
 */
export function readExpression(
  cx: Context,
  e: Expression | undefined,
  scope: Scope,
  kind: 'element' | 'row' | 'number',
  on: readonly string[] = [],
  smooth = false,
): ExpressionJson | undefined {
  const typed = e && translate(cx, e, scope);
  if (!e || !typed) return undefined;
  const names = on.map((v) => `\`${v}\``).join(' or ');
  if (on.length && !on.some((v) => mentions(typed.json, v))) {
    return cx.report.error(
      'RFF411',
      e.span,
      `${scope.what} does not depend on ${names}`,
      `write an expression in ${names}`,
    );
  }
  if (kind === 'row' && typed.kind === 'element') {
    return cx.report.error(
      'RFF402',
      e.span,
      `expected a scalar per sample for ${scope.what}, found a value per unit`,
      'reduce it with `mean(…)`',
    );
  }
  if (kind === 'element' && typed.kind !== 'element') {
    return cx.report.error(
      'RFF402',
      e.span,
      `expected a value per unit for ${scope.what}, found a scalar per sample`,
      `use ${names} itself, not only its mean, sum or amax`,
    );
  }
  if (smooth && !on.some((v) => dependsSmoothly(typed.json, v))) {
    cx.report.warning(
      'RFF412',
      e.span,
      `the derivative of ${scope.what} is zero everywhere, so nothing is learned through it`,
      'define a surrogate: `fn f(z) = step(z) derivative 1 / (1 + abs(z))^2`',
    );
  }
  return typed.json;
}
