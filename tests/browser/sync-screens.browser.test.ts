// Sync on screen over a status and entries that are given: the chip and its panel, the tray with all that can be in it, and faces.
import '../../src/app.css';
import { mount, unmount } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import AttentionList from '../../src/lib/components/AttentionList.svelte';
import PresenceFaces from '../../src/lib/components/PresenceFaces.svelte';
import SyncChip from '../../src/lib/components/SyncChip.svelte';
import type { Attention, Present, SyncStatus } from '../../src/lib/workers/sync-wire.ts';

const mounted: Record<string, unknown>[] = [];
function show<P extends Record<string, unknown>>(component: unknown, props: P): void {
  const target = document.createElement('div');
  target.style.padding = '20px';
  document.body.append(target);
  mounted.push(mount(component as never, { target, props }));
}
afterEach(async () => {
  for (const one of mounted.splice(0)) await unmount(one);
  document.body.replaceChildren();
});

const status = (given: Partial<SyncStatus> = {}): SyncStatus => ({
  ...{ state: 'live', server: 'https://loam.example.org', instance: { uid: 'i', name: 'Lab 12' } },
  ...{ account: { uid: 'a', handle: 'ada' }, role: 'write', pending: 0, waiting: 0 },
  ...{ lastSync: Date.now() - 120_000, attention: 0, retryAt: null, error: null },
  ...given,
});
const value = (clock: number, text: string, author: string, shown: boolean) => ({
  ...{ client: 1, clock, value: text, text, author, at: Date.now() - 60_000 * clock, shown },
});
const entries: Attention[] = [
  {
    ...{ kind: 'rejected', act: 'act1', title: 'Annotate 3 artifacts', at: Date.now() - 3_600_000 },
    reason: 'You may not write in the space Clinic. Ask an administrator for the right.',
    changes: ['ULabel “T cell” added to pbmc.h5ad', 'description of S-014: “Donor 2, 6 h”'],
  },
  {
    ...{ kind: 'conflict', registry: 'Record', uid: 'r1', name: 'S-014', field: 'description' },
    column: 'description',
    values: [value(5, 'Donor 2, 24 h', 'Maria', true), value(9, 'Donor 2, 6 h at 37 °C', 'You', false)],
  },
  {
    ...{ kind: 'kept out', registry: 'ULabel', uid: 'u1', name: 'T cell', field: 'name' },
    reason: 'Another label has this name.',
  },
  { kind: 'newer', records: 4, reason: 'Reload the page to update.' },
];
const ignore = () => Promise.resolve();
const hrefOf = (registry: string, uid: string) => `#${registry}/${uid}`;

