// A chart as a picture: Observable Plot draws what the engine has put together. Loaded with the first chart only.
import * as Plot from '@observablehq/plot';
import type { ChartColours } from './chart-colours.ts';
import type { ChartData, Datum } from './chart-data.ts';
import { type ChartSpec, valueColumn } from './chart-spec.ts';
import { type Axis, NULL, OTHER } from './chart-sql.ts';
import type { ResultColumn } from './result-sql.ts';
import { numberWords, timeWords } from './value-words.ts';
import { plural } from './words.ts';

export interface DrawOptions {
  width: number;
  height: number;
  colours: ChartColours;
  /** Groups on X that are chosen; the others are pale. Null where none is. */
  chosen: ReadonlySet<string> | null;
}

/** Where on the picture an axis' values lie, in pixels. */
export interface DrawnAxis {
  from: number;
  to: number;
  /** The value under a pixel: a number on a line, else the name of the group; null beside them. */
  at(pixel: number): number | string | null;
  /** The pixel of a number on a line. */
  pixel(value: number): number;
}

export interface Drawn {
  svg: SVGSVGElement;
  x: DrawnAxis;
  y: DrawnAxis;
  /** What the colours stand for; empty where there is one colour. */
  legend: { name: string; colour: string }[];
  /** Ends of the scale of colours. */
  ramp: { from: string; to: string; colours: readonly string[] } | null;
}

const font = "'Inter Variable', Inter, ui-sans-serif, system-ui, 'Segoe UI', Roboto, sans-serif";
const isTime = (axis: Axis | null) => axis !== null && axis.of !== 'groups' && axis.column.kind === 'time';
const value = (axis: Axis | null, one: number | string | null) =>
  isTime(axis) && typeof one === 'number' ? new Date(one * 1000) : one;
const shortened = (text: unknown) => {
  const whole = text === '' ? 'empty text' : String(text);
  return whole.length > 22 ? `${whole.slice(0, 21)}…` : whole;
};

