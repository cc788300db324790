// What can be done to rows of any registry as a whole: to the trash, back, and the words for it. Deleting for good is a sheet of
// its own, since it asks first.
import type { Ref, RegistryInfo, Transferred, View } from '../workers/wire.ts';
import { refOf } from './field-draft.ts';
import { patiently } from './jobs.svelte.ts';
import { say, sayError } from './notices.svelte.ts';
import type { Selection, Target } from './selection.svelte.ts';
import { session } from './session.svelte.ts';
import { nameWords, plural } from './words.ts';

/** Keys of all rows that a view shows, apart from a few. */
export async function keysOf(view: View, except: readonly string[]): Promise<string[]> {
  return (await session.engine.listKeys(view)).filter((key) => !except.includes(key));
}

export async function refsOf(registry: RegistryInfo, target: Target): Promise<Ref[]> {
  const keys = target.view ? await keysOf(target.view, target.except) : target.keys;
  return keys.map((key) => refOf(registry, key));
}

export const thing = (registry: RegistryInfo, n: number): string =>
  plural(n, registry.title.toLowerCase(), registry.plural.toLowerCase());

export async function trashRows(registry: RegistryInfo, selection: Selection): Promise<void> {
  const target = selection.target();
  if (!target) return;
  const going = selection.everything ? [] : selection.rows();
  const [one] = going;
  const next = selection.everything ? null : selection.after();
  const what = going.length === 1 && one ? nameWords(one.name) : thing(registry, target.n);
  if (
    !(await act(
      refsOf(registry, target).then((refs) => session.engine.trash(registry.name, refs)),
      `Moved ${what} to the trash`,
      'Could not move to the trash',
    ))
  )
    return;
  selection.clear();
  if (going.some(({ key }) => key === selection.current)) selection.current = next;
}

export async function restoreRows(registry: RegistryInfo, selection: Selection): Promise<void> {
  const target = selection.target();
  if (!target) return;
  const done = await act(
    refsOf(registry, target).then((refs) => session.engine.restore(registry.name, refs)),
    `Restored ${thing(registry, target.n)}`,
    'Could not restore',
  );
  if (!done) return;
  if (target.view) selection.clear();
  else selection.forget(target.keys);
}

/** Saves rows of the database that is looked at into the own one. */
export async function saveToMine(registry: RegistryInfo, target: Target, name?: string): Promise<void> {
  const from = session.looking;
  if (!from) return;
  const mine = session.status?.instance ?? 'your database';
  const what = name ?? thing(registry, target.n);
  const saving = async () => {
    const keys = target.view ? await keysOf(target.view, target.except) : target.keys;
    const report = await session.engine.saveFrom(from.id, registry.name, keys);
    tellSaved(report, mine);
  };
  await act(saving(), `Saved ${what} to ${mine}`, 'Could not save it');
}

/** What of it is worth knowing beside that it was done. */
function tellSaved({ added, aliases, left }: Transferred, mine: string): void {
  if (added.length === 0) say('It was there already', `Nothing new came to ${mine}.`);
  const [alias] = aliases;
  if (alias)
    say(
      plural(aliases.length, 'row stands', 'rows stand') + ' for others',
      `${alias.name} ${alias.uid} is ${alias.here} in ${mine}${aliases.length > 1 ? ', and so on' : ''}.`,
    );
  if (left.length > 0) say('Left behind', `${mine} has no place for ${left.join(', ')}.`);
}

/** True where it was done or goes on behind the screen. */
export async function act(doing: Promise<unknown>, done: string, failed: string): Promise<boolean> {
  const problem = await patiently(doing, done, failed);
  if (problem === null) return true;
  sayError(new Error(problem), failed);
  return false;
}
