// Passwords: scrypt with its parameters and salt beside the hash, as little of it at once as the machine bears, and the
// same work whether or not there is such an account.
import { randomBytes, scrypt, timingSafeEqual, type BinaryLike, type ScryptOptions } from 'node:crypto';
import { LoamError } from '../../src/lib/engine/errors.ts';

export interface PasswordCost {
  N: number;
  r: number;
  p: number;
}

export interface PasswordWork {
  /** The text to be stored. */
  hash(password: string): Promise<string>;
  /** Whether it is the password of the stored text. `null`: there is none, and as much work is done for it. */
  check(password: string, stored: string | null): Promise<boolean>;
  /** The text was made with less than today's cost. */
  isWeak(stored: string): boolean;
}

/** 32 MiB and about a quarter of a second (OWASP's password sheet: N = 2^15, r = 8, p = 3). */
export const usualCost: PasswordCost = { N: 2 ** 15, r: 8, p: 3 };

const [saltBytes, hashBytes] = [16, 32];
/** More memory is never used, whatever a stored text asks for. */
const mostMemory = 256 * 2 ** 20;

/** `atOnce` scrypts run side by side, `waiting` more wait; who comes then is told to come again. */
export function passwordWork(cost: PasswordCost = usualCost, atOnce = 2, waiting = 50): PasswordWork {
  const derive = inTurns(derived, atOnce, waiting);
  const nobody = textOf(cost, randomBytes(saltBytes), randomBytes(hashBytes));
  return {
    async hash(password) {
      const salt = randomBytes(saltBytes);
      return textOf(cost, salt, await derive(password, salt, cost));
    },
    async check(password, stored) {
      const { cost: used, salt, hash } = partsOf(stored ?? nobody);
      const same = timingSafeEqual(await derive(password, salt, used), hash);
      return same && stored !== null;
    },
    isWeak(stored) {
      const { cost: used } = partsOf(stored);
      return used.N * used.r * used.p < cost.N * cost.r * cost.p;
    },
  };
}

const textOf = ({ N, r, p }: PasswordCost, salt: Buffer, hash: Buffer): string =>
  `scrypt$${N}$${r}$${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`;

function partsOf(stored: string): { cost: PasswordCost; salt: Buffer; hash: Buffer } {
  const found = /^scrypt\$(\d{1,9})\$(\d{1,3})\$(\d{1,3})\$([\w-]{22})\$([\w-]{43})$/.exec(stored);
  const [, N, r, p, salt = '', hash = ''] = found ?? [];
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  if (!found || 128 * cost.N * cost.r > mostMemory)
    throw new LoamError(
      'DatabaseDamaged',
      'The stored hash of a password cannot be read. Set a new password.',
    );
  return { cost, salt: Buffer.from(salt, 'base64url'), hash: Buffer.from(hash, 'base64url') };
}

/** The same letters however they were typed: composed or not, wide or narrow. */
const plain = (password: string): string => password.normalize('NFKC');

const derived = (password: string, salt: Buffer, { N, r, p }: PasswordCost): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    (scrypt as (p: BinaryLike, s: BinaryLike, n: number, o: ScryptOptions, done: Done) => void)(
      plain(password),
      salt,
      hashBytes,
      { N, r, p, maxmem: 256 * N * r },
      (error, key) => (error ? reject(error) : resolve(key)),
    ),
  );
type Done = (error: Error | null, key: Buffer) => void;

function inTurns<A extends unknown[], T>(
  work: (...given: A) => Promise<T>,
  atOnce: number,
  waiting: number,
): (...given: A) => Promise<T> {
  let running = 0;
  const queue: (() => void)[] = [];
  return async (...given) => {
    if (running >= atOnce) {
      if (queue.length >= waiting)
        throw new LoamError(
          'TooManyTries',
          'Too many people are signing in at this moment. Try again in a few seconds.',
          {
            seconds: 5,
          },
        );
      // Whoever ends hands its place on, so `running` stays as it is.
      await new Promise<void>((resolve) => queue.push(resolve));
    } else running += 1;
    try {
      return await work(...given);
    } finally {
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  };
}

/** Parts of what people use most; a password that is mostly one of them is refused. */
const common = [
  'password',
  'passwort',
  'qwerty',
  'letmein',
  'welcome',
  '12345678',
  'abcdefgh',
  'iloveyou',
  'lamindb',
];
export const passwordLengths = { least: 10, most: 256 } as const;

/** What is wrong with a new password, in words; null if it is fit. */
export function passwordFault(password: string, about: readonly string[]): string | null {
  const length = [...password].length;
  if (length < passwordLengths.least)
    return `The password has ${length} characters; ${passwordLengths.least} are the least.`;
  if (length > passwordLengths.most)
    return `The password has ${length} characters; ${passwordLengths.most} are the most.`;
  if (password.trim() === '') return 'The password is only blanks.';
  const lower = plain(password).toLowerCase();
  if (new Set(lower).size < 5) return 'The password repeats few characters. Take another one.';
  for (const part of [
    ...common,
    ...about.map((word) => word.toLowerCase()).filter((word) => word.length >= 4),
  ])
    if (lower.includes(part) && lower.length - part.length < 6)
      return `The password is little more than “${part}”. Take another one.`;
  return null;
}
