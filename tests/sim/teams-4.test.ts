import { partOfTeams } from './teams.ts';

partOfTeams(3, 4);
