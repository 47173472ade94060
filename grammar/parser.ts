/**
 * The grammar: tokens to syntax tree.
 *
 * Chevrotain matches the rules; recovery is ours. After a mistake the parser skips, bracket by balanced bracket, to
 * where the next argument or entry begins (`structure.ts` has marked those), so one run reports every mistake, and
 * what stands around one is kept. Any declaration parses in any block; `place.ts` then says what is out of place.
 */
import type { TokenType } from 'chevrotain';
import type * as Ast from './ast.js';
import { EOF } from './chevrotain.js';
import type { Diagnostic } from './diagnostic.js';
import { ExpressionParser, optional } from './expressions.js';
import { foreignFile } from './foreign.js';
import { lineTable, locate } from './locate.js';
import { type Entry, placeFile } from './place.js';
import { structure } from './structure.js';
import * as T from './tokens.js';
import { isDeclaration, onNewLine, type Report } from './words.js';

const D = T.declarations;

class Parser extends ExpressionParser {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  parseFile(text: string, tokens: T.Tokens, report: Report): readonly Entry[] {
    this.lines = lineTable(text);
    const excused = new Set(tokens.excused);
    this.start(text, structure(tokens.tokens, report, excused), excused, report);
    return this.file();
  }

  /* ---- blocks ---- */

  private readonly file = this.RULE('file', (): Entry[] => this.entries(EOF));

  private readonly block = this.RULE('block', (): Entry[] => {
    this.CONSUME(T.LCurly);
    const entries = this.SUBRULE(this.blockEntries);
    this.CONSUME(T.RCurly);
    return entries;
  });

  private readonly blockEntries = this.RULE('blockEntries', (): Entry[] => this.entries(T.RCurly));

  private entries(end: TokenType): Entry[] {
    const entries: Entry[] = [];
    this.ACTION(() => this.betweenEntries(end, true));
    this.MANY(() => {
      const entry = this.SUBRULE(this.entry);
      this.ACTION(() => {
        if (entry !== undefined) entries.push(entry);
        this.betweenEntries(end, false);
      });
    });
    return entries;
  }

  private readonly entry = this.RULE('entry', (): Entry | undefined => {
    this.ACTION(() => this.startEntry());
    return this.attempt(() =>
      this.OR<Entry | undefined>([
        { ALT: () => this.SUBRULE(this.property) },
        { ALT: () => this.SUBRULE(this.fn) },
        { ALT: () => this.SUBRULE(this.connection) },
        { ALT: () => this.SUBRULE(this.model) },
        { ALT: () => this.SUBRULE(this.param) },
        { ALT: () => this.SUBRULE(this.inputDeclaration) },
        { ALT: () => this.SUBRULE(this.label) },
        { ALT: () => this.SUBRULE(this.layer) },
        { ALT: () => this.SUBRULE(this.connect) },
        { ALT: () => this.SUBRULE(this.decode) },
        { ALT: () => this.SUBRULE(this.objective) },
        { ALT: () => this.SUBRULE(this.schedule) },
        { ALT: () => this.SUBRULE(this.phase) },
        { ALT: () => this.SUBRULE(this.score) },
        { ALT: () => this.SUBRULE(this.train) },
        { ALT: () => this.SUBRULE(this.evaluate) },
      ]),
    );
  });

  private readonly property = this.RULE('property', (): Entry => {
    const key = this.CONSUME(T.Key);
    this.CONSUME(T.Colon);
    const value = this.attempt(() => this.SUBRULE(this.value));
    return this.ACTION(() => ({
      kind: 'property',
      key: this.name(key),
      ...optional('value', value),
      span: this.spanFrom(key),
    }));
  });

  /* ---- declarations ---- */

  private readonly fn = this.RULE('fn', (): Entry => {
    const first = this.CONSUME(D.fn);
    const name = this.CONSUME(T.Name);
    const parameters: { name: Ast.Name; default?: Ast.Expression }[] = [];
    let whole = true;
    this.CONSUME(T.LParen);
    this.MANY(() => {
      const parameter = this.CONSUME1(T.Name);
      const value = this.OPTION(() => {
        this.CONSUME1(T.Assign);
        return { expression: this.attempt(() => this.SUBRULE(this.expression)) };
      });
      this.ACTION(() => {
        if (value !== undefined && value.expression === undefined) whole = false;
        parameters.push({ name: this.name(parameter), ...optional('default', value?.expression) });
        this.betweenItems('a parameter');
      });
    });
    this.ACTION(() => this.toCloser());
    this.CONSUME(T.RParen);
    const body = this.attempt(() => {
      this.CONSUME2(T.Assign);
      return this.SUBRULE1(this.expression);
    });
    const derivative = this.OPTION1(() => {
      this.CONSUME(T.Derivative);
      return { expression: this.attempt(() => this.SUBRULE2(this.expression)) };
    });
    return this.ACTION(() => {
      if (derivative !== undefined && derivative.expression === undefined) whole = false;
      return {
        kind: 'fn',
        name: this.name(name),
        parameters,
        ...optional('body', whole ? body : undefined),
        ...optional('derivative', derivative?.expression),
        span: this.spanFrom(first),
      };
    });
  });

