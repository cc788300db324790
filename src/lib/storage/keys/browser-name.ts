// What a device is called until a person says otherwise: "Chromium on Linux", by what the browser says of itself.

const browsers: [RegExp, string][] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Chrome|Chromium|CriOS|HeadlessChrome)\//, 'Chromium'],
  [/\bSafari\//, 'Safari'],
];
const systems: [RegExp, string][] = [
  [/\b(iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\b(Macintosh|Mac OS X)\b/, 'macOS'],
  [/\b(Linux|X11)\b/, 'Linux'],
];

export function browserName(userAgent: string): string {
  const of = (list: readonly [RegExp, string][]) => list.find(([is]) => is.test(userAgent))?.[1];
  const system = of(systems);
  return `${of(browsers) ?? 'Browser'}${system === undefined ? '' : ` on ${system}`}`;
}
