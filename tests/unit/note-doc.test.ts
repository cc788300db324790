// A live text and the versions of its note: whoever takes them in, in whatever order, comes to the same text.
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import {
  docOf,
  noMemory,
  stepFrom,
  takeVersions,
  textOf,
  type NoteVersion,
} from '../../src/lib/engine/rooms/note-doc.ts';
import { patch } from '../../src/lib/engine/rooms/text-patch.ts';
import { fromBase64, toBase64 } from '../../src/lib/engine/rooms/base64.ts';
import { numbers } from '../fixtures/numbers.ts';

let time = 0;
const version = (content: string, state: Uint8Array | null = null): NoteVersion => ({
  key: `${String(++time).padStart(4, '0')} ${content.length}`,
  ...{ content, state, ownBranch: true },
});
const saved = (doc: Y.Doc) => version(textOf(doc), Y.encodeStateAsUpdate(doc));
const device = (versions: NoteVersion[]) => {
  const doc = new Y.Doc();
  return { doc, text: doc.getText('note'), memory: takeVersions(doc, versions, noMemory, 'rows') };
};
const meet = (...docs: Y.Doc[]) => {
  for (const a of docs)
    for (const b of docs) Y.applyUpdate(a, Y.encodeStateAsUpdate(b, Y.encodeStateVector(a)));
  expect(new Set(docs.map(textOf)).size).toBe(1);
  return textOf(docs[0] as Y.Doc);
};

describe('patches', () => {
  it('make one text of another and leave what is the same', () => {
    const next = numbers(3);
    const words = ['cell', 'line', '🧬', 'é', ' ', '\n', 'TCR', '.', 'a'];
    const any = () =>
      Array.from({ length: next() * 40 }, () => words[Math.floor(next() * words.length)]).join('');
    for (let round = 0; round < 500; round++) {
      const [before, after] = [any(), any()];
      let text = before;
      for (const { at, remove, insert } of patch(before, after))
        text = text.slice(0, at) + insert + text.slice(at + remove);
      expect(text).toBe(after);
    }
    expect(patch('one two three four', 'one 2 three 4')).toEqual([
      { at: 14, remove: 4, insert: '4' },
      { at: 4, remove: 3, insert: '2' },
    ]);
  });

  it('bytes are the same after base64', () => {
    for (let n = 0; n < 50; n++) {
      const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 77 + n) % 256);
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }
    expect(fromBase64('a')).toBeNull();
  });
});

