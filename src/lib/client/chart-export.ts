// A chart to take along: as SVG with its title and legend, or as PNG, always on white.
import type { Drawn } from './chart-plot.ts';

const space = 'http://www.w3.org/2000/svg';

function element(name: string, attributes: Record<string, string | number>, text?: string): SVGElement {
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/** `drawn` is given away: it becomes part of the picture. */
export function wholeSvg(
  drawn: Drawn,
  title: string,
  notes: readonly string[],
): { svg: string; width: number; height: number } {
  const width = Number(drawn.svg.getAttribute('width'));
  const inner = Number(drawn.svg.getAttribute('height'));
  const font = { 'font-family': 'Inter, system-ui, sans-serif', 'font-size': 11, fill: '#5a5e57' };
  const whole = element('svg', { xmlns: space, width, role: 'img' });
  whole.append(element('title', {}, title));
  const ground = element('rect', { width, fill: '#ffffff' });
  whole.append(
    ground,
    element('text', { ...font, x: 12, y: 22, 'font-size': 14, 'font-weight': 600, fill: '#1d1f1c' }, title),
  );
  let top = 34;
  let left = 12;
  for (const { name, colour } of drawn.legend) {
    const long = 24 + Math.min(30, name.length) * 6.4;
    if (left + long > width) [left, top] = [12, top + 18];
    whole.append(element('rect', { x: left, y: top, width: 10, height: 10, rx: 2, fill: colour }));
    whole.append(
      element(
        'text',
        { ...font, x: left + 15, y: top + 9 },
        name.length > 30 ? `${name.slice(0, 29)}…` : name,
      ),
    );
    left += long;
  }
  if (drawn.legend.length > 0) top += 18;
  if (drawn.ramp) {
    drawn.ramp.colours.forEach((fill, i) =>
      whole.append(element('rect', { x: 12 + i * 22, y: top, width: 22, height: 10, fill })),
    );
    whole.append(element('text', { ...font, x: 84, y: top + 9 }, `${drawn.ramp.from} to ${drawn.ramp.to}`));
    top += 18;
  }
  drawn.svg.setAttribute('y', String(top));
  whole.append(drawn.svg);
  top += inner;
  for (const note of notes) whole.append(element('text', { ...font, x: 12, y: (top += 15) }, note));
  const height = top + 12;
  whole.setAttribute('height', String(height));
  whole.setAttribute('viewBox', `0 0 ${width} ${height}`);
  ground.setAttribute('height', String(height));
  return { svg: new XMLSerializer().serializeToString(whole), width, height };
}

/** Twice as many pixels as the picture is wide. */
export async function pngOf({
  svg,
  width,
  height,
}: {
  svg: string;
  width: number;
  height: number;
}): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = width * 2;
    canvas.height = height * 2;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done, fail) =>
      canvas.toBlob(
        (blob) => (blob ? done(blob) : fail(new Error('The browser made no picture of the chart.'))),
        'image/png',
      ),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
