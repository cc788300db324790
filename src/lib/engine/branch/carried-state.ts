// The state of a branch that came in a file. A verdict names the state it is about by the uid of an act of the copy in which it was
// given: a branch that came whole and was not changed since has that state here as well, under that name.
import { setting } from '../schema/open.ts';
import { run, type Steps } from '../statement.ts';

const settingOf = (uid: string) => `state ${uid}`;

/** That the branch has, since its act `here` (none: since it was opened), what it had where its state is called `file`. */
export interface CarriedState {
  file: string;
  here: string;
  /** Nothing of it is held back, and nothing of it was here otherwise. */
  whole: boolean;
}

export function* keepState(uid: string, state: CarriedState): Steps<void> {
  yield* run('INSERT OR REPLACE INTO loam_setting(name, value) VALUES (?, ?)', [
    settingOf(uid),
    JSON.stringify(state),
  ]);
}

export function* carriedState(uid: string): Steps<CarriedState | null> {
  const text = yield* setting(settingOf(uid));
  if (text === null) return null;
  try {
    const { file, here, whole } = JSON.parse(text) as Partial<CarriedState>;
    return typeof file === 'string' && typeof here === 'string'
      ? { file, here, whole: whole === true }
      : null;
  } catch {
    // A file from elsewhere may hold anything there.
    return null;
  }
}
