/**
 * What syntax errors may have cost a tree.
 *
 * An error inside of a declaration that survived costs at most a part of that; one between declarations may have cost
 * a whole one, and then nothing can be called missing, unused or unreached.
 */
import type { Node, SourceFile } from '../../grammar/ast.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';

export interface Damage {
  /** Whole declarations may be lost. */
  readonly whole: boolean;
  /** Names in a `connect` may be lost. */
  readonly connections: boolean;
}

/** The damage that the errors of `syntax` did to `tree`. */
export function damage(tree: SourceFile, syntax: readonly Diagnostic[] = []): Damage {
  let whole = false;
  let connections = false;
  for (const { span, severity } of syntax) {
    if (severity !== 'error') continue;
    // An error that ends a declaration stands at its end.
    const holds = (node: Node) =>
      span !== undefined && node.span.start <= span.start && span.start <= node.span.end;
    const top = tree.items.find(holds);
    const item = top?.kind === 'model' ? top.items.find(holds) : top;
    if (item?.kind === 'connect') connections = true;
    // Names are lost with a part of these.
    else if (!item || item.kind === 'layer' || item.kind === 'schedule')
      whole ||=
        !item ||
        (!('properties' in item && item.properties.some(holds)) &&
          !('items' in item && item.items.some(holds)));
  }
  return { whole, connections };
}
