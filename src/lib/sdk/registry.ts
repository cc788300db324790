// A registry of `ln` at work: which columns its rows have, how rows are read, made, changed and deleted. It follows from what
// the engine says of its registries, so that a plug-in's are served like LaminDB's own.
import { LoamError } from '../engine/errors.ts';
import type { Fields } from '../engine/registry/registry-types.ts';
import type { Lookups, QueryValue } from '../engine/query/query.ts';
import type { RegistryInfo, RelationInfo } from '../workers/wire.ts';
import { conditionOf, told } from './condition.ts';
import { plainValues } from './features.ts';
import type { LnEngine } from './port.ts';
import { refOf, stateOf, type RowState } from './state.ts';

/** What all registries of one `ln` share. */
export interface Shared {
  engine: LnEngine;
  tell(text: string): void;
  core(name: string): RegistryCore;
  /** Uid of the run that is tracked. */
  run(): { id: number; uid: string } | null;
  /** Reads anew which branch is current, after it may have changed. */
  whereabouts(): Promise<void>;
  settings: { creation: { search_names: boolean }; track_run_inputs: boolean };
}

/** Columns whose name on the object is another: LaminDB's private `_dtype_str` is its property `dtype`. */
const shownAs: Record<string, string> = { _dtype_str: 'dtype' };

export class RegistryCore {
  readonly name: string;
  readonly engine: LnEngine;
  /** Columns of a row, in the order they are read. */
  readonly columns: string[];
  readonly #relations: Map<string, RelationInfo>;
  readonly #references: Set<string>;
  /** Makes the object of a row; set by what defines its class. */
  prototype: object = Object.prototype;

