/**
 * Source locations: small spans inside large nodes, so that an error underlines a word and not a block, and the
 * `places` of the document.
 */
import type { Span } from '../../grammar/diagnostic.js';
import type { Context, PropertyMap } from './context.js';

/** The keyword a declaration begins with. */
export function keyword(span: Span, word: string): Span {
  return { ...span, end: Math.min(span.end, span.start + word.length) };
}

/** Records the location of each property of a block: `path/KEY`. */
export function mark(cx: Context, path: string, properties: PropertyMap): void {
  for (const [key, { value, span }] of properties) cx.spans.set(`${path}/${key}`, value?.span ?? span);
}
