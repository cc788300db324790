// Joining a team with this device, as the page sees it: the team's database on its way, what the earlier one is to become, and the
// uploads of files made here. One thing at a time.
import type { DatabaseProgress } from '../workers/databases-wire.ts';
import type { Joining, LocalRest } from '../workers/joining-wire.ts';
import type { TeamUploads } from '../workers/team-files.ts';
import { asWireError, attempt, say } from './notices.svelte.ts';
import { session } from './session.svelte.ts';

type Going = { what: 'join' | 'move'; token: string };

let going = $state.raw<Going | null>(null);
let progress = $state.raw<DatabaseProgress | null>(null);
let problem = $state<string | null>(null);
let rest = $state.raw<LocalRest | null>(null);
let uploads = $state.raw<TeamUploads | null>(null);

session.onEvent((event) => {
  if (event.type === 'database' && event.progress.token === going?.token) progress = event.progress;
});

async function run<T>(what: Going['what'], work: (token: string) => Promise<T>): Promise<T | null> {
  const token = crypto.randomUUID();
  going = { what, token };
  progress = null;
  problem = null;
  try {
    return await work(token);
  } catch (error) {
    const wire = asWireError(error);
    // Whoever stopped it knows.
    if (wire.code !== 'Cancelled') problem = wire.message;
    return null;
  } finally {
    going = null;
  }
}

export const joining = {
  get going() {
    return going?.what ?? null;
  },
  get progress() {
    return progress;
  },
  get problem() {
    return problem;
  },
  /** What the database that was worked in before has, and this one not yet. */
  get rest() {
    return rest;
  },
  get uploads() {
    return uploads;
  },
  async load(): Promise<void> {
    if (session.state !== 'ready') return;
    try {
      [rest, uploads] = await Promise.all([session.engine.localRest(), session.engine.teamUploads()]);
    } catch (error) {
      console.warn('joining', error);
    }
  },
  async join(as: Joining): Promise<void> {
    const done = await run('join', (token) => session.engine.joinTeam(token, as));
    if (done === null) return;
    say(`${as.instance.name} is on this device`, 'Your earlier database is in Settings, under Databases.');
  },
  async move(): Promise<void> {
    const moved = await run('move', (token) => session.engine.moveLocal(token));
    if (moved)
      say(
        `What you had is the branch ${moved.branch}`,
        'Nobody’s main has changed. Merge it when you want others to have it.',
      );
    await joining.load();
  },
  async leave(): Promise<void> {
    await attempt('This could not be kept', () => session.engine.leaveLocal());
    await joining.load();
  },
  async stop(): Promise<void> {
    const token = going?.token;
    if (token) await attempt('Could not stop', () => session.engine.cancelDatabase(token));
  },
  async setUploads(on: boolean): Promise<void> {
    await attempt('This could not be kept', () => session.engine.setTeamUploads(on));
    await joining.load();
  },
};
