import { partOfTeams } from './teams.ts';

partOfTeams(2, 4);
