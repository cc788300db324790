// What the server sends of logs, for one connection, in the order in which it came: kept at once, done in the tables in slices
// with other work in between. Logs are asked for a few at a time, so that what waits here stays bounded.
import { isLoamError, type WireError } from '../errors.ts';
import type { Clock, Later } from '../ports.ts';
import type { Explained, LogState, PeerFrame, ServerFrame } from './frames.ts';
import type { LocalSide } from './local-side.ts';
import { wordsOf } from './sender.ts';

type Came = Extract<ServerFrame, { type: 'update' | 'caught' | 'explained' | 'log' }>;

export interface Taker {
  /** Logs of the server, as `welcome` has them. */
  begin(logs: readonly LogState[]): void;
  came(frame: Came): void;
  /** All that the server had is here and done, but for what waits for others. */
  readonly caughtUp: boolean;
  readonly problem: WireError | null;
  /** Nothing more is done. */
  stop(): void;
}

export interface TakerDeps {
  local: LocalSide;
  send(frame: PeerFrame): void;
  later: Later;
  clock: Clock;
  /** After each slice. */
  onProgress(): void;
  /** The database does not take what came: there is no use in going on. */
  onFailure(error: WireError): void;
}

/** Of one slice, in all; the page asks in between. */
const sliceMs = 30;
/** While an act of many transactions goes on. */
const heldMs = 25;
const [mostAsked, mostTries] = [4, 3];

export function createTaker({ local, send, later, clock, onProgress, onFailure }: TakerDeps): Taker {
  const queue: Came[] = [];
  const toAsk: string[] = [];
  /** Asked for, and not caught yet. */
  const asked = new Set<string>();
  /** How often a log was asked for again since something came of it. */
  const tries = new Map<string, number>();
  /** Reasons that came before their refusals. */
  let early: Explained[] = [];
  let callOff: (() => void) | null = null;
  let over = false;
  let behind = true;
  let problem: WireError | null = null;

  function ask(): void {
    while (asked.size < mostAsked) {
      const doc = toAsk.shift();
      if (doc === undefined) return;
      if (asked.has(doc)) continue;
      asked.add(doc);
      send({ type: 'want', doc, bytes: local.vector(doc) });
    }
  }

  function wish(doc: string): void {
    if (!toAsk.includes(doc)) toAsk.push(doc);
  }

  /** False: it has to wait. */
  function take(frame: Came): boolean {
    switch (frame.type) {
      case 'update':
        return receive(frame.doc, frame.bytes);
      case 'caught':
        asked.delete(frame.doc);
        tries.delete(frame.doc);
        break;
      case 'log':
        wish(frame.doc);
        break;
      case 'explained':
        local.explain(frame.places);
        early = frame.places;
        break;
    }
    return true;
  }

  function receive(doc: string, bytes: Uint8Array): boolean {
    try {
      const done = local.receive(doc, bytes);
      if (!done) return false;
      if (done.refused > 0 && early.length > 0) local.explain(early);
      behind = true;
    } catch (error) {
      if (!isLoamError(error, 'UpdateRefused')) throw error;
      const { why } = error.details;
      const again = (tries.get(doc) ?? 0) + 1;
      tries.set(doc, again);
      // Something is missing before it: asked for again, from what is here.
      if (why === 'gap' && again <= mostTries) {
        asked.delete(doc);
        wish(doc);
        return true;
      }
      if (why === 'diverged') local.renew();
      problem = wordsOf(error);
    }
    return true;
  }

  function work(): void {
    callOff = null;
    if (over) return;
    const end = clock() + sliceMs;
    let wait = 0;
    try {
      let held = false;
      while (queue.length > 0 && !held && clock() < end - sliceMs / 3) {
        held = !take(queue[0] as Came);
        if (!held) queue.shift();
      }
      ask();
      if (behind) {
        const slice = local.project(Math.max(5, end - clock()));
        behind = slice.more;
        held ||= slice.held;
      }
      if (held) wait = heldMs;
    } catch (error) {
      over = true;
      return onFailure(wordsOf(error));
    }
    if (queue.length > 0 || behind) callOff = later(wait, work);
    onProgress();
  }

  function soon(): void {
    if (!over) callOff ??= later(0, work);
  }

  return {
    begin(logs) {
      const differing = new Set(local.differing(logs));
      // Also those that are equal, for what comes after; sealed ones get little.
      for (const { doc } of [...logs].sort((a, b) => epochOf(a.doc) - epochOf(b.doc)))
        if (differing.has(doc) || isNewest(doc, logs)) wish(doc);
      soon();
    },
    came(frame) {
      queue.push(frame);
      soon();
    },
    get caughtUp() {
      return queue.length === 0 && !behind && asked.size === 0 && toAsk.length === 0;
    },
    get problem() {
      return problem;
    },
    stop() {
      over = true;
      callOff?.();
    },
  };
}

const branchOf = (doc: string): string => doc.slice(0, doc.lastIndexOf('/'));
const epochOf = (doc: string): number => Number(doc.slice(doc.lastIndexOf('/') + 1));
const newest = new WeakMap<readonly LogState[], Map<string, number>>();

/** Whether the log is the newest of its branch. */
function isNewest(doc: string, logs: readonly LogState[]): boolean {
  let known = newest.get(logs);
  if (!known) {
    newest.set(logs, (known = new Map()));
    for (const { doc: of } of logs)
      known.set(branchOf(of), Math.max(known.get(branchOf(of)) ?? 0, epochOf(of)));
  }
  return known.get(branchOf(doc)) === epochOf(doc);
}
