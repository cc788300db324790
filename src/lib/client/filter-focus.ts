// Where the keys go to once a field is chosen: to what is still missing of its condition.

/** The value of a condition's row, or its comparison where that takes no value. */
export function focusNext(row: Element): void {
  const value = row.querySelector<HTMLElement>('input, select[aria-label^="Value of"]');
  (value ?? row.querySelector<HTMLElement>('select'))?.focus();
}
