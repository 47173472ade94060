/**
 * What syntax errors may have removed from a tree.
 *
 * An error inside a declaration that survived removes at most part of it; one between declarations may have removed a
 * whole declaration, and then nothing can be called missing, unused or unreachable.
 */
import type { Node, SourceFile } from '../../grammar/ast.js';
import type { Diagnostic } from '../../grammar/diagnostic.js';

export interface Damage {
  /** Whole declarations may be missing. */
  readonly whole: boolean;
  /** Names in a `connect` may be missing. */
  readonly connections: boolean;
}

/** The damage to `tree` by the errors in `syntax`. */
export function damage(tree: SourceFile, syntax: readonly Diagnostic[] = []): Damage {
  let whole = false;
  let connections = false;
  for (const { span, severity } of syntax) {
    if (severity !== 'error') continue;
    // An error that ends a declaration is located at its end.
    const holds = (node: Node) =>
      span !== undefined && node.span.start <= span.start && span.start <= node.span.end;
    const top = tree.items.find(holds);
    const item = top?.kind === 'model' ? top.items.find(holds) : top;
    if (item?.kind === 'connect') connections = true;
    // If part of one of these is missing, so are names.
    else if (!item || item.kind === 'layer' || item.kind === 'schedule')
      whole ||=
        !item ||
        (!('properties' in item && item.properties.some(holds)) &&
          !('items' in item && item.items.some(holds)));
  }
  return { whole, connections };
}
