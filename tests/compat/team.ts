// A server on PostgreSQL, two peers over web sockets, and real lamindb on the same database.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { copyIntoReplica } from '../../server/mirror/copy.ts';
import { takeEdits } from '../../server/mirror/edits.ts';
import { createMirror } from '../../server/mirror/mirror.ts';
import { openPostgres } from '../../server/node-postgres.ts';
import { model } from '../../src/lib/engine/model/model.ts';
import type { SqlValue } from '../../src/lib/engine/ports.ts';
import type { AnsweredSpec, QuerySpec } from '../../src/lib/engine/query/answers.ts';
import { startCluster } from '../server/cluster.ts';
import { groundOf } from '../server/ground-file.ts';
import {
  firstAdmin,
  liveDevice,
  person,
  startRunning,
  testParts,
  type LiveDevice,
} from '../server/running-server.ts';
import { pythonInstance, type PythonInstance } from './python.ts';
import { differences, type Facts } from './same-answers.ts';
import { teamQuestions, type Asked } from './team-questions.ts';

export interface Team {
  readonly there: PythonInstance;
  readonly one: LiveDevice;
  readonly two: LiveDevice;
  ask(sql: string): Promise<SqlValue[][]>;
  /** Settles when everything that was done anywhere is in the log, and the log is with both. */
  quiet(): Promise<void>;
  /** Both peers answer as lamindb does. */
  sameAnswers(about: Asked): Promise<void>;
  stop(): Promise<void>;
}

const patient = { timeout: 60_000, interval: 100 };

/** `before`: LaminDB makes the database, and this is done in it before the server is started; null: the server makes it. */
export async function startTeam(before: ((there: PythonInstance) => void) | null): Promise<Team> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const step of undo.reverse().splice(0)) await step();
  };
  try {
    const cluster = await startCluster();
    undo.push(() => cluster.stop());
    const address = cluster.database('lab');
    const there = pythonInstance({ init: false });
    const init = () =>
      there.lamin('init', '--storage', './storage', '--db', address, '--name', 'lab', '--modules', 'bionty');
    if (before) {
      init();
      before(there);
    }
    const parts = testParts({
      ...{ createMirror, takeEdits },
      copyTables: (session, driver) => copyIntoReplica(session, driver, model),
    });
    const server = await startRunning({ address, parts });
    undo.push(() => server.stop());
    const postgres = await openPostgres({ address });
    undo.push(() => postgres.close());
    const ask = async (sql: string) => (await postgres.session((session) => session.query(sql))).rows;
    const ground = groundOf(server);
    const admin = await firstAdmin(server);
    const one = await liveDevice(server, admin, ground);
    undo.push(() => one.close());
    const two = await liveDevice(server, await person(server, admin, 'other'), ground);
    undo.push(() => two.close());

    async function quiet(): Promise<void> {
      await vi.waitFor(async () => {
        await Promise.all([one, two].map((device) => device.settled()));
        expect(await ask('SELECT count(*) FROM loam.inbox')).toEqual([[0]]);
        const [items] = await ask("SELECT count(*) FROM loam.log_item WHERE kind = 'item'");
        for (const { driver } of [one, two])
          expect(driver.all('SELECT count(*) FROM loam_sync_item')).toEqual([items]);
      }, patient);
      expect(server.logged.filter(({ event }) => event === 'fault')).toEqual([]);
    }
    const team: Team = {
      ...{ there, one, two, ask, quiet, stop },
      async sameAnswers(about) {
        await quiet();
        const specs = teamQuestions(about);
        const facts = answersThere(there, specs);
        // A question that both refuse proves nothing.
        const refused = Object.entries(facts).filter(
          ([, answer]) => answer === null || 'error' in Object(answer),
        );
        expect(refused).toEqual([]);
        for (const { driver } of [one, two]) expect(differences(driver, specs, facts)).toEqual([]);
      },
    };
    await quiet();
    if (!before) {
      init();
      await quiet();
    }
    return team;
  } catch (error) {
    await stop();
    throw error;
  }
}

function answersThere(there: PythonInstance, specs: readonly QuerySpec[]): Facts {
  const [asked, said] = ['specs.json', 'facts.json'].map((name) => join(there.folder, name)) as [
    string,
    string,
  ];
  writeFileSync(asked, JSON.stringify(specs));
  there.run(readFileSync(new URL('python/answers.py', import.meta.url), 'utf8'), asked, said);
  const answered = JSON.parse(readFileSync(said, 'utf8')) as (AnsweredSpec & { id: string })[];
  return Object.fromEntries(
    answered.map(({ id, answer, error, message }) => [id, error === undefined ? answer : { error, message }]),
  );
}

/** What a script printed as its last line. */
export const printed = (output: string): Record<string, unknown> =>
  JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
