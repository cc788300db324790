// The rows a new instance starts with, as `lamin init` writes them: the space, three branches, the user, the storage,
// the ontology sources and Django's migrations. Data only, with explicit ids; the caller writes it.

import type { Module, SeedPlace, SeedTable } from '../model/types.ts';
import type { SqlValue } from '../ports.ts';
import { migrationSeeds } from './seed-migrations.ts';
import { sourceSeeds } from './seed-sources.ts';

export interface SeedOptions {
  /** LaminDB's text form, `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
  now: string;
  user: { uid: string; handle: string; name: string | null };
  storage: { uid: string; root: string; type: string; instanceUid: string };
}

/** Fixed ids and uids: the same in every instance, so rows of different instances agree on them. */
export const seedIds = {
  space: { id: 1, uid: 'aaaaaaaaaaaa' },
  trash: { id: -1, uid: 'tttttttttttt' },
  archive: { id: 0, uid: 'aaaaaaaaaaaa' },
  main: { id: 1, uid: 'mmmmmmmmmmmm' },
  user: { id: 1 },
  storage: { id: 1 },
} as const;

const placed = ['is_locked', '_aux', 'branch_id', 'created_on_id', 'space_id', 'created_by_id', 'run_id'];
/** Python writes SQL NULL into `_aux` where the DDL default would be the JSON text 'null'. */
const placedValues = (userId: number): SqlValue[] => [0, null, 1, 1, 1, userId, null];

/** bionty's sources of terms. */
export function ontologySources({ now, userId }: SeedPlace): SeedTable[] {
  return [
    {
      table: 'bionty_source',
      columns: [
        ...['id', 'uid', 'entity', 'organism', 'name', 'version', 'in_db', 'currently_used'],
        ...['description', 'url', 'md5', 'source_website', 'dataframe_artifact_id'],
        ...['created_at', 'updated_at', ...placed],
      ],
      rows: sourceSeeds.map((s, i) => [
        ...[i + 1, s.uid, s.entity, s.organism, s.name, s.version, 0, s.currentlyUsed ? 1 : 0],
        ...[s.description, s.url, null, s.website, null],
        ...[now, now, ...placedValues(userId)],
      ]),
    },
  ];
}

/** The seed rows in an order that satisfies every reference at once. */
export function seedStatements({ now, user, storage }: SeedOptions, modules: readonly Module[]): SeedTable[] {
  const at: SeedPlace = { now, userId: seedIds.user.id };
  const { space, trash, archive, main } = seedIds;
  const branch = (at: { id: number; uid: string }, name: string, description: string) => [
    ...[at.id, at.uid, name, description, now],
    ...[1, 1, 0, null],
  ];
  return [
    {
      table: 'lamindb_space',
      columns: ['id', 'uid', 'name', 'description', 'created_at', 'created_by_id'],
      rows: [
        [space.id, space.uid, 'all', 'Every team & user with access to the instance has access.', now, null],
      ],
    },
    {
      table: 'lamindb_user',
      columns: ['id', 'uid', 'handle', 'name', 'created_at', 'updated_at'],
      rows: [[seedIds.user.id, user.uid, user.handle, user.name, now, now]],
    },
    {
      table: 'lamindb_branch',
      columns: [
        ...['id', 'uid', 'name', 'description', 'created_at'],
        ...['space_id', 'created_by_id', '_status_code', '_aux'],
      ],
      rows: [
        branch(trash, 'trash', 'The trash.'),
        branch(archive, 'archive', 'The archive.'),
        branch(main, 'main', 'The main & default branch of the instance.'),
      ],
    },
    {
      table: 'lamindb_storage',
      columns: [
        ...['id', 'uid', 'root', 'description', 'type', 'region', 'instance_uid'],
        ...['created_at', 'updated_at', ...placed],
      ],
      rows: [
        [
          ...[seedIds.storage.id, storage.uid, storage.root, null, storage.type, null, storage.instanceUid],
          ...[now, now, ...placedValues(at.userId)],
        ],
      ],
    },
    ...modules.flatMap((module) => module.seeds?.(at) ?? []),
    {
      table: 'django_migrations',
      columns: ['id', 'app', 'name', 'applied'],
      rows: [...migrationSeeds, ...modules.flatMap(pluginMigrations)].map((row, i) => [i + 1, ...row]),
    },
  ];
}

/** LaminDB's own modules report theirs interleaved, as they were applied; a plug-in's follow. */
function pluginMigrations({ name, migrations }: Module): SqlValue[][] {
  if (migrationSeeds.some(([app]) => app === name)) return [];
  return migrations.map((migration) => [name, ...migration]);
}
