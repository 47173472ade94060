/**
 * The names a file defines for its expressions: functions (`fn`) and numbers (`param`).
 *
 * Both may be used before they are declared, so both are evaluated on first use; one that is used while it is being
 * evaluated is recursive.
 */
import type { FunctionDeclaration, ParamDeclaration } from '../../grammar/ast.js';
import type { ExpressionJson } from '../model.js';
import { builtins, constants, variableHomes } from './builtins.js';
import {
  type Callable,
  type Context,
  type Functions,
  type Params,
  suggestion,
  warnUnused,
} from './context.js';
import { numbers, type Scope, translate } from './expressions.js';
import type { Report } from './report.js';
import { combine, literal, symbol, type Typed } from './typing.js';

const standard: ReadonlyMap<string, Callable> = new Map(
  Object.entries(builtins).map(([name, { parameters, body }]) => [
    name,
    {
      parameters: parameters.map((p) => ({
        name: p.name,
        optional: p.default !== undefined,
        default: p.default === undefined ? undefined : literal(p.default),
      })),
      body,
    },
  ]),
);

/** The functions of a file; `context` is called once the model's context exists. */
export function defineFunctions(
  declarations: readonly FunctionDeclaration[],
  report: Report,
  context: () => Context,
): Functions {
  interface Entry {
    readonly declaration: FunctionDeclaration;
    state: 'new' | 'open' | 'done';
    callable: Callable | undefined;
    used: boolean;
  }
  const own = new Map<string, Entry>();
  for (const declaration of declarations) {
    const { text, span } = declaration.name;
    const first = own.get(text);
    if (standard.has(text)) {
      report.error('RFF209', span, `\`${text}\` is a built-in function`, 'choose another name');
    } else if (first) {
      report.error(
        'RFF208',
        span,
        `function \`${text}\` is declared twice`,
        `first declared on line ${first.declaration.name.span.line}`,
      );
    } else {
      own.set(text, { declaration, state: 'new', callable: undefined, used: false });
    }
  }
  const resolve = (entry: Entry): Callable | undefined => {
    if (entry.state === 'done') return entry.callable;
    const { declaration } = entry;
    const { name, body, derivative } = declaration;
    if (entry.state === 'open') {
      report.error(
        'RFF404',
        name.span,
        `recursive function \`${name.text}\``,
        'functions are expanded where they are called, so they cannot call themselves',
      );
      return { parameters: signature(declaration), body: undefined };
    }
    entry.state = 'open';
    const cx = context();
    const parameters = signature(declaration).map((p, i) => {
      const value = declaration.parameters[i]?.default;
      return value
        ? {
            ...p,
            default: translate(cx, value, { ...numbers(`the default of \`${p.name}\``), closed: true }),
          }
        : p;
    });
    const broken = !checkParameters(declaration, report);
    const scope: Scope = {
      what: `function \`${name.text}\``,
      variables: new Map(parameters.map((p) => [p.name, symbol(p.name, 'unknown')])),
      reductions: true,
      closed: true,
    };
    const value = body && translate(cx, body, scope);
    const slope = derivative && translate(cx, derivative, scope);
    const expansion = derivative
      ? value && slope && surrogate(declaration, value, slope, report)
      : value?.json;
    entry.callable = { parameters, body: expansion, broken };
    entry.state = 'done';
    return entry.callable;
  };
  const names = [...standard.keys(), ...own.keys()];
  return {
    names,
    has: (name) => standard.has(name) || own.has(name),
    lookup: (name) => {
      const entry = own.get(name);
      if (!entry) return standard.get(name);
      entry.used = true;
      return resolve(entry);
    },
    checkAll: () => {
      for (const entry of own.values()) resolve(entry);
    },
    warnUnused: (cx) => {
      const unused = [...own.values()].filter((entry) => !entry.used);
      warnUnused(
        cx,
        'function',
        'function',
        unused.map((entry) => entry.declaration.name),
      );
    },
  };
}

function signature(declaration: FunctionDeclaration): Callable['parameters'] {
  return declaration.parameters.map((p) => ({
    name: p.name.text,
    optional: p.default !== undefined,
    default: undefined,
  }));
}

