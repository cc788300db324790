// Review of a branch: asked for, talked about, decided by others, and what a merge waits for.
import { describe, expect, test } from 'vitest';
import { seedWorld, worldEngine } from './branch-world.ts';
import { refusal, type MemoryEngine } from './memory-engine.ts';

/** A branch with one edit, another user who can speak, and a way to be each of them. */
async function world() {
  const made = await worldEngine(7);
  seedWorld(made);
  const { engine } = made;
  const uid = String(made.value("SELECT uid FROM lamindb_artifact WHERE key = 'a.csv'"));
  const first = engine.writer.author.userId;
  engine.writer.act({ kind: 'seed', title: 'user' }, (tx) =>
    made.insertOne(tx, 'lamindb_user', { uid: 'Bob00000', handle: 'bob', name: 'Bob' }),
  );
  const second = Number(made.value("SELECT id FROM lamindb_user WHERE handle = 'bob'"));
  engine.createBranch('relabel', { switch: true, description: 'New labels' });
  engine.update('Artifact', { uid }, { description: 'on the branch' });
  const as = <T>(user: number, does: () => T): T => {
    engine.writer.author.userId = user;
    try {
      return does();
    } finally {
      engine.writer.author.userId = first;
    }
  };
  return { ...made, uid, bob: <T>(does: () => T) => as(second, does), edit: edit(made, uid) };
}
const edit = (made: MemoryEngine, uid: string) => (description: string) =>
  made.engine.update('Artifact', { uid }, { description });
const status = (made: MemoryEngine) => made.engine.branches().find(({ name }) => name === 'relabel')?.status;

