// What went wrong while facts were collected: parts that are damaged, and parts that this program cannot read though they
// may be whole. A file with damage is `unreadable`, with the facts that could still be found.
import { count, reason } from '../summary.ts';
import { Unsupported } from '../tree.ts';
import type { Facts } from './facts-types.ts';

const MOST = 20;

export class Problems {
  readonly #found: { sentence: string; damage: boolean }[] = [];

  /** Notes a failure and answers with the reason, for the place where the facts would stand. */
  note(what: string, error: unknown): string {
    const why = reason(error);
    this.#found.push({ sentence: `${what}: ${why}`, damage: !(error instanceof Unsupported) });
    return why;
  }

  /** The facts with what is to be said about them. */
  told(facts: Facts): Facts {
    if (this.#found.length === 0) return facts;
    const damage = this.#found.filter((one) => one.damage);
    if (damage.length === 0) return { ...facts, problems: this.#sentences() };
    const first = damage[0]?.sentence ?? '';
    const more = damage.length > 1 ? ` and ${count(damage.length - 1)} more` : '';
    return {
      kind: 'unreadable',
      error: `Parts of this file are damaged (${first}${more}). Compare it with its origin.`,
      problems: this.#sentences(),
      readable: facts,
    };
  }

  #sentences(): string[] {
    const all = this.#found.map((one) => one.sentence);
    return all.length > MOST ? [...all.slice(0, MOST), `and ${count(all.length - MOST)} more`] : all;
  }
}
