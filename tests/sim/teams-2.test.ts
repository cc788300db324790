import { partOfTeams } from './teams.ts';

partOfTeams(1, 4);
