import { partOfTeams } from './teams.ts';

partOfTeams(0, 4);
