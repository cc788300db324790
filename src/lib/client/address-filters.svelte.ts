// Filters of a list that stand in the address of its screen, each under its name; none is an empty text.
import { goto } from '$app/navigation';
import { page } from '$app/state';

export interface AddressFilters<Name extends string> {
  readonly asked: Readonly<Record<Name, string>>;
  /** The same screen with some of them otherwise. */
  address(change: Partial<Record<Name, string>>): string;
  /** What a field does when another value is chosen in it. */
  chosen(name: Name): (event: Event) => void;
}

/** Must be called while a component is being created. */
export function addressFilters<Name extends string>(
  path: string,
  names: readonly Name[],
): AddressFilters<Name> {
  const asked = $derived(
    Object.fromEntries(names.map((name) => [name, page.url.searchParams.get(name) ?? ''])) as Record<
      Name,
      string
    >,
  );
  function address(change: Partial<Record<Name, string>>): string {
    const values = { ...asked, ...change };
    const query = names
      .filter((name) => values[name] !== '')
      .map((name) => `${name}=${encodeURIComponent(values[name])}`)
      .join('&');
    return query === '' ? path : `${path}?${query}`;
  }
  return {
    get asked() {
      return asked;
    },
    address,
    chosen: (name) => (event) => {
      const change = { [name]: (event.currentTarget as HTMLInputElement).value };
      void goto(address(change as Partial<Record<Name, string>>), { keepFocus: true, noScroll: true });
    },
  };
}
