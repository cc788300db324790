// Before the tests of the command line: the build they run as a process.
import { prepareCommandLine } from '../../scripts/prepare.mjs';

export default prepareCommandLine;
