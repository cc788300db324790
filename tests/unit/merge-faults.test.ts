// A switch or a merge that fails at any of its statements leaves everything as it was; the next one does it all.
import { expect, test } from 'vitest';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { labWorld, seen } from './branch-world.ts';
import { refusal, type MemoryEngine } from './memory-engine.ts';

/** The nth statement from now on fails, as on a full disk; ROLLBACK works. Gives how many were asked for. */
function failAt(world: MemoryEngine, nth: number): { asked(): number; mend(): void } {
  const { driver } = world;
  const { run, all, many } = driver;
  let asked = 0;
  const check = (sql: string): void => {
    if (/^ROLLBACK/.test(sql)) return;
    if (++asked === nth) throw new LoamError('StorageFull', 'The disk is full.');
  };
  driver.run = (sql, params) => (check(sql), run.call(driver, sql, params));
  driver.all = (sql, params) => (check(sql), all.call(driver, sql, params));
  driver.many = (sql, n, columns) => (check(sql), many.call(driver, sql, n, columns));
  return { asked: () => asked, mend: () => Object.assign(driver, { run, all, many }) };
}

async function prepared(): Promise<MemoryEngine> {
  const { world, engine, uid, uidOf } = await labWorld(41);
  engine.createBranch('try', { switch: true });
  engine.update('Artifact', { uid }, { description: 'mine' });
  engine.addLabels([uid], ['brand new']);
  engine.removeLabel(uid, 'ULabel', uidOf('ulabel', "name = 'red 1'"));
  engine.setFeatures(uid, { score: 4 });
  engine.saveNote(uid, '# mine');
  engine.switchBranch('main');
  return world;
}

test.each(['switch', 'merge'] as const)(
  '[row 62] a %s that fails at any statement changes nothing',
  async (what) => {
    const world = await prepared();
    const { engine } = world;
    const act = () => (what === 'switch' ? engine.switchBranch('try') : engine.mergeBranch('try'));
    const all = { stamps: true };
    const before = seen(world, all);
    const kept = () =>
      ['loam_cell', 'loam_row', 'loam_choice', 'loam_act'].map((table) =>
        world.rows(`SELECT * FROM ${table}`),
      );
    const keptBefore = kept();
    let nth = 0;
    for (;;) {
      const fault = failAt(world, ++nth);
      let failed: LoamError | null = null;
      try {
        act();
      } catch (error) {
        failed = error as LoamError;
      }
      fault.mend();
      // After the commit it is done, whatever fails then.
      const done = world.rows('SELECT 1 FROM lamindb_branch WHERE _status_code = -1').length > 0;
      if (failed === null || done) break;
      expect(failed.code, `statement ${nth}`).toBe('StorageFull');
      expect(engine.status().branch.isMain, `statement ${nth}`).toBe(true);
      expect(seen(world, all), `statement ${nth}`).toEqual(before);
      expect(kept(), `statement ${nth}`).toEqual(keptBefore);
    }
    expect(nth).toBeGreaterThan(50);
    const whole = await prepared();
    if (what === 'switch') whole.engine.switchBranch('try');
    else whole.engine.mergeBranch('try');
    const timeless = (of: MemoryEngine) => seen(of).map((line) => line.replace(/"20[^"]*"/g, ''));
    expect(timeless(world)).toEqual(timeless(whole));
    whole.driver.close();
    if (what === 'switch') engine.switchBranch('main');
    else expect((await refusal(() => engine.switchBranch('try'))).message).toContain('was merged');
    world.driver.close();
  },
);
