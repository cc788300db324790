// Labels, projects and features as small lists for forms, and new ones by their names.
import type { EngineContext } from '../context.ts';
import { listNamed, namedRow, type FeatureRow, type NamedRow, type NamedTable } from './named.ts';
import type { registryPart } from './part.ts';

export function namedPart(
  { writer, read }: EngineContext,
  create: ReturnType<typeof registryPart>['create'],
) {
  const hidden = writer.journal.hidden.without;
  const made = (registry: string, table: NamedTable, fields: Record<string, unknown>): NamedRow => {
    const { uid } = create(registry, fields);
    return read(namedRow(hidden, table, uid)) as NamedRow;
  };
  return {
    ulabels: (search: string, limit: number): NamedRow[] =>
      read(listNamed(hidden, 'lamindb_ulabel', search, limit)),
    projects: (search: string, limit: number): NamedRow[] =>
      read(listNamed(hidden, 'lamindb_project', search, limit)),
    features: (search: string, limit: number): FeatureRow[] =>
      read(listNamed(hidden, 'lamindb_feature', search, limit)) as FeatureRow[],
    createFeature: (name: string, dtype: string, description?: string): FeatureRow =>
      made('Feature', 'lamindb_feature', { name: name.trim(), dtype, description }) as FeatureRow,
    createULabel: (name: string, description?: string): NamedRow =>
      made('ULabel', 'lamindb_ulabel', { name: name.trim(), description }),
    createProject: (name: string, description?: string): NamedRow =>
      made('Project', 'lamindb_project', { name: name.trim(), description }),
  };
}