  private readonly connection = this.RULE('connection', (): Entry | undefined => {
    const first = this.CONSUME(D.connection);
    const name = this.SUBRULE(this.maybeName);
    const base = this.OPTION(() => {
      this.CONSUME(T.Extends);
      return this.SUBRULE1(this.maybeName);
    });
    const entries = this.OPTION1(() => this.SUBRULE(this.block)) ?? [];
    return this.ACTION(
      () =>
        name && { kind: 'connection', name, ...optional('base', base), entries, span: this.spanFrom(first) },
    );
  });

  private readonly model = this.RULE('model', (): Entry | undefined => {
    const first = this.CONSUME(D.model);
    const name = this.SUBRULE(this.maybeName);
    const entries = this.SUBRULE(this.block);
    return this.ACTION(() => name && { kind: 'model', name, entries, span: this.spanFrom(first) });
  });

  private readonly param = this.RULE('param', (): Entry | undefined => {
    const first = this.CONSUME(D.param);
    const name = this.SUBRULE(this.maybeName);
    const value = this.attempt(() => {
      this.CONSUME(T.Assign);
      return this.SUBRULE(this.expression);
    });
    return this.ACTION(
      () => name && { kind: 'param', name, ...optional('value', value), span: this.spanFrom(first) },
    );
  });

  private readonly inputDeclaration = this.RULE('inputDeclaration', (): Entry | undefined => {
    const first = this.CONSUME(D.input);
    const target = this.SUBRULE(this.sized);
    const entries = this.OPTION(() => this.SUBRULE(this.block)) ?? [];
    return this.ACTION(() => target && { kind: 'input', target, entries, span: this.spanFrom(first) });
  });

  private readonly label = this.RULE('label', (): Entry | undefined => {
    const first = this.CONSUME(D.label);
    const target = this.SUBRULE(this.sized);
    return this.ACTION(() => target && { kind: 'label', target, span: this.spanFrom(first) });
  });

  private readonly layer = this.RULE('layer', (): Entry => {
    const first = this.CONSUME(D.layer);
    const layers: Ast.Sized[] = [];
    const add = (layer: Ast.Sized | undefined) => layer !== undefined && layers.push(layer);
    const head = this.SUBRULE(this.sized);
    this.ACTION(() => add(head));
    this.MANY({
      GATE: () => this.listGoesOn() || (this.nameOnLine() && this.LA(2).tokenType === T.LSquare),
      DEF: () => {
        const comma = this.OPTION(() => this.CONSUME(T.Comma));
        this.ACTION(() => comma ?? this.missing(`expected \`,\` before \`${this.LA(1).image}\``, 'RFF111'));
        const another = this.SUBRULE1(this.sized);
        this.ACTION(() => add(another));
      },
    });
    const entries = this.OPTION1(() => this.SUBRULE(this.block)) ?? [];
    return this.ACTION(() => ({ kind: 'layer', layers, entries, span: this.spanFrom(first) }));
  });

  /** `NAME[size]` */
  private readonly sized = this.RULE('sized', (): Ast.Sized | undefined => {
    const first = this.LA(1);
    const name = this.SUBRULE(this.maybeName);
    const size = this.OPTION(() => {
      this.CONSUME(T.LSquare);
      const expression = this.attempt(() => this.SUBRULE(this.expression));
      this.ACTION(() => this.toCloser());
      this.CONSUME(T.RSquare);
      return { expression };
    });
    return this.ACTION(() => {
      if (name === undefined) return undefined;
      if (size === undefined)
        this.missing(`expected the size of \`${name.text}\`, as in \`${name.text}[10]\``);
      return { name, ...optional('size', size?.expression), span: this.spanFrom(first) };
    });
  });

