// Which registry has which behaviour beside what follows from the model. A registry that is not listed, such as one
// declared by a plug-in, has the default alone.
import type { Table } from '../model/types.ts';
import type { Behaviour } from './behaviour.ts';
import { artifact } from './artifact-rules.ts';
import { block } from './block.ts';
import { collection } from './collection.ts';
import { feature } from './feature.ts';
import { jsonValue } from './json-value.ts';
import { source, term } from './ontology.ts';
import { branch, space, storage, user } from './place.ts';
import { project, reference } from './project.ts';
import { record } from './record.ts';
import { run } from './run.ts';
import { schema } from './schema.ts';
import { transform } from './transform.ts';

const byRegistry = new Map<string, Behaviour>(
  Object.entries({
    Artifact: artifact,
    Block: block,
    Branch: branch,
    Collection: collection,
    Feature: feature,
    JsonValue: jsonValue,
    Project: project,
    Record: record,
    Reference: reference,
    Run: run,
    Schema: schema,
    Source: source,
    Space: space,
    Storage: storage,
    Transform: transform,
    User: user,
  }),
);

const none: Behaviour = {};

export function behaviourOf(table: Table): Behaviour {
  const own = byRegistry.get(table.registry ?? '');
  if (own) return own;
  // Terms of ontologies have a source and a uid that follows from them.
  return table.module === 'bionty' && table.column.has('source_id') ? term : none;
}
