// How well names fit what is being typed: the palette puts the group with the best name first.

/** How well a name fits what was typed: 4 the same, 3 begins so, 2 a word of it does, 1 contains it, 0 found elsewhere. */
export function fitOf(title: string, text: string): number {
  const name = title.toLowerCase();
  const at = name.indexOf(text.toLowerCase());
  if (at < 0) return 0;
  if (at === 0) return name.length === text.length ? 4 : 3;
  return /[\p{L}\p{N}]$/u.test(name.slice(0, at)) ? 1 : 2;
}