describe('[row 65] a change request', () => {
  test('goes from draft to review and back, in LaminDB’s statuses, each an act that undo takes back', async () => {
    const made = await world();
    const { engine } = made;
    expect(status(made)).toBe('draft');
    engine.askForReview('relabel', 'review');
    expect(status(made)).toBe('review');
    expect(made.value("SELECT _status_code FROM lamindb_branch WHERE name = 'relabel'")).toBe(2);
    expect(engine.branchReview('relabel').status).toBe('review');
    await engine.undo();
    expect(status(made)).toBe('draft');
    await engine.redo();
    engine.askForReview('relabel', 'draft');
    expect(status(made)).toBe('draft');
    engine.askForReview('relabel', 'review');
    engine.mergeBranch('relabel');
    expect(status(made)).toBe('merged');
    expect((await refusal(() => engine.askForReview('relabel', 'draft'))).message).toMatch(/was merged/);
    expect((await refusal(() => engine.giveVerdict('relabel', 'approve'))).message).toMatch(/review is over/);
  });

  test('has a README with versions, as LaminDB keeps it, the same on every branch', async () => {
    const made = await world();
    const { engine } = made;
    engine.saveBranchReadme('relabel', '# Why');
    engine.switchBranch('main');
    engine.saveBranchReadme('relabel', '# Why\n\nThe labels were wrong.');
    engine.saveBranchReadme('relabel', '# Why\n\nThe labels were wrong.');
    expect(engine.branchReview('relabel').readme?.content).toBe('# Why\n\nThe labels were wrong.');
    expect(
      made.rows("SELECT content, is_latest FROM lamindb_branchblock WHERE kind = 'readme' ORDER BY id"),
    ).toEqual([
      ['# Why', 0],
      ['# Why\n\nThe labels were wrong.', 1],
    ]);
    engine.switchBranch('relabel');
    expect(engine.branchReview('relabel').readme?.content).toContain('wrong');
  });

  test('has reviewers in LaminDB’s table', async () => {
    const made = await world();
    const { engine } = made;
    engine.addReviewer('relabel', 'bob');
    engine.addReviewer('relabel', 'Bob00000');
    expect(made.rows('SELECT role FROM lamindb_branchuser')).toEqual([['reviewer']]);
    expect(engine.branchReview('relabel').reviewers).toEqual([
      { uid: 'Bob00000', handle: 'bob', name: 'Bob' },
    ]);
    engine.removeReviewer('relabel', 'bob');
    expect(engine.branchReview('relabel').reviewers).toEqual([]);
    await engine.undo();
    expect(engine.branchReview('relabel').reviewers).toHaveLength(1);
    expect((await refusal(() => engine.addReviewer('relabel', 'nobody'))).message).toContain('"nobody"');
  });

  test('a verdict stands for the state it saw: an edit, and its undo, make it stale; talk does not', async () => {
    const { engine, driver, bob, edit } = await world();
    const verdicts = () =>
      engine.branchReview('relabel').verdicts.map(({ by, verdict, stale, own }) => ({
        by: by.handle,
        verdict,
        stale,
        own,
      }));
    bob(() => engine.giveVerdict('relabel', 'approve', 'Looks right'));
    engine.commentOnBranch('relabel', 'Thanks');
    engine.saveBranchReadme('relabel', 'Why');
    engine.askForReview('relabel', 'review');
    await engine.undo();
    engine.update('Branch', { uid: engine.status().branch.uid }, { description: 'Other words' });
    engine.switchBranch('main');
    engine.createULabel('from main');
    engine.switchBranch('relabel');
    expect(verdicts()).toEqual([{ by: 'bob', verdict: 'approve', stale: false, own: false }]);
    edit('again');
    expect(verdicts()[0]?.stale).toBe(true);
    await engine.undo();
    expect(verdicts()[0]?.stale).toBe(true);
    bob(() => engine.giveVerdict('relabel', 'changes', 'Not yet'));
    expect(verdicts()).toEqual([{ by: 'bob', verdict: 'changes', stale: false, own: false }]);
    engine.giveVerdict('relabel', 'approve');
    expect(verdicts().at(-1)).toMatchObject({ verdict: 'approve', own: true });
    bob(() => engine.giveVerdict('relabel', 'withdraw'));
    expect(verdicts()).toHaveLength(1);
    // LaminDB reads them as comments.
    expect(driver.all("SELECT content FROM lamindb_branchblock WHERE kind = 'comment' ORDER BY id")).toEqual([
      ['Looks right'],
      ['Thanks'],
      ['Not yet'],
      ['Approved'],
      ['Verdict withdrawn'],
    ]);
  });

  test('threads on the branch, an object and a field; answered, resolved, deleted by who wrote it', async () => {
    const { engine, bob, uid } = await world();
    engine.commentOnBranch('relabel', 'In general');
    const anchor = { registry: 'Artifact', uid, field: 'description' };
    bob(() => engine.commentOnBranch('relabel', 'Which donor?', { anchor }));
    const [general, field] = engine.branchReview('relabel').threads;
    expect(general?.anchor).toBeNull();
    expect(field?.anchor).toEqual({ ...anchor, row: 'a.csv' });
    engine.commentOnBranch('relabel', 'The second', { reply: field?.uid ?? '' });
    engine.resolveThread('relabel', field?.uid ?? '', true);
    const after = engine.branchReview('relabel').threads[1];
    expect(after).toMatchObject({ resolved: true, anchor });
    expect(after?.comments.map(({ by, text }) => [by.handle, text])).toEqual([
      ['bob', 'Which donor?'],
      [engine.branchReview('relabel').me.handle, 'The second'],
    ]);
    engine.resolveThread('relabel', field?.uid ?? '', false);
    expect(engine.branchReview('relabel').threads[1]?.resolved).toBe(false);

    const answer = after?.comments[1]?.uid ?? '';
    expect((await refusal(() => engine.removeBranchComment('relabel', field?.uid ?? ''))).code).toBe(
      'NoWriteAccess',
    );
    expect(
      (await refusal(() => bob(() => engine.removeBranchComment('relabel', field?.uid ?? '')))).message,
    ).toMatch(/was answered/);
    engine.removeBranchComment('relabel', answer);
    bob(() => engine.removeBranchComment('relabel', field?.uid ?? ''));
    expect(engine.branchReview('relabel').threads.map(({ uid: known }) => known)).toEqual([general?.uid]);

    for (const about of [
      { anchor: { registry: 'Artifact', uid: 'none', field: null } },
      { anchor: { registry: 'Nothing', uid, field: null } },
      { reply: 'none' },
    ])
      expect((await refusal(() => engine.commentOnBranch('relabel', 'x', about))).code).toBe('DoesNotExist');
    expect((await refusal(() => engine.commentOnBranch('relabel', '  '))).message).toMatch(/Write something/);
    expect((await refusal(() => engine.commentOnBranch('main', 'x'))).message).toMatch(/nothing to review/);
  });

  test('what other programs keep in `_aux` stays, and is no harm', async () => {
    const made = await world();
    const { engine } = made;
    engine.commentOnBranch('relabel', 'one');
    const [thread] = engine.branchReview('relabel').threads;
    for (const aux of [
      '{"af": {"0": 1}}',
      '[1]',
      'null',
      '{"loam": 3}',
      '{"loam": {"anchor": {"registry": 4}, "verdict": "x", "reply": []}}',
    ]) {
      made.driver.run('UPDATE lamindb_branchblock SET _aux = ?', [aux]);
      expect(engine.branchReview('relabel').threads).toEqual([thread]);
    }
    made.driver.run('UPDATE lamindb_branchblock SET _aux = ?', ['{"af": {"0": 1}}']);
    engine.resolveThread('relabel', thread?.uid ?? '', true);
    expect(JSON.parse(String(made.value('SELECT _aux FROM lamindb_branchblock')))).toEqual({
      af: { 0: 1 },
      loam: { resolved: true },
    });
    engine.resolveThread('relabel', thread?.uid ?? '', false);
    expect(JSON.parse(String(made.value('SELECT _aux FROM lamindb_branchblock')))).toEqual({ af: { 0: 1 } });
  });

  test('a rule of approvals holds merges up, in words, until others than its maker approved this state', async () => {
    const { engine, bob, edit } = await world();
    const whyNot = async () => (await refusal(() => engine.mergeBranch('relabel'))).message;
    engine.setReviewRules({ approvals: 1, threads: true });
    const before = engine.status().branch.name;
    expect(await whyNot()).toContain('0 of 1 approval by others than its maker');
    expect(engine.status().branch.name).toBe(before);
    engine.giveVerdict('relabel', 'approve');
    expect(await whyNot()).toContain('0 of 1 approval');
    bob(() => engine.giveVerdict('relabel', 'changes'));
    expect(await whyNot()).toContain('bob asked for changes');
    bob(() => engine.giveVerdict('relabel', 'approve'));
    edit('later');
    expect(await whyNot()).toContain('(1 of an older state)');
    expect(engine.checkBranch('relabel')).toMatchObject({
      ok: false,
      failures: [{ code: 'ReviewNeeded', row: 'relabel' }],
    });
    bob(() => engine.giveVerdict('relabel', 'approve'));
    engine.commentOnBranch('relabel', 'Wait');
    expect(await whyNot()).toContain('1 thread is not resolved');
    expect(engine.branchReview('relabel').unmet).toEqual(['1 thread is not resolved']);
    engine.resolveThread('relabel', engine.branchReview('relabel').threads[0]?.uid ?? '', true);
    expect(engine.checkBranch('relabel').ok).toBe(true);
    const merged = engine.mergeBranch('relabel');
    expect(merged.into).toBe('main');
    expect(engine.branchReview('relabel').unmet).toEqual([]);
  });

  test('rules are none at first, and what is no rule is refused or left out', async () => {
    const { engine, driver } = await world();
    expect(engine.reviewRules()).toEqual({ approvals: 0, threads: false });
    for (const approvals of [-1, 1.5, 21, Number.NaN])
      expect((await refusal(() => engine.setReviewRules({ approvals, threads: false }))).code).toBe(
        'ValidationError',
      );
    for (const value of ['{', '[]', '{"approvals": "3", "threads": 1}', '{"approvals": -4}']) {
      driver.run("INSERT OR REPLACE INTO loam_setting(name, value) VALUES ('review', ?)", [value]);
      expect(engine.reviewRules()).toEqual({ approvals: 0, threads: false });
    }
    engine.commentOnBranch('relabel', 'open');
    engine.mergeBranch('relabel');
  });

  test('its history tells each step, and a review leaves no other branch behind', async () => {
    const { engine, bob } = await world();
    engine.switchBranch('main');
    engine.askForReview('relabel', 'review');
    engine.addReviewer('relabel', 'bob');
    bob(() => engine.giveVerdict('relabel', 'approve'));
    expect(engine.branches().find(({ name }) => name === 'relabel')?.behind).toBe(0);
    const entries = await engine.rowHistory('Branch', 'relabel');
    const told = entries.map(({ act }) => act.title);
    for (const title of ['Ask for a review of relabel', 'Ask for a reviewer of relabel', 'Approve relabel'])
      expect(told).toContain(title);
  });
});

test('[row 64] approvals hold after a revert: the branch goes on as it was reviewed', async () => {
  const { engine, bob } = await world();
  engine.setReviewRules({ approvals: 1, threads: false });
  bob(() => engine.giveVerdict('relabel', 'approve'));
  engine.mergeBranch('relabel');
  await engine.revertBranch('relabel');
  expect(engine.branchReview('relabel')).toMatchObject({ status: 'draft', unmet: [] });
  engine.mergeBranch('relabel');
});