  constructor(
    readonly info: RegistryInfo,
    readonly shared: Shared,
  ) {
    this.name = info.name;
    this.engine = shared.engine;
    this.columns = info.fields.map(({ name, type }) => (type === 'reference' ? `${name}_id` : name));
    this.#relations = new Map(info.relations.map((relation) => [relation.name, relation]));
    this.#references = new Set(
      info.fields.filter(({ type }) => type === 'reference').map(({ name }) => name),
    );
  }

  tell(text: string): void {
    this.shared.tell(text);
  }
  has(field: string): boolean {
    return this.info.fields.some(({ name }) => name === field);
  }

  /* ---------- reading ---------- */

  /** The object of a row that was read. */
  wake(row: readonly QueryValue[]): object {
    const made = Object.create(this.prototype) as Record<string, unknown>;
    this.fill(made, row);
    return made;
  }

  fill(row: object, values: readonly QueryValue[]): void {
    const fields = Object.fromEntries(
      this.columns.map((column, i) => [shownAs[column] ?? column, values[i] ?? null]),
    );
    Object.assign(row, fields);
    const state = stateOf(row);
    const now: RowState = {
      registry: this.name,
      id: Number(fields['id']),
      uid: typeof fields['uid'] === 'string' ? fields['uid'] : null,
      stored: fields,
      set: new Map(),
    };
    if (state) Object.assign(state, now);
    else this.keep(row, now);
  }
  /** Set by objects.ts, which knows what an object shows. */
  keep: (row: object, state: RowState) => void = () => {};

  async get(which: unknown): Promise<object> {
    const idlike = typeof which === 'object' && which !== null ? conditionOf(which) : which;
    return this.wake(await this.engine.getRow(this.name, idlike as string | number, this.columns));
  }

  /** Rows in the order of their ids; those that are gone are left out. */
  async byIds(ids: readonly number[]): Promise<object[]> {
    if (ids.length === 0) return [];
    const branch: Lookups = this.has('branch') ? { branch: null } : {};
    const filters = [{ id__in: [...ids], ...branch }];
    const rows = await this.engine.queryRows({ registry: this.name, filters }, this.columns);
    const found = new Map(rows.map((row) => [row[this.columns.indexOf('id')], row]));
    return ids.flatMap((id) => {
      const row = found.get(id);
      return row ? [this.wake(row)] : [];
    });
  }

  async reload(row: object): Promise<void> {
    const { id } = stateOf(row) ?? { id: null };
    if (id === null)
      throw new LoamError('ValueError', `This ${this.name} is not saved yet.`, { registry: this.name });
    this.fill(row, await this.engine.getRow(this.name, id, this.columns));
  }

  /* ---------- writing ---------- */

  async save(row: object): Promise<void> {
    const state = stateOf(row);
    if (!state) throw new LoamError('TypeError', `This is no ${this.name}.`);
    if (state.id === null) await this.make(row, state);
    else await this.change(row, state, state.id);
  }

  private async make(row: object, state: RowState): Promise<void> {
    const given: Fields = { ...this.ownFields(row), ...Object.fromEntries(state.set) };
    const links: Record<string, ReturnType<typeof refOf>[]> = {};
    const fields: Fields = {};
    let features: Record<string, unknown> | null = null;
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined) continue;
      if (name === 'features' && this.info.hasFeatures)
        features = plainValues(value as Record<string, unknown>);
      else if (this.#relations.get(name)?.editable && Array.isArray(value)) links[name] = value.map(refOf);
      else fields[name] = this.plain(name, value);
    }
    const run = this.shared.run();
    if (run && this.has('run') && fields['run'] === undefined) fields['run'] = { id: run.id };
    const made = await this.engine.create(this.name, fields, {
      searchNames: this.shared.settings.creation.search_names,
      ...(features ? { features } : {}),
      ...(Object.keys(links).length > 0 ? { links } : {}),
    });
    if (made.message !== null) this.tell(made.message);
    if (made.similar.length > 0) this.tell(`Rows with similar names: ${made.similar.join(', ')}.`);
    for (const name of Object.keys(row)) if (name in given) delete (row as Record<string, unknown>)[name];
    this.fill(row, await this.engine.getRow(this.name, made.id, this.columns));
  }

  private async change(row: object, state: RowState, id: number): Promise<void> {
    const changes: Fields = {};
    for (const [name, value] of Object.entries(this.ownFields(row)))
      if (JSON.stringify(value) !== JSON.stringify(state.stored[name]))
        changes[name] = this.plain(name, value);
    for (const [name, value] of state.set) changes[name] = this.plain(name, value);
    if (Object.keys(changes).length > 0) {
      const { warnings } = await this.engine.update(this.name, { id }, changes);
      for (const warning of warnings) this.tell(warning);
    }
    await this.reload(row);
  }

  private ownFields(row: object): Fields {
    return Object.fromEntries(Object.entries(row));
  }

  /** A field's value as plain data. */
  private plain(name: string, value: unknown): unknown {
    if (value instanceof Date) return value.toISOString();
    if (name === 'dtype') return dtypeOf(value);
    if (Array.isArray(value)) return value.map(memberOf);
    if (name === 'slots' && this.name === 'Schema' && typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([slot, one]) => [slot, refOf(one)]));
    if (!stateOf(value)) return value;
    if (stateOf(value)?.id === null)
      throw new LoamError(
        'ValueError',
        `The ${stateOf(value)?.registry} of "${name}" is not saved yet; save it first.`,
        {
          registry: this.name,
          field: name,
        },
      );
    if (this.#references.has(name) || this.info.name === 'Schema' || !this.has(name)) return refOf(value);
    throw new LoamError('TypeError', `"${name}" of ${this.name} does not take ${told(value)}.`, {
      field: name,
    });
  }

  async remove(ids: readonly number[], permanent: boolean): Promise<void> {
    const refs = ids.map((id) => ({ id }));
    if (permanent || !this.info.hasTrash) await this.engine.purge(this.name, refs);
    else await this.engine.trash(this.name, refs);
  }
  relation(name: string): RelationInfo | undefined {
    return this.#relations.get(name);
  }
}

/** A row among others; a feature with its mark as `withConfig` gives it. */
function memberOf(value: unknown): unknown {
  if (stateOf(value)) return refOf(value);
  if (typeof value !== 'object' || value === null || !('feature' in value)) return value;
  return { ...value, feature: refOf(value.feature) };
}

/** `cat[ULabel]` of `ln.ULabel`, `cat[Record[uid]]` of a record type, a text as it is. */
function dtypeOf(value: unknown): unknown {
  if (Array.isArray(value)) return `cat[${value.map((one) => String(dtypeOf(one)).slice(4, -1)).join('|')}]`;
  if (typeof value === 'function' && 'registryName' in value) return `cat[${String(value.registryName)}]`;
  const row = stateOf(value);
  return row ? `cat[${row.registry}[${String(row.uid)}]]` : value;
}
