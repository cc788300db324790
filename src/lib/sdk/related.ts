// The rows that a row is tied to under one of LaminDB's names: `artifact.ulabels`, `cell_type.parents`.
import { LoamError } from '../engine/errors.ts';
import type { RelationInfo } from '../workers/wire.ts';
import { RowQuery } from './query.ts';
import type { RegistryCore } from './registry.ts';
import { refOf, type RowState } from './state.ts';

export class RelatedRows extends RowQuery {
  constructor(
    private readonly owner: RegistryCore,
    private readonly row: RowState,
    private readonly relation: RelationInfo,
    target: RegistryCore,
  ) {
    const everywhere = target.has('branch');
    const back = relation.back === null ? null : { [`${relation.back}__id`]: row.id ?? -1 };
    // Without a way back no row is found rather than every row.
    const only = { ...(back ?? { id__in: [] }), ...(everywhere ? { branch: null } : {}) };
    super(target, { registry: target.name, filters: [only] }, everywhere);
  }

  async add(...rows: unknown[]): Promise<void> {
    await this.change({ add: rows.flat().map(refOf) });
  }
  async remove(...rows: unknown[]): Promise<void> {
    await this.change({ remove: rows.flat().map(refOf) });
  }
  async clear(): Promise<void> {
    const ids = [...new Set(await this.ids())];
    if (ids.length > 0) await this.change({ remove: ids.map((id) => ({ id })) });
  }
  /** What is not among the rows goes, what is new comes, in one act. */
  async set(rows: readonly unknown[]): Promise<void> {
    const wanted = new Set<number>();
    for (const row of rows) {
      const ref = refOf(row);
      const named = typeof ref === 'object' && 'id' in ref ? ref.id : await this.idOf(ref);
      wanted.add(named);
    }
    const there = new Set(await this.ids());
    const add = [...wanted].filter((id) => !there.has(id)).map((id) => ({ id }));
    const remove = [...there].filter((id) => !wanted.has(id)).map((id) => ({ id }));
    if (add.length + remove.length > 0) await this.change({ add, remove });
  }

  private async idOf(ref: unknown): Promise<number> {
    const { core } = this;
    if (typeof ref === 'string') {
      const byName = await core.engine.queryIds({
        registry: core.name,
        filters: [{ [core.info.nameField]: ref }],
      });
      if (byName.length === 1) return byName[0] ?? -1;
    }
    const uid = typeof ref === 'object' && ref !== null && 'uid' in ref ? (ref as { uid: string }).uid : ref;
    const [id] = await core.engine.getRow(core.name, uid as string | number, ['id']);
    return Number(id);
  }

  private async change(change: {
    add?: ReturnType<typeof refOf>[];
    remove?: ReturnType<typeof refOf>[];
  }): Promise<void> {
    const { owner, row, relation } = this;
    if (row.id === null)
      throw new LoamError('ValueError', `Save the ${row.registry} before you tie ${relation.name} to it.`, {
        registry: row.registry,
        field: relation.name,
      });
    await owner.engine.relate(owner.name, { id: row.id }, relation.name, change);
  }
}