  /** A name; where there is none, that is reported and nothing read. */
  private readonly maybeName = this.RULE('maybeName', (): Ast.Name | undefined => {
    const name = this.OPTION({
      // In `a -> as forward` it is the name that is missing.
      GATE: () => {
        const [next, afterNext] = [this.LA(1), this.LA(2)];
        return !(next.tokenType === T.As && afterNext.tokenType === T.Name && !onNewLine(next, afterNext));
      },
      DEF: () => this.CONSUME(T.Name),
    });
    return this.ACTION(() => {
      if (name === undefined) this.missingName();
      return name && this.name(name);
    });
  });

  private readonly connect = this.RULE('connect', (): Entry => {
    const first = this.CONSUME(D.connect);
    const chains: Ast.Name[][] = [];
    const head = this.SUBRULE(this.chain);
    this.ACTION(() => chains.push(head));
    this.MANY({
      GATE: () => this.listGoesOn(),
      DEF: () => {
        this.CONSUME(T.Comma);
        const another = this.SUBRULE1(this.chain);
        this.ACTION(() => chains.push(another));
      },
    });
    const type = this.OR([
      {
        ALT: () => {
          this.CONSUME(T.As);
          return this.SUBRULE(this.maybeName);
        },
      },
      {
        GATE: () => this.nameOnLine(),
        ALT: () => {
          this.ACTION(() => this.missing(`expected \`as\` before \`${this.LA(1).image}\``));
          return this.SUBRULE1(this.maybeName);
        },
        IGNORE_AMBIGUITIES: true,
      },
      {
        ALT: () => {
          this.ACTION(() => this.missing('expected `as` and the type of connection'));
          return undefined;
        },
      },
    ]);
    const entries = this.OPTION(() => this.SUBRULE(this.block)) ?? [];
    return this.ACTION(() => ({
      kind: 'connect',
      chains: chains.filter((chain) => chain.length > 0),
      ...optional('type', type),
      entries,
      span: this.spanFrom(first),
    }));
  });

  /** `a -> b -> c` */
  private readonly chain = this.RULE('chain', (): Ast.Name[] => {
    const names: Ast.Name[] = [];
    const add = (name: Ast.Name | undefined) => name !== undefined && names.push(name);
    let arrows = 0;
    const head = this.SUBRULE(this.maybeName);
    this.ACTION(() => add(head));
    this.MANY({
      GATE: () => this.LA(1).tokenType === T.Arrow || this.nameInChain(),
      DEF: () => {
        const arrow = this.OPTION(() => this.CONSUME(T.Arrow));
        this.ACTION(() => arrow ?? this.missing(`expected \`->\` or \`,\` before \`${this.LA(1).image}\``));
        const next = this.SUBRULE1(this.maybeName);
        this.ACTION(() => {
          arrows++;
          add(next);
        });
      },
    });
    return this.ACTION(() => {
      if (arrows === 0 && names[0] !== undefined)
        this.missing(`expected \`->\` and a layer after \`${names[0].text}\``);
      return names;
    });
  });

  /** A comma follows that does not separate entries. */
  private listGoesOn(): boolean {
    const after = this.LA(2);
    const separates = after.tokenType === T.Key || after.tokenType === T.RCurly || after.tokenType === EOF;
    return this.LA(1).tokenType === T.Comma && !separates && !isDeclaration(after);
  }

  /** A name follows that an arrow or comma should stand before: not the type that an `as` should stand before. */
  private nameInChain(): boolean {
    const after = this.LA(2).tokenType;
    return this.nameOnLine() && (after === T.Arrow || after === T.Comma || after === T.As);
  }

  private nameOnLine(): boolean {
    return this.LA(1).tokenType === T.Name && !onNewLine(this.LA(0), this.LA(1));
  }

  private readonly decode = this.RULE('decode', (): Entry | undefined => {
    const first = this.CONSUME(D.decode);
    const input = this.SUBRULE(this.maybeName);
    const from = this.OPTION(() => {
      this.CONSUME(T.From);
      return this.SUBRULE(this.nameList);
    });
    this.ACTION(() => {
      if (from === undefined)
        this.missing(`expected \`from\` and layers, as in \`decode ${input?.text ?? 'INPUT'} from h1\``);
    });
    const entries = this.OPTION1(() => this.SUBRULE(this.block)) ?? [];
    return this.ACTION(
      () => input && { kind: 'decode', input, from: from ?? [], entries, span: this.spanFrom(first) },
    );
  });

  /** `h1, h2` */
  private readonly nameList = this.RULE('nameList', (): Ast.Name[] => {
    const names: Ast.Name[] = [];
    const add = (name: Ast.Name | undefined) => name !== undefined && names.push(name);
    const head = this.SUBRULE(this.maybeName);
    this.ACTION(() => add(head));
    this.MANY({
      GATE: () => this.listGoesOn(),
      DEF: () => {
        this.CONSUME(T.Comma);
        const another = this.SUBRULE1(this.maybeName);
        this.ACTION(() => add(another));
      },
    });
    return names;
  });

