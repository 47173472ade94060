/** A kernel's statements while they are printed. */
import type { Bind } from '../printer.js';

export class Text {
  private readonly lines: string[] = [];
  private indent = '  ';
  private names = 0;

  line(text: string): void {
    this.lines.push(this.indent + text);
  }

  /** `head { body }`. */
  block(head: string, body: () => void): void {
    this.line(`${head} {`);
    this.indent += '  ';
    body();
    this.indent = this.indent.slice(2);
    this.line('}');
  }

  /** Inside `if`, where all of what is asked holds; without a question, as it is. */
  when(conditions: readonly (string | undefined)[], body: () => void): void {
    const asked = conditions.filter((c) => c !== undefined);
    if (asked.length === 0) body();
    else this.block(`if (${asked.join(' && ')})`, body);
  }

  /** Names a value. */
  readonly bind: Bind = (text) => {
    if (/^v\d+$/.test(text)) return text;
    const name = `v${this.names++}`;
    this.line(`const auto ${name} = ${text};`);
    return name;
  };

  print(): string {
    return this.lines.join('\n');
  }
}
