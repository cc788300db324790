// The SQL editor: CodeMirror with SQLite's words, our completion, a mark at the place of an error, and colours from the
// page's own tokens. Only the Query screen imports it, so that it is in no other screen's bundle.
import {
  acceptCompletion,
  autocompletion,
  closeCompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { sql, SQLite } from '@codemirror/lang-sql';
import { bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightSpecialChars,
  keymap,
  placeholder,
} from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { type Completable, completeSql } from './sql-completion.ts';

export interface SqlEditor {
  readonly text: string;
  readonly selection: { from: number; to: number };
  /** Replaces the whole text, as one step that can be undone. */
  set(text: string): void;
  /** Puts a name at the cursor, set off from the words beside it, and gives the editor the focus. */
  insert(name: string): void;
  /** Underlines the word at the place; null takes the mark away. Typing does too. */
  mark(offset: number | null): void;
  /** Puts a name in the place of the marked word. */
  correct(name: string): void;
  /** Closes what it offers: the statement is on its way. */
  settle(): void;
  focus(): void;
  destroy(): void;
}

export interface SqlEditorOptions {
  text: string;
  /** Id of the element that says how the statement is doing. */
  describedBy: string;
  onchange(text: string): void;
  known(): Completable;
}

const setMark = StateEffect.define<{ from: number; to: number } | null>();
const wrong = Decoration.mark({ class: 'sql-wrong' });

const markField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = transaction.docChanged ? Decoration.none : marks;
    for (const effect of transaction.effects) {
      if (!effect.is(setMark)) continue;
      next = effect.value
        ? Decoration.set([wrong.range(effect.value.from, effect.value.to)])
        : Decoration.none;
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Mod-Enter and Mod-. are commands of the screen: what the editor does not take reaches them. */
const keys = defaultKeymap.filter(({ key }) => key !== 'Mod-Enter');

export function createSqlEditor(parent: HTMLElement, options: SqlEditorOptions): SqlEditor {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        highlightSpecialChars(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        sql({ dialect: SQLite }),
        syntaxHighlighting(classHighlighter),
        autocompletion({ override: [completeSql(options.known)], icons: false, maxRenderedOptions: 80 }),
        // Tab takes what is offered, and else leaves the editor as it leaves any field.
        keymap.of([
          { key: 'Tab', run: acceptCompletion },
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...historyKeymap,
          ...keys,
        ]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          'aria-label': 'SQL statement',
          'aria-describedby': options.describedBy,
          spellcheck: 'false',
          autocapitalize: 'off',
        }),
        placeholder('select …'),
        markField,
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onchange(update.state.doc.toString());
        }),
      ],
    }),
  });

  return {
    get text() {
      return view.state.doc.toString();
    },
    get selection() {
      const { from, to } = view.state.selection.main;
      return { from, to };
    },
    set(text) {
      if (text === view.state.doc.toString()) return;
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: text },
        selection: { anchor: text.length },
      });
    },
    insert(name) {
      const { from, to } = view.state.selection.main;
      const before = view.state.sliceDoc(Math.max(0, from - 1), from);
      const after = view.state.sliceDoc(to, to + 1);
      const text = `${/[\w"),]/.test(before) ? ' ' : ''}${name}${/[\w"(]/.test(after) ? ' ' : ''}`;
      view.dispatch({
        changes: { from, to, insert: text },
        selection: { anchor: from + text.length },
        scrollIntoView: true,
      });
      view.focus();
    },
    mark(offset) {
      if (offset === null) return view.dispatch({ effects: setMark.of(null) });
      const { doc } = view.state;
      const at = Math.max(0, Math.min(offset, doc.length));
      const rest = doc.sliceString(at, Math.min(doc.length, at + 200));
      const word = /^(?:[\p{L}\p{N}_$.]+|"[^"]*"|'[^']*'|\S)/u.exec(rest)?.[0] ?? '';
      // At the end of the text there is nothing to underline but what stands before it.
      const from = word === '' ? Math.max(0, at - 1) : at;
      const to = word === '' ? at : at + word.length;
      view.dispatch({
        effects: [setMark.of(from < to ? { from, to } : null), EditorView.scrollIntoView(from)],
      });
    },
    correct(name) {
      const marked = view.state.field(markField).iter();
      if (marked.value === null) return;
      const { from, to } = marked;
      view.dispatch({ changes: { from, to, insert: name }, selection: { anchor: from + name.length } });
      view.focus();
    },
    settle: () => void closeCompletion(view),
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
