// The list of databases survives a write that is cut off, and a database that does not open gives its place back.
import { describe, expect, it } from 'vitest';
import { LoamError } from '../../src/lib/engine/errors.ts';
import { freeTitle, shelfStore, type Shelf, type Slots } from '../../src/lib/storage/sql/shelf.ts';
import { memorySlots } from '../../src/lib/storage/sql/shelf-slots.ts';
import { loadShelf, openOwn } from '../../src/lib/workers/databases.ts';

const entry = (id: string, role: 'work' | 'look' | 'backup' = 'backup') => ({
  id,
  title: id,
  role,
  added: '2026-01-02T03:04:05.000Z',
  from: 'here',
  readOnly: null,
  url: null,
});
const shelf = (own: string, previous: string | null = null): Shelf => ({
  own,
  previous,
  entries: ['a', 'b'].map((id) => entry(id, id === own ? 'work' : 'backup')),
  trials: [],
});

describe('the list of databases', () => {
  it('is written in turns; a slot that was cut off leaves the other one', async () => {
    const texts: (string | null)[] = [null, null];
    let cut = Infinity;
    const slots: Slots = {
      read: async (slot) => texts[slot] ?? null,
      write: async (slot, text) => void (texts[slot] = text.slice(0, cut)),
    };
    const first = shelfStore(slots);
    expect(await first.load()).toBeNull();
    await first.save(shelf('a'));
    await first.save(shelf('b'));
    expect((await shelfStore(slots).load())?.own).toBe('b');
    for (let length = 0; length < (texts[0] ?? '').length; length += 7) {
      const kept = [...texts];
      cut = length;
      await shelfStore(slots).save(shelf('a'));
      expect((await shelfStore(slots).load())?.own, `cut at ${length}`).toBe('b');
      texts.splice(0, 2, ...kept);
    }
    cut = Infinity;
    await shelfStore(slots).save(shelf('a'));
    expect((await shelfStore(slots).load())?.own).toBe('a');
  });

  it('begins with the one database there always was', async () => {
    const found = await loadShelf(shelfStore(memorySlots()), 'loam');
    expect(found).toMatchObject({ own: 'loam', previous: null, entries: [{ id: 'loam', role: 'work' }] });
  });

  it('has no two equal titles', () => {
    expect(freeTitle(shelf('a'), 'lab')).toBe('lab');
    expect(freeTitle(shelf('a'), ' b ')).toBe('b 2');
    expect(freeTitle(shelf('a'), 'b', 'b')).toBe('b');
    expect(freeTitle(shelf('a'), '')).toBe('database');
  });
});

describe('[row 109] a database that takes the place of another', () => {
  it('keeps it once it has opened', async () => {
    const list = shelf('b', 'a');
    const store = shelfStore(memorySlots());
    expect(await openOwn(list, store, async (id) => id)).toEqual({ opened: 'b', notice: null });
    expect((await store.load())?.previous).toBeNull();
  });

  it('gives it back where it does not open, and says why', async () => {
    const list = shelf('b', 'a');
    const store = shelfStore(memorySlots());
    const answer = await openOwn(list, store, async (id) => {
      if (id === 'b') throw new LoamError('DatabaseDamaged', 'It is damaged.');
      return id;
    });
    expect(answer).toEqual({
      opened: 'a',
      notice: expect.stringContaining('b could not be opened') as string,
    });
    expect(answer.notice).toContain('It is damaged.');
    expect(await store.load()).toMatchObject({ own: 'a', entries: [{ role: 'work' }, { role: 'backup' }] });
  });

  it('waits where it is only locked', async () => {
    const list = shelf('b', 'a');
    const locked = openOwn(list, shelfStore(memorySlots()), () =>
      Promise.reject(new LoamError('DatabaseLocked', 'Busy.')),
    );
    await expect(locked).rejects.toThrow('Busy.');
    expect(list).toMatchObject({ own: 'b', previous: 'a' });
  });
});
