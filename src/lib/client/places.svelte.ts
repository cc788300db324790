// Spaces and branches of the team with their names: those that every instance has, those of the database worked in where it is the
// team's, and those that the server has rules about.
import { live } from './live.svelte.ts';
import { session } from './session.svelte.ts';
import { sync } from './sync.svelte.ts';
import type { PlaceKind, PlaceRule, Rights } from './team-types.ts';

export interface Place extends PlaceRule {
  /** Null: the database on this device knows nothing of it. */
  name: string | null;
  /** Accounts with a right of their own. */
  people: string[];
}

/** The space `all` and the branch `main` of every instance (engine/schema/seed.ts). */
export const everywhere: Readonly<Record<PlaceKind, string>> = {
  space: 'aaaaaaaaaaaa',
  branch: 'mmmmmmmmmmmm',
};

/** Where nothing is said, branches and the space of all are open to writers, and any other space is closed. */
const silent = (kind: PlaceKind, place: string): PlaceRule => ({
  ...{ kind, place, protected: false },
  writers: kind === 'branch' || place === everywhere.space ? 'members' : 'granted',
});

/** Must be called while a component is being created. `instance`: uid of the team's. */
export function placesHere(instance: () => string | null): {
  of(rights: Rights): Place[];
  /** Null: it is not known here. */
  nameOf(uid: string): string | null;
  /** Those of the team that are known here. */
  readonly branches: { uid: string; name: string }[];
} {
  const branches = live(() => session.engine.branches(), ['lamindb_branch']);
  const spaces = live(
    () => session.engine.queryRows({ registry: 'Space', limit: 500 }, ['uid', 'name']),
    ['lamindb_space'],
  );
  /** Places of another database are none of the team's. */
  const isTeams = $derived(sync.status?.instance?.uid === instance());
  const known = $derived([
    ...(spaces.value ?? []).map(([uid, name]) => ({
      kind: 'space' as const,
      uid: String(uid),
      name: String(name),
    })),
    ...(branches.value ?? [])
      .filter(({ status }) => !['merged', 'closed'].includes(status))
      .map(({ uid, name }) => ({ kind: 'branch' as const, uid, name })),
  ]);
  return {
    get branches() {
      const rest = isTeams
        ? known.filter(({ kind, uid }) => kind === 'branch' && uid !== everywhere.branch)
        : [];
      return [{ uid: everywhere.branch, name: 'main' }, ...rest];
    },
    nameOf: (uid) =>
      uid === everywhere.branch
        ? 'main'
        : uid === everywhere.space
          ? 'all'
          : (known.find((one) => one.uid === uid)?.name ?? null),
    of({ rules, rights }) {
      const places: Place[] = [];
      const add = (kind: PlaceKind, place: string, name: string | null) => {
        if (places.some((one) => one.kind === kind && one.place === place)) return;
        const rule = rules.find((one) => one.kind === kind && one.place === place) ?? silent(kind, place);
        const people = rights
          .filter((one) => one.kind === kind && one.place === place)
          .map(({ account }) => account);
        places.push({ ...rule, name, people });
      };
      add('branch', everywhere.branch, 'main');
      add('space', everywhere.space, 'all');
      for (const { kind, uid, name } of known)
        if (isTeams || [...rules, ...rights].some((one) => one.kind === kind && one.place === uid))
          add(kind, uid, name);
      for (const { kind, place } of [...rules, ...rights]) add(kind, place, null);
      return places;
    },
  };
}
