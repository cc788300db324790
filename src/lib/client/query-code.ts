// The text of a statement as it is kept: by a saved query, and by the run that saves its rows.
import { declare, type GivenValues, parametersIn } from './parameters.ts';
import { statementsOf } from './sql-statements.ts';

/** The text with what its parameters are above it; what they were given becomes their default. */
export function codeToSave(text: string, given: GivenValues): string {
  const told = parametersIn(text).map((one) => {
    const texts = given[one.name];
    const own = texts?.some((value) => value !== '') ? { texts: [...texts] } : null;
    return { ...one, fallback: own ?? one.fallback };
  });
  return declare(text, told).trim();
}

/** What a run of `sql`, a statement of `text`, has as its code: the whole text, where the statement is all there is in it. */
export const codeOfRun = (sql: string, text: string): string =>
  statementsOf(text).length === 1 && text.includes(sql) ? text.trim() : declare(sql, parametersIn(sql, text));
