/** Pages that are half written by hand: a template's lines `<!-- NAME -->` each stand for a part that is printed. */

/**
 * The page of a template.
 *
 * @param name of the template's file, for messages
 * @throws Error for a part that the template names and nothing prints, or the other way round
 */
export function fillTemplate(
  template: string,
  parts: Readonly<Record<string, () => string>>,
  name: string,
): string {
  const missing = new Set(Object.keys(parts));
  const page = template.replace(/^<!-- (.+) -->$/gm, (_, part: string) => {
    const print = Object.hasOwn(parts, part) ? parts[part] : undefined;
    if (!print) throw new Error(`${name} names a part \`${part}\`, and there is none`);
    missing.delete(part);
    return print().trimEnd();
  });
  if (missing.size > 0)
    throw new Error(`${name} lacks ${[...missing].map((part) => `<!-- ${part} -->`).join(', ')}`);
  return page;
}

/** A Markdown table; a `|` inside of a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) => `| ${row.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('');
}
