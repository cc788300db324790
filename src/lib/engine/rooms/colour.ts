// The colour of a person, the same wherever the account is seen. Dark enough for white words on it.
export interface PersonColour {
  color: string;
  /** Of what they have marked. */
  colorLight: string;
}

export function colourOf(account: string): PersonColour {
  let hash = 2166136261;
  for (let i = 0; i < account.length; i++) hash = Math.imul(hash ^ account.charCodeAt(i), 16777619) >>> 0;
  // Steps of the golden angle keep neighbours apart.
  const hue = Math.round((hash % 1000) * 137.508) % 360;
  return { color: hex(hue, 0.62, 0.38), colorLight: `${hex(hue, 0.62, 0.38)}33` };
}

/** As `#rrggbb`, which editors of texts take. */
function hex(hue: number, saturation: number, light: number): string {
  const reach = saturation * Math.min(light, 1 - light);
  const part = (n: number) => {
    const k = (n + hue / 30) % 12;
    const value = light - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${part(0)}${part(8)}${part(4)}`;
}