  private readonly objective = this.RULE('objective', (): Entry => {
    const first = this.CONSUME(D.objective);
    const name = this.OPTION(() => this.CONSUME(T.Name));
    const entries = this.SUBRULE(this.block);
    return this.ACTION(() => ({
      kind: 'objective',
      ...optional('name', name && this.name(name)),
      entries,
      span: this.spanFrom(first),
    }));
  });

  private readonly schedule = this.RULE('schedule', (): Entry => {
    const first = this.CONSUME(D.schedule);
    const entries = this.SUBRULE(this.block);
    return this.ACTION(() => ({ kind: 'schedule', entries, span: this.spanFrom(first) }));
  });

  private readonly phase = this.RULE('phase', (): Entry | undefined => {
    const first = this.CONSUME(D.phase);
    const target = this.SUBRULE(this.sized);
    const entries = this.OPTION(() => this.SUBRULE(this.block)) ?? [];
    return this.ACTION(
      () =>
        target && {
          kind: 'phase',
          name: target.name,
          ...optional('steps', target.size),
          entries,
          span: this.spanFrom(first),
        },
    );
  });

  private readonly score = this.RULE('score', (): Entry | undefined => {
    const first = this.CONSUME(D.score);
    const phase = this.SUBRULE(this.maybeName);
    const range = this.OPTION(() => {
      this.CONSUME(T.LSquare);
      const ends = this.attempt(() => {
        const from = this.SUBRULE(this.expression);
        this.CONSUME(T.Range);
        return { ...optional('from', from), ...optional('to', this.SUBRULE1(this.expression)) };
      });
      this.ACTION(() => this.toCloser());
      this.CONSUME(T.RSquare);
      return ends ?? {};
    });
    this.ACTION(() => {
      if (range === undefined)
        this.missing(`expected the steps to score, as in \`${phase?.text ?? 'NAME'}[0..2]\``);
    });
    const over = this.OPTION1(() => {
      this.CONSUME(T.Over);
      return this.SUBRULE(this.nameList);
    });
    return this.ACTION(
      () =>
        phase && { kind: 'score', phase, ...range, ...optional('over', over), span: this.spanFrom(first) },
    );
  });

  private readonly train = this.RULE('train', (): Entry => {
    const first = this.CONSUME(D.train);
    const entries = this.SUBRULE(this.block);
    return this.ACTION(() => ({ kind: 'train', entries, span: this.spanFrom(first) }));
  });

  private readonly evaluate = this.RULE('evaluate', (): Entry => {
    const first = this.CONSUME(D.evaluate);
    const entries = this.SUBRULE(this.block);
    return this.ACTION(() => ({ kind: 'evaluate', entries, span: this.spanFrom(first) }));
  });
}

const parser = new Parser();

/**
 * The syntax tree of a text and everything wrong with its form (RFF101 to RFF124), in the order of the text. Never
 * throws: after a mistake it goes on, and the tree holds what could be read. `file` names the text in diagnostics.
 */
export function parse(text: string, file?: string): { tree: Ast.SourceFile; diagnostics: Diagnostic[] } {
  const lines = lineTable(text);
  const named = file === undefined ? {} : { file };
  const foreign = foreignFile(text);
  if (foreign !== undefined) {
    const { what, hint, start, end } = foreign;
    const place = start === undefined ? {} : { span: locate(text, start, end ?? start, lines) };
    const message = `this is ${what}, not a .rff file`;
    return {
      tree: { kind: 'file', items: [], span: locate(text, 0, text.length, lines) },
      diagnostics: [{ code: 'RFF119', severity: 'error', message, ...named, ...place, hint }],
    };
  }
  const tokens = T.tokenize(text);
  const diagnostics: Diagnostic[] = tokens.diagnostics.map((diagnostic) => ({ ...diagnostic, ...named }));
  const report: Report = (code, start, end, message, hint) => {
    const span = locate(text, start, end, lines);
    diagnostics.push({ code, severity: 'error', message, ...named, span, ...optional('hint', hint) });
  };
  const items = placeFile(parser.parseFile(text, tokens, report), report);
  diagnostics.sort((a, b) => a.span!.start - b.span!.start);
  return { tree: { kind: 'file', items, span: locate(text, 0, text.length, lines) }, diagnostics };
}
