// LaminDB's functions and triggers on Postgres: which registries have them, under which names, and what fills the texts
// of lamindb-functions.ts. Postgres alone has them (LaminDB 2.12.1); the names and comments are django-pgtrigger's, sums
// over its own Python texts that cannot be derived here.

import type { Check, Model } from '../model/types.ts';
import {
  cycleNote,
  cycleText,
  frameText,
  ignoreText,
  recordTypeText,
  renameText,
  typeNotes,
  typeText,
} from './lamindb-functions.ts';

interface Trigger {
  table: string;
  name: string;
  /** `BEFORE …` and the condition under which a row is looked at. */
  when: string;
  body: string;
  comment: string;
}

/** A registry whose rows may have a type: the end of its trigger's name, and the trigger's comment. */
interface Typed {
  label: string;
  suffix: string;
  comment: string;
  /** Carries the line that tells the space rule. */
  noted?: true;
}

const typed: readonly Typed[] = [
  { label: 'feature', suffix: '04c90', comment: 'be9a630e2ee899846cfe5fcabd64234be4e301db' },
  { label: 'project', suffix: 'e2567', comment: 'b5b62fdec9b222bc152c2b9937a2676fb653696f' },
  { label: 'record', suffix: '56c18', comment: '4f692c1cc71b0554090ffd4642811a52c6b9941e', noted: true },
  { label: 'reference', suffix: '3d37c', comment: '94bc5e7968664022914905d7390a6935b66b3402' },
  { label: 'schema', suffix: 'b403c', comment: '7f860952cef18f2151e46d0120b5aafdebdbd2be' },
  { label: 'ulabel', suffix: '863ae', comment: '13b2acbebf74a7e04a66723a353d1ab7a2c4c1ad', noted: true },
];

const fill = (text: string, values: Record<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
const tableOf = (label: string) => `lamindb_${label}`;
const framed = (body: string) => frameText.before + body + frameText.after;

function cycleTrigger({ label, suffix, comment, noted }: Typed): Trigger {
  const row = label.slice(0, 1);
  return {
    table: tableOf(label),
    name: `pgtrigger_prevent_${label}_type_cycle_${suffix}`,
    when: 'BEFORE INSERT OR UPDATE ON {on} FOR EACH ROW WHEN (new.type_id IS NOT NULL)',
    body: fill(cycleText, {
      note: noted ? fill(cycleNote, { label }) : '',
      table: tableOf(label),
      label,
      // What the two messages and the two aliases are in LaminDB, where they are not the rule.
      kind: label === 'record' ? 'locked' : 'single-space',
      row,
      link: label === 'ulabel' ? 'r' : row,
    }),
    comment,
  };
}

const renamed: Trigger = {
  table: 'lamindb_feature',
  name: 'pgtrigger_update_feature_on_name_change_6c32d',
  when: 'BEFORE UPDATE ON {on} FOR EACH ROW WHEN (old.name IS DISTINCT FROM new.name)',
  body: renameText,
  comment: '5f2e7a65e42c34b0455f0840def52f078726e401',
};

const quoted = (text: string) => `$$${text}$$`;

function typeFunction(label: string): string {
  if (label === 'record')
    return `CREATE FUNCTION public.is_valid_record_type(record_type_id integer, record_is_type boolean) RETURNS boolean LANGUAGE plpgsql AS ${quoted(recordTypeText)}`;
  const told = label === 'feature';
  const text = fill(typeText, {
    label,
    table: tableOf(label),
    row: label.slice(0, 1),
    first: told ? typeNotes.first : '',
    second: told ? typeNotes.second : '',
  });
  return `CREATE FUNCTION public.is_valid_${label}_type(${label}_type_id integer) RETURNS boolean LANGUAGE plpgsql AS ${quoted(text)}`;
}

const triggers: readonly Trigger[] = [...typed.map(cycleTrigger), renamed];
const here = (model: Model) => typed.filter(({ label }) => model.tables.has(tableOf(label)));

/** CHECKs that LaminDB has on Postgres alone: a type that is given is one. They are looked at with each statement, not at commit. */
export function typeChecks(table: string): Check[] {
  const found = typed.find(({ label }) => tableOf(label) === table);
  if (!found) return [];
  const { label } = found;
  const values = label === 'record' ? 'type_id, is_type' : 'type_id';
  return [{ name: `${label}_type_is_valid_fk`, sql: `public.is_valid_${label}_type(${values})` }];
}

/** CREATE FUNCTION of all that the model's tables need; before the tables, whose checks name them. */
export function lamindbFunctions(model: Model): string[] {
  const names = here(model).map(({ label }) => label);
  if (names.length === 0) return [];
  return [
    `CREATE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean LANGUAGE plpgsql AS ${quoted(ignoreText)}`,
    ...names.map(typeFunction),
    ...triggers
      .filter(({ table }) => model.tables.has(table))
      .map(
        ({ name, body }) =>
          `CREATE FUNCTION public.${name}() RETURNS trigger LANGUAGE plpgsql AS ${quoted(framed(body))}`,
      ),
  ];
}

/** CREATE TRIGGER and its comment, after the tables. */
export function lamindbTriggers(model: Model): string[] {
  return triggers
    .filter(({ table }) => model.tables.has(table))
    .flatMap(({ table, name, when, comment }) => [
      `CREATE TRIGGER ${name} ${fill(when, { on: `public.${table}` })} EXECUTE FUNCTION public.${name}()`,
      `COMMENT ON TRIGGER ${name} ON public.${table} IS '${comment}'`,
    ]);
}
