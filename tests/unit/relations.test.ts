// The names look-ups use, on every table: what the model derives against what Django knows of LaminDB's own models
// (facts made by tests/compat/python/relations.py).
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pythonOrder } from '../../scripts/python-order.mjs';
import { model } from '../../src/lib/engine/model/model.ts';
import { fieldsOf, findField, type Relation } from '../../src/lib/engine/model/relations.ts';
import { table } from '../../src/lib/engine/model/model.ts';

type FactHop = [near: string, table: string, far: string, many: boolean, direct: boolean];
interface TableFacts {
  model: string | null;
  fields: string[];
  relations: Record<string, FactHop[]>;
}
const file = new URL('../fixtures/relation-facts.json', import.meta.url);
const facts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, TableFacts>;

const hopsOf = (relation: Relation): FactHop[] =>
  relation.hops.map((hop) => [hop.from, hop.table.name, hop.to, hop.many, hop.direct]);

describe('relations', () => {
  it('are Django’s on all 142 tables: 0 differences', () => {
    const ours: Record<string, Record<string, FactHop[]>> = {};
    for (const t of model.tables.values()) {
      if (t.family === 'django') continue;
      const relations = [...fieldsOf(model, t).values()].filter((f) => f.kind === 'relation');
      ours[t.name] = Object.fromEntries(relations.map((r) => [r.name, hopsOf(r)]));
    }
    const wanted = Object.fromEntries(
      Object.entries(facts).map(([name, { relations }]) => [name, relations]),
    );
    // Django's own table of migrations is a model of LaminDB too; it has no relations.
    delete wanted['django_migrations'];
    expect(Object.keys(ours).sort()).toEqual(Object.keys(wanted).sort());
    for (const [name, relations] of Object.entries(wanted)) expect(ours[name], name).toEqual(relations);
  });

  it('and fields are listed in the order of LaminDB’s classes', () => {
    const registries = new Set([...model.registry.values()].map((t) => t.name));
    const file = new URL('../../src/lib/engine/model/python-order.generated.ts', import.meta.url);
    expect(
      readFileSync(file, 'utf8') === pythonOrder(facts, registries),
      'run: node scripts/python-order.mjs',
    ).toBe(true);
  });

  it('are found by name, by their column, and `pk` is the id', () => {
    const artifact = table('lamindb_artifact');
    expect(findField(model, artifact, 'run')).toBe(findField(model, artifact, 'run_id'));
    expect(findField(model, artifact, 'pk')).toMatchObject({ kind: 'column', name: 'id' });
    expect(findField(model, artifact, 'ulabels_id')).toBeNull();
    expect(findField(model, artifact, '__proto__')).toBeNull();
  });
});
