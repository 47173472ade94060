/** Text under way: lines, indented by the blocks they are part of, and the names given to values on the way. */
import type { Bind } from './printer.js';

export class TextBuilder {
  private readonly written: string[] = [];

  /** @param indent of the first line */
  constructor(private indent: string) {}

  get lines(): readonly string[] {
    return this.written;
  }

  line(text: string): void {
    this.written.push(this.indent + text);
  }

  /** `open`, what `body` writes, one step further in, and `close`. */
  nest(open: string, body: () => void, close: string): void {
    this.line(open);
    this.indent += '  ';
    body();
    this.indent = this.indent.slice(2);
    this.line(close);
  }

  /** The lines that `body` writes, taken out of the text: for a function of their own. */
  apart(body: () => void): string[] {
    const start = this.written.length;
    body();
    return this.written.splice(start);
  }
}

/** How a language declares a value, and a variable. */
export type Declaration = (name: string, value: string) => string;

/** The statements of one function, in a language with braces. */
export class StatementBuilder extends TextBuilder {
  private readonly names = new Set<string>();
  private values = 0;

  constructor(
    private readonly value: Declaration,
    private readonly mutable: Declaration,
  ) {
    super('  ');
  }

  /** `head { body }`. */
  block(head: string, body: () => void): void {
    this.nest(`${head} {`, body, '}');
  }

  /** Inside `if` where conditions are given, all of which must hold; otherwise as it is. */
  when(conditions: readonly (string | undefined)[], body: () => void): void {
    const asked = conditions.filter((c) => c !== undefined);
    if (asked.length === 0) body();
    else this.block(`if (${asked.join(' && ')})`, body);
  }

  /** Names a value. A name is not named again. */
  readonly bind: Bind = (text) => {
    if (this.names.has(text)) return text;
    const name = `v${this.values++}`;
    this.names.add(name);
    this.line(this.value(name, text));
    return name;
  };

  /** A variable of this name; returns the name. */
  variable(name: string, value: string): string {
    this.names.add(name);
    this.line(this.mutable(name, value));
    return name;
  }
}
