// Colours of charts, for light and dark surfaces: eight that are told apart also with the common colour blindnesses, a
// grey for what is put together, and one scale from little to much.
export interface ChartColours {
  ink: string;
  faint: string;
  line: string;
  surface: string;
  groups: readonly string[];
  other: string;
  /** From little to much. */
  scale: readonly [string, string, string];
}

export const lightColours: ChartColours = {
  ink: '#1d1f1c',
  faint: '#686c63',
  line: '#e6e5df',
  surface: '#ffffff',
  groups: ['#2c6e54', '#d98a1f', '#3f74b8', '#b3507a', '#7ba338', '#7a5aa6', '#3aa0a5', '#a0522d'],
  other: '#a9aca3',
  scale: ['#eef4ee', '#7fb39a', '#14503a'],
};

export const darkColours: ChartColours = {
  ink: '#e9ebe5',
  faint: '#8f9589',
  line: '#2f342d',
  surface: '#1b1e1a',
  groups: ['#63b08f', '#e0a04a', '#86b3ea', '#d97fa5', '#a9c865', '#b39be0', '#5fc2c6', '#d08a63'],
  other: '#6d7269',
  scale: ['#20302a', '#3f8a6b', '#a5ecca'],
};
