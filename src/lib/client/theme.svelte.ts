// Light, dark or as the system says; remembered on this device.
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'loam.theme';

function remembered(): Theme {
  try {
    const saved = localStorage.getItem(KEY);
    return saved === 'light' || saved === 'dark' ? saved : 'system';
  } catch {
    // Storage may be closed to us (private windows); the system's choice then stands.
    return 'system';
  }
}

let current = $state<Theme>(remembered());

function apply(): void {
  if (current === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = current;
}

apply();

export const theme = {
  get current() {
    return current;
  },
  set(next: Theme) {
    current = next;
    apply();
    try {
      if (next === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // Not remembered, but applied.
    }
  },
};
