// Everything that can be done by name or by key, in one list: the palette offers it, the key map shows it, and keys.ts
// runs the handlers that screens bind to it. So none of the three can tell another story.

/** Where a command can be given; the key map is grouped by it. */
export const PLACES = ['Everywhere', 'Lists', 'Pages', 'Query', 'Changes'] as const;
export type Place = (typeof PLACES)[number];

export interface Command {
  /** What it does, as the palette and the key map say it. */
  does: string;
  where: Place;
  /** As KeyboardEvent.key, lower case for letters; `Mod` stands for Ctrl, or ⌘ on a Mac. May be empty. */
  keys: readonly string[];
  /** Not in the palette: a step in a list is nothing one looks for by name. */
  keysOnly?: boolean;
  /** Works while a text is being typed. */
  typing?: boolean;
  /** Leads to a screen: the palette keeps these together. */
  goes?: boolean;
}

export const COMMANDS = {
  palette: {
    does: 'Find anything, or run a command',
    where: 'Everywhere',
    keys: ['Mod+k'],
    keysOnly: true,
    typing: true,
  },
  help: { does: 'Show all keys', where: 'Everywhere', keys: ['?'] },
  undo: { does: 'Undo the last act', where: 'Everywhere', keys: ['Mod+z'] },
  redo: { does: 'Redo', where: 'Everywhere', keys: ['Mod+Shift+z', 'Mod+y'] },
  home: { does: 'Go to Home', where: 'Everywhere', keys: ['1'], goes: true },
  artifacts: { does: 'Go to Artifacts', where: 'Everywhere', keys: ['2'], goes: true },
  registries: { does: 'Go to Registries', where: 'Everywhere', keys: ['3'], goes: true },
  query: { does: 'Go to Query', where: 'Everywhere', keys: ['4'], goes: true },
  ontologies: { does: 'Go to public ontologies', where: 'Everywhere', keys: [], goes: true },
  settings: { does: 'Go to Settings', where: 'Everywhere', keys: ['9'], goes: true },
  team: { does: 'Go to Team', where: 'Everywhere', keys: ['7'], goes: true },
  members: { does: 'Go to members of the team', where: 'Everywhere', keys: [], goes: true },
  attention: { does: 'Go to what needs attention', where: 'Everywhere', keys: [], goes: true },
  changes: { does: 'Go to Changes', where: 'Everywhere', keys: ['8'], goes: true },
  trashList: { does: 'Go to the trash', where: 'Everywhere', keys: [], goes: true },
  archiveList: { does: 'Go to the archive', where: 'Everywhere', keys: [], goes: true },
  past: { does: 'See everything as it was at a time', where: 'Everywhere', keys: [] },
  backToNow: { does: 'Go back to now', where: 'Everywhere', keys: [] },
  switchBranch: { does: 'Switch branch…', where: 'Everywhere', keys: ['b'] },
  newBranch: { does: 'New branch…', where: 'Everywhere', keys: [] },
  reviewBranch: { does: 'Review the changes of this branch', where: 'Everywhere', keys: [] },
  backToMain: { does: 'Back to main', where: 'Everywhere', keys: [] },
  addFiles: { does: 'Add files', where: 'Everywhere', keys: [] },
  addFolder: { does: 'Add a folder', where: 'Everywhere', keys: [] },
  validateFiles: { does: 'Validate files before saving them', where: 'Everywhere', keys: [] },
  openDatabase: { does: 'Open a LaminDB file', where: 'Everywhere', keys: [] },
  exportDatabase: { does: 'Export the database', where: 'Everywhere', keys: [] },
  lightTheme: { does: 'Use the light theme', where: 'Everywhere', keys: [] },
  darkTheme: { does: 'Use the dark theme', where: 'Everywhere', keys: [] },
  systemTheme: { does: 'Use the theme of the system', where: 'Everywhere', keys: [] },

  search: { does: 'Search in the list', where: 'Lists', keys: ['/'] },
  next: { does: 'Next row', where: 'Lists', keys: ['j', 'ArrowDown'], keysOnly: true },
  previous: { does: 'Previous row', where: 'Lists', keys: ['k', 'ArrowUp'], keysOnly: true },
  first: { does: 'First row', where: 'Lists', keys: ['Home'], keysOnly: true },
  last: { does: 'Last row', where: 'Lists', keys: ['End'], keysOnly: true },
  open: { does: 'Open the row', where: 'Lists', keys: ['Enter'], keysOnly: true },
  peek: { does: 'Show or hide the inspector', where: 'Lists', keys: [' '] },
  filters: { does: 'Show or hide the filters', where: 'Lists', keys: ['f'] },
  dashboard: { does: 'Show the list or its dashboard', where: 'Lists', keys: ['d'] },
  where: { does: 'Build the filter', where: 'Lists', keys: ['w'] },
  create: { does: 'Make a new row', where: 'Lists', keys: ['n'] },
  select: { does: 'Select or unselect the row', where: 'Lists', keys: ['x'], keysOnly: true },
  clear: { does: 'Clear the selection', where: 'Lists', keys: ['Escape'] },
  annotate: { does: 'Annotate the selection', where: 'Lists', keys: ['e'] },
  queryFiles: { does: 'Query the files of the selection', where: 'Lists', keys: ['q'] },
  versions: { does: 'Show versions', where: 'Lists', keys: ['v'], keysOnly: true },
  trash: { does: 'Move the selection to the trash', where: 'Lists', keys: ['Delete'] },

  annotateThis: { does: 'Annotate this artifact', where: 'Pages', keys: ['e'] },
  nextPart: { does: 'Next part of the page', where: 'Pages', keys: [']'] },
  previousPart: { does: 'Part of the page before', where: 'Pages', keys: ['['] },
  saveNote: { does: 'Save the note', where: 'Pages', keys: ['Mod+s'], typing: true },

  runSql: {
    does: 'Run the statement, or the selected part',
    where: 'Query',
    keys: ['Mod+Enter'],
    typing: true,
  },
  cancelSql: { does: 'Cancel the running statement', where: 'Query', keys: ['Mod+.'], typing: true },
  editSql: { does: 'Write in the editor', where: 'Query', keys: ['e'] },
  completeSql: {
    does: 'Complete a table, column or keyword (in the editor)',
    where: 'Query',
    keys: ['Ctrl+ '],
    keysOnly: true,
  },
  leaveEditor: {
    does: 'Leave the editor for the rows',
    where: 'Query',
    keys: ['Escape'],
    keysOnly: true,
  },
  showRows: { does: 'Show the rows', where: 'Query', keys: ['g'] },
  showChart: { does: 'Show charts of the rows', where: 'Query', keys: ['c'] },
  showProfile: { does: 'Show the profile of the columns', where: 'Query', keys: ['o'] },
  showPlan: { does: 'Show the plan', where: 'Query', keys: ['p'] },
  profileBeside: { does: 'Show or hide the profile beside the rows', where: 'Query', keys: ['i'] },
  tables: { does: 'Show or hide the tables', where: 'Query', keys: ['t'] },
  findTable: { does: 'Find a table or column', where: 'Query', keys: ['/'] },
  history: { does: 'Show earlier statements', where: 'Query', keys: ['h'] },
  savedQueries: { does: 'Show saved queries', where: 'Query', keys: ['q'] },
  saveQuery: { does: 'Save the statement as a query', where: 'Query', keys: ['Mod+s'], typing: true },
  moreRows: { does: 'Load more rows', where: 'Query', keys: ['m'] },
  downloadCsv: { does: 'Download all rows as CSV', where: 'Query', keys: ['d'] },
  saveRows: { does: 'Save all rows as an artifact', where: 'Query', keys: ['s'] },
  copyCells: {
    does: 'Copy the selected cells (in the rows)',
    where: 'Query',
    keys: ['Mod+c'],
    keysOnly: true,
  },
  extendCells: {
    does: 'Select more cells (in the rows)',
    where: 'Query',
    keys: ['Shift+ArrowDown', 'Shift+ArrowRight'],
    keysOnly: true,
  },
  allCells: { does: 'Select all cells (in the rows)', where: 'Query', keys: ['Mod+a'], keysOnly: true },
  openCell: {
    does: 'See the whole value, or open the artifact',
    where: 'Query',
    keys: ['Enter'],
    keysOnly: true,
  },

  nextConflict: { does: 'Next conflict', where: 'Changes', keys: ['j', 'ArrowDown'], keysOnly: true },
  previousConflict: { does: 'Conflict before', where: 'Changes', keys: ['k', 'ArrowUp'], keysOnly: true },
  takeBranch: {
    does: 'Keep the branch’s (with Shift: of the whole object)',
    where: 'Changes',
    keys: ['o'],
    keysOnly: true,
  },
  takeMain: {
    does: 'Take main’s (with Shift: of the whole object)',
    where: 'Changes',
    keys: ['m'],
    keysOnly: true,
  },
  editConflict: { does: 'Write another value', where: 'Changes', keys: ['e'], keysOnly: true },
  undoChoice: { does: 'Take the choice back', where: 'Changes', keys: ['u'], keysOnly: true },
  mergeNow: {
    does: 'Merge, once every conflict is decided',
    where: 'Changes',
    keys: ['Enter'],
    keysOnly: true,
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

export const commandNames = Object.keys(COMMANDS) as CommandName[];

export function commandOf(name: CommandName): Command {
  return COMMANDS[name];
}
