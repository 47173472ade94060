/** One WebAssembly function while it is printed: its statements, its locals, and the constants it keeps in locals. */
import type { Bind } from '../printer.js';
import { TextBuilder } from '../text.js';

type LocalType = 'i32' | 'v128';

export class Scope extends TextBuilder {
  private readonly locals = new Map<string, LocalType>();
  private readonly constants = new Map<string, string>();
  private temporaries = 0;

  constructor() {
    super('    ');
  }

  /** Statements within `(open … )`. */
  block(open: string, inside: () => void): void {
    this.nest(`(${open}`, inside, ')');
  }

  /** Statements for where an i32 is not 0. */
  when(condition: string, inside: () => void): void {
    this.nest(`(if ${condition} (then`, inside, '))');
  }

  /** Sets a local, declaring it at its first use; returns its reference. */
  set(name: string, text: string, type: LocalType = 'v128'): string {
    this.locals.set(name, type);
    this.line(`(local.set $${name} ${text})`);
    return `(local.get $${name})`;
  }

  /** Names a vector in the next temporary. Masks are vectors like numbers here. */
  readonly bind: Bind = (text) =>
    text.startsWith('(local.get') ? text : this.set(`t${this.temporaries++}`, text);

  /** From here on the temporaries' names are free again. */
  reuseFrom(mark: number): void {
    this.temporaries = mark;
  }
  get mark(): number {
    return this.temporaries;
  }

  /** Four times a number as f32, made once a call, outside of all loops. */
  number(value: number): string {
    const x = Math.fround(value);
    const text = Number.isNaN(x)
      ? 'nan'
      : Number.isFinite(x)
        ? Object.is(x, -0)
          ? '-0'
          : `${x}`
        : x > 0
          ? 'inf'
          : '-inf';
    return this.constant(`v128.const f32x4 ${text} ${text} ${text} ${text}`);
  }

  /** Four times a 32-bit pattern. */
  bits(value: number): string {
    const text = `0x${(value >>> 0).toString(16)}`;
    return this.constant(`v128.const i32x4 ${text} ${text} ${text} ${text}`);
  }

  constant(text: string): string {
    let name = this.constants.get(text);
    if (!name) {
      name = `c${this.constants.size}`;
      this.constants.set(text, name);
      this.locals.set(name, 'v128');
    }
    return `(local.get $${name})`;
  }

  /** The function's text; `head` names it and its parameters. */
  print(head: string): string {
    const of = (type: LocalType) =>
      [...this.locals].filter(([, t]) => t === type).map(([name]) => `(local $${name} ${type})`);
    const wrapped: string[] = [];
    for (const local of [...of('i32'), ...of('v128')]) {
      const last = wrapped.at(-1);
      if (last !== undefined && last.length + local.length < 100)
        wrapped[wrapped.length - 1] = `${last} ${local}`;
      else wrapped.push(`    ${local}`);
    }
    const constants = [...this.constants].map(([text, name]) => `    (local.set $${name} (${text}))`);
    return [`  (func ${head}`, ...wrapped, ...constants, ...this.lines, '  )'].join('\n');
  }
}
