// Dates, times and durations counted from a fixed point, as Python and pandas print them.
import type { TimeUnit } from './arrow-type.ts';

const PER_SECOND: Record<TimeUnit, bigint> = { s: 1n, ms: 1_000n, us: 1_000_000n, ns: 1_000_000_000n };
const DAY = 86_400n;

const floor = (value: bigint, by: bigint): bigint => {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
};
const two = (value: number | bigint): string => String(value).padStart(2, '0');

interface Civil {
  year: number;
  month: number;
  day: number;
}

/** The date of a number of days after 1970-01-01. */
function civil(days: bigint): Civil {
  // Python's dates end here; JavaScript's reach further.
  const date = new Date(Number(days) * 86_400_000);
  const year = date.getUTCFullYear();
  if (!(year >= 1 && year <= 9999)) throw new Error(`day ${days} is outside of the years 1 to 9999`);
  return { year, month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

const dayText = ({ year, month, day }: Civil): string =>
  `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;

/** str(datetime.date) of days since 1970. */
export const dateText = (days: bigint): string => dayText(civil(days));

/** repr(datetime.date). */
export function dateRepr(days: bigint): string {
  const { year, month, day } = civil(days);
  return `datetime.date(${year}, ${month}, ${day})`;
}

interface Clock {
  hour: bigint;
  minute: bigint;
  second: bigint;
  /** Billionths of a second. */
  nano: bigint;
}

interface Moment {
  days: bigint;
  clock: Clock;
}

function split(value: bigint, unit: TimeUnit): Moment {
  const per = PER_SECOND[unit];
  const seconds = floor(value, per);
  const days = floor(seconds, DAY);
  const rest = seconds - days * DAY;
  return {
    days,
    clock: {
      hour: rest / 3600n,
      minute: (rest / 60n) % 60n,
      second: rest % 60n,
      nano: (value - seconds * per) * (1_000_000_000n / per),
    },
  };
}

const clockText = ({ hour, minute, second }: Clock): string => `${two(hour)}:${two(minute)}:${two(second)}`;

/** Nothing, six digits or nine, as many as are needed. */
function fraction(nano: bigint): string {
  if (nano === 0n) return '';
  const digits = String(nano).padStart(9, '0');
  return `.${digits.endsWith('000') ? digits.slice(0, 6) : digits}`;
}

/** str(datetime.time); what is finer than microseconds is cut. */
export function timeText(value: bigint, unit: TimeUnit): string {
  const { clock } = split(value, unit);
  return clockText(clock) + fraction(clock.nano - (clock.nano % 1000n));
}

/** repr(datetime.time). */
export function timeRepr(value: bigint, unit: TimeUnit): string {
  const { hour, minute, second, nano } = split(value, unit).clock;
  return `datetime.time(${[hour, minute, ...smaller(second, nano / 1000n)].join(', ')})`;
}

/** Seconds and microseconds of a repr(), which leaves out zeros at the end. */
function smaller(second: bigint, micro: bigint): bigint[] {
  if (micro !== 0n) return [second, micro];
  return second === 0n ? [] : [second];
}

/** str(pandas.Timestamp), with the offset of its zone. */
export function timestampText(value: bigint, unit: TimeUnit, zone: string | null): string {
  const offset = zone === null ? 0n : offsetOf(value, unit, zone);
  const { days, clock } = split(value + offset * PER_SECOND[unit], unit);
  const local = `${dateText(days)} ${clockText(clock)}${fraction(clock.nano)}`;
  return zone === null ? local : local + offsetText(offset);
}

/** repr(datetime.datetime), where timestamps stand in records. */
export function timestampRepr(value: bigint, unit: TimeUnit, zone: string | null): string {
  const offset = zone === null ? 0n : offsetOf(value, unit, zone);
  const { days, clock } = split(value + offset * PER_SECOND[unit], unit);
  const { year, month, day } = civil(days);
  const parts = [year, month, day, clock.hour, clock.minute, ...smaller(clock.second, clock.nano / 1000n)];
  return `datetime.datetime(${parts.join(', ')}${zone === null ? '' : `, tzinfo=<${zone}>`})`;
}

/** An element of a NumPy array of times: always as fine as its unit. */
export function numpyTimeText(value: bigint, unit: TimeUnit): string {
  const { days, clock } = split(value, unit);
  const digits = { s: 0, ms: 3, us: 6, ns: 9 }[unit];
  const fine = digits === 0 ? '' : `.${String(clock.nano).padStart(9, '0').slice(0, digits)}`;
  return `${dateText(days)}T${clockText(clock)}${fine}`;
}

/** str(pandas.Timedelta). */
export function durationText(value: bigint, unit: TimeUnit): string {
  const { days, clock } = split(value, unit);
  return `${days} days ${days < 0n ? '+' : ''}${clockText(clock)}${fraction(clock.nano)}`;
}

/** repr(datetime.timedelta). */
export function durationRepr(value: bigint, unit: TimeUnit): string {
  const per = PER_SECOND[unit];
  const seconds = floor(value, per);
  const days = floor(seconds, DAY);
  const parts: [string, bigint][] = [
    ['days', days],
    ['seconds', seconds - days * DAY],
    ['microseconds', ((value - seconds * per) * 1_000_000n) / per],
  ];
  const said = parts.filter(([, amount]) => amount !== 0n).map(([name, amount]) => `${name}=${amount}`);
  return `datetime.timedelta(${said.join(', ') || '0'})`;
}

/** pandas' name of a zone in a dtype. */
export function zoneName(zone: string): string {
  const minutes = fixedMinutes(zone);
  if (minutes === null) return zone;
  return minutes === 0 ? 'UTC' : `pytz.FixedOffset(${minutes})`;
}

function fixedMinutes(zone: string): number | null {
  const match = /^([+-])(\d{2}):(\d{2})$/.exec(zone);
  if (!match) return null;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Seconds that a zone's clocks are ahead of UTC at a moment. */
function offsetOf(value: bigint, unit: TimeUnit, zone: string): bigint {
  const minutes = fixedMinutes(zone);
  if (minutes !== null) return BigInt(minutes) * 60n;
  if (/^(utc|etc\/utc|z|gmt)$/i.test(zone)) return 0n;
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const seconds = Number(floor(value, PER_SECOND[unit]));
  const parts = Object.fromEntries(
    format.formatToParts(seconds * 1000).map(({ type, value: text }) => [type, text]),
  );
  const part = (name: string): number => Number(parts[name]);
  const year = parts.era === 'BC' ? 1 - part('year') : part('year');
  const local = new Date(
    Date.UTC(2000, part('month') - 1, part('day'), part('hour'), part('minute'), part('second')),
  );
  local.setUTCFullYear(year, part('month') - 1, part('day'));
  return BigInt(Math.round(local.getTime() / 1000) - seconds);
}

function offsetText(offset: bigint): string {
  const size = offset < 0n ? -offset : offset;
  const rest = size % 60n;
  return `${offset < 0n ? '-' : '+'}${two(size / 3600n)}:${two((size / 60n) % 60n)}${rest === 0n ? '' : `:${two(rest)}`}`;
}

/** str(decimal.Decimal) of a whole number divided by a power of ten. */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled);
  const adjusted = digits.length - 1 - scale;
  if (scale >= 0 && adjusted >= -6) {
    if (scale === 0) return sign + digits;
    const padded = digits.padStart(scale + 1, '0');
    return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  }
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits;
  return `${sign}${mantissa}E${adjusted < 0 ? '-' : '+'}${Math.abs(adjusted)}`;
}
