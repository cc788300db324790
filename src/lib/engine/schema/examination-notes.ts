// What an examined file's notes say: what was or will be done to the copy, and what stays though nothing here knows it.
import type { Comparison } from './compare.ts';
import type { FileHeader } from './file-header.ts';
import type { MigrationState } from './file-migrations.ts';
import type { Disarmed } from './file-schema.ts';

/** Names told in a sentence; the rest is a number. */
const named = 6;

export interface Found {
  header: FileHeader;
  disarmed: Disarmed;
  comparison: Comparison;
  migrations: MigrationState;
  /** References that lead nowhere. */
  broken: number;
  history: 'none' | 'kept' | 'closed';
  own: 'none' | 'ok' | 'other';
}

export function notesOf(found: Found): string[] {
  const { header, disarmed, comparison, migrations, broken } = found;
  const notes: string[] = [];
  const { triggers, views, virtual } = disarmed;
  const taken = [
    ...counted(triggers, 'trigger'),
    ...counted(views, 'view'),
    ...counted(virtual, 'virtual table'),
  ];
  if (taken.length > 0)
    notes.push(
      `Taken out, since a database should hold data and run nothing: ${taken.join(', ')} (${listed([...triggers, ...views, ...virtual])}).`,
    );
  if (header.wal)
    notes.push(
      'The file was left open by another program (WAL mode). If a file named "…-wal" lies beside it, choose both together: the newest changes are in it.',
    );
  if (comparison.foreignTables.length > 0)
    notes.push(
      `Kept as they are, though Loam does not know them: ${counted(comparison.foreignTables, 'table').join('')} (${listed(comparison.foreignTables.map(({ name }) => name))}).`,
    );
  if (comparison.foreignColumns.length > 0)
    notes.push(
      `Kept as they are, though Loam does not know them: ${counted(comparison.foreignColumns, 'column').join('')} (${listed(comparison.foreignColumns.map(({ table, column }) => `${table}.${column.name}`))}).`,
    );
  if (migrations.state === 'newer')
    notes.push(`Made by ${migrations.made}: what is new in it stays, but is not shown.`);
  if (migrations.state === 'unknown')
    notes.push('The file does not say which LaminDB made it; all tables of LaminDB 2.12 are there.');
  for (const module of comparison.missingModules)
    notes.push(`It has no tables of ${module}: they are made, empty.`);
  if (comparison.missingIndexes.length > 0)
    notes.push(
      `${counted(comparison.missingIndexes, 'index', 'indexes').join('')} missing or changed: made again.`,
    );
  if (broken > 0)
    notes.push(
      `${broken.toLocaleString('en')} references lead to rows that are not there. They stay as they are.`,
    );
  if (found.history === 'closed')
    notes.push(
      'Another program may have written to it since Loam did: its history is kept, but earlier acts can no longer be undone.',
    );
  if (found.own === 'other') notes.push('Tables of another Loam in it are of no use here and are left out.');
  return notes;
}

function counted(list: readonly unknown[], word: string, plural = `${word}s`): string[] {
  return list.length === 0 ? [] : [`${list.length} ${list.length === 1 ? word : plural}`];
}

/** Names come from the file: few of them, cut short. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, named).map((name) => (name.length > 60 ? `${name.slice(0, 60)}…` : name));
  return names.length > named ? `${shown.join(', ')} and ${names.length - named} more` : shown.join(', ');
}
