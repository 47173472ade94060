/**
 * The grammar: tokens to syntax tree.
 *
 * Chevrotain matches the rules; error recovery is our own. After a mistake the parser skips over balanced brackets to
 * the start of the next argument or entry (marked by `structure.ts`), so one run reports every mistake and keeps what
 * surrounds it. Any declaration parses in any block; `place.ts` then reports what is misplaced.
 */
import type { TokenType } from 'chevrotain';
import type * as Ast from './ast.js';
import { EOF } from './chevrotain.js';
import { ConnectParser } from './connects.js';
import type { Diagnostic } from './diagnostic.js';
import { optional } from './expressions.js';
import { foreignFile } from './foreign.js';
import { lineTable, locate } from './locate.js';
import { type Entry, placeFile } from './place.js';
import { structure } from './structure.js';
import * as T from './tokens.js';
import { endOf, type Report } from './words.js';

const D = T.declarations;

class Parser extends ConnectParser {
  constructor(validate = false) {
    super(validate);
    this.performSelfAnalysis();
  }

  parseFile(text: string, tokens: T.Tokens, report: Report): readonly Entry[] {
    this.lines = lineTable(text);
    const excused = new Set(tokens.excused);
    this.rewrites = [...tokens.rewrites];
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
    this.ACTION(() => {
      this.place = key.image;
    });
    const value = this.translated(() => this.SUBRULE(this.value));
    return this.ACTION(() => ({
      kind: 'property',
      key: this.name(key),
      // What follows was likely meant as part of the value.
      ...optional('value', this.ended() ? value : undefined),
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
        return { expression: this.translated(() => this.SUBRULE(this.expression)) };
      });
      this.ACTION(() => {
        if (value !== undefined && value.expression === undefined) whole = false;
        parameters.push({ name: this.name(parameter), ...optional('default', value?.expression) });
        this.betweenItems('a parameter');
      });
    });
    this.ACTION(() => this.toCloser());
    this.CONSUME(T.RParen);
    const head = this.ACTION(() => endOf(this.LA(0)));
    const { reports } = this;
    /** Written as functions are in another language. */
    let foreign = first.image !== 'fn';
    const braced = this.OPTION2({
      GATE: () => this.LA(1).image === '{',
      DEF: () => this.CONSUME1(T.LParen),
    });
    const sign = this.OPTION3(() =>
      this.OR([{ ALT: () => this.CONSUME(T.Colon) }, { ALT: () => this.CONSUME(T.Arrow) }]),
    );
    const body = this.attempt(() => {
      if (braced === undefined && sign === undefined) this.CONSUME2(T.Assign);
      const returned = this.OPTION4({
        GATE: () => this.LA(1).image === 'return',
        DEF: () => this.CONSUME2(T.Name),
      });
      this.ACTION(() => {
        foreign ||= (braced ?? sign ?? returned) !== undefined;
      });
      const from = this.LA(1).startOffset;
      const value = this.translated(() => this.SUBRULE1(this.expression), foreign);
      return { value, text: this.ACTION(() => this.textOf(from, endOf(this.LA(0)))) };
    });
    this.OPTION5(() => this.CONSUME1(T.RParen));
    this.ACTION(() => {
      if (!foreign || body === undefined || this.reports > reports) return;
      const signature = this.text.slice(name.startOffset, head);
      this.report(
        'RFF122',
        first.startOffset,
        endOf(this.LA(0)),
        `function \`${name.image}\` is not .rff notation`,
        `write \`fn ${signature} = ${body.text}\``,
      );
    });
    const derivative = this.OPTION1(() => {
      this.CONSUME(T.Derivative);
      return { expression: this.translated(() => this.SUBRULE2(this.expression)) };
    });
    return this.ACTION(() => {
      if (derivative !== undefined && derivative.expression === undefined) whole = false;
      return {
        kind: 'fn',
        name: this.name(name),
        parameters,
        ...optional('body', whole ? body?.value : undefined),
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
    // `model m() {`, `class m(nn.Module) {`
    this.OPTION(() => {
      const open = this.LA(1).startOffset;
      this.SUBRULE(this.callArguments);
      this.ACTION(() => {
        if (first.image !== 'model') return;
        const hint = `write \`model ${name?.text ?? 'NAME'}\``;
        this.report('RFF122', open, endOf(this.LA(0)), 'a model has no arguments', hint);
      });
    });
    const entries = this.SUBRULE(this.block);
    return this.ACTION(() => name && { kind: 'model', name, entries, span: this.spanFrom(first) });
  });

  private readonly param = this.RULE('param', (): Entry | undefined => {
    const first = this.CONSUME(D.param);
    const name = this.SUBRULE(this.maybeName);
    const { reports } = this;
    const value = this.attempt(() => {
      const sign = this.OPTION({
        GATE: () =>
          this.LA(1).image === ':=' || this.LA(1).image === '==' || this.LA(1).tokenType === T.Colon,
        DEF: () =>
          this.OR([{ ALT: () => this.CONSUME(T.Colon) }, { ALT: () => this.CONSUME(T.BinaryOperator) }]),
      });
      if (sign === undefined) this.CONSUME(T.Assign);
      const from = this.LA(1).startOffset;
      const read = this.translated(() => this.SUBRULE(this.expression), first.image === '');
      this.ACTION(() => {
        if (name === undefined || this.reports > reports || (first.image !== '' && sign === undefined))
          return;
        // Reported by the lexer.
        if (sign?.image === ':=' && first.image !== '') return;
        const text = this.textOf(from, endOf(this.LA(0)));
        const [code, start] =
          first.image === '' ? ['RFF122', name.span.start] : ['RFF114', sign!.startOffset];
        const end = first.image === '' ? endOf(this.LA(0)) : endOf(sign!);
        const message =
          first.image === '' ? 'expected a declaration' : `expected \`=\` after \`${name.text}\``;
        this.report(
          code,
          start,
          end,
          message,
          first.image === '' ? `write \`param ${name.text} = ${text}\`` : 'write `=`',
        );
      });
      return read;
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

  private readonly connect = this.RULE('connect', (): Entry => {
    const { first, ...joining } = this.SUBRULE(this.joining);
    const entries = this.OPTION(() => this.SUBRULE(this.block)) ?? [];
    return this.ACTION(() => ({ kind: 'connect', ...joining, entries, span: this.spanFrom(first) }));
  });

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
    const range = this.OPTION(() => this.SUBRULE(this.range));
    this.ACTION(() => {
      if (range === undefined)
        this.missing(`expected the steps to score, as in \`${phase?.text ?? 'NAME'}[0..2]\``);
      else if (range.written !== undefined && phase !== undefined)
        this.report(
          'RFF121',
          phase.span.start,
          endOf(this.LA(0)),
          `malformed range of \`${phase.text}\``,
          `write \`${phase.text}[${range.written}]\`, an inclusive range`,
        );
    });
    const over = this.OPTION1(() => {
      this.CONSUME(T.Over);
      return this.SUBRULE(this.nameList);
    });
    return this.ACTION(
      () =>
        phase && {
          kind: 'score',
          phase,
          ...range?.ends,
          ...optional('over', over),
          span: this.spanFrom(first),
        },
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

/** Throws if rules are ambiguous. */
export const validateGrammar = (): void => void new Parser(true);

/**
 * The syntax tree of a text and its syntax errors (RFF101 to RFF124), in order. Never throws: after a mistake it
 * continues, and the tree holds what could be read. `file` names the text in diagnostics.
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
  // What a translation rewrites is not reported again for each of its characters.
  const whole = diagnostics.flatMap(({ code, span }) => (/^RFF12[0-4]$/.test(code) && span ? [span] : []));
  const reported = diagnostics.filter(
    ({ code, span }) =>
      !/^RFF10[16]$/.test(code) || !whole.some(({ start, end }) => start <= span!.start && span!.end <= end),
  );
  reported.sort((a, b) => a.span!.start - b.span!.start);
  return { tree: { kind: 'file', items, span: locate(text, 0, text.length, lines) }, diagnostics: reported };
}
