// The program in docs/guide/sdk.md: its blocks put together, and the values that it says come out.

export interface GuideResult {
  line: string;
  expected: string;
  found: string;
}

type Show = (line: string, expected: string, value: unknown) => void;

/** Runs all `js` blocks as one program on an empty database. */
export async function runGuide(text: string, ln: unknown): Promise<GuideResult[]> {
  const blocks = [...text.matchAll(/^```js\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');
  const code = blocks
    .join('\n')
    .replace(/^(\S.*); \/\/ → (.*)$/gm, (_, expression: string, expected: string) => {
      const asked = /^(await )?(.*)$/.exec(expression) ?? [];
      return `show(${JSON.stringify(expression)}, ${JSON.stringify(expected)}, ${asked[1] ?? ''}(${asked[2] ?? ''}));`;
    });
  const results: GuideResult[] = [];
  const show: Show = (line, expected, value) =>
    results.push({ line, expected, found: JSON.stringify(value) });
  const Program = (async () => {}).constructor as new (
    ...names: string[]
  ) => (ln: unknown, show: Show) => Promise<void>;
  await new Program('ln', 'show', code)(ln, show);
  return results;
}
