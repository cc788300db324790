// Where a LaminDB file stands among LaminDB's migrations (`django_migrations`; lamindb 2.12.1 knows 0177 to 0193, and
// squashed forms of the same numbers). Numbers grow with versions, so the highest one says how old the file is.
import type { Model } from '../model/types.ts';

export interface MigrationState {
  /** Highest migration of lamindb, e.g. `0193_squashed`; null where the file names none. */
  newest: string | null;
  /** Against the migrations this Loam was made for. */
  state: 'same' | 'older' | 'newer' | 'unknown';
  /** The LaminDB that made it, in words. */
  made: string;
  /** Apps that were migrated and that no module here declares. */
  otherApps: string[];
}

/** Migration from which a LaminDB version counts; read off the names lamindb gives its migrations. */
const versions: [number, string][] = [
  [193, '2.9 to 2.12'],
  [191, '2.7 or 2.8'],
  [189, '2.6'],
  [186, '2.4'],
  [178, '2.2'],
  [177, '2.1 or older'],
];

const numberOf = (name: string) => Number(/^(\d{4})_/.exec(name)?.[1] ?? NaN);

const highest = (names: readonly string[]) =>
  names
    .filter((name) => !Number.isNaN(numberOf(name)))
    .reduce<string | null>(
      (top, name) => (top === null || numberOf(name) >= numberOf(top) ? name : top),
      null,
    );

/** @param applied app and name of every row of `django_migrations`. */
export function judgeMigrations(
  applied: readonly (readonly [app: string, name: string])[],
  model: Model,
): MigrationState {
  const of = (app: string) => applied.filter(([a]) => a === app).map(([, name]) => name);
  const known = model.modules.find(({ name }) => name === 'lamindb')?.migrations.map(([name]) => name) ?? [];
  const ours = numberOf(highest(known) ?? '0000_');
  const newest = highest(of('lamindb'));
  const otherApps = [...new Set(applied.map(([app]) => app))].filter(
    (app) => app !== 'lamindb' && !model.modules.some(({ name }) => name === app),
  );
  if (newest === null) {
    const old = applied.some(([app]) => app.startsWith('lnschema_'));
    return {
      newest: null,
      state: old ? 'older' : 'unknown',
      made: old ? 'a LaminDB before 1.0' : 'an unknown program',
      otherApps: otherApps.filter((app) => !app.startsWith('lnschema_')),
    };
  }
  const number = numberOf(newest);
  const state = number > ours ? 'newer' : number < ours ? 'older' : 'same';
  const version = versions.find(([from]) => number >= from)?.[1];
  const made =
    state === 'newer' ? 'a LaminDB newer than 2.12' : version ? `LaminDB ${version}` : 'a LaminDB before 2.1';
  return { newest, state, made, otherApps };
}
