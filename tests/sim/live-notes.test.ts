// Notes and reviews between devices, of which only the records travel: what was typed apart is one text, and who said what of
// a branch is known everywhere.
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import type { FeedChange } from '../../src/lib/engine/write/writer.ts';
import { createRooms } from '../../src/lib/workers/rooms.ts';
import type { Peer } from './peer.ts';
import { a, b, c, equal, label, team, threeDevices } from './three-devices.ts';

threeDevices();

const came: FeedChange = {
  ...{ act: 'x', title: '', last: true },
  tables: [{ table: 'lamindb_ulabelblock', inserted: 1, updated: 0, deleted: 0, ids: null }],
};

/** A device that types without a connection to any room. */
function typist(peer: Peer) {
  const timers = new Set<() => void>();
  const rooms = createRooms({
    engine: peer.engine,
    emit: () => {},
    later: (_, run) => {
      timers.add(run);
      return () => timers.delete(run);
    },
    random: () => 0,
  });
  return {
    async change(uid: string, edit: (text: Y.Text) => void, save = true) {
      const { room, state } = await rooms.api.openNote('ULabel', { uid });
      const doc = new Y.Doc();
      Y.applyUpdate(doc, state);
      const before = Y.encodeStateVector(doc);
      edit(doc.getText('note'));
      await rooms.api.typeNote(room, Y.encodeStateAsUpdate(doc, before));
      if (save) await rooms.api.closeNote(room);
    },
    /** Rows of others came, and some time went by. */
    async later() {
      rooms.fed(came);
      for (let round = 0; round < 4; round++) {
        for (const run of [...timers]) {
          timers.delete(run);
          run();
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

const noteOf = (peer: Peer, uid: string): string | undefined => peer.engine.row('ULabel', uid).note?.content;

describe('notes of devices that were apart', () => {
  it('[row 86] two offline saves of one note end as one text, on all devices and in the row', async () => {
    const uid = label(a, 'Sample');
    a.engine.saveBlock('ULabel', { uid }, { kind: 'readme', content: 'The sample was frozen.' });
    team.meet();
    const [first, second] = [typist(a), typist(b)];
    await first.change(uid, (text) => text.insert(4, 'big '));
    await second.change(uid, (text) => text.insert(text.length, ' It thawed.'));
    team.meet();
    await first.later();
    await second.later();
    team.meet();
    await first.later();
    await second.later();
    team.meet();
    for (const peer of [a, b, c]) expect(noteOf(peer, uid)).toBe('The big sample was frozen. It thawed.');
    equal();
    // Nobody goes on saving what is the same.
    const versions = () => a.rows('SELECT count(*) FROM lamindb_ulabelblock')[0]?.[0];
    const before = versions();
    await first.later();
    await second.later();
    team.meet();
    expect(versions()).toBe(before);
  });

  it('a note that two began at once is one', async () => {
    const uid = label(a, 'Sample');
    team.meet();
    const [first, second] = [typist(a), typist(b)];
    await first.change(uid, (text) => text.insert(0, 'From a. '));
    await second.change(uid, (text) => text.insert(0, 'From b. '));
    team.meet();
    for (let round = 0; round < 2; round++) {
      await first.later();
      await second.later();
      team.meet();
    }
    for (const peer of [a, b, c])
      expect(noteOf(peer, uid)?.split('. ').sort().join('|')).toBe('|From a|From b');
    equal();
  });

  it('a save by the command line and offline typing are both in the text', async () => {
    const uid = label(a, 'Sample');
    a.engine.saveBlock('ULabel', { uid }, { kind: 'readme', content: 'Keep at 4 C. Use gloves.' });
    team.meet();
    const first = typist(a);
    await first.change(uid, (text) => text.insert(text.length, ' Wash twice.'));
    c.engine.saveBlock('ULabel', { uid }, { kind: 'readme', content: 'Keep at 8 C. Use gloves.' });
    team.meet();
    await first.later();
    team.meet();
    for (const peer of [a, b, c]) expect(noteOf(peer, uid)).toBe('Keep at 8 C. Use gloves. Wash twice.');
    equal();
  });
});

describe('reviews travel as operations', () => {
  it('a README, reviewers, verdicts and threads are everybody’s; two who answer at once are both heard', () => {
    const { engine } = a;
    engine.createBranch('plate-7');
    team.meet();
    engine.saveBranchReadme('plate-7', 'What it is for');
    engine.askForReview('plate-7', 'review');
    engine.commentOnBranch('plate-7', 'Is that so?');
    const reviewer = String(
      b.rows('SELECT uid FROM lamindb_user WHERE id = ?', [b.engine.writer.author.userId])[0]?.[0],
    );
    engine.addReviewer('plate-7', reviewer);
    team.meet();
    const seen = b.engine.branchReview('plate-7');
    expect(seen.readme?.content).toBe('What it is for');
    expect(seen.reviewers.map(({ uid }) => uid)).toEqual([reviewer]);
    expect(seen.status).toBe('review');
    const thread = String(seen.threads[0]?.uid);
    b.engine.commentOnBranch('plate-7', 'Yes', { reply: thread });
    c.engine.commentOnBranch('plate-7', 'No', { reply: thread });
    b.engine.giveVerdict('plate-7', 'approve', 'Good');
    team.meet();
    for (const peer of [a, b, c]) {
      const review = peer.engine.branchReview('plate-7');
      expect(review.threads[0]?.comments.map(({ text }) => text).sort()).toEqual([
        'Is that so?',
        'No',
        'Yes',
      ]);
      expect(review.verdicts).toMatchObject([{ verdict: 'approve', text: 'Good' }]);
    }
    b.engine.resolveThread('plate-7', thread, true);
    team.meet();
    expect(c.engine.branchReview('plate-7').threads[0]?.resolved).toBe(true);
    equal();
  });
});