describe('[row 71] the chip of sync', () => {
  it('is absent where nothing is connected, and tells in words and by its panel where something is', async () => {
    show(SyncChip, { status: status({ state: 'off' }), onsync: ignore, onpause: ignore });
    show(SyncChip, { status: null, onsync: ignore, onpause: ignore });
    await expect.element(page.getByRole('button')).not.toBeInTheDocument();
    const asked: string[] = [];
    show(SyncChip, {
      status: status({ state: 'offline', pending: 12, waiting: 2, retryAt: Date.now() + 8_000 }),
      onsync: () => asked.push('sync'),
      onpause: () => asked.push('pause'),
    });
    await page.getByRole('button', { name: 'Sync: Offline – 12 changes kept here' }).click();
    const panel = page.getByRole('dialog', { name: 'Sync' });
    await expect.element(panel.getByText('No connection to the server.')).toBeVisible();
    await expect.element(panel.getByRole('row', { name: /Lab 12.*12 changes.*2 min ago/ })).toBeVisible();
    await expect.element(panel.getByText('2 changes of others wait for what they build on')).toBeVisible();
    await panel.getByRole('button', { name: 'Sync now' }).click();
    await panel.getByRole('button', { name: 'Pause' }).click();
    expect(asked).toEqual(['sync', 'pause']);
  });

  it('an error says what happened and what to do', async () => {
    const told = { code: 'SignInNeeded' as const, message: 'Your session has ended.', details: {} };
    show(SyncChip, { status: status({ state: 'stopped', error: told }), onsync: ignore, onpause: ignore });
    await page.getByRole('button', { name: 'Sync: Sync stopped' }).click();
    await expect.element(page.getByRole('alert')).toHaveTextContent('Your session has ended.');
    await expect.element(page.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/team');
    await expect.element(page.getByRole('button', { name: 'Pause' })).not.toBeInTheDocument();
  });
});

describe('[row 70] the tray', () => {
  it('shows what was refused, with its reason and what it changed; discarding asks and says what stays', async () => {
    const done: string[] = [];
    show(AttentionList, {
      ...{ entries, hrefOf, onsettle: ignore },
      ondiscard: ({ act }: { act: string }) => Promise.resolve(void done.push(`discard ${act}`)),
      onrevise: ({ act }: { act: string }) => Promise.resolve(void done.push(`revise ${act}`)),
    });
    const refused = page.getByRole('region', { name: 'Not taken by the server' });
    await expect.element(refused.getByText('You may not write in the space Clinic.')).toBeVisible();
    await expect.element(refused.getByText('ULabel “T cell” added to pbmc.h5ad')).toBeVisible();
    await refused.getByRole('button', { name: 'Put on a branch to fix' }).click();
    await refused.getByRole('button', { name: 'Discard…' }).click();
    await expect.element(page.getByText('stays in the history of this device')).toBeVisible();
    expect(done).toEqual(['revise act1']);
    await page.getByRole('button', { name: 'Discard the change' }).click();
    await expect.poll(() => done).toEqual(['revise act1', 'discard act1']);
  });

  it('shows both values of a conflict with who wrote them when, and takes the one that is chosen', async () => {
    const taken: string[] = [];
    show(AttentionList, {
      ...{ entries, hrefOf, ondiscard: ignore, onrevise: ignore },
      onsettle: (_: Attention, { text }: { text: string }) => Promise.resolve(void taken.push(text)),
    });
    const values = page.getByRole('group', { name: 'Values of description of S-014' });
    await expect.element(values.getByText('Maria, 5 min ago, shown now')).toBeVisible();
    await expect.element(values.getByText('You, 9 min ago')).toBeVisible();
    await values.getByRole('button', { name: 'Take this: “Donor 2, 6 h at 37 °C” of You' }).click();
    expect(taken).toEqual(['Donor 2, 6 h at 37 °C']);
    await expect.element(page.getByRole('link', { name: 'S-014' })).toHaveAttribute('href', '#Record/r1');
    await expect.element(page.getByText('Another label has this name.')).toBeVisible();
    await expect.element(page.getByText('4 changes')).toBeVisible();
  });
});

describe('[row 73] faces', () => {
  it('one for each person, four at most, all of them in the list with where they are', async () => {
    const people: Present[] = ['Ada King', 'Ben Ode', 'Cem Usta', 'Dee Mo', 'Eva Li', 'Ada King'].map(
      (name) => ({
        ...{ account: name, handle: name.slice(0, 3).toLowerCase(), name, color: '#0072b2' },
        where: name === 'Ben Ode' ? '/artifacts/abc' : null,
      }),
    );
    show(PresenceFaces, { people: [], place: 'here' });
    await expect.element(page.getByRole('button')).not.toBeInTheDocument();
    show(PresenceFaces, { people, place: 'here now' });
    const faces = page.getByRole('button', { name: '5 people here now' });
    await expect.element(faces).toHaveTextContent('AKBOCUDM +1');
    await faces.click();
    await expect.element(page.getByText('Eva Li')).toBeVisible();
    await expect
      .element(page.getByRole('link', { name: 'Go there where Ben Ode is' }))
      .toHaveAttribute('href', '/artifacts/abc');
  });
});