export function drawChart(
  { axes, data }: ChartData,
  spec: ChartSpec,
  columns: readonly ResultColumn[],
  { width, height, colours, chosen }: DrawOptions,
): Drawn {
  const of = valueColumn(spec, columns);
  const measured = spec.aggregate === 'count' || !of ? 'rows' : `${spec.aggregate} of ${of.name}`;
  const groups = axes.colour?.of === 'groups' ? axes.colour : null;
  const colourOf = new Map(
    groups
      ? [...groups.groups, ...(groups.groups.length < groups.total ? [OTHER] : [])].map((name, i) => [
          name,
          name === OTHER ? colours.other : (colours.groups[i % colours.groups.length] ?? colours.other),
        ])
      : [],
  );
  const first = colours.groups[0] ?? colours.ink;
  const fill = groups ? (one: Datum) => colourOf.get(one.colour ?? NULL) ?? colours.other : () => first;
  const pale = (one: Datum) => (chosen && axes.x?.of === 'groups' && !chosen.has(String(one.x)) ? 0.28 : 1);

  const upright = axes.x?.of !== 'groups';
  const crowded = axes.x?.of === 'groups' && axes.x.groups.length * longest(axes.x.groups) * 6.4 > width - 90;
  const bottom =
    upright || !crowded
      ? 42
      : Math.min(120, 32 + longest(axes.x?.of === 'groups' ? axes.x.groups : []) * 4.3);
  const left = axes.y?.of === 'groups' ? Math.min(150, 24 + longest(axes.y.groups) * 6.6) : 56;
  const facets = axes.facet?.of === 'groups' ? axes.facet.groups : null;

  const x = (one: Datum) => value(axes.x, one.x);
  const x2 = (one: Datum) => value(axes.x, one.x2);
  const y = (one: Datum) => value(axes.y, one.y);
  const y2 = (one: Datum) => value(axes.y, one.y2);
  const fy = facets ? { fy: 'facet' } : {};
  const title = (one: Datum) => titleWords(one, axes, measured);
  const common = { ...fy, title };
  const band = (axis: Axis | null) => axis?.of === 'groups';

  const marks: Plot.Markish[] = [];
  switch (spec.mark) {
    case 'bar':
    case 'histogram': {
      const stacked = groups && (spec.aggregate === 'count' || spec.aggregate === 'sum');
      const options = { ...common, y: 'value', fill, fillOpacity: pale, insetLeft: 0.5, insetRight: 0.5 };
      if (band(axes.x)) marks.push(Plot.barY(data, Plot.stackY({ ...options, x: 'x' })));
      else if (stacked || !groups) marks.push(Plot.rectY(data, Plot.stackY({ ...options, x1: x, x2 })));
      else
        marks.push(
          Plot.lineY(data, {
            ...common,
            x: (one: Datum) => middle(x(one), x2(one)),
            y: 'value',
            stroke: fill,
            z: 'colour',
            strokeWidth: 1.75,
            curve: 'step',
          }),
        );
      marks.push(Plot.ruleY([0], { stroke: colours.faint, strokeOpacity: 0.5 }));
      break;
    }
    case 'line':
      marks.push(
        Plot.lineY(data, {
          ...fy,
          x,
          y: 'value',
          z: 'colour',
          stroke: fill,
          strokeWidth: 1.75,
          curve: 'monotone-x',
        }),
      );
      if (data.length <= 80) marks.push(Plot.dot(data, { ...common, x, y: 'value', fill, r: 2.2 }));
      break;
    case 'dot':
      marks.push(
        Plot.dot(data, {
          ...(data.length > 3000 ? fy : common),
          x,
          y,
          fill,
          r: data.length > 3000 ? 1.4 : data.length > 300 ? 2 : 3,
          fillOpacity: data.length > 3000 ? 0.35 : 0.65,
        }),
      );
      break;
    case 'box': {
      const part = (name: 'q1' | 'q2' | 'q3' | 'low' | 'high') => (one: Datum) => one.box?.[name] ?? null;
      marks.push(
        Plot.ruleX(data, { ...fy, x: 'x', y1: part('low'), y2: part('high'), stroke: colours.faint }),
        Plot.barY(data, {
          ...common,
          x: 'x',
          y1: part('q1'),
          y2: part('q3'),
          fill: first,
          fillOpacity: (one: Datum) => 0.75 * pale(one),
        }),
        Plot.tickY(data, { ...fy, x: 'x', y: part('q2'), stroke: colours.surface, strokeWidth: 2 }),
      );
      break;
    }
    case 'heat': {
      const options = { ...common, fill: 'value', inset: 0.5 };
      const [bx, by] = [band(axes.x), band(axes.y)];
      if (bx && by) marks.push(Plot.cell(data, { ...options, x: 'x', y: 'y' }));
      else if (bx) marks.push(Plot.barY(data, { ...options, x: 'x', y1: y, y2 }));
      else if (by) marks.push(Plot.barX(data, { ...options, y: 'y', x1: x, x2 }));
      else marks.push(Plot.rect(data, { ...options, x1: x, x2, y1: y, y2 }));
    }
  }

  const values = data.flatMap(({ value: one }) => (one === null ? [] : [one]));
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const heat = spec.mark === 'heat' && values.length > 0;
  const scaleOf = (axis: Axis | null, label: string | null, isX: boolean) => ({
    label,
    ...(axis?.of === 'groups'
      ? {
          type: 'band' as const,
          domain: axis.groups,
          tickFormat: shortened,
          padding: spec.mark === 'heat' ? 0 : 0.18,
        }
      : isTime(axis)
        ? { type: 'utc' as const }
        : { type: 'linear' as const, tickFormat: axisWords }),
    ...(isX && crowded ? { tickRotate: -40 } : {}),
    // An axis of groups needs no lines across.
    ...(axis?.of === 'groups' ? { tickSize: 0 } : {}),
  });
  const yLabel =
    spec.mark === 'dot' || spec.mark === 'heat'
      ? (axes.y?.column.name ?? null)
      : spec.mark === 'box'
        ? spec.y
        : measured;
  const plot = Plot.plot({
    width,
    height,
    marginLeft: left,
    marginBottom: bottom,
    marginTop: 26,
    marginRight: facets ? 70 : 18,
    style: {
      background: 'transparent',
      color: colours.faint,
      fontFamily: font,
      fontSize: '11px',
      overflow: 'visible',
    },
    x: scaleOf(axes.x, axes.x?.column.name ?? null, true),
    y: {
      ...scaleOf(axes.y, yLabel, false),
      ...(axes.y?.of === 'groups' ? {} : { grid: spec.mark !== 'heat', nice: true }),
      ...(spec.mark === 'line' || spec.mark === 'dot' || spec.mark === 'box' ? { zero: false } : {}),
    },
    ...(facets
      ? { fy: { domain: facets, label: axes.facet?.column.name ?? null, tickFormat: shortened } }
      : {}),
    ...(heat
      ? {
          color: {
            type: 'linear' as const,
            domain: [Math.min(0, least), greatest],
            interpolate: threeColours(colours.scale),
          },
        }
      : {}),
    marks: [...(facets ? [Plot.frame({ stroke: colours.line })] : []), ...marks],
  }) as SVGSVGElement & Plot.Plot;

  // To readers of the screen the whole is one picture; what its parts are called is not for them.
  for (const part of plot.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');

  return {
    svg: plot,
    x: drawnAxis(plot.scale('x'), isTime(axes.x)),
    y: drawnAxis(plot.scale('y'), isTime(axes.y)),
    legend: [...colourOf].map(([name, colour]) => ({ name, colour })),
    ramp: heat
      ? {
          from: numberWords(Math.min(0, least)),
          to: `${numberWords(greatest)} ${measured}`,
          colours: colours.scale,
        }
      : null,
  };
}

const longest = (texts: readonly string[]) => Math.min(22, Math.max(4, ...texts.map((text) => text.length)));
const axisWords = (one: unknown) => (typeof one === 'number' ? numberWords(one) : String(one));
const middle = (a: unknown, b: unknown) =>
  a instanceof Date && b instanceof Date
    ? new Date((a.getTime() + b.getTime()) / 2)
    : (Number(a) + Number(b)) / 2;

/** Between three colours, in two straight parts. */
function threeColours([a, b, c]: readonly [string, string, string]) {
  const parts = (hex: string) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  const mix = (from: string, to: string, t: number) => {
    const [one, other] = [parts(from), parts(to)];
    return `rgb(${one.map((part, i) => Math.round(part + ((other[i] ?? part) - part) * t)).join(',')})`;
  };
  return (t: number) => (t < 0.5 ? mix(a, b, t * 2) : mix(b, c, t * 2 - 1));
}

function drawnAxis(scale: Plot.Scale | undefined, time: boolean): DrawnAxis {
  const range = (scale?.range as number[] | undefined) ?? [0, 0];
  const [from, to] = [Math.min(...range.map(Number)), Math.max(...range.map(Number))];
  const apply = (one: unknown) => Number(scale?.apply(one));
  return {
    from,
    to,
    at(pixel) {
      if (pixel < from || pixel > to || !scale) return null;
      if (scale.invert) {
        const one: unknown = scale.invert(pixel);
        return one instanceof Date ? one.getTime() / 1000 : Number(one);
      }
      const domain = Array.from((scale.domain as Iterable<string> | undefined) ?? []);
      const step = scale.step ?? 1;
      const near = domain.find((one) => {
        const start = apply(one) - (step - (scale.bandwidth ?? step)) / 2;
        return pixel >= start && pixel < start + step;
      });
      return near ?? null;
    },
    pixel: (one) => apply(time ? new Date(one * 1000) : one),
  };
}

/** What a mark says when one points at it. */
function titleWords(one: Datum, axes: ChartData['axes'], measured: string): string {
  const words = (axis: Axis | null, from: number | string | null, to: number | null): string => {
    if (!axis || from === null) return '';
    const name = axis.column.name;
    if (typeof from === 'string') return `${name}: ${from === '' ? 'empty text' : from}`;
    const span = axis.of === 'groups' ? 0 : axis.hi - axis.lo;
    const say = (value: number) =>
      axis.column.kind === 'time' ? timeWords(value, span) : numberWords(value);
    return `${name}: ${say(from)}${to === null ? '' : ` to ${say(to)}`}`;
  };
  const lines = [words(axes.x, one.x, one.x2), words(axes.y, one.y, one.y2)];
  if (one.colour !== null && axes.colour) lines.push(`${axes.colour.column.name}: ${one.colour}`);
  if (one.facet !== null && axes.facet) lines.push(`${axes.facet.column.name}: ${one.facet}`);
  if (one.box) {
    const { q1, q2, q3, low, high, beyond } = one.box;
    lines.push(`median ${numberWords(q2)}, middle half ${numberWords(q1)} to ${numberWords(q3)}`);
    lines.push(`whiskers ${numberWords(low)} to ${numberWords(high)}, ${plural(beyond, 'value')} beyond`);
  } else if (one.value !== null && measured !== 'rows') lines.push(`${measured}: ${numberWords(one.value)}`);
  if (one.value !== null || one.box) lines.push(plural(one.n, 'row'));
  return lines.filter((line) => line !== '').join('\n');
}
