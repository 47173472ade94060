/**
 * A file without syntax errors as the formatter sees it: blocks of entries, with every token and comment in order.
 * White space is dropped, except for what the canonical form keeps: blank lines, and which blocks are on one line.
 */
import type { IToken, TokenType } from 'chevrotain';
import * as T from './tokens.js';
import { isDeclaration } from './words.js';

/** A token, or a comment between two. */
export interface Piece {
  readonly text: string;
  readonly type: TokenType | 'line comment' | 'block comment';
  readonly line: number;
  readonly endLine: number;
}

export interface Entry {
  readonly kind: 'entry';
  /** Preceded by a blank line. */
  readonly blank: boolean;
  /** Everything before the block, including comments before it on its line. */
  readonly head: readonly Piece[];
  readonly body?: Body;
  /** Trailing comments on its line. */
  readonly trailing: readonly Piece[];
}
/** A comment on a line of its own. */
export interface Remark {
  readonly kind: 'remark';
  readonly blank: boolean;
  readonly piece: Piece;
}
export type Item = Entry | Remark;

export interface Body {
  /** Comments after the `{` on its line. */
  readonly opening: readonly Piece[];
  readonly items: readonly Item[];
  /** The whole block is on one line. */
  readonly oneLine: boolean;
}

export const isComment = (piece: Piece): boolean =>
  piece.type === 'line comment' || piece.type === 'block comment';

/** The items of a file, from the tokens of `structure` and the comments, both in order. */
export function fileBody(tokens: readonly IToken[], comments: readonly IToken[]): Body {
  const pieces = [
    ...tokens.map((token) => ({ token, type: token.tokenType })),
    ...comments.map((token) => {
      const type: Piece['type'] = token.image.startsWith('//') ? 'line comment' : 'block comment';
      return { token, type };
    }),
  ]
    .sort((a, b) => a.token.startOffset - b.token.startOffset)
    .map(({ token, type }): Piece & { starts: boolean } => ({
      text: token.image.replace(/\r\n?/g, '\n').trimEnd(),
      type,
      line: token.startLine ?? 1,
      endLine: token.endLine ?? 1,
      starts: token.tokenType === T.Key || isDeclaration(token),
    }));
  let next = 0;
  const at = (index: number) => pieces[index];
  const lineBefore = (index: number) => pieces[index - 1]?.endLine ?? 0;
  const blankBefore = (index: number) => index > 0 && pieces[index]!.line - lineBefore(index) > 1;

  /** The comments from `next` on that trail what precedes them, on the same line. */
  const takeOnLine = (): Piece[] => {
    const taken: Piece[] = [];
    let end = next;
    while (at(end) !== undefined && isComment(at(end)!) && at(end)!.line === lineBefore(end)) end++;
    const after = at(end);
    // If an entry follows on the same line, they belong to it.
    const following = after !== undefined && after.line === lineBefore(end) && after.starts;
    if (!following) {
      while (next < end) taken.push(pieces[next++]!);
    }
    return taken;
  };

  const readBody = (opener: Piece | undefined): Body => {
    const opening = opener === undefined ? [] : takeOnLine();
    const items: Item[] = [];
    for (;;) {
      const piece = at(next);
      if (piece === undefined || piece.type === T.RCurly) break;
      if (piece.type === T.Comma) {
        next++;
        continue;
      }
      const blank = blankBefore(next) && items.length > 0;
      if (!isComment(piece) || leads(next)) items.push(readEntry(blank));
      else {
        items.push({ kind: 'remark', blank, piece });
        next++;
      }
    }
    const closer = at(next);
    if (closer !== undefined) next++;
    return { opening, items, oneLine: opener !== undefined && closer?.line === opener.line };
  };

  /** Whether the comment at `index` precedes an entry on the entry's line. */
  const leads = (index: number): boolean => {
    let i = index;
    while (at(i) !== undefined && isComment(at(i)!) && at(i + 1)?.line === at(i)!.endLine) i++;
    return at(i)?.starts === true;
  };

  const readEntry = (blank: boolean): Entry => {
    const head: Piece[] = [];
    while (isComment(at(next)!)) head.push(pieces[next++]!);
    head.push(pieces[next++]!);
    let body: Body | undefined;
    while (body === undefined) {
      // Comments belong to what follows them within the entry, if anything does.
      let ahead = next;
      while (at(ahead) !== undefined && isComment(at(ahead)!)) ahead++;
      const piece = at(ahead);
      if (piece === undefined || piece.starts || piece.type === T.RCurly) break;
      if (piece.type === T.Comma && separates(ahead)) break;
      while (next < ahead) head.push(pieces[next++]!);
      next++;
      if (piece.type === T.LCurly) body = readBody(piece);
      else head.push(piece);
    }
    const trailing = takeOnLine();
    if (at(next)?.type === T.Comma && at(next)?.line === lineBefore(next)) {
      next++;
      trailing.push(...takeOnLine());
    }
    return { kind: 'entry', blank, head, trailing, ...(body === undefined ? {} : { body }) };
  };

  /** Whether the comma at `index` separates entries rather than items within one. */
  const separates = (index: number): boolean => {
    let i = index + 1;
    while (at(i) !== undefined && isComment(at(i)!)) i++;
    const after = at(i);
    return after === undefined || after.starts || after.type === T.RCurly;
  };

  return readBody(undefined);
}
