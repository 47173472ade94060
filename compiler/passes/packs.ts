/**
 * Which parameters share one packed matrix: decided once from the model, the same for both programs.
 *
 * A pack holds, side by side, the weights and biases of a layer's connections that are updated by the same rule: for
 * each a slot `[ sign · W | sign · b | 0 ]`, in the order in which their sources lie in the activities' slots.
 */
import { updateRule } from '../graph/optimizers.js';
import { parameterId, type TensorId } from '../graph/tensors.js';
import { type Connection, type ModelDocument, type Optimizer, sizeOf } from '../model.js';
import { splitsEmbed } from './embed.js';
import { pad4, type Slot, slotWidth } from './ir.js';

export interface PackMember extends Slot {
  readonly connection: Connection;
}

export interface Pack {
  /** Inside of a plan: `pack/h1/0`. */
  readonly tensor: TensorId;
  readonly target: string;
  /** The target's units. */
  readonly units: number;
  /** All columns (rows, if transposed), padding included. */
  readonly cols: number;
  readonly members: readonly PackMember[];
  /** Stored [cols, units]: a label's weights, looked up by row. */
  readonly transposed: boolean;
  readonly optimizer: Optimizer;
}

/** The optimizer state that changes sign with the parameter, by tensor suffix: the averages of the gradient itself. */
const odd: ReadonlySet<string> = new Set(['momentum_buffer', 'exp_avg']);

/** The sign that a packed tensor is stored with, for a parameter or one of its states. */
export function storedSign(connection: Connection, state: string | undefined): 1 | -1 {
  return state === undefined || odd.has(state) ? connection.sign : 1;
}

/**
 * The order in which the layers' slots lie, so that what each layer listens to is contiguous as often as can be.
 * Starts from the file's order and moves one layer at a time while that saves a window.
 */
export function slotOrder(model: ModelDocument): readonly string[] {
  let order = model.layers.map((l) => l.name);
  const heard = model.layers.map((l) =>
    model.connections.filter((c) => c.target === l.name).map((c) => c.source),
  );
  const windows = (o: readonly string[]) =>
    heard.reduce(
      (sum, sources) =>
        sum + o.filter((name, i) => sources.includes(name) && !(i > 0 && sources.includes(o[i - 1]!))).length,
      0,
    );
  let best = windows(order);
  for (let improved = true; improved; ) {
    improved = false;
    for (let from = 0; from < order.length && !improved; from++) {
      for (let to = 0; to < order.length && !improved; to++) {
        const moved = order.filter((_, i) => i !== from);
        moved.splice(to, 0, order[from]!);
        if (windows(moved) >= best) continue;
        [order, best, improved] = [moved, windows(moved), true];
      }
    }
  }
  return order;
}

export interface PackChoice {
  /** Whether products with data that have a label in them are split. */
  readonly embed: boolean;
  readonly slots: boolean;
  readonly labelGather: boolean;
}

/** All packs of a model. `notes` gets a line for every connection that cannot be in one, and why. */
export function packsOf(model: ModelDocument, choice: PackChoice, notes: string[]): readonly Pack[] {
  const order = [model.input.name, ...slotOrder(model), ...(model.label ? [model.label.name] : [])];
  const packs: Pack[] = [];
  for (const layer of model.layers) {
    const optimizer = layer.optimizer ?? model.train.optimizer;
    const groups = new Map<string, Connection[]>();
    const heard = model.connections.filter((c) => c.target === layer.name);
    // The same source twice (two types of connection) stands twice in the matrix.
    const sorted = [...heard].sort((a, b) => order.indexOf(a.source) - order.indexOf(b.source));
    for (const c of sorted) {
      const isLabel = c.source === model.label?.name;
      if (c.dropout > 0) {
        notes.push(`${c.name} stays apart: its dropout falls on its own product`);
        continue;
      }
      if (c.field) {
        notes.push(`${c.name} stays apart: its units read patches, not all of ${c.source}`);
        continue;
      }
      if (c.source === model.input.name && choice.embed && splitsEmbed(model)) {
        notes.push(`${c.name} stays apart: the label in its source is multiplied on its own`);
        continue;
      }
      if (isLabel ? !choice.labelGather && !choice.slots : !choice.slots) continue;
      const table = isLabel && choice.labelGather;
      // Moved by the same rule: the optimizer's expressions tell (they hold the rates), or not moved at all.
      const rule = c.learn ? updateRule(optimizer, c.lr_scale, 1, 0).next.w!.id : 'fixed';
      const key = `${table ? c.name : ''}|${rule}|${c.bias !== null}`;
      groups.set(key, [...(groups.get(key) ?? []), c]);
    }
    for (const connections of groups.values()) {
      const transposed = choice.labelGather && connections[0]!.source === model.label?.name;
      let offset = 0;
      const members = connections.map((connection): PackMember => {
        const cols = sizeOf(model, connection.source);
        const member = { connection, offset, cols };
        offset += connection.bias ? slotWidth(cols) : transposed ? cols : pad4(cols);
        return member;
      });
      packs.push({
        tensor: parameterId(`pack/${layer.name}/${packs.length}`, 2, layer.name),
        target: layer.name,
        units: layer.size,
        cols: offset,
        members,
        transposed,
        optimizer,
      });
    }
  }
  return packs;
}