function checkParameters(declaration: FunctionDeclaration, report: Report): boolean {
  const seen = new Set<string>();
  const before = report.diagnostics.length;
  let optional = false;
  for (const { name, default: value } of declaration.parameters) {
    if (seen.has(name.text))
      report.error('RFF208', name.span, `parameter \`${name.text}\` is declared twice`);
    else if (Object.hasOwn(constants, name.text))
      report.error('RFF209', name.span, `\`${name.text}\` is a built-in constant`, 'choose another name');
    else if (optional && !value)
      report.error(
        'RFF508',
        name.span,
        `parameter \`${name.text}\` needs a default, because the one before it has one`,
      );
    seen.add(name.text);
    optional ||= value !== undefined;
  }
  return report.diagnostics.length === before;
}

/** surrogate(value, slope, x), x the function's first parameter. */
function surrogate(
  declaration: FunctionDeclaration,
  value: Typed,
  slope: Typed,
  report: Report,
): ExpressionJson | undefined {
  const span = declaration.derivative?.span;
  const x = declaration.parameters[0]?.name.text;
  if (x === undefined) {
    return report.error(
      'RFF408',
      span,
      `function \`${declaration.name.text}\` has no parameter to differentiate by`,
      'add one: the derivative is with respect to the first parameter',
    );
  }
  return combine('surrogate', [value, slope, symbol(x, 'unknown')], true, (code, message, hint) =>
    report.error(code, span, message, hint),
  )?.json;
}

/** The params of a model; `set` overrides the values in the file. */
export function defineParams(
  declarations: readonly ParamDeclaration[],
  set: Readonly<Record<string, number>>,
  report: Report,
  incomplete: boolean,
  context: () => Context,
): Params {
  interface Entry {
    readonly declaration: ParamDeclaration;
    state: 'new' | 'open' | 'done';
    value: Typed | undefined;
    used: boolean;
  }
  const entries = new Map<string, Entry>();
  for (const declaration of declarations) {
    const { text, span } = declaration.name;
    const first = entries.get(text);
    if (Object.hasOwn(variableHomes, text) || Object.hasOwn(constants, text)) {
      report.error(
        'RFF209',
        span,
        `reserved name \`${text}\`: it already has a meaning in expressions`,
        'choose another name',
      );
    } else if (first) {
      report.error(
        'RFF208',
        span,
        `param \`${text}\` is declared twice`,
        `first declared on line ${first.declaration.name.span.line}`,
      );
    } else {
      entries.set(text, { declaration, state: 'new', value: undefined, used: false });
    }
  }
  for (const [name, value] of Object.entries(set)) {
    if (!entries.has(name)) {
      const known = [...entries.keys()];
      const hint =
        suggestion(name, known) ??
        (known.length
          ? `params are ${known.map((k) => `\`${k}\``).join(', ')}`
          : 'declare one: `param NAME = 1`');
      if (!incomplete) report.error('RFF207', undefined, `unknown param \`${name}\``, hint);
    } else if (!Number.isFinite(value)) {
      report.error('RFF504', undefined, `invalid value ${value} for param \`${name}\`: expected a number`);
    }
  }
  const resolve = (entry: Entry): Typed | undefined => {
    const { name, value } = entry.declaration;
    if (entry.state === 'done') return entry.value;
    if (entry.state === 'open') {
      return report.error(
        'RFF404',
        name.span,
        `recursive param \`${name.text}\``,
        'set one of the params in the cycle to a number',
      );
    }
    entry.state = 'open';
    const written = value && translate(context(), value, numbers(`param \`${name.text}\``));
    const override = Object.hasOwn(set, name.text) ? set[name.text] : undefined;
    // If it has an error its value is unknown, and its users stay silent.
    entry.value =
      override === undefined ? written : Number.isFinite(override) ? literal(override) : undefined;
    entry.state = 'done';
    return entry.value;
  };
  return {
    names: [...entries.keys()],
    lookup: (name) => {
      const entry = entries.get(name);
      if (!entry) return undefined;
      entry.used = true;
      return { value: resolve(entry) };
    },
    checkAll: () => {
      for (const entry of entries.values()) resolve(entry);
    },
    warnUnused: (cx) => {
      const unused = [...entries.values()].filter((entry) => !entry.used);
      warnUnused(
        cx,
        'value',
        'param',
        unused.map((entry) => entry.declaration.name),
      );
    },
    values: () =>
      Object.fromEntries(
        [...entries].flatMap(([name, { value }]) =>
          value?.value === undefined ? [] : [[name, value.value]],
        ),
      ),
  };
}
