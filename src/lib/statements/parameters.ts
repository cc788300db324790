// Parameters of a statement over files. DuckDB 0.9.2 binds none in the calls that the gate and the stream are made of, so
// each `$name` gives way to its literal: whole tokens, as the engine's own scanner cuts them, so that what stands in texts,
// quoted names and comments stays; and what comes out must scan to the same tokens with the literals among them.
import { LoamError } from '../engine/errors.ts';
import { tokensOf, tokenTypes, type Asks, type Token } from './tokens.ts';
import { duckdbLiterals, type ParameterValues } from './parameter-values.ts';

export interface ValuedStatement {
  sql: string;
  /** Where literals stand in `sql`. */
  spots: { from: number; to: number }[];
  /** The place in the statement as it was written. */
  back(offset: number): number;
}

type Scanner = Pick<Asks, 'tokens'>;

/** Throws `ValueError` for a parameter without a fitting value. */
export function withValues(db: Scanner, text: string, values: ParameterValues): ValuedStatement {
  if (!text.includes('$')) return { sql: text, spots: [], back: (offset) => offset };
  const tokens = tokensOf(db, text);
  const wanted: string[] = [];
  const pieces: { from: number; to: number; literal: string }[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.type !== tokenTypes.operator || !/^\$\d*$/.test(token.text)) {
      wanted.push(token.text);
      continue;
    }
    const next = tokens[i + 1];
    if (token.text !== '$' || next?.from !== token.to || !isName(next))
      throw new LoamError('ValueError', `Write parameters as $name, not as "${token.text}".`);
    const name = next.text;
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (!value) throw new LoamError('ValueError', `Give a value for $${name}.`, { parameter: name });
    const all = duckdbLiterals(name, value);
    const listed = value.list && value.texts !== null;
    const literal = listed ? written(all, tokens, i) : (all[0] ?? 'NULL');
    pieces.push({ from: token.from, to: next.to, literal });
    wanted.push(...tokensOf(db, literal).map((one) => one.text));
    i++;
  }
  let sql = '';
  let at = 0;
  const spots = pieces.map(({ from, to, literal }) => {
    sql += text.slice(at, from);
    const spot = { from: sql.length, to: sql.length + literal.length };
    sql += literal;
    at = to;
    return spot;
  });
  sql += text.slice(at);
  const scanned = tokensOf(db, sql).map((one) => one.text);
  if (scanned.length !== wanted.length || scanned.some((one, i) => one !== wanted[i]))
    throw new LoamError(
      'ValueError',
      'The values of the parameters cannot be put into this statement safely.',
    );
  return {
    sql,
    spots,
    back(offset) {
      let shift = 0;
      for (const [i, { from, to, literal }] of pieces.entries()) {
        const spot = spots[i];
        if (!spot || offset < spot.from) break;
        if (offset < spot.to) return from;
        shift += literal.length - (to - from);
      }
      return offset - shift;
    },
  };
}

const isName = ({ text, type }: Token): boolean =>
  (type === tokenTypes.identifier || type === tokenTypes.keyword) && /^[\p{L}_][\p{L}\p{N}_]*$/u.test(text);

/** A list behind IN is a row of constants, elsewhere a value of its own. */
function written(all: readonly string[], tokens: readonly Token[], at: number): string {
  const before = tokens[at - 1]?.text ?? '';
  if (/^in$/i.test(before)) return `(${all.join(', ')})`;
  const alone = before === '(' && /^in$/i.test(tokens[at - 2]?.text ?? '') && tokens[at + 2]?.text === ')';
  return alone ? all.join(', ') : `[${all.join(', ')}]`;
}
