/**
 * The syntax tree of a .rff file: what was written, where, and nothing about what it means.
 *
 * Every node has a `span`. In the tree of a file with syntax errors, whatever could not be recovered is absent, never
 * invented.
 */
import type { Span } from './diagnostic.js';

export interface Node {
  readonly span: Span;
}

export interface Name extends Node {
  readonly text: string;
}

/* ---- expressions ---- */

export type UnaryOperator = '-';
export type BinaryOperator = '+' | '-' | '*' | '/' | '^' | '<' | '<=' | '>' | '>=' | '==' | '!=';

export interface NumberLiteral extends Node {
  readonly kind: 'number';
  readonly value: number;
  /** As written (`5e-6`), so that the formatter keeps it. */
  readonly text: string;
}
export interface StringLiteral extends Node {
  readonly kind: 'string';
  readonly value: string;
}
export interface NameExpression extends Node {
  readonly kind: 'name';
  readonly name: string;
}
export interface UnaryExpression extends Node {
  readonly kind: 'unary';
  readonly operator: UnaryOperator;
  readonly operand: Expression;
}
export interface BinaryExpression extends Node {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}
export interface ConditionalExpression extends Node {
  readonly kind: 'if';
  readonly condition: Expression;
  readonly then: Expression;
  readonly otherwise: Expression;
}
export interface Argument extends Node {
  /** Present for `eps: 1e-8`. */
  readonly name?: Name;
  readonly value: Expression;
}
export interface CallExpression extends Node {
  readonly kind: 'call';
  readonly callee: Name;
  readonly arguments: readonly Argument[];
}
/** `[28, 28]`: only as an argument or a property's value. */
export interface ListExpression extends Node {
  readonly kind: 'list';
  readonly items: readonly Expression[];
}
export type Expression =
  | NumberLiteral
  | StringLiteral
  | NameExpression
  | UnaryExpression
  | BinaryExpression
  | ConditionalExpression
  | CallExpression
  | ListExpression;

/* ---- declarations ---- */

/** `damping: 0.7`. `value` is absent when it did not parse. */
export interface Property extends Node {
  readonly kind: 'property';
  readonly key: Name;
  readonly value?: Expression;
}

/** `NAME[size]`: the size is an expression, so that a `param` may be used. */
export interface Sized extends Node {
  readonly name: Name;
  readonly size?: Expression;
}

export interface FunctionDeclaration extends Node {
  readonly kind: 'fn';
  readonly name: Name;
  readonly parameters: readonly { readonly name: Name; readonly default?: Expression }[];
  readonly body?: Expression;
  readonly derivative?: Expression;
}
export interface ConnectionTypeDeclaration extends Node {
  readonly kind: 'connection';
  readonly name: Name;
  readonly base?: Name;
  readonly properties: readonly Property[];
}
export interface ParamDeclaration extends Node {
  readonly kind: 'param';
  readonly name: Name;
  readonly value?: Expression;
}
export interface InputDeclaration extends Node {
  readonly kind: 'input';
  readonly target: Sized;
  readonly properties: readonly Property[];
}
export interface LabelDeclaration extends Node {
  readonly kind: 'label';
  readonly target: Sized;
}
export interface LayerDeclaration extends Node {
  readonly kind: 'layer';
  readonly layers: readonly Sized[];
  readonly properties: readonly Property[];
}
export interface ConnectDeclaration extends Node {
  readonly kind: 'connect';
  /** One chain per comma: `a -> b -> c, a -> a`. */
  readonly chains: readonly (readonly Name[])[];
  readonly type?: Name;
  readonly properties: readonly Property[];
}
/** `decode image from h1, h2 { }` */
export interface DecodeDeclaration extends Node {
  readonly kind: 'decode';
  readonly input: Name;
  readonly from: readonly Name[];
  readonly properties: readonly Property[];
}
export interface ObjectiveDeclaration extends Node {
  readonly kind: 'objective';
  readonly name?: Name;
  readonly properties: readonly Property[];
}
export interface PhaseDeclaration extends Node {
  readonly kind: 'phase';
  readonly name: Name;
  readonly steps?: Expression;
  readonly properties: readonly Property[];
}
export interface ScoreDeclaration extends Node {
  readonly kind: 'score';
  readonly phase: Name;
  readonly from?: Expression;
  readonly to?: Expression;
  /** `over h2, h3`; absent = all layers. */
  readonly over?: readonly Name[];
}
export interface ScheduleDeclaration extends Node {
  readonly kind: 'schedule';
  readonly items: readonly (PhaseDeclaration | ScoreDeclaration)[];
}
export interface TrainDeclaration extends Node {
  readonly kind: 'train';
  readonly properties: readonly Property[];
}
export interface EvaluateDeclaration extends Node {
  readonly kind: 'evaluate';
  readonly properties: readonly Property[];
}
export type ModelItem =
  | ParamDeclaration
  | InputDeclaration
  | LabelDeclaration
  | LayerDeclaration
  | ConnectDeclaration
  | DecodeDeclaration
  | ObjectiveDeclaration
  | ScheduleDeclaration
  | TrainDeclaration
  | EvaluateDeclaration
  | ConnectionTypeDeclaration
  /** `negatives: random_label()` */
  | Property;

export interface ModelDeclaration extends Node {
  readonly kind: 'model';
  readonly name: Name;
  readonly items: readonly ModelItem[];
}
export interface SourceFile extends Node {
  readonly kind: 'file';
  readonly items: readonly (FunctionDeclaration | ConnectionTypeDeclaration | ModelDeclaration)[];
}