describe('[row 86] versions of a note and its live text', () => {
  it('begin alike on every device, and are not doubled when they meet', () => {
    const versions = [version('First'), version('First and second'), version('First, second and third')];
    const [a, b, late] = [device(versions), device(versions), device(versions.slice(0, 1))];
    a.text.insert(0, 'A ');
    b.text.insert(b.text.length, ' B');
    late.memory = takeVersions(late.doc, versions, late.memory, 'rows');
    expect(meet(a.doc, b.doc, late.doc)).toBe('A First, second and third B');
  });

  it('two offline saves end as one text, also where only their rows meet', () => {
    const first = version('The sample was frozen.');
    const [a, b] = [device([first]), device([first])];
    a.text.insert(4, 'big ');
    b.text.insert(b.text.length, ' It thawed.');
    const [mine, theirs] = [saved(a.doc), saved(b.doc)];
    for (const one of [a, b]) one.memory = takeVersions(one.doc, [first, mine, theirs], one.memory, 'rows');
    expect(textOf(a.doc)).toBe('The big sample was frozen. It thawed.');
    expect(textOf(b.doc)).toBe(textOf(a.doc));
    // A third device that has nothing but the rows.
    expect(textOf(device([first, mine, theirs]).doc)).toBe(textOf(a.doc));
  });

  it('an edit by Python is a change of what it changed, taken in by several at once', () => {
    const first = version('Temperature: 4 C. Keep dark.');
    const [a, b] = [device([first]), device([first])];
    a.text.insert(a.text.length, ' Typed by A.');
    b.text.insert(0, 'Typed by B. ');
    const python = version('Temperature: 8 C. Keep dark.');
    for (const one of [a, b]) one.memory = takeVersions(one.doc, [first, python], one.memory, 'rows');
    const text = 'Typed by B. Temperature: 8 C. Keep dark. Typed by A.';
    expect(meet(a.doc, b.doc)).toBe(text);
    for (const one of [a, b]) takeVersions(one.doc, [first, python], one.memory, 'rows');
    expect(meet(a.doc, b.doc)).toBe(text);
  });

  it('an edit by Python of the version before does not take out what was saved offline meanwhile', () => {
    const first = version('One. Two. Three.');
    const a = device([first]);
    a.text.insert(5, 'A was here. ');
    const mine = saved(a.doc);
    const python = version('One. Two. Three. Four.');
    const rows = [first, mine, python];
    a.memory = takeVersions(a.doc, rows, a.memory, 'rows');
    const b = device([first]);
    b.memory = takeVersions(b.doc, [first, python], b.memory, 'rows');
    b.memory = takeVersions(b.doc, rows, b.memory, 'rows');
    expect(meet(a.doc, b.doc)).toBe('One. A was here. Two. Three. Four.');
  });

  it('an undo takes the text back on every device, a redo brings it again, and again', () => {
    const first = version('Kept.');
    const [a, b] = [device([first]), device([first])];
    a.text.insert(5, ' Saved.');
    const second = saved(a.doc);
    const all = (rows: NoteVersion[]) => {
      for (const one of [a, b]) one.memory = takeVersions(one.doc, rows, one.memory, 'rows');
      return meet(a.doc, b.doc);
    };
    expect(all([first, second])).toBe('Kept. Saved.');
    b.text.insert(0, 'B: ');
    for (let round = 0; round < 3; round++) {
      expect(all([first])).toBe('B: Kept.');
      expect(all([first, second])).toBe('B: Kept. Saved.');
    }
  });

  it('an earlier version that was put back is the text, with its old state or without one, and typing goes on', () => {
    for (const withState of [true, false]) {
      const writer = device([]);
      writer.text.insert(0, 'wash\nspin');
      const first = saved(writer.doc);
      writer.text.insert(4, ' twice');
      const second = saved(writer.doc);
      const versions = [
        first,
        second,
        version(first.content, withState ? (first.state as Uint8Array) : null),
      ];
      const later = device(versions);
      takeVersions(writer.doc, versions, takeVersions(writer.doc, [first, second], noMemory, 'rows'), 'rows');
      expect(meet(writer.doc, later.doc)).toBe('wash\nspin');
      writer.text.insert(4, ' thrice');
      const third = device([...versions, saved(writer.doc)]);
      expect(meet(writer.doc, later.doc, third.doc)).toBe('wash thrice\nspin');
    }
  });

  it('what was chosen in a merge of branches is the text', () => {
    const first = version('Base.');
    const main = device([first]);
    main.text.insert(5, ' Main.');
    const second = saved(main.doc);
    main.memory = takeVersions(main.doc, [first, second], main.memory, 'rows');
    const branch = device([first]);
    branch.text.insert(5, ' Branch.');
    const merged = { ...saved(branch.doc), ownBranch: false };
    // Main's was chosen: the branch's is an older version then.
    takeVersions(main.doc, [first, { ...merged, key: '0' }, second], main.memory, 'rows');
    expect(textOf(main.doc)).toBe('Base. Main.');
    main.memory = takeVersions(main.doc, [first, second, merged], main.memory, 'rows');
    expect(textOf(main.doc)).toBe('Base. Branch.');
  });

  it('one merge after another is what was chosen each time, also for who comes later', () => {
    const first = version('Cells for 2 h. Viability 90 %.');
    const from = (text: string) => {
      const branch = device([first]);
      for (const { at, remove, insert } of patch(first.content, text)) {
        branch.text.delete(at, remove);
        branch.text.insert(at, insert);
      }
      return { ...saved(branch.doc), ownBranch: false };
    };
    const one = from('Cells for 12 h. Viability 94 %.');
    const two = {
      ...from('Cells for 24 h. Viability 94 %.'),
      content: 'Cells for 12 and 24 h. Viability 94 %.',
    };
    const here = device([first]);
    for (const rows of [
      [first, one],
      [first, one, two],
      [first, one],
      [first, one, two],
    ]) {
      here.memory = takeVersions(here.doc, rows, here.memory, 'rows');
      expect(textOf(here.doc)).toBe(rows.at(-1)?.content);
    }
    const late = device([first, one, two]);
    expect(textOf(late.doc)).toBe(two.content);
    const other = device([first]);
    other.memory = takeVersions(other.doc, [first, one], other.memory, 'rows');
    other.memory = takeVersions(other.doc, [first, one, two], other.memory, 'rows');
    expect(meet(other.doc, late.doc)).toBe(two.content);
  });

  it('a state that is no text counts as none', () => {
    const hostile = [new Uint8Array([1, 255, 255, 255, 15]), new Uint8Array([255]), new Uint8Array()];
    for (const state of hostile) expect(textOf(device([version('Whole', state)]).doc)).toBe('Whole');
  });

  it('the same step is the same bytes; another one has another client', () => {
    const state = Y.encodeStateAsUpdate(device([version('text')]).doc);
    expect(stepFrom(state, 'texts')).toEqual(stepFrom(state, 'texts'));
    const clients = ['texts', 'textual', 'te'].map((target) => stepFrom(state, target)?.state);
    expect(textOf(docOf(clients[1] as Uint8Array))).toBe('textual');
    expect(stepFrom(state, 'text')).toBeNull();
  });
});
