/**
 * From the syntax of an expression to its JSON: names resolved in a scope, functions expanded, constants computed,
 * rows and elements told apart.
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
  /** What the expression is, in messages: `\`activation\``, `the size of \`h1\``. */
  readonly what: string;
  readonly variables: ReadonlyMap<string, Typed>;
  /** Whether `mean`, `sum` and `amax` may stand here. */
  readonly reductions: boolean;
  /** A function's body sees no params. */
  readonly closed?: true;
}

/** A scope of numbers only: constants, params and `variables`. */
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

/** What an expression is called when it stands where another kind belongs. */
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
 * @returns undefined when something in it was reported
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
        : fault('RFF407', `${e.text} is beyond the largest number, about 1.8e308`);
    case 'string':
    case 'list': {
      const meant = functionMeant(e, cx.functions.names, firstVariable(scope));
      const hint = meant === undefined ? undefined : `write \`${meant}\``;
      return fault('RFF406', `${scope.what} is an expression, and this is ${describe(e)}`, hint);
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

/** What a function without arguments is meant to be applied to. */
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
  const here = `here you can use ${known.map((k) => `\`${k}\``).join(', ')}`;
  if (param) {
    return cx.report.error(
      'RFF201',
      span,
      `\`${name}\` is a param of the model, and ${scope.what} sees only its parameters`,
      `give the function a parameter for \`${name}\``,
    );
  }
  if (name === 'on' || name === 'off') {
    return cx.report.error(
      'RFF406',
      span,
      `${scope.what} is an expression, and \`${name}\` is a switch`,
      name === 'off' && scope.what === '`normalize`' ? 'write `h`' : here,
    );
  }
  const home = Object.hasOwn(variableHomes, name) ? variableHomes[name] : undefined;
  if (home)
    return cx.report.error(
      'RFF201',
      span,
      `\`${name}\` is not known in ${scope.what}`,
      `\`${name}\` is for ${home}; ${here}`,
    );
  if (cx.functions.has(name)) {
    const first = scope.variables.keys().next().value ?? '…';
    return cx.report.error(
      'RFF201',
      span,
      `\`${name}\` is a function and needs its arguments`,
      `write \`${name}(${first})\``,
    );
  }
  const same = known.find((other) => plain(other) === plain(name));
  const meant = same ?? functionMeant(e, cx.functions.names, firstVariable(scope)) ?? habit(signs, name);
  const hint = meant === undefined ? (suggestion(name, known) ?? here) : `write \`${meant}\``;
  return unknownName(cx, 'value', name, {
    code: 'RFF201',
    span,
    message: `\`${name}\` is not known in ${scope.what}`,
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
      message: `there is no function \`${name}\``,
      hint,
    });
  }
  if (callable.broken) return undefined;
  // `sum(h^2, 1)`, `mean(h^2, axis: 1)`: the units of a row are all there is to reduce. `relu()`: of the one variable.
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
  // A parameter whose default has an error.
  if ([...variables.values()].includes(undefined)) return undefined;
  return instantiate(callable.body, variables, scope.reductions, faultAt(cx, e.span));
}

/**
 * Arguments by parameter: positional ones first, then named ones.
 *
 * @returns undefined when one is unknown, repeated, missing or too many
 */
export function bind(
  cx: Context,
  e: CallExpression,
  parameters: readonly { readonly name: string; readonly optional: boolean }[],
): ReadonlyMap<string, Argument> | undefined {
  const callee = `\`${e.callee.text}\``;
  const list = parameters.length
    ? `it takes ${parameters.map((p) => `\`${p.name}\``).join(', ')}`
    : 'it takes none';
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
        `${callee} has too many arguments: ${e.arguments.length}, where ${parameters.length} can be given`,
        list,
      );
    } else if (argument.name && !parameters.some((p) => p.name === name)) {
      const names = parameters.map((p) => p.name);
      const meant = argumentMeant(argument, names);
      const hint = meant?.hint ?? suggestion(name, names) ?? list;
      wrong(
        'RFF506',
        meant?.whole ? argument.span : argument.name.span,
        `${callee} has no argument \`${name}\``,
        hint,
      );
    } else if (bound.has(name)) {
      wrong('RFF509', argument.span, `${callee} is given \`${name}\` twice`, list);
    } else {
      bound.set(name, argument);
    }
  });
  // What is missing may be there under a wrong name: one mistake, one error.
  if (!ok) return undefined;
  const missing = parameters.filter((p) => !p.optional && !bound.has(p.name));
  if (missing.length) {
    wrong('RFF508', e.span, `${callee} needs ${missing.map((p) => `\`${p.name}\``).join(' and ')}`, list);
    return undefined;
  }
  return bound;
}

/**
 * An expression that must be of a kind and depend on a variable: an activation on `z`, a goodness on `h`.
 *
 * @param kind what it must be: `element`, `row`, or `number` (anything)
 * @param on the variables of which it must mention at least one; a warning where its derivative is zero everywhere
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
      `${scope.what} must be one number a row, and this is a number for each unit`,
      'wrap it in `mean(…)`',
    );
  }
  if (kind === 'element' && typed.kind !== 'element') {
    return cx.report.error(
      'RFF402',
      e.span,
      `${scope.what} must be a number for each unit, and this is one number a row`,
      `use ${names} itself, not only its mean, sum or amax`,
    );
  }
  if (smooth && !on.some((v) => dependsSmoothly(typed.json, v))) {
    cx.report.warning(
      'RFF412',
      e.span,
      `the derivative of ${scope.what} is zero everywhere, so nothing is learned through it`,
      'give a surrogate: `fn f(z) = step(z) derivative 1 / (1 + abs(z))^2`',
    );
  }
  return typed.json;
}
