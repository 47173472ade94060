/**
 * What `--backend` chooses among: an engine of our own, or a library's. An engine's folder has a `backend.ts` with what
 * it is called, what it needs and how a session of it is opened; `backends.ts` lists them. What an engine needs is
 * loaded when it is asked for: none needs another's libraries.
 */
import type { Graph } from '../compiler/graph/graph.js';
import type { Plan } from '../compiler/plan/plan.js';
import type { Precision, Session } from './engine.js';

/** A network in the form that an engine executes: what is missing is made of what is there. */
export interface Compiled {
  plan(): Promise<Plan>;
  graph(): Promise<Graph>;
}

/** What the user chose, as far as the backend has a choice. */
export interface EngineOptions {
  readonly precision: Precision;
  readonly profile: boolean;
  readonly threads?: number;
  readonly device?: number;
}

export interface Backend {
  readonly name: string;
  /** What products' operands can be rounded to. */
  readonly precisions: readonly Precision[];
  /** Whether there may be several devices to choose from. */
  readonly hasDevices?: true;
  /**
   * What it runs on here, and what would make it faster.
   *
   * @param options.verbose show what drivers write to stderr while they are looked for
   * @throws RffcError where it cannot run here, with what to install
   */
  look(options: {
    readonly verbose?: boolean;
  }): Promise<{ readonly detail: string; readonly install?: string }>;
  open(network: Compiled, options: EngineOptions): Promise<Session>;
}
